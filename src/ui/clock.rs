//! Moments and durations as the screen writes them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The local time of day: `14:03:22`.
pub fn time_of_day(moment: SystemTime, zone: &TimeZone) -> String {
    let Ok(moment) = Timestamp::try_from(moment) else { return String::new() };
    moment.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// The local time of day, with the date where it is not that of `now`: `14:03:22`, `24 Nov 14:03:22`.
pub fn moment(moment: SystemTime, now: SystemTime, zone: &TimeZone) -> String {
    let local = |moment| Some(Timestamp::try_from(moment).ok()?.to_zoned(zone.clone()));
    let (Some(then), Some(now)) = (local(moment), local(now)) else { return String::new() };
    let form = if then.date() == now.date() { "%H:%M:%S" } else { "%-d %b %H:%M:%S" };
    then.strftime(form).to_string()
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
}
