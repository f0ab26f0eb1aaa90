//! Moments of a recording as users write them.

use std::time::{Duration, SystemTime};

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Reads a moment: `2026-11-25T14:03:00Z` (RFC 3339), the same without an offset for local time, with a space for the
/// `T`, without the seconds or without the time (`2026-11-25`, its midnight); a time of day, `14:03` or `14:03:22` (the
/// last one before `end`); or `-2h`, so long before `end`, in s, m, h or d.
///
/// The error says in a few words what is wrong with it, fit to follow the text and a colon.
pub fn parse_moment(text: &str, end: SystemTime, zone: &TimeZone) -> Result<SystemTime, String> {
    let moment = text.strip_prefix('-').map_or_else(|| absolute(text, end, zone), |back| before(back, end));
    moment.ok_or_else(|| {
        "must be as in 2026-11-25T14:03:00Z, or in local time 2026-11-25T14:03, 2026-11-25 or 14:03, or -2h".to_owned()
    })
}

/// So long before `end`.
fn before(back: &str, end: SystemTime) -> Option<SystemTime> {
    const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let (number, scale) = UNITS.iter().find_map(|(unit, scale)| Some((back.strip_suffix(unit)?, scale)))?;
    let number = number.bytes().all(|byte| byte.is_ascii_digit()).then_some(number)?;
    let seconds = number.parse::<u64>().ok()?.checked_mul(*scale)?;
    Some(end.checked_sub(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH))
}

/// A moment by its date, or by the time of day alone.
fn absolute(text: &str, end: SystemTime, zone: &TimeZone) -> Option<SystemTime> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.into());
    }
    let at = |moment: DateTime| moment.to_zoned(zone.clone()).ok();
    let moment = match (time_of_day(text), text.split_once(['T', 't', ' '])) {
        (Some(time), _) => {
            let last = Timestamp::try_from(end).ok()?.to_zoned(zone.clone());
            let same_day = at(last.date().to_datetime(time))?;
            if same_day <= last { same_day } else { same_day.checked_sub(1.day()).ok()? }
        }
        (None, Some((date, time))) => at(date.parse::<Date>().ok()?.to_datetime(time_of_day(time)?))?,
        (None, None) => at(text.parse::<Date>().ok()?.to_datetime(Time::midnight()))?,
    };
    Some(moment.timestamp().into())
}

/// Exactly `14:03` or `14:03:22`: jiff finds a time in much else, such as a date with one, or a lone number.
fn time_of_day(text: &str) -> Option<Time> {
    let is_number = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_one = matches!(text.split(':').count(), 2 | 3) && text.split(':').all(is_number);
    is_one.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_many_forms() {
        let at = |text: &str| SystemTime::from(text.parse::<Timestamp>().unwrap());
        let end = at("2026-11-25T10:00:00Z");
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        for (text, moment) in [
            ("2026-11-24T01:02:03+01:00", "2026-11-24T00:02:03Z"),
            ("10:30", "2026-11-25T09:30:00Z"),
            ("14:03:07", "2026-11-24T13:03:07Z"),
            ("2026-11-23T10:00:05", "2026-11-23T09:00:05Z"),
            ("2026-11-23 10:00:05", "2026-11-23T09:00:05Z"),
            ("2026-11-23T10:00", "2026-11-23T09:00:00Z"),
            ("2026-11-23 23:59", "2026-11-23T22:59:00Z"),
            ("2026-11-23", "2026-11-22T23:00:00Z"),
            ("1999-01-01T10:00:00", "1999-01-01T09:00:00Z"),
            ("2026-11-23 10:00Z", "2026-11-23T10:00:00Z"),
            ("-2h", "2026-11-25T08:00:00Z"),
            ("-90s", "2026-11-25T09:58:30Z"),
            ("-1d", "2026-11-24T10:00:00Z"),
        ] {
            assert_eq!(parse_moment(text, end, &zone), Ok(at(moment)), "{text}");
        }
        for text in [
            "",
            "-",
            "-2",
            "-2w",
            "-+2h",
            "25:00",
            "yesterday",
            "-99999999999999999999d",
            "10",
            "1403",
            "9:05",
            "10:00:",
            "T10:00",
            "2026-11-23T10",
            "2026-11-23T",
            "2026-11-23 25:00",
            "2026-13-01",
            "2026-11",
            "14:03 2026-11-23",
        ] {
            assert!(parse_moment(text, end, &zone).is_err(), "{text}");
        }
    }
}
