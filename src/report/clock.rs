//! Wall-clock times as reports write them.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// RFC 3339 to the second, with the zone's offset: `2026-11-22T18:47:53+01:00`.
///
/// Times before the year −9999 or after 9999 are written as the nearest that has a name.
pub fn rfc3339(wall: SystemTime, zone: &TimeZone) -> String {
    let nearest = if wall < SystemTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    let stamp = Timestamp::try_from(wall).unwrap_or(nearest);
    stamp.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::offset;
    use std::time::Duration;

    #[test]
    fn the_offset_is_part_of_the_time() {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_900);
        assert_eq!(rfc3339(wall, &TimeZone::UTC), "2023-11-14T22:13:20+00:00");
        assert_eq!(rfc3339(wall, &TimeZone::fixed(offset(-3))), "2023-11-14T19:13:20-03:00");
    }

    #[test]
    fn a_time_beyond_the_calendar_is_no_panic() {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 50);
        assert!(rfc3339(wall, &TimeZone::UTC).starts_with("9999-12-30"));
    }
}
