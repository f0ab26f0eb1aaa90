//! Durations as users write them: `1`, `0.5`, `500ms`, `2s`, `1m`, `1h`.

use std::time::Duration;

/// Longer than anything that is meant: a year, in seconds.
const TOO_LONG: f64 = 365.0 * 86_400.0;

/// Reads a duration: seconds, or a number with the unit `ms`, `s`, `m` or `h`.
///
/// The error says in a few words what is wrong with it, fit to follow the text and a colon.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0)];
    let text = text.trim();
    let (number, scale) = UNITS
        .iter()
        .find_map(|&(unit, scale)| Some((text.strip_suffix(unit)?.trim_end(), scale)))
        .unwrap_or((text, 1.0));
    if number.starts_with('-') {
        return Err("must not be negative".to_owned());
    }
    // f64's own parser also takes "inf", "nan" and "1e9", which nobody means here.
    let plain = number.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    let value: f64 = number
        .parse()
        .ok()
        .filter(|_| plain)
        .ok_or_else(|| "must be a time such as 1, 0.5, 500ms, 2s, 1m or 1h".to_owned())?;
    let seconds = value * scale;
    if seconds > TOO_LONG {
        return Err("is too long".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seconds_are_the_default_unit() {
        let cases = [
            ("1", 1_000),
            ("0.5", 500),
            (".25", 250),
            ("2.", 2_000),
            ("500ms", 500),
            ("1.5 s", 1_500),
            ("2s", 2_000),
            ("1m", 60_000),
            ("1h", 3_600_000),
            ("0", 0),
            (" 3 ", 3_000),
        ];
        for (text, millis) in cases {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "", "s", "ms", ".", "1.2.3", "1d", "nan", "inf", "infinity", "1e3", "+1", "0x10", "1,5", "١",
            "1 2",
        ] {
            assert!(parse_duration(text).unwrap_err().starts_with("must be a time"), "{text}");
        }
        assert_eq!(parse_duration("-1"), Err("must not be negative".to_owned()));
        assert_eq!(parse_duration("-5ms"), Err("must not be negative".to_owned()));
        assert_eq!(parse_duration(&"9".repeat(400)), Err("is too long".to_owned()));
        assert_eq!(parse_duration("99999999m"), Err("is too long".to_owned()));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_duration_or_one_line(text in "\\PC{0,12}|[0-9.]{0,9}(ms|s|m)?") {
            if let Err(why) = parse_duration(&text) {
                prop_assert!(!why.contains('\n'));
            }
        }

        #[test]
        fn whole_milliseconds_come_back(millis in 0u32..10_000_000) {
            let expected = Duration::from_millis(u64::from(millis));
            let got = parse_duration(&format!("{millis}ms")).unwrap();
            prop_assert!(got.abs_diff(expected) < Duration::from_nanos(10));
        }
    }
}
