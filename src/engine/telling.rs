//! What is recorded beside rounds and events, so that a replay shows all that the watch did: only what has
//! changed, and not too often.

use std::time::Duration;

use super::end::Ending;
use super::path::{PathView, RecordedPath};
use super::record::Record;
use super::round::Round;
use super::strays::Strays;
use super::time::Time;

/// The time between two records of strays, at least.
const PAUSE: Duration = Duration::from_mins(1);

/// What was recorded so far.
#[derive(Clone, Debug)]
pub struct Telling {
    path: RecordedPath,
    strays: Strays,
    /// When strays were recorded last.
    told: Option<Time>,
}

impl Telling {
    /// Goes on with what is recorded already.
    pub const fn new(path: RecordedPath, strays: Strays) -> Self {
        Self { path, strays, told: None }
    }

    /// A round is recorded, whether or not it is settled.
    pub fn round(&mut self, round: &Round) {
        self.path.round(round);
    }

    /// What is to be recorded by `now`, where the path is this one and the strays are so many.
    pub fn news(&mut self, now: Time, path: &PathView, strays: &Strays) -> Vec<Record> {
        let is_due = self.told.is_none_or(|told| now.since(told) >= PAUSE);
        self.records(now, path, false, is_due.then_some(strays))
    }

    /// What is still to be recorded if `now` is the end.
    pub fn last(&mut self, now: Time, path: &PathView, strays: &Strays) -> Vec<Record> {
        let mut records = self.records(now, path, true, Some(strays));
        let PathView { end, target_ttl, last_hop, .. } = *path;
        records.push(Record::End(Ending { at: now, end, target_ttl, last_hop }));
        records
    }

    fn records(&mut self, now: Time, path: &PathView, last: bool, strays: Option<&Strays>) -> Vec<Record> {
        let missing = self.path.missing(now, path, last);
        for seen in &missing {
            self.path.seen(seen);
        }
        let mut records: Vec<Record> = missing.into_iter().map(Record::Hop).collect();
        if let Some(strays) = strays.filter(|strays| **strays != self.strays) {
            self.strays.clone_from(strays);
            self.told = Some(now);
            records.push(Record::Strays(now, strays.clone()));
        }
        records
    }
}
