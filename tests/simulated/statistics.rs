//! Every figure of a table's row against the plain formula over all tries, in whole numbers where there is one.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hopwatch::engine::end::End;
use hopwatch::engine::history::History;
use hopwatch::engine::path::PathView;
use hopwatch::engine::probe::Grade;
use hopwatch::engine::random::mix;
use hopwatch::engine::round::{Round, RoundRow, Row, Try};
use hopwatch::engine::snapshot::Snapshot;
use hopwatch::engine::span::Span;
use hopwatch::engine::table::TableRow;
use hopwatch::engine::time::{Anchor, Time};
use proptest::prelude::*;

use crate::paths::TARGET;
use crate::play::PACE;

const ROUTER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const SECOND: Duration = Duration::from_secs(1);

/// The row of hop 1, by the query that every front end asks.
fn row(history: History, now: Time) -> TableRow {
    let snapshot = Snapshot {
        now,
        started: Time::ZERO,
        anchor: Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH },
        target: TARGET,
        path: PathView { last_hop: 1, ..hopwatch::engine::path::Path::new(TARGET, 1, 30).view() },
        history: history.into(),
        journal: Arc::default(),
        epochs: Arc::default(),
        open: Vec::new(),
        pace: PACE,
        fault: None,
        strays: BTreeMap::new(),
        overshoot: 0,
        finished: true,
    };
    snapshot.table(Span::All).rows.into_iter().find(|row| row.row == Row::Hop(1)).expect("the row")
}

/// Feeds tries in rounds of `size`; gives the history and its end.
fn history(tries: impl Iterator<Item = Try>, size: usize) -> (History, Time) {
    let (mut history, mut now, mut number) = (History::default(), Time::ZERO, 0);
    let mut tries = tries.peekable();
    while tries.peek().is_some() {
        let tries = tries.by_ref().take(size).collect();
        let part = RoundRow { row: Row::Hop(1), ttl: 1, responders: [ROUTER].into(), tries };
        history.push(Round { number, start: now, interval: SECOND, end: End::Silent, rows: vec![part] });
        number += 1;
        now = now + SECOND * u32::try_from(size).expect("small");
    }
    (history, now)
}

/// The plain sums over tries.
#[derive(Default)]
struct Plain {
    answered: u64,
    late: u64,
    refused: u64,
    lost: u64,
    sum: u128,
    squares: u128,
    values: Vec<u32>,
    differences: u128,
    pairs: u64,
    last: Option<u32>,
    before: Option<u32>,
}

impl Plain {
    fn push(&mut self, outcome: Try) {
        let value = outcome.us();
        if let Some(us) = value {
            self.sum += u128::from(us);
            self.squares += u128::from(us) * u128::from(us);
            self.values.push(us);
        }
        match outcome {
            Try::Answered { us, .. } => {
                self.answered += 1;
                if let Some(before) = self.before {
                    self.differences += u128::from(us.abs_diff(before));
                    self.pairs += 1;
                }
                (self.last, self.before) = (Some(us), Some(us));
                return;
            }
            Try::Late { .. } => self.late += 1,
            Try::Refused { .. } => self.refused += 1,
            Try::Lost => self.lost += 1,
            // As if it had not been tried: what is before and behind it is not consecutive, either.
            Try::InFlight | Try::NotSent | Try::Skipped => return,
        }
        (self.last, self.before) = (None, None);
    }

    /// The deviation by whole numbers: nothing is rounded before the last step.
    fn stdev(&self) -> f64 {
        let n = self.values.len() as u128;
        if n < 2 {
            0.0
        } else {
            ((n * self.squares - self.sum * self.sum) as f64 / (n * (n - 1)) as f64).sqrt()
        }
    }

    /// The exact quantile by nearest rank.
    fn quantile(&mut self, q: f64) -> f64 {
        self.values.sort_unstable();
        let rank = (q * self.values.len() as f64).ceil().max(1.0) as usize;
        f64::from(self.values[rank - 1])
    }

