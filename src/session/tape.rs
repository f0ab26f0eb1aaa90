//! Records folded into what a front end shows: what the watch showed, without prober or collector.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::format::moment;
use super::header::Header;
use crate::engine::crosscheck::Echoes;
use crate::engine::epoch::Epochs;
use crate::engine::faults::Fault;
use crate::engine::history::History;
use crate::engine::journal::{Entry, Journal};
use crate::engine::path::RecordedPath;
use crate::engine::probe::Command;
use crate::engine::record::{Gap, Record, Why};
use crate::engine::round::Round;
use crate::engine::snapshot::{Pace, Snapshot};
use crate::engine::span::Span;
use crate::engine::strays::Strays;
use crate::engine::time::{Anchor, Time};
use crate::engine::trace::Past;

/// What records have told so far.
#[derive(Clone, Debug)]
pub struct Tape {
    target: IpAddr,
    span: Span,
    /// Whether the latest round is part of the span: what has no time of its own happened then.
    is_within: bool,
    /// Whether it began behind the span.
    is_behind: bool,
    started: Option<Time>,
    now: Time,
    /// The watch ended, and has not been gone on with.
    is_over: bool,
    anchor: Anchor,
    pace: Pace,
    path: RecordedPath,
    history: Arc<History>,
    /// The rounds that were open when the watch ended.
    open: Vec<Round>,
    journal: Arc<Journal>,
    epochs: Arc<Epochs>,
    fault: Option<Fault>,
    names: HashMap<IpAddr, Arc<str>>,
    /// Up to where the span begins, and up to where it ends.
    strays: (Strays, Strays),
    echoes: Option<Echoes>,
    source: Option<IpAddr>,
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
            is_within: span.from() == Time::ZERO,
            is_behind: false,
            started: None,
            now: Time::ZERO,
            is_over: false,
            anchor: header.anchor(),
            pace: header.pace.into(),
            path: RecordedPath::new(header.address),
            history: Arc::default(),
            open: Vec::new(),
            journal: Arc::default(),
            epochs: Arc::default(),
            fault: None,
            names: HashMap::new(),
            strays: <(Strays, Strays)>::default(),
            echoes: None,
            source: header.source,
            rounds: 0,
            next_entry: 0,
        }
    }

    /// All that comes up to the round that begins at `end` follows at once: see [`History::expect`].
    pub fn expect(&mut self, end: Time) {
        Arc::make_mut(&mut self.history).expect(end.min(self.span.to()));
    }

    /// Whether the rounds went as far as was expected.
    pub fn is_as_expected(&self) -> bool {
        self.history.is_as_expected()
    }

    /// Takes in the next record.
    pub fn push(&mut self, record: Record) {
        let at = moment(&record);
        if let Some(at) = at.filter(|at| !self.is_over && self.holds(*at)) {
            self.now = self.now.max(at);
        }
        match record {
            Record::Round(round) => {
                if self.begins(&round) {
                    self.now = self.now.max(round.start + round.interval * u32::from(self.pace.tries));
                    Arc::make_mut(&mut self.history).push(round);
                }
            }
            Record::Open(round) => {
                if self.begins(&round) {
                    self.open.push(round);
                }
            }
            Record::Late(_) | Record::Slowed(_) => Arc::make_mut(&mut self.history).apply(&record),
            Record::Duplicate(row) => {
                if self.is_within {
                    Arc::make_mut(&mut self.history).duplicate(row);
                }
            }
            Record::Gap(gap) => {
                if gap.why == Why::Resumed {
                    self.resumed(gap);
                }
                if self.span.touches(gap.from, gap.to) {
                    Arc::make_mut(&mut self.history).apply(&record);
                }
            }
            Record::Fault(fault) if self.holds(fault.since) => self.faulted(fault),
            Record::Command(_, Command::MaxTtl(ttl)) => self.pace.max_ttl = ttl,
            Record::Command(_, Command::Interval(interval)) => self.pace.interval = interval,
            Record::ClockStep(anchor) => self.anchor = anchor,
            Record::Name(address, name) => {
                self.names.insert(address, name.into());
            }
            Record::Journal(entry) => self.happened(entry),
            Record::Epoch(epoch) => {
                if epoch.start < self.span.to() {
                    Arc::make_mut(&mut self.epochs).take(epoch);
                }
            }
            Record::Hop(seen) if seen.at < self.span.to() => self.path.seen(&seen),
            Record::Strays(at, strays) if at < self.span.from() => self.strays.0 = strays,
            Record::Strays(at, strays) if at < self.span.to() => self.strays.1 = strays,
            Record::CrossCheck(told) if self.holds(told.at) => {
                let echoes = self.echoes.get_or_insert_default();
                told.us.into_iter().for_each(|echo| echoes.take(echo));
            }
            Record::Source(at, address) if at < self.span.to() => self.source = Some(address),
            Record::End(ending) if self.holds(ending.at) => {
                self.path.ending(&ending);
                // The last round may have been decided before its time was over, and so may what is told behind this.
                (self.now, self.is_over) = (ending.at, true);
            }
            Record::Fault(_)
            | Record::Hop(_)
            | Record::Strays(..)
            | Record::CrossCheck(_)
            | Record::Source(..)
            | Record::End(_) => {}
        }
    }

    /// What had ended before the span is no part of it. What goes on behind it is shown as it stood at its end: it
    /// lasts, and has the figures that were told by then.
    fn happened(&mut self, entry: Entry) {
        self.next_entry = self.next_entry.max(entry.number.saturating_add(1));
        let (from, to) = (self.span.from(), self.span.to());
        let reaches = entry.start >= from || entry.end.is_none_or(|end| end > from);
        let withdrawn = entry.withdrawn || entry.start >= to || !reaches;
        let end = entry.end.filter(|end| *end <= to);
        let is_known = || self.journal.iter().any(|known| known.number == entry.number);
        if withdrawn || end.is_some() || !self.is_behind || !is_known() {
            Arc::make_mut(&mut self.journal).take(Entry { end, withdrawn, ..entry });
        }
    }

    /// The same of a fault.
    fn faulted(&mut self, fault: Fault) {
        let until = fault.until.filter(|until| *until <= self.span.to());
        let is_known = self.fault.is_some_and(|known| known.since == fault.since);
        if until.is_some() || !self.is_behind || !is_known {
            self.fault = Some(Fault { until, ..fault });
        }
    }

    /// The watch goes on after it had ended: what was in force or open then was watched no longer.
    fn resumed(&mut self, gap: Gap) {
        self.is_over = false;
        if self.holds(gap.to) {
            self.now = self.now.max(gap.to);
        }
        if let Some(fault) = self.fault.as_mut().filter(|fault| fault.until.is_none()) {
            fault.until = Some(gap.from);
        }
        if let Some(echoes) = &mut self.echoes {
            echoes.counts.in_flight = 0;
        }
        let history = Arc::make_mut(&mut self.history);
        self.open.drain(..).for_each(|round| history.push(round));
    }

    /// Whether a round is part of the span; if so, it says where the path led.
    fn begins(&mut self, round: &Round) -> bool {
        let holds = self.holds(round.start);
        (self.is_within, self.is_behind) = (holds, round.start >= self.span.to());
        if holds {
            self.started.get_or_insert(round.start);
            self.rounds = self.rounds.max(round.number.saturating_add(1));
            self.path.round(round);
        }
        holds
    }

    fn holds(&self, at: Time) -> bool {
        self.span.from() <= at && at < self.span.to()
    }

    /// The names found.
    pub fn names(&self) -> impl Iterator<Item = (IpAddr, Arc<str>)> {
        self.names.iter().map(|(address, name)| (*address, Arc::clone(name)))
    }

    /// The state at the end of it.
    pub fn snapshot(&self) -> Snapshot {
        let Strays { messages, overshoot } = self.strays.1.since(&self.strays.0);
        Snapshot {
            now: self.now,
            started: self.started.unwrap_or_default(),
            anchor: self.anchor,
            target: self.target,
            path: self.path.view(),
            history: Arc::clone(&self.history),
            journal: Arc::clone(&self.journal),
            epochs: Arc::clone(&self.epochs),
            open: self.open.clone(),
            pace: self.pace,
            fault: self.fault,
            strays: messages,
            overshoot,
            finished: true,
        }
    }

    /// What a trace goes on from.
    pub fn past(&self) -> Past {
        let mut history = Arc::clone(&self.history);
        for round in &self.open {
            Arc::make_mut(&mut history).push(round.clone());
        }
        Past {
            history,
            journal: Arc::clone(&self.journal),
            epochs: Arc::clone(&self.epochs),
            path: self.path.clone(),
            strays: self.strays.1.clone(),
            started: self.started.unwrap_or_default(),
            ended: self.now,
            rounds: self.rounds,
            next_entry: self.next_entry,
        }
    }

    /// Whether it has anything that was probed.
    pub const fn has_rounds(&self) -> bool {
        self.started.is_some()
    }

    /// The last moment that is told of.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// What became of echo requests; `None` without any.
    pub const fn echoes(&self) -> Option<Echoes> {
        self.echoes
    }

    /// The address that probes left from last.
    pub const fn source(&self) -> Option<IpAddr> {
        self.source
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
mod tests;
