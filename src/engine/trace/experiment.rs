//! Asking a hop less often, where that would settle how it rations its answers.

use super::Trace;
use crate::engine::record::{Record, Slowed};
use crate::engine::round::{Round, RoundRow, Row, Try};
use crate::engine::span::Span;
use crate::engine::time::Time;
use crate::engine::verdict::verdict;

/// Rounds between two looks at whether an experiment would settle something.
const JUDGED_EVERY: u32 = 5;

impl Trace {
    /// Whether it is time to look, and there may be something to see.
    pub(super) fn is_open(&self, round: &Round) -> bool {
        let is_due = round.number % JUDGED_EVERY == JUDGED_EVERY - 1;
        is_due && (self.slowed.is_some() || round.rows.iter().any(may_ration))
    }

    pub(super) fn experiment(&mut self, now: Time) {
        // What was asked slowly is known only where tries are told apart.
        let recent = self.history.recent().next().map_or(Span::All, |round| Span::Since(round.start));
        let wish = verdict(&self.history, &self.path.view(), &self.journal, recent).wish;
        if wish == self.slowed {
            return;
        }
        let over = self.slowed.map(|slowed| Slowed { at: now, row: slowed.row, every: 1 });
        let begun = wish.map(|wish| Slowed { at: now, row: wish.row, every: wish.every });
        for slowed in over.into_iter().chain(begun) {
            self.record(Record::Slowed(slowed));
        }
        self.slowed = wish;
        self.prober.slow(wish.and_then(|wish| match wish.row {
            Row::Hop(ttl) => Some((ttl, wish.every)),
            Row::Target => None,
        }));
    }
}

/// A hop that answers some of its tries and not others.
fn may_ration(part: &RoundRow) -> bool {
    let has = |wanted: fn(&Try) -> bool| part.tries.iter().any(wanted);
    part.row != Row::Target && has(|outcome| *outcome == Try::Lost) && has(|outcome| outcome.us().is_some())
}
