//! The first row that an event shows at: the lowest from which it persists to the watched one.

use std::collections::VecDeque;

use crate::engine::round::{Round, Row, Try};
use crate::engine::span::Span;
use crate::engine::time::Time;

/// What became of a row's tries before an event and during it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Tries answered before.
    pub before: u32,
    /// Tries answered since.
    pub answered: u32,
    /// Tries lost or refused since.
    pub failed: u32,
    /// Those of them that were refused.
    pub refused: u32,
}

impl Tally {
    /// The share of its tries that failed, 0 to 1.
    pub fn share(&self) -> f64 {
        f64::from(self.failed) / f64::from((self.answered + self.failed).max(1))
    }

    /// Whether the row has a say: one that was silent before has not, unless it refuses.
    const fn tells(&self) -> bool {
        self.answered + self.failed > 0 && (self.before > 0 || self.refused > 0)
    }
}

/// The first row at which a failure between `from` and `to` shows; `is_hit` says whether a row has it.
pub fn first_failing(
    rounds: &VecDeque<Round>,
    watched: Row,
    (from, to): (Time, Time),
    is_hit: impl Fn(&Tally) -> bool,
) -> Row {
    let mut first = watched;
    for row in rows_before(rounds, watched) {
        let tally = tally(rounds, row, (from, to));
        if !tally.tells() {
            continue;
        }
        if !is_hit(&tally) {
            break;
        }
        first = row;
    }
    first
}

/// The first row whose round-trip times moved at `from` by half of what the watched one's did, `shift` in µs.
pub fn first_shifted(rounds: &VecDeque<Round>, watched: Row, from: Time, shift: i64) -> Row {
    let mut first = watched;
    for row in rows_before(rounds, watched) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for (at, outcome) in tries(rounds, row) {
            if let Some(us) = outcome.us() {
                if at < from { &mut before } else { &mut after }.push(us);
            }
        }
        if before.len() < 3 || after.len() < 3 {
            continue;
        }
        let moved = i64::from(median(&mut after)) - i64::from(median(&mut before));
        if moved.signum() != shift.signum() || moved.abs() * 2 < shift.abs() {
            break;
        }
        first = row;
    }
    first
}

/// What became of a row's tries.
pub fn tally(rounds: &VecDeque<Round>, row: Row, (from, to): (Time, Time)) -> Tally {
    let mut tally = Tally::default();
    for (at, outcome) in tries(rounds, row).filter(|(at, _)| *at < to) {
        match outcome {
            Try::Answered { .. } if at < from => tally.before += 1,
            Try::Answered { .. } => tally.answered += 1,
            Try::Lost | Try::Late { .. } if at >= from => tally.failed += 1,
            Try::Refused { .. } if at >= from => {
                tally.failed += 1;
                tally.refused += 1;
            }
            _ => {}
        }
    }
    tally
}

/// The middle one of some values; 0 of none.
pub fn median(values: &mut [u32]) -> u32 {
    let middle = values.len() / 2;
    if values.is_empty() { 0 } else { *values.select_nth_unstable(middle).1 }
}

/// The hops before `watched`, from it towards this machine.
fn rows_before(rounds: &VecDeque<Round>, watched: Row) -> Vec<Row> {
    let rows = rounds.iter().flat_map(|round| &round.rows).map(|part| part.row);
    let mut rows: Vec<Row> = rows.filter(|row| *row < watched).collect();
    rows.sort_unstable();
    rows.dedup();
    rows.reverse();
    rows
}

fn tries(rounds: &VecDeque<Round>, row: Row) -> impl Iterator<Item = (Time, Try)> {
    let parts = rounds.iter().filter_map(move |round| Some((round, round.row(row)?)));
    parts.flat_map(|(round, part)| round.tries_in(part, Span::All))
}
