//! Flags and environment, merged once into what each part needs.

use std::time::Duration;

use crate::wire::icmp::Family;

/// What this run is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which front end.
    pub mode: Mode,
    /// What to probe.
    pub target: Target,
    /// How to probe.
    pub probing: Probing,
    /// How names are shown, and so whether they are looked up.
    pub hosts: Hosts,
}

/// Which front end a run gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The full screen.
    Screen,
    /// One round in traceroute's form.
    Once,
    /// A table at the end; whether host names keep their full width.
    Report {
        /// `-w`: no cut in the host column.
        wide: bool,
    },
    /// A JSON document at the end.
    Json,
}

/// What to probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A name or an address literal on the real network, and the family asked for.
    Host(String, Option<Family>),
    /// A simulated path, by the scenario's name.
    Demo(String),
}

/// How to probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probing {
    /// Time between two tries to the same hop.
    pub interval: Duration,
    /// Tries a round, 1 to 10.
    pub tries: u8,
    /// Tries per hop after which to stop; `None` goes on for ever.
    pub count: Option<u32>,
    /// The first TTL probed, from 1.
    pub first_ttl: u8,
    /// The last TTL that may be probed.
    pub max_ttl: u8,
    /// The destination port.
    pub port: u16,
    /// The whole packet's size in bytes, IP header included.
    pub size: u16,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

/// How a host is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    /// Its name, or its address while that is unknown.
    #[default]
    Names,
    /// Its address alone; names are not looked up.
    Addresses,
    /// Both.
    Both,
}

/// A duration as a user writes it: `1`, `0.5` (seconds), `500ms`, `2s`, `1m`.
///
/// The error is one line that says what was expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits).unwrap_or_default() {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" => 60.0,
        other => return Err(format!("unknown unit {other:?}: use ms, s or m")),
    };
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number = digits.parse::<f64>().ok().filter(|_| plain);
    let seconds = number.ok_or_else(|| format!("{text:?} is no duration: use 1, 0.5 or 500ms"))? * unit;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text:?} is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_seconds_unless_it_has_a_unit() {
        for (text, millis) in
            [("1", 1_000), ("0.5", 500), (".25", 250), ("500ms", 500), ("2s", 2_000), (" 1.5m ", 90_000)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_named_in_the_error() {
        for text in ["", "ms", "-1", "1h", "1e3", "inf", "NaN", "1 2", "99999999999999999999s"] {
            let error = parse_duration(text).unwrap_err();
            assert!(!error.contains('\n'), "{error}");
        }
        assert_eq!(parse_duration("1h"), Err("unknown unit \"h\": use ms, s or m".to_owned()));
    }
}
