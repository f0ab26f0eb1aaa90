//! A row's figures over any span: try by try where that is kept, else from slices.

use std::time::Duration;

use super::{History, Totals, is_parted};
use crate::engine::round::{Round, Row};
use crate::engine::span::Span;
use crate::engine::time::Time;

impl History {
    /// A row's figures over `span`, those of the rounds in `open` included, which follow the settled ones.
    ///
    /// Exact where the span is [`All`](Span::All) or begins within the rounds kept try by try. Otherwise its
    /// edges are [rounded](Self::edges) to slices, and percentiles err by at most 4 %.
    pub fn totals(&self, row: Row, span: Span, open: &[Round]) -> Totals {
        let mut before = self.rows.get(row.index()).and_then(|known| known.at);
        let by_try = self.is_by_try(span);
        let mut totals = match span {
            Span::All => self.total(row).cloned().unwrap_or_default(),
            _ if by_try => Totals::default(),
            _ => Totals::of(&self.slices.sum(row, span), self.responders(row)),
        };
        if by_try && totals.counts.sent() == 0 {
            before = None;
        }
        let settled = self.recent().filter(|_| by_try && span != Span::All);
        for round in settled.chain(open) {
            let Some(part) = round.row(row) else { continue };
            for (at, outcome) in round.tries_in(part, span) {
                if is_parted(&self.gaps, before, at) {
                    totals.part();
                }
                before = Some(at);
                totals.push(outcome, self.is_slowed(row, at), &part.responders);
            }
        }
        let doubled = self.total(row).is_some_and(|total| total.counts.duplicates > 0);
        if doubled && by_try && span != Span::All {
            // A round does not say which of its tries were doubled, but the slices do.
            let cells = self.cells(row, span).filter(|cell| span.from() <= cell.start);
            totals.counts.duplicates += cells.map(|cell| cell.counts.duplicates).sum::<u64>();
        }
        totals
    }

    /// The edges of what [`totals`](Self::totals) gives for a span: as asked where tries are told apart,
    /// otherwise those of the slices that they lie in.
    pub fn edges(&self, span: Span) -> (Time, Time) {
        if self.is_by_try(span) || span.is_empty() {
            return (span.from(), span.to());
        }
        let (from, _) = self.slices.slice(span.from());
        let (last, width) = self.slices.slice(span.to() - Duration::from_nanos(1));
        let to = if span.to() == Time::FAR { Time::FAR } else { last + width };
        (self.slices.oldest().map_or(from, |oldest| from.max(oldest)), to)
    }

    /// Whether a span's tries are all told apart, or it needs no telling.
    fn is_by_try(&self, span: Span) -> bool {
        span == Span::All || self.has_tries(span)
    }

    /// Whether a span's tries are all told apart.
    pub fn has_tries(&self, span: Span) -> bool {
        let first = self.recent.front().map(|round| round.start);
        first == self.first || first.is_none_or(|first| first <= span.from())
    }
}
