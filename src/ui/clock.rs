//! Moments and durations as the screen writes them.

use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// The local time of day: `14:03:22`.
pub fn time_of_day(moment: SystemTime, zone: &TimeZone) -> String {
    written(moment, zone, "%H:%M:%S")
}

/// The local date, `24 Nov 2026`, and where there is room for it the time of day.
pub fn date(moment: SystemTime, zone: &TimeZone, is_roomy: bool) -> String {
    written(moment, zone, if is_roomy { "%-d %b %Y %H:%M:%S" } else { "%-d %b %Y" })
}

/// The local time of moments that are read together, all with the date where one is not of the day of `now`:
/// `14:03:22`, `24 Nov 14:03:22`.
pub fn moments<const N: usize>(moments: [SystemTime; N], now: SystemTime, zone: &TimeZone) -> [String; N] {
    let day = |moment| local(moment, zone).map(|moment| moment.date());
    let is_today = moments.iter().all(|&moment| day(moment) == day(now));
    moments.map(|moment| written(moment, zone, if is_today { "%H:%M:%S" } else { "%-d %b %H:%M:%S" }))
}

fn written(moment: SystemTime, zone: &TimeZone, form: &str) -> String {
    local(moment, zone).map(|moment| moment.strftime(form).to_string()).unwrap_or_default()
}

fn local(moment: SystemTime, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::try_from(moment).ok()?.to_zoned(zone.clone()))
}

/// A time running: `0:42`, `12:33`, `1:00:05`, `3d 04:00:00`.
pub fn running(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes, seconds) =
        (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}:{seconds:02}"),
        (0, _) => format!("{hours}:{minutes:02}:{seconds:02}"),
        _ => format!("{days}d {hours:02}:{minutes:02}:{seconds:02}"),
    }
}

/// A setting: `500 ms`, `1 s`, `2.5 s`.
pub fn setting(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{} s", time.as_millis() as f64 / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_grow_with_their_units() {
        for (seconds, text) in
            [(0, "0:00"), (42, "0:42"), (753, "12:33"), (3_605, "1:00:05"), (273_600, "3d 04:00:00")]
        {
            assert_eq!(running(Duration::from_secs(seconds)), text);
        }
        for (millis, text) in [(100, "100 ms"), (1_000, "1 s"), (2_500, "2.5 s")] {
            assert_eq!(setting(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn a_time_of_day_is_local() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_820_202);
        assert_eq!(time_of_day(moment, &TimeZone::UTC), "14:03:22");
        assert_eq!(time_of_day(moment, &TimeZone::fixed(jiff::tz::offset(-5))), "09:03:22");
    }

    #[test]
    fn moments_have_the_date_where_one_is_of_another_day() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_820_202);
        let before = |hours| now - Duration::from_hours(hours);
        let zone = &TimeZone::UTC;
        assert_eq!(moments([before(2), now], now, zone), ["12:03:22", "14:03:22"]);
        assert_eq!(moments([before(20), now], now, zone), ["21 Nov 18:03:22", "22 Nov 14:03:22"]);
        assert_eq!(moments([before(24 * 366)], now, zone), ["21 Nov 14:03:22"]);
        let dates = [true, false].map(|is_roomy| date(before(20), zone, is_roomy));
        assert_eq!(dates, ["21 Nov 2025 18:03:22", "21 Nov 2025"]);
    }
}
