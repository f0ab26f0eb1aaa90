//! Moments of a recording as users write them.

use std::time::{Duration, SystemTime};

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Reads a moment: RFC 3339, a time of day (the last one before `end`), or `-2h`, so long before `end`.
///
/// The error says in a few words what is wrong with it, fit to follow the text and a colon.
pub fn parse_moment(text: &str, end: SystemTime, zone: &TimeZone) -> Result<SystemTime, String> {
    let what = || "must be as in 2026-11-25T14:03:00Z, 14:03 or -2h".to_owned();
    if let Some(back) = text.strip_prefix('-') {
        const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
        let number = UNITS.iter().find_map(|(unit, scale)| Some((back.strip_suffix(unit)?, scale)));
        let (number, scale) = number.ok_or_else(what)?;
        let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*scale));
        let back = Duration::from_secs(seconds.ok_or_else(what)?);
        return Ok(end.checked_sub(back).unwrap_or(SystemTime::UNIX_EPOCH));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.into());
    }
    let time: Time = text.parse().map_err(|_| what())?;
    let last = Timestamp::try_from(end).map_err(|_| what())?.to_zoned(zone.clone());
    let same_day = last.date().to_datetime(time).to_zoned(zone.clone()).map_err(|_| what())?;
    let moment =
        if same_day <= last { same_day } else { same_day.checked_sub(1.day()).map_err(|_| what())? };
    Ok(moment.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_three_forms() {
        let at = |text: &str| SystemTime::from(text.parse::<Timestamp>().unwrap());
        let end = at("2026-11-25T10:00:00Z");
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        for (text, moment) in [
            ("2026-11-24T01:02:03+01:00", "2026-11-24T00:02:03Z"),
            ("10:30", "2026-11-25T09:30:00Z"),
            ("14:03:07", "2026-11-24T13:03:07Z"),
            ("-2h", "2026-11-25T08:00:00Z"),
            ("-90s", "2026-11-25T09:58:30Z"),
            ("-1d", "2026-11-24T10:00:00Z"),
        ] {
            assert_eq!(parse_moment(text, end, &zone), Ok(at(moment)), "{text}");
        }
        for text in ["", "-", "-2", "-2w", "25:00", "yesterday", "-99999999999999999999d"] {
            assert!(parse_moment(text, end, &zone).is_err(), "{text}");
        }
    }
}
