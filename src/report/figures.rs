//! The one table of figures that a row of the hop table can show: mtr's columns, by mtr's names.
//!
//! Text reports and the screen both draw from it. The TTL and the host are no part of it: each front end
//! has its own way with them.

use crate::engine::stats::Loss;
use crate::engine::table::{Rtt, TableRow};

/// One column of figures.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The column's header, as mtr has it.
    pub header: &'static str,
    /// Columns of the terminal that its values take, without the space before them.
    pub width: usize,
    /// The value for a row, not padded; empty while there is none.
    pub value: fn(&TableRow) -> String,
}

/// Every figure, in the order of a report.
pub const FIGURES: [Figure; 7] = [
    Figure { header: "Loss%", width: 6, value: |row| row.loss.map(percent).unwrap_or_default() },
    Figure { header: "Snt", width: 5, value: |row| row.counts.sent().to_string() },
    Figure { header: "Last", width: 5, value: |row| time(row, |rtt| rtt.last) },
    Figure { header: "Avg", width: 5, value: |row| time(row, |rtt| Some(rtt.avg)) },
    Figure { header: "Best", width: 5, value: |row| time(row, |rtt| Some(rtt.best)) },
    Figure { header: "Wrst", width: 5, value: |row| time(row, |rtt| Some(rtt.worst)) },
    Figure { header: "StDev", width: 5, value: |row| time(row, |rtt| Some(rtt.stdev)) },
];

fn time(row: &TableRow, pick: fn(&Rtt) -> Option<f64>) -> String {
    row.rtt.as_ref().and_then(pick).map(millis).unwrap_or_default()
}

/// A time in ms within five columns: 10 µs steps below 10 ms, 0.1 ms steps below a second, whole ms above.
pub fn millis(ms: f64) -> String {
    if ms < 9.995 {
        format!("{ms:.2}")
    } else if ms < 999.95 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.0}")
    }
}

/// A share of loss within six columns; neither a small loss nor a rare answer is rounded away.
pub fn percent(loss: Loss) -> String {
    if loss.pct > 0.0 && loss.pct < 0.05 {
        "<0.1%".to_owned()
    } else if loss.pct < 100.0 && loss.pct >= 99.95 {
        ">99.9%".to_owned()
    } else {
        format!("{:.1}%", loss.pct)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_never_takes_more_than_five_columns() {
        let cases = [
            (0.0, "0.00"),
            (0.314, "0.31"),
            (9.994, "9.99"),
            (9.995, "10.0"),
            (999.94, "999.9"),
            (999.95, "1000"),
            (60_000.0, "60000"),
        ];
        for (ms, text) in cases {
            assert_eq!(millis(ms), text);
        }
    }

    #[test]
    fn small_loss_is_not_rounded_to_none() {
        let percent = |pct| percent(Loss { pct, ci95: [0.0, 100.0] });
        assert_eq!(percent(0.0), "0.0%");
        assert_eq!(percent(0.01), "<0.1%");
        assert_eq!(percent(12.34), "12.3%");
        assert_eq!(percent(99.97), ">99.9%");
        assert_eq!(percent(100.0), "100.0%");
    }

    #[test]
    fn headers_fit_their_columns() {
        for figure in FIGURES {
            assert!(figure.header.len() <= figure.width, "{}", figure.header);
        }
    }
}
