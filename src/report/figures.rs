//! The one table of figures that a row of the hop table can show: mtr's columns, by mtr's names.
//!
//! Text reports and the screen both draw from it. The TTL and the host are no part of it: each front end
//! has its own way with them.

use crate::engine::history::ResponderTotals;
use crate::engine::stats::{Counts, Loss};
use crate::engine::table::{Rtt, TableRow};

/// One column of figures.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// What `-o` calls it: mtr's letter, or a digit for what mtr has not.
    pub letter: char,
    /// The column's header, as mtr has it.
    pub header: &'static str,
    /// Columns of the terminal that its values take, without the space before them.
    pub width: usize,
    /// The order in which figures get room where it is short: the lowest first. Those up to [`USUAL`] are mtr's
    /// usual ones; those above [`SPARE`] are shown on demand alone.
    pub rank: u8,
    /// What it means, in a few words.
    pub help: &'static str,
    /// The value for a row, not padded; empty while there is none.
    pub value: fn(&TableRow) -> String,
}

/// The last rank of those figures that a report has.
pub const USUAL: u8 = 8;
/// The last rank of those figures that a screen shows where there is room to spare.
pub const SPARE: u8 = 12;

/// Columns of a share of loss.
const LOSS: usize = 6;
/// With an interval of more than so many percent a percentage would say more than is known.
const VAGUE: f64 = 20.0;

/// Every figure, in the order of a report.
pub const FIGURES: [Figure; 13] = [
    Figure {
        letter: 'L',
        header: "Loss%",
        width: LOSS,
        rank: 1,
        help: "lost, of the tries that are decided",
        value: |row| row.loss.map(|loss| share(loss, &row.counts)).unwrap_or_default(),
    },
    Figure {
        letter: 'S',
        header: "Snt",
        width: 5,
        rank: 5,
        help: "tries sent",
        value: |row| count(row.counts.sent()),
    },
    Figure {
        letter: 'N',
        header: "Last",
        width: 5,
        rank: 4,
        help: "the latest try's time in ms; blank after a loss",
        value: |row| time(row, |rtt| rtt.last),
    },
    Figure {
        letter: 'A',
        header: "Avg",
        width: 5,
        rank: 2,
        help: "the mean time",
        value: |row| time(row, |rtt| Some(rtt.avg)),
    },
    Figure {
        letter: 'B',
        header: "Best",
        width: 5,
        rank: 7,
        help: "the least time",
        value: |row| time(row, |rtt| Some(rtt.best)),
    },
    Figure {
        letter: 'W',
        header: "Wrst",
        width: 5,
        rank: 6,
        help: "the greatest time",
        value: |row| time(row, |rtt| Some(rtt.worst)),
    },
    Figure {
        letter: 'V',
        header: "StDev",
        width: 5,
        rank: 8,
        help: "the sample standard deviation",
        value: |row| time(row, |rtt| Some(rtt.stdev)),
    },
    Figure {
        letter: '5',
        header: "P50",
        width: 5,
        rank: 10,
        help: "the median: half of all times are at most this",
        value: |row| time(row, |rtt| Some(rtt.p50)),
    },
    Figure {
        letter: '9',
        header: "P95",
        width: 5,
        rank: 9,
        help: "95 % of all times are at most this",
        value: |row| time(row, |rtt| Some(rtt.p95)),
    },
    Figure {
        letter: '1',
        header: "P99",
        width: 5,
        rank: 11,
        help: "99 % of all times are at most this",
        value: |row| time(row, |rtt| Some(rtt.p99)),
    },
    Figure {
        letter: 'M',
        header: "Javg",
        width: 5,
        rank: SPARE,
        help: "the mean difference of consecutive times",
        value: |row| time(row, |rtt| Some(rtt.jitter)),
    },
    Figure {
        letter: 'D',
        header: "Drop",
        width: 5,
        rank: SPARE + 1,
        help: "tries lost (shown by -o D)",
        value: |row| count(row.counts.lost),
    },
    Figure {
        letter: 'R',
        header: "Rcv",
        width: 5,
        rank: SPARE + 2,
        help: "tries answered (shown by -o R)",
        value: |row| count(row.counts.answered + row.counts.late),
    },
];

/// The figures of a report that is not told which: mtr's `LSNABWV`.
pub fn usual() -> Vec<&'static Figure> {
    FIGURES.iter().filter(|figure| figure.rank <= USUAL).collect()
}

/// The figures that letters name, in their order, blanks left out; the first that names none is the error.
pub fn order(letters: &str) -> Result<Vec<&'static Figure>, char> {
    let named = |letter: char| FIGURES.iter().find(|figure| figure.letter == letter).ok_or(letter);
    letters.chars().filter(|letter| *letter != ' ').map(named).collect()
}

/// Every letter that names a figure, with its header: `L Loss%, S Snt`.
pub fn letters() -> String {
    let named: Vec<String> =
        FIGURES.iter().map(|figure| format!("{} {}", figure.letter, figure.header)).collect();
    named.join(", ")
}

