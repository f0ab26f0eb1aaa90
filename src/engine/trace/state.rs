//! All there is to see of a trace at a moment, and at the end of it.

use std::sync::Arc;

use super::Trace;
use crate::engine::journal::Journal;
use crate::engine::record::Record;
use crate::engine::snapshot::Snapshot;
use crate::engine::strays::Strays;
use crate::engine::time::Time;

impl Trace {
    /// The state at `now`.
    pub fn snapshot(&self, now: Time) -> Snapshot {
        let (open, overshoot) = self.collector.open_rounds(&self.path);
        Snapshot {
            now,
            started: self.started,
            anchor: self.anchor,
            target: self.config.target,
            path: self.path.view(),
            history: Arc::clone(&self.history),
            journal: self.journal(),
            epochs: Arc::clone(&self.epochs),
            open,
            pace: self.prober.pace(),
            fault: self.faults.latest(),
            strays: self.strays.messages.clone(),
            overshoot: self.strays.overshoot + overshoot,
            finished: self.is_finished(),
        }
    }

    /// The journal with what lasts as it stands, told or not.
    fn journal(&self) -> Arc<Journal> {
        let mut journal = Arc::clone(&self.journal);
        for entry in self.detector.in_force() {
            // What is not told at all yet comes with its own record.
            if journal.iter().any(|known| known.number == entry.number && *known != entry) {
                Arc::make_mut(&mut journal).take(entry);
            }
        }
        journal
    }

    /// Tells all that is not settled as it is `now`, as the last facts of all.
    pub fn finish(&mut self, now: Time) {
        let (open, overshoot) = self.collector.open_rounds(&self.path);
        for round in &open {
            self.telling.round(round);
        }
        self.records.extend(open.into_iter().map(Record::Open));
        let strays = self.strays(overshoot);
        let last = self.telling.last(now, &self.path.view(), &strays);
        self.records.extend(last);
    }

    /// What is part of no row, where so much of it is the collector's.
    pub(super) fn strays(&self, overshoot: u64) -> Strays {
        Strays { overshoot: self.strays.overshoot + overshoot, ..self.strays.clone() }
    }
}
