//! Local faults: what this machine itself could not do, from when to when.

use serde::{Deserialize, Serialize};

use super::probe::LocalFault;
use super::time::Time;

/// A stretch of time in which this machine did not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Fault {
    /// What kept it from sending.
    pub kind: LocalFault,
    /// When the first probe failed.
    pub since: Time,
    /// When a probe left again; `None` while it lasts.
    pub until: Option<Time>,
    /// Probes that were not sent because of it.
    pub not_sent: u64,
}

/// The fault in force, if any, and the last one that ended.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    current: Option<Fault>,
    last: Option<Fault>,
}

impl Faults {
    /// So many probes were not sent. Gives the fault where this begins one, ending another kind if that was
    /// in force, or where it says at last what the matter is.
    pub fn failed(&mut self, now: Time, kind: LocalFault, not_sent: u64) -> Vec<Fault> {
        match &mut self.current {
            Some(fault) if fault.kind == kind || kind == LocalFault::Unstamped => {
                fault.not_sent += not_sent;
                Vec::new()
            }
            Some(fault) if fault.kind == LocalFault::Unstamped => {
                fault.kind = kind;
                fault.not_sent += not_sent;
                vec![*fault]
            }
            _ => {
                let mut changes: Vec<Fault> = self.worked(now).into_iter().collect();
                let fault = Fault { kind, since: now, until: None, not_sent };
                self.current = Some(fault);
                changes.push(fault);
                changes
            }
        }
    }

    /// A probe is known to have left. Gives the fault that this ends.
    pub fn worked(&mut self, now: Time) -> Option<Fault> {
        let ended = Fault { until: Some(now), ..self.current.take()? };
        // What stood only between two looks, as a route that is a moment behind its link, hides no real one.
        if ended.not_sent > 0 || self.last.is_none() {
            self.last = Some(ended);
        }
        Some(ended)
    }

    /// Whether what kept a probe from leaving at `sent` is over, and told.
    pub fn has_told_of(&self, sent: Time) -> bool {
        self.current.is_none() && self.last.is_some_and(|last| last.until.is_some_and(|until| sent <= until))
    }

    /// The fault in force.
    pub const fn current(&self) -> Option<Fault> {
        self.current
    }

    /// The fault in force, or else the last one that ended.
    pub const fn latest(&self) -> Option<Fault> {
        match self.current {
            Some(fault) => Some(fault),
            None => self.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_a_start_a_count_and_an_end() {
        let mut faults = Faults::default();
        let at = Time::from_millis;
        assert_eq!(faults.failed(at(1), LocalFault::NoRoute, 1).len(), 1);
        assert_eq!(faults.failed(at(2), LocalFault::NoRoute, 1), vec![]);
        assert_eq!(faults.current().map(|fault| fault.not_sent), Some(2));
        assert!(!faults.has_told_of(at(2)), "it goes on");
        let ended = faults.worked(at(9)).unwrap();
        assert_eq!((ended.since, ended.until), (at(1), Some(at(9))));
        assert_eq!(faults.worked(at(10)), None);
        assert!(faults.has_told_of(at(9)) && !faults.has_told_of(at(10)));
        assert!(!Faults::default().has_told_of(at(9)));
        assert_eq!(faults.latest(), Some(ended));
    }

    #[test]
    fn what_never_left_is_named_once_the_reason_comes() {
        let mut faults = Faults::default();
        faults.failed(Time::ZERO, LocalFault::Unstamped, 3);
        let named = faults.failed(Time::from_millis(100), LocalFault::Neighbour, 0);
        assert_eq!(named.len(), 1);
        assert_eq!(faults.failed(Time::from_millis(200), LocalFault::Unstamped, 2), vec![]);
        let fault = faults.current().unwrap();
        assert_eq!((fault.kind, fault.since, fault.not_sent), (LocalFault::Neighbour, Time::ZERO, 5));
    }

    #[test]
    fn another_kind_ends_the_one_in_force() {
        let mut faults = Faults::default();
        faults.failed(Time::ZERO, LocalFault::NoRoute, 1);
        let changes = faults.failed(Time::from_millis(3), LocalFault::LinkDown, 1);
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0].until, Some(Time::from_millis(3)));
        assert_eq!(changes[1].kind, LocalFault::LinkDown);
    }
}
