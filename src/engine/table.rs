//! The hop table for a span: one query that every front end asks.

use std::net::IpAddr;

use super::distribution::Distribution;
use super::history::{Cell, ResponderTotals, Totals};
use super::path::{End, HopView};
use super::round::{Round, Row, Try};
use super::snapshot::Snapshot;
use super::span::Span;
use super::stats::{Counts, Loss};
use super::time::Time;
use super::verdict::evidence::{Evidence, RowEvidence};
use super::verdict::spread::spread;
use crate::wire::icmp::Icmp;

/// The rows to show, hops by TTL and the target last.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The rows.
    pub rows: Vec<TableRow>,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    /// Which row.
    pub row: Row,
    /// The TTL; for the target the lowest that reaches it, or where it is expected.
    pub ttl: u8,
    /// The highest TTL that may be needed to reach the target; `ttl` elsewhere.
    pub upto: u8,
    /// Who answered within the span, the one that answered last first.
    pub responders: Vec<ResponderTotals>,
    /// What is known of the hop now.
    pub hop: HopView,
    /// What became of the tries.
    pub counts: Counts,
    /// The share lost; `None` before the first decided try, and for a target that has never answered.
    pub loss: Option<Loss>,
    /// Round-trip times; `None` before the first answer.
    pub rtt: Option<Rtt>,
    /// Round-trip times by size.
    pub distribution: Distribution,
    /// Times by grade: kernel, mixed, user.
    pub grades: [u64; 3],
    /// Why the row has no ordinary answers, if it has none.
    pub state: RowState,
}

/// What is special about a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowState {
    /// Nothing.
    #[default]
    Ordinary,
    /// Nobody has answered at this hop.
    NoAnswer,
    /// The target has never answered.
    SilentTarget,
    /// Someone on the way answers in the target's place or refuses; at which hop, and what it says.
    Behind {
        /// The TTL of the hop that answers instead.
        ttl: u8,
        /// Who answers.
        address: IpAddr,
        /// What it says.
        icmp: Icmp,
    },
    /// The target lies beyond the highest TTL that may be probed.
    BeyondMaxTtl,
    /// Packets circle before they reach the target.
    BehindLoop {
        /// Where the circle was recognised.
        ttl: u8,
    },
}

/// Round-trip times of a row over a span, in ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rtt {
    /// The latest try's; `None` after a loss.
    pub last: Option<f64>,
    /// The least.
    pub best: f64,
    /// The mean.
    pub avg: f64,
    /// The greatest.
    pub worst: f64,
    /// The sample standard deviation.
    pub stdev: f64,
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The mean |difference| of consecutive answered tries.
    pub jitter: f64,
}

impl Rtt {
    fn of(totals: &Totals) -> Option<Self> {
        const MS: f64 = 1_000.0;
        // The distribution knows a step's middle only, which may lie outside of what was seen.
        let (best, worst) = (totals.rtt.best() / MS, totals.rtt.worst() / MS);
        let quantile = |q| (totals.distribution.quantile(q).unwrap_or_default() / MS).clamp(best, worst);
        (totals.rtt.count() > 0).then(|| Self {
            last: totals.last.map(|us| f64::from(us) / MS),
            best,
            avg: totals.rtt.mean() / MS,
            worst,
            stdev: totals.rtt.stdev() / MS,
            p50: quantile(0.50),
            p95: quantile(0.95),
            p99: quantile(0.99),
            jitter: totals.jitter.mean() / MS,
        })
    }
}

impl Snapshot {
    /// The hop table for `span`.
    pub fn table(&self, span: Span) -> Table {
        let first = self.pace.first_ttl;
        let hops = (first..=self.path.last_hop).map(Row::Hop);
        Table { rows: hops.chain([Row::Target]).map(|row| self.table_row(row, span)).collect() }
    }

    /// From when on a table for `span` tells: not before the session's start, and where tries are no longer told
    /// apart from the start of the slice that the span begins in.
    pub fn start(&self, span: Span) -> Time {
        self.history.edges(span).0.max(self.started)
    }

    /// Up to when a table for `span` tells: not past now, and where tries are no longer told apart to the end of
    /// the slice that the span ends in.
    pub fn end(&self, span: Span) -> Time {
        self.history.edges(span).1.min(self.now)
    }

    /// A row over `span` in `width` columns of one length, from the span's [start](Self::start) to its
    /// [end](Self::end): [`History::chart`](super::history::History::chart) tells what they hold.
    pub fn chart(&self, row: Row, span: Span, width: usize) -> Vec<Cell> {
        self.history.chart(row, (self.start(span), self.end(span)), width, &self.open)
    }