/// What a column has for one of a hop's responders; `None` where it has nothing.
pub fn of_responder(figure: &Figure, responder: &ResponderTotals, hop: &TableRow) -> Option<String> {
    let rtt = &responder.rtt;
    let us = match figure.header {
        "Avg" => rtt.mean(),
        "Best" => rtt.best(),
        "Wrst" => rtt.worst(),
        "StDev" => rtt.stdev(),
        _ => return None,
    };
    (rtt.count() > 0).then(|| millis(us / 1_000.0, by_kernel(hop)))
}

/// Whether the kernel stamped every try, so that a time is worth one digit more.
pub const fn by_kernel(row: &TableRow) -> bool {
    row.grades[1] == 0 && row.grades[2] == 0
}

fn time(row: &TableRow, pick: fn(&Rtt) -> Option<f64>) -> String {
    row.rtt.as_ref().and_then(pick).map(|ms| millis(ms, by_kernel(row))).unwrap_or_default()
}

/// A time in ms within five columns: 0.1 ms steps below a second, whole ms above; 10 µs steps below 10 ms
/// where the kernel stamped every try.
pub fn millis(ms: f64, by_kernel: bool) -> String {
    if by_kernel && ms < 9.995 {
        format!("{ms:.2}")
    } else if ms < 999.95 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.0}")
    }
}

/// A count within five columns: exact below 100,000.
pub fn count(n: u64) -> String {
    match n {
        0..=99_999 => n.to_string(),
        100_000..=999_999 => format!("{}k", n / 1_000),
        1_000_000..=99_999_999 => format!("{}.{}M", n / 1_000_000, n / 100_000 % 10),
        _ => format!("{}M", n / 1_000_000),
    }
}

/// A share of loss within six columns: as a count, "1/3", while its interval is wider than `VAGUE`, and it fits.
pub fn share(loss: Loss, counts: &Counts) -> String {
    let [low, high] = loss.ci95;
    let told = format!("{}/{}", counts.lost.saturating_sub(counts.slowed_lost), counts.judged());
    if loss.pct > 0.0 && high - low > VAGUE && told.len() <= LOSS { told } else { percent(loss) }
}

/// A percentage of loss within six columns; neither a small loss nor a rare answer is rounded away.
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
            (0.0, true, "0.00"),
            (0.314, true, "0.31"),
            (0.314, false, "0.3"),
            (9.994, true, "9.99"),
            (9.995, true, "10.0"),
            (999.94, true, "999.9"),
            (999.95, false, "1000"),
            (60_000.0, true, "60000"),
        ];
        for (ms, by_kernel, text) in cases {
            assert_eq!(millis(ms, by_kernel), text);
        }
    }

    #[test]
    fn a_count_never_takes_more_than_five_columns() {
        let cases = [
            (99_999, "99999"),
            (100_000, "100k"),
            (999_999, "999k"),
            (1_249_999, "1.2M"),
            (99_999_999, "99.9M"),
            (100_000_000, "100M"),
        ];
        for (n, text) in cases {
            assert_eq!(count(n), text);
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
    fn what_few_tries_lost_is_a_count_and_no_percentage() {
        let shown = |lost, tries, bursts| {
            let counts = Counts { lost, bursts, answered: tries - lost, ..Counts::default() };
            share(counts.loss().unwrap(), &counts)
        };
        assert_eq!([shown(1, 3, 1), shown(3, 3, 1), shown(0, 3, 0)], ["1/3", "3/3", "0.0%"]);
        assert_eq!([shown(1, 10, 1), shown(1, 30, 1), shown(10, 30, 8)], ["1/10", "3.3%", "10/30"]);
        // One long outage tells nothing of a share either; past six columns there is the interval elsewhere.
        assert_eq!(
            [shown(60, 600, 1), shown(60, 600, 55), shown(100, 9_000, 1)],
            ["60/600", "10.0%", "1.1%"]
        );
        for tries in 1..=60 {
            for lost in 1..=tries {
                let text = shown(lost, tries, lost.div_ceil(2));
                assert!(
                    text.len() <= LOSS && (tries > 15 || text.contains('/')),
                    "{lost} of {tries}: {text}"
                );
            }
        }
    }

    #[test]
    fn letters_name_figures_in_order() {
        let headers = |letters: &str| {
            order(letters).map(|all| all.iter().map(|figure| figure.header).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(headers("LS NABWV"), Ok("Loss% Snt Last Avg Best Wrst StDev".to_owned()));
        assert_eq!(headers("591L"), Ok("P50 P95 P99 Loss%".to_owned()));
        assert_eq!(headers("LX"), Err('X'));
        let usual: String = usual().iter().map(|figure| figure.letter).collect();
        assert_eq!(usual, "LSNABWV");
        let mut all: Vec<char> = FIGURES.iter().map(|figure| figure.letter).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), FIGURES.len(), "no letter names two");
    }

    #[test]
    fn headers_fit_their_columns() {
        for figure in FIGURES {
            assert!(figure.header.len() <= figure.width, "{}", figure.header);
        }
    }
}
