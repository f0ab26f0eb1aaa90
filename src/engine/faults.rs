//! Local faults: what this machine itself could not do, from when to when.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::probe::{LocalFault, ProbeNo};
use super::time::Time;

/// A stretch of time in which this machine did not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Fault {
    /// What kept it from sending.
    pub kind: LocalFault,
    /// When the first probe that failed was handed over.
    pub since: Time,
    /// When a probe left again; `None` while it lasts.
    pub until: Option<Time>,
    /// Probes that were not sent because of it.
    pub not_sent: u64,
}

/// Probes that did not leave, or none so far though this machine is known to be unable to send.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// Why.
    pub kind: LocalFault,
    /// The latest of them, where it is known.
    pub no: Option<ProbeNo>,
    /// When the first of them was handed over.
    pub since: Time,
    /// How many they are.
    pub not_sent: u64,
    /// The call that sends says it, so that it will say as well when this is over.
    pub at_call: bool,
}

/// Faults remembered that ended; more than come within the time that a probe is waited for.
const REMEMBERED: usize = 16;

/// The fault in force, if any, and the last ones that ended.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    current: Option<Fault>,
    /// The latest first, with the probe whose leaving ended it.
    ended: VecDeque<(Fault, Option<ProbeNo>)>,
    /// The last probe that a fault kept from leaving.
    failed_no: Option<ProbeNo>,
    /// The latest probe that is known to have left.
    left_no: Option<ProbeNo>,
    at_call: bool,
}

impl Faults {
    /// Whether a failure is told of when what caused it is over, and told: later probes have left, or it was handed
    /// over while the last fault lasted.
    pub fn is_over(&self, failure: &Failure) -> bool {
        let ended = self.last().and_then(|last| last.until);
        self.current.is_none()
            && (failure.no.is_some_and(|no| Some(no) < self.left_no)
                || failure.not_sent > 0 && ended.is_some_and(|until| failure.since <= until))
    }

    /// Probes were not sent. Gives the fault where this begins one, ending another kind if that was in force, or
    /// where it says at last what the matter is.
    pub fn failed(&mut self, now: Time, failure: Failure) -> Vec<Fault> {
        let Failure { kind, no, since, not_sent, at_call } = failure;
        self.failed_no = self.failed_no.max(no);
        match &mut self.current {
            Some(fault) if fault.kind == kind || kind == LocalFault::Unstamped => {
                fault.not_sent += not_sent;
                Vec::new()
            }
            Some(fault) if fault.kind == LocalFault::Unstamped => {
                fault.kind = kind;
                fault.not_sent += not_sent;
                self.at_call = at_call;
                vec![*fault]
            }
            _ => {
                let mut changes: Vec<Fault> = self.end(now, None).into_iter().collect();
                let since = self.last().and_then(|last| last.until).map_or(since, |until| since.max(until));
                let fault = Fault { kind, since, until: None, not_sent };
                self.current = Some(fault);
                self.at_call = at_call;
                changes.push(fault);
                changes
            }
        }
    }

    /// A probe is known to have left. Gives the fault that this ends.
    pub fn left(&mut self, now: Time, no: ProbeNo) -> Option<Fault> {
        self.left_no = self.left_no.max(Some(no));
        if Some(no) > self.failed_no { self.end(now, Some(no)) } else { None }
    }

    /// The kernel took a probe, and will not tell whether it left. Gives the fault that this ends.
    pub fn taken(&mut self, now: Time, no: ProbeNo) -> Option<Fault> {
        if self.at_call { self.left(now, no) } else { None }
    }

    /// A probe was given up, without a word of this machine about it. Gives the fault that this ends: whatever it
    /// refuses it refuses at once, but of the next hop's silence it is sure only after seconds.
    pub fn lost(&mut self, now: Time, no: ProbeNo) -> Option<Fault> {
        let kind = self.current?.kind;
        if kind == LocalFault::Neighbour { None } else { self.left(now, no) }
    }

    /// Whether probe `no` was handed over while a fault lasted that is over, and so waited in this machine: with
    /// others, which then left in one rush. The one whose leaving ended the fault is like any other.
    pub fn kept_back(&self, no: ProbeNo, handed_over: Time) -> bool {
        self.ended.iter().any(|(fault, by)| {
            let lasted = fault.since <= handed_over && fault.until.is_some_and(|until| handed_over < until);
            lasted && *by != Some(no)
        })
    }

    fn end(&mut self, now: Time, by: Option<ProbeNo>) -> Option<Fault> {
        let ended = Fault { until: Some(now), ..self.current.take()? };
        // What stood only between two looks, as a route that is a moment behind its link, hides no real one.
        if ended.not_sent > 0 || self.ended.is_empty() {
            self.ended.truncate(REMEMBERED - 1);
            self.ended.push_front((ended, by));
        }
        Some(ended)
    }