    fn assert_is(mut self, row: &TableRow) {
        let counts = row.counts;
        assert_eq!(
            (counts.answered, counts.late, counts.refused, counts.lost, counts.in_flight),
            (self.answered, self.late, self.refused, self.lost, 0)
        );
        assert_eq!(counts.sent(), self.answered + self.late + self.refused + self.lost);
        let judged = self.answered + self.late + self.lost;
        match row.loss {
            None => assert_eq!(judged, 0),
            Some(loss) => {
                assert!((loss.pct - 100.0 * self.lost as f64 / judged as f64).abs() < 1e-9);
                assert!(loss.ci95[0] <= loss.pct && loss.pct <= loss.ci95[1]);
            }
        }
        let Some(rtt) = row.rtt else { return assert!(self.values.is_empty()) };
        let is = |what: &str, ms: f64, us: f64| {
            assert!((ms * 1e3 - us).abs() <= 1e-9 * us.max(1.0), "{what}: {} µs, and {us}", ms * 1e3);
        };
        is("mean", rtt.avg, self.sum as f64 / self.values.len() as f64);
        is("deviation", rtt.stdev, self.stdev());
        is("jitter", rtt.jitter, self.differences as f64 / self.pairs.max(1) as f64);
        is("best", rtt.best, f64::from(self.values.iter().copied().min().expect("one")));
        is("worst", rtt.worst, f64::from(self.values.iter().copied().max().expect("one")));
        assert_eq!(rtt.last.map(|ms| (ms * 1e3).round() as u32), self.last);
        for (q, ms) in [(0.5, rtt.p50), (0.95, rtt.p95), (0.99, rtt.p99)] {
            let exact = self.quantile(q);
            assert!((ms * 1e3 - exact).abs() <= exact * 0.008 + 0.5, "p{q}: {} µs, and {exact}", ms * 1e3);
        }
    }
}

fn outcome() -> impl Strategy<Value = Try> {
    let us = prop_oneof![0u32..70, 0u32..100_000, 0u32..60_000_000];
    prop_oneof![
        12 => us.clone().prop_map(|us| Try::Answered { us, by: 0, grade: Grade::Kernel }),
        1 => us.prop_map(|us| Try::Late { us, by: 0, grade: Grade::Mixed }),
        3 => Just(Try::Lost),
        1 => Just(Try::Refused { by: 0 }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_is_what_the_plain_formula_says(tries in prop::collection::vec(outcome(), 1..400), size in 1usize..11) {
        let mut plain = Plain::default();
        for outcome in &tries {
            plain.push(*outcome);
        }
        let (history, now) = history(tries.into_iter(), size);
        plain.assert_is(&row(history, now));
    }

    #[test]
    fn few_tries_never_say_a_share_without_how_little_they_know(lost in 0u64..=3, answered in 0u64..=3) {
        prop_assume!(lost + answered > 0);
        let lost_tries = (0..lost).map(|_| Try::Lost);
        let tries = lost_tries.chain((0..answered).map(|_| Try::Answered { us: 9, by: 0, grade: Grade::User }));
        let (history, now) = history(tries, 3);
        let loss = row(history, now).loss.expect("decided tries");
        prop_assert!(loss.ci95[1] - loss.ci95[0] > 35.0, "{:?}", loss);
    }
}

/// A spread of 40 µs on top of 50 ms, ten million times: sums in floats would have drifted by then.
#[test]
fn ten_million_samples_later_no_figure_has_drifted() {
    const SAMPLES: u64 = 10_000_000;
    let tries = || {
        (0..SAMPLES).map(|n| match mix(n) % 50 {
            0 => Try::Lost,
            _ => Try::Answered { us: 50_000 + (mix(n ^ SAMPLES) % 41) as u32, by: 0, grade: Grade::Kernel },
        })
    };
    let mut plain = Plain::default();
    for outcome in tries() {
        plain.push(outcome);
    }
    let (history, now) = history(tries(), 250);
    plain.assert_is(&row(history, now));
}
