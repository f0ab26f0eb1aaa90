//! What a front end sees: the state of a trace at one moment, cheap to take and to share.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::epoch::Epochs;
use super::faults::Fault;
use super::history::History;
use super::journal::{Entry, Journal, What};
use super::path::PathView;
use super::probe::Stray;
use super::round::{Round, Row, Try};
use super::time::{Anchor, Time};

/// A trace at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The moment.
    pub now: Time,
    /// When the first probe was due.
    pub started: Time,
    /// What the wall clock says to session times.
    pub anchor: Anchor,
    /// The target.
    pub target: IpAddr,
    /// Where the path leads and ends.
    pub path: PathView,
    /// The settled rounds.
    pub history: Arc<History>,
    /// What happened.
    pub journal: Arc<Journal>,
    /// The paths there were.
    pub epochs: Arc<Epochs>,
    /// The rounds that still wait for answers, oldest first.
    pub open: Vec<Round>,
    /// How it is probed.
    pub pace: Pace,
    /// The local fault in force, or the last one that ended.
    pub fault: Option<Fault>,
    /// Messages that answered no probe of ours, by reason.
    pub strays: BTreeMap<Stray, u64>,
    /// Probes that went past the path's end, or whose answer could not have named them: part of no row.
    pub overshoot: u64,
    /// Every round asked for is settled.
    pub finished: bool,
}

impl Snapshot {
    /// How long an event has lasted.
    ///
    /// One of failing tries lasts at least until the next one was due, after the last that is known to have failed:
    /// what became of later ones nobody knows yet.
    pub fn length(&self, entry: &Entry) -> Duration {
        if !entry.is_open() || !matches!(entry.what, What::Outage { .. } | What::LossBurst { .. }) {
            return entry.length(self.now);
        }
        let mut rounds = self.history.recent().rev().take_while(|round| round.until() > entry.start);
        let known = rounds.find_map(|round| self.failed_until(round, entry.row));
        entry.length(known.unwrap_or(entry.start).min(self.now))
    }

    /// When the next try was due after the last of a round that did not reach the target. An event that shows at `row`
    /// tells who stands in for a target that is not asked.
    fn failed_until(&self, round: &Round, row: Option<Row>) -> Option<Time> {
        let target = round.row(Row::Target).filter(|_| self.path.target_ttl.is_some());
        let is_failure = |outcome: &Try| match outcome {
            Try::Lost | Try::Refused { .. } => true,
            // Answers of whoever the path ends at.
            Try::Answered { .. } | Try::Late { .. } => round.row(Row::Target).is_none(),
            _ => false,
        };
        let tries = &target.or_else(|| round.row(row?))?.tries;
        tries.iter().rposition(is_failure).map(|last| round.due(last + 1))
    }
}

/// How a trace probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time between two tries to the same hop.
    pub interval: Duration,
    /// Tries a round.
    pub tries: u8,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// The first TTL probed.
    pub first_ttl: u8,
    /// The last TTL that may be probed.
    pub max_ttl: u8,
}