    /// Everyone who answered at any hop in sight, the target included; some more than once.
    pub fn responders(&self) -> impl Iterator<Item = IpAddr> {
        let rows = (self.pace.first_ttl..=self.path.last_hop).map(Row::Hop).chain([Row::Target]);
        let settled = rows.filter_map(|row| self.history.total(row));
        let settled = settled.flat_map(|totals| totals.responders.iter().map(|responder| responder.address));
        let hops = self.path.hops.iter().chain([&self.path.target]);
        settled.chain(hops.filter_map(|hop| hop.current))
    }

    /// The latest tries of a row, oldest first, at most `most` of them; and whether each was asked less often
    /// than the others.
    pub fn recent_tries(&self, row: Row, span: Span, most: usize) -> Vec<(Try, bool)> {
        let rounds = self.rounds().rev().take_while(|round| span.from() < round.until());
        let parts = rounds.filter_map(|round| Some((round, round.row(row)?)));
        let tries = parts.flat_map(|(round, part)| round.tries_in(part, span).rev());
        let told = tries.map(|(due, outcome)| (outcome, self.history.is_slowed(row, due)));
        let mut tries: Vec<(Try, bool)> = told.take(most).collect();
        tries.reverse();
        tries
    }

    /// The rounds kept try by try, those that still wait for answers last.
    fn rounds(&self) -> impl DoubleEndedIterator<Item = &Round> {
        self.history.recent().chain(&self.open)
    }

    fn table_row(&self, row: Row, span: Span) -> TableRow {
        let totals = self.history.totals(row, span, &self.open);
        let hop = match row {
            Row::Hop(ttl) => self.path.hops.get(usize::from(ttl).saturating_sub(1)).cloned(),
            Row::Target => Some(self.path.target.clone()),
        }
        .unwrap_or_default();
        let (ttl, upto) = match (row, self.path.end) {
            (Row::Hop(ttl), _) => (ttl, ttl),
            (Row::Target, End::Target { ttl, upto }) => (ttl, upto),
            (Row::Target, _) => {
                let expected = self.path.target_ttl.unwrap_or_else(|| self.path.last_hop.saturating_add(1));
                (expected, expected)
            }
        };
        let state = self.row_state(row, &hop);
        let loss = totals.counts.loss().map(|loss| self.with_bursts(loss, row, span));
        let mut responders = totals.responders.clone();
        responders.sort_by_key(|responder| Some(responder.address) != hop.current);
        // A target that is not asked, or has never answered, has lost nothing that could be counted.
        let is_asked = !matches!(state, RowState::Behind { .. } | RowState::BehindLoop { .. });
        let ever_answered = row != Row::Target || self.path.target_ttl.is_some() && is_asked;
        // Refusals are rationed like all answers, so what is missing among them is no loss of traffic.
        let is_refusing = hop.refusal.is_some();
        TableRow {
            row,
            ttl,
            upto,
            responders,
            loss: loss.filter(|_| ever_answered && !is_refusing),
            rtt: Rtt::of(&totals),
            counts: totals.counts,
            grades: totals.grades,
            distribution: totals.distribution,
            hop,
            state,
        }
    }

    /// The same share with the interval that the verdict gives it, where tries are told apart: it looks at when
    /// they were lost, not only at how many in a row.
    fn with_bursts(&self, loss: Loss, row: Row, span: Span) -> Loss {
        if loss.pct <= 0.0 || !self.history.has_tries(span) {
            return loss;
        }
        let evidence = Evidence::of_row(row, self.rounds(), &self.history, &self.path, span);
        let losses: Vec<(u32, bool)> = evidence.rows.iter().flat_map(RowEvidence::losses).collect();
        Loss { ci95: spread(&losses, evidence.interval).ci95.map(|end| 100.0 * end), ..loss }
    }

    fn row_state(&self, row: Row, hop: &HopView) -> RowState {
        if row != Row::Target {
            return if hop.current.is_none() { RowState::NoAnswer } else { RowState::Ordinary };
        }
        match self.path.end {
            End::Refused { ttl, address, icmp } | End::Other { ttl, address, icmp } => {
                RowState::Behind { ttl, address, icmp }
            }
            End::Loop { ttl } => RowState::BehindLoop { ttl },
            End::MaxTtl => RowState::BeyondMaxTtl,
            End::Silent if self.path.target_ttl.is_none() => RowState::SilentTarget,
            End::Silent | End::Target { .. } => RowState::Ordinary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::probe::Grade;

    #[test]
    fn percentiles_lie_between_best_and_worst() {
        for us in [64, 999, 2_114, 25_000_001] {
            let mut totals = Totals::default();
            totals.push(Try::Answered { us, by: 0, grade: Grade::Kernel }, false, &[]);
            let rtt = Rtt::of(&totals).unwrap();
            let exact = f64::from(us) / 1_000.0;
            let all = [rtt.best, rtt.avg, rtt.worst, rtt.p50, rtt.p95, rtt.p99];
            assert!(all.iter().all(|ms| (ms - exact).abs() < 1e-9), "{rtt:?}");
        }
        assert_eq!(Rtt::of(&Totals::default()), None);
    }
}
