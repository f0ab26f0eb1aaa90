//! Figures in words: shares, durations, lists of hops.

use std::time::Duration;

/// A share in percent: two digits where they mean something.
pub fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    format!("{percent:.*} %", digits(percent))
}

/// A share that another one is below, in percent: rounded up, or it might lie above what is said.
pub fn bound(share: f64) -> String {
    let percent = 100.0 * share;
    let digits = digits(percent);
    let unit = 10_f64.powf(digits as f64);
    // What is whole but for the error of a product stays so.
    let up = (percent * unit - 1e-9).ceil() / unit;
    format!("{up:.digits$} %")
}

/// The digits after the point that mean something.
fn digits(percent: f64) -> usize {
    if percent > 0.0 && percent < 0.095 {
        return (-percent.log10()).ceil().clamp(2.0, 9.0) as usize;
    }
    usize::from(percent < 9.95)
}

/// A duration in its one or two greatest units: "31 s", "10 min", "2 h 5 min".
pub fn duration(time: Duration) -> String {
    let seconds = (time.as_millis() + 500) / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => "less than 1 s".to_owned(),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes @ 1..5, seconds @ 1..) => format!("{minutes} min {seconds} s"),
        (0, minutes, _) => format!("{minutes} min"),
        (hours @ 48.., ..) => match hours % 24 {
            0 => format!("{} d", hours / 24),
            rest => format!("{} d {rest} h", hours / 24),
        },
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// "1, 3-6, 9".
pub fn listed(ttls: &[u8]) -> String {
    let runs = ttls.chunk_by(|ttl, next| *next == ttl + 1).map(|run| match run {
        [first, _, .., last] => format!("{first}-{last}"),
        few => few.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
    });
    runs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_no_more_than_two_units() {
        for (seconds, text) in [
            (0, "less than 1 s"),
            (31, "31 s"),
            (95, "1 min 35 s"),
            (614, "10 min"),
            (7_500, "2 h 5 min"),
            (3_600, "1 h"),
            (604_800, "7 d"),
            (180_000, "2 d 2 h"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn hops_in_a_row_are_named_by_the_first_and_the_last() {
        assert_eq!(listed(&[1, 3, 4, 6, 7, 8, 9, 12]), "1, 3, 4, 6-9, 12");
    }

    #[test]
    fn percents_have_as_many_digits_as_matter() {
        assert_eq!([0.0063, 0.081, 0.0999, 0.3].map(percent), ["0.6 %", "8.1 %", "10 %", "30 %"]);
        assert_eq!([0.0, 0.000_4, 0.000_006].map(percent), ["0.0 %", "0.04 %", "0.0006 %"]);
    }

    #[test]
    fn a_bound_is_never_less_than_it_is() {
        let shares = [0.242_49, 0.104, 0.088_1, 0.07, 0.3, 0.000_41];
        assert_eq!(shares.map(bound), ["25 %", "11 %", "8.9 %", "7.0 %", "30 %", "0.05 %"]);
    }
}
