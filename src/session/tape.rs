//! Records folded into what a front end shows: the same figures that the watch had, without prober or collector.
//!
//! What only the watch knew is not on the tape: MPLS labels, what routers quoted, strays.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::format::moment;
use super::header::Header;
use crate::engine::end::End;
use crate::engine::epoch::Epochs;
use crate::engine::faults::Fault;
use crate::engine::history::History;
use crate::engine::journal::{Entry, Journal};
use crate::engine::path::{HopView, PathView};
use crate::engine::probe::Command;
use crate::engine::record::{Record, Why};
use crate::engine::round::{Round, Row, Try};
use crate::engine::snapshot::{Pace, Snapshot};
use crate::engine::span::Span;
use crate::engine::time::{Anchor, Time};
use crate::engine::trace::Past;

/// What records have told so far.
#[derive(Clone, Debug)]
pub struct Tape {
    target: IpAddr,
    span: Span,
    started: Option<Time>,
    now: Time,
    anchor: Anchor,
    pace: Pace,
    path: PathView,
    history: Arc<History>,
    journal: Arc<Journal>,
    epochs: Arc<Epochs>,
    fault: Option<Fault>,
    names: HashMap<IpAddr, Arc<str>>,
    rounds: u32,
    /// The number of the next event.
    next_entry: u32,
}

impl Tape {
    /// An empty one, of what happens within `span`: rounds count whole, by when they began.
    pub fn new(header: &Header, span: Span) -> Self {
        Self {
            target: header.address,
            span,
            started: None,
            now: Time::ZERO,
            anchor: header.anchor(),
            pace: header.pace.into(),
            path: PathView::default(),
            history: Arc::default(),
            journal: Arc::default(),
            epochs: Arc::default(),
            fault: None,
            names: HashMap::new(),
            rounds: 0,
            next_entry: 0,
        }
    }

    /// Takes in the next record.
    pub fn push(&mut self, record: Record) {
        let at = moment(&record);
        if let Some(at) = at.filter(|at| self.holds(*at)) {
            self.now = self.now.max(at);
        }
        match record {
            Record::Round(round) => self.round(round),
            Record::Late(_) | Record::Duplicate(_) | Record::Slowed(_) => {
                Arc::make_mut(&mut self.history).apply(&record);
            }
            Record::Gap(gap) => {
                // What was in force when the watch ended was watched no longer.
                if let Some(fault) =
                    self.fault.as_mut().filter(|fault| gap.why == Why::Resumed && fault.until.is_none())
                {
                    fault.until = Some(gap.from);
                }
                Arc::make_mut(&mut self.history).apply(&record);
            }
            Record::Fault(fault) if self.holds(fault.since) => self.fault = Some(fault),
            Record::Command(_, Command::MaxTtl(ttl)) => self.pace.max_ttl = ttl,
            Record::Command(_, Command::Interval(interval)) => self.pace.interval = interval,
            Record::ClockStep(anchor) => self.anchor = anchor,
            Record::Name(address, name) => {
                self.names.insert(address, name.into());
            }
            // What had ended before the span is no part of it.
            Record::Journal(entry) => {
                self.next_entry = self.next_entry.max(entry.number.saturating_add(1));
                let (from, to) = (self.span.from(), self.span.to());
                let reaches = entry.start >= from || entry.end.is_none_or(|end| end > from);
                let withdrawn = entry.withdrawn || entry.start >= to || !reaches;
                Arc::make_mut(&mut self.journal).take(Entry { withdrawn, ..entry });
            }
            Record::Epoch(epoch) => {
                if epoch.start < self.span.to() {
                    Arc::make_mut(&mut self.epochs).take(epoch);
                }
            }
            Record::Fault(_) => {}
        }
    }

    fn round(&mut self, round: Round) {
        if !self.holds(round.start) {
            return;
        }
        self.started.get_or_insert(round.start);
        self.now = self.now.max(round.start + round.interval * u32::from(self.pace.tries));
        self.rounds = self.rounds.max(round.number.saturating_add(1));
        self.observe(&round);
        Arc::make_mut(&mut self.history).push(round);
    }

    fn holds(&self, at: Time) -> bool {
        self.span.from() <= at && at < self.span.to()
    }

    /// Where the path led in this round, and who answered last at each hop.
    fn observe(&mut self, round: &Round) {
        self.path.end = round.end;
        if let End::Target { ttl, .. } = round.end {
            self.path.target_ttl = Some(ttl);
        }
        for part in &round.rows {
            let latest = part.tries.iter().rev().find_map(|outcome| match outcome {
                Try::Answered { by, .. } | Try::Late { by, .. } | Try::Refused { by } => {
                    part.responders.get(usize::from(*by)).copied()
                }
                _ => None,
            });
            let view = match part.row {
                Row::Target => &mut self.path.target,
                Row::Hop(ttl) => {
                    self.path.last_hop = self.path.last_hop.max(ttl);
                    let index = usize::from(ttl).saturating_sub(1);
                    if index >= self.path.hops.len() {
                        self.path.hops.resize_with(index + 1, HopView::default);
                    }
                    &mut self.path.hops[index]
                }
            };
            view.current = latest.or(view.current);
            view.refusal = None;
        }
        if let End::Refused { ttl, icmp, .. } | End::Other { ttl, icmp, .. } = round.end
            && let Some(view) = self.path.hops.get_mut(usize::from(ttl).wrapping_sub(1))
        {
            view.refusal = Some(icmp);
        }
    }

    /// The names found.
    pub fn names(&self) -> impl Iterator<Item = (IpAddr, Arc<str>)> {
        self.names.iter().map(|(address, name)| (*address, Arc::clone(name)))
    }

    /// The state at the end of it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            now: self.now,
            started: self.started.unwrap_or_default(),
            anchor: self.anchor,
            target: self.target,
            path: self.path.clone(),
            history: Arc::clone(&self.history),
            journal: Arc::clone(&self.journal),
            epochs: Arc::clone(&self.epochs),
            open: Vec::new(),
            pace: self.pace,
            fault: self.fault,
            strays: BTreeMap::new(),
            overshoot: 0,
            finished: true,
        }
    }

    /// What a trace goes on from.
    pub fn past(&self) -> Past {
        Past {
            history: Arc::clone(&self.history),
            journal: Arc::clone(&self.journal),
            epochs: Arc::clone(&self.epochs),
            started: self.started.unwrap_or_default(),
            ended: self.now,
            rounds: self.rounds,
            next_entry: self.next_entry,
        }
    }

    /// The last moment that is told of.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// How it probed at last.
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// What the wall clock says to the session's times.
    pub const fn anchor(&self) -> Anchor {
        self.anchor
    }

    /// The number of the session's next event.
    pub const fn next_entry(&self) -> u32 {
        self.next_entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::Slowed;
    use crate::session::testing::{header, round};

    #[test]
    fn tries_at_a_slower_pace_are_told_apart_in_a_replay_as_they_were_live() {
        let row = Row::Hop(2);
        let mut tape = Tape::new(&header(), Span::All);
        let slowed = |ms, every| Record::Slowed(Slowed { at: Time::from_millis(ms), row, every });
        for record in [round(0), slowed(3_000, 3), round(1), round(2), slowed(9_000, 1), round(3)] {
            tape.push(record);
        }
        let history = tape.snapshot().history;
        let slowed = |row| history.total(row).map(|totals| totals.counts.slowed);
        assert_eq!((slowed(row), slowed(Row::Hop(1))), (Some(6), Some(0)));
    }
}