    fn last(&self) -> Option<Fault> {
        self.ended.front().map(|(fault, _)| *fault)
    }

    /// The fault in force, or else the last one that ended.
    pub fn latest(&self) -> Option<Fault> {
        self.current.or_else(|| self.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    /// So many probes, the latest with this number, that failed from a moment on.
    const fn failure(kind: LocalFault, no: u32, since: u64, not_sent: u64) -> Failure {
        Failure { kind, no: Some(ProbeNo(no)), since: at(since), not_sent, at_call: true }
    }

    #[test]
    fn a_fault_has_a_start_a_count_and_an_end() {
        let mut faults = Faults::default();
        assert_eq!(faults.failed(at(1), failure(LocalFault::NoRoute, 1, 1, 1)).len(), 1);
        assert_eq!(faults.failed(at(2), failure(LocalFault::NoRoute, 2, 2, 1)), vec![]);
        assert_eq!(faults.latest().map(|fault| fault.not_sent), Some(2));
        assert!(!faults.is_over(&failure(LocalFault::Unstamped, 1, 1, 1)), "it goes on");
        assert_eq!(faults.left(at(8), ProbeNo(2)), None, "an earlier probe");
        let ended = faults.left(at(9), ProbeNo(3)).unwrap();
        assert_eq!((ended.since, ended.until), (at(1), Some(at(9))));
        assert_eq!(faults.left(at(10), ProbeNo(4)), None);
        assert_eq!(faults.latest(), Some(ended));
    }

    #[test]
    fn what_is_told_of_it_when_it_is_over_is_no_other_fault() {
        let mut faults = Faults::default();
        let unstamped = |no, since| failure(LocalFault::Unstamped, no, since, 1);
        assert!(!faults.is_over(&unstamped(1, 1)));
        faults.failed(at(1), failure(LocalFault::NoRoute, 1, 1, 1));
        faults.left(at(9), ProbeNo(5));
        assert!(faults.is_over(&unstamped(6, 9)), "handed over while it lasted");
        assert!(faults.is_over(&unstamped(4, 10)), "a later one has left");
        assert!(!faults.is_over(&unstamped(6, 10)));
    }

    #[test]
    fn what_was_handed_over_meanwhile_was_kept_back_but_for_the_one_that_ended_it() {
        let mut faults = Faults::default();
        faults.failed(at(5), failure(LocalFault::LinkDown, 1, 5, 1));
        faults.left(at(9), ProbeNo(2));
        let kept = [(0, 4), (2, 6), (3, 5), (4, 8), (5, 9)];
        let kept = kept.map(|(no, since)| faults.kept_back(ProbeNo(no), at(since)));
        assert_eq!(kept, [false, false, true, true, false]);
        faults.failed(at(11), failure(LocalFault::LinkDown, 6, 11, 1));
        faults.left(at(13), ProbeNo(7));
        let kept = [(2, 6), (4, 8), (7, 12), (8, 12)];
        let kept = kept.map(|(no, since)| faults.kept_back(ProbeNo(no), at(since)));
        assert_eq!(kept, [false, true, false, true], "in the one before it as well");
    }

    #[test]
    fn what_never_left_is_named_once_the_reason_comes() {
        let mut faults = Faults::default();
        faults.failed(at(3_000), failure(LocalFault::Unstamped, 3, 1, 3));
        let named = faults.failed(at(3_100), failure(LocalFault::Neighbour, 3, 90, 0));
        assert_eq!(named.len(), 1);
        assert_eq!(faults.failed(at(3_200), failure(LocalFault::Unstamped, 5, 100, 2)), vec![]);
        let fault = faults.latest().unwrap();
        assert_eq!((fault.kind, fault.since, fault.not_sent), (LocalFault::Neighbour, at(1), 5));
    }

    #[test]
    fn another_kind_ends_the_one_in_force() {
        let mut faults = Faults::default();
        faults.failed(at(0), failure(LocalFault::NoRoute, 1, 0, 1));
        let changes = faults.failed(at(3), failure(LocalFault::LinkDown, 2, 1, 1));
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0].until, Some(at(3)));
        assert_eq!((changes[1].kind, changes[1].since), (LocalFault::LinkDown, at(3)), "one after the other");
    }

    #[test]
    fn the_call_that_took_a_probe_ends_only_what_the_call_had_told() {
        let mut faults = Faults::default();
        faults.failed(at(0), Failure { at_call: false, ..failure(LocalFault::Firewall, 1, 0, 1) });
        assert_eq!(faults.taken(at(1), ProbeNo(2)), None, "its refusal comes behind the call");
        assert_eq!(faults.lost(at(2), ProbeNo(1)), None);
        assert!(faults.lost(at(2), ProbeNo(2)).is_some());
        faults.failed(at(3), failure(LocalFault::NoRoute, 3, 3, 1));
        assert!(faults.taken(at(4), ProbeNo(4)).is_some());
    }
}
