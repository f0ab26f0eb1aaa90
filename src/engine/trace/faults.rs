//! What this machine itself cannot do, from the first probe that it keeps back to the first that leaves again.

use super::Trace;
use crate::engine::collector::Overdue;
use crate::engine::faults::Failure;
use crate::engine::probe::{LocalFault, ProbeNo, SendOutcome};
use crate::engine::record::Record;
use crate::engine::time::Time;

impl Trace {
    /// What became of handing a probe to the kernel.
    pub fn handle_sent(&mut self, now: Time, no: ProbeNo, outcome: SendOutcome) {
        self.collector.handle_sent(no, outcome);
        match outcome {
            Err(kind) => {
                self.fail(now, Failure { kind, no: Some(no), since: now, not_sent: 1, at_call: true });
            }
            // Where stamps come, they and not the call tell that a probe has left.
            Ok(_) if !self.collector.is_stamped() => {
                let ended = self.faults.taken(now, no);
                self.records.extend(ended.map(Record::Fault));
            }
            Ok(_) => {}
        }
    }

    /// This machine was found unable to send, whether or not a probe is due.
    pub fn handle_fault(&mut self, now: Time, kind: LocalFault) {
        self.version += 1;
        let no = self.collector.latest();
        self.fail(now, Failure { kind, no, since: now, not_sent: 0, at_call: true });
    }

    /// This machine dropped probe `no` after it had taken it; gives whether that can be true.
    pub(super) fn dropped(&mut self, now: Time, no: Option<ProbeNo>, kind: LocalFault) -> bool {
        let is_news = match no {
            Some(no) => self.collector.handle_local(no),
            None => Some(true),
        };
        let Some(is_news) = is_news else { return false };
        let since = no.and_then(|no| self.collector.handed_over(no)).unwrap_or(now);
        self.fail(now, Failure { kind, no, since, not_sent: is_news.into(), at_call: false });
        true
    }

    /// What the end of waiting tells of this machine.
    pub(super) fn overdue(&mut self, now: Time, overdue: Overdue) {
        if let Some((not_sent, since)) = overdue.unsent {
            let kind = LocalFault::Unstamped;
            self.fail(now, Failure { kind, no: None, since, not_sent, at_call: false });
        }
        if let Some(no) = overdue.lost {
            let ended = self.faults.lost(now, no);
            self.records.extend(ended.map(Record::Fault));
        }
    }

    /// Probe `no` is known to have left this machine.
    pub(super) fn left(&mut self, now: Time, no: ProbeNo) {
        let ended = self.faults.left(now, no);
        self.records.extend(ended.map(Record::Fault));
    }

    fn fail(&mut self, now: Time, mut failure: Failure) {
        if self.faults.is_over(&failure) {
            return;
        }
        // Without a way out no answer is heard either.
        if matches!(failure.kind, LocalFault::NoRoute | LocalFault::LinkDown | LocalFault::AddressGone) {
            let (unjudged, since) = self.collector.leave_unjudged();
            failure.not_sent += unjudged;
            failure.since = since.map_or(failure.since, |since| since.min(failure.since));
        }
        let changes = self.faults.failed(now, failure);
        self.records.extend(changes.into_iter().map(Record::Fault));
    }
}
