//! Numbers entries, and holds what is to be told.

use crate::engine::epoch::Epoch;
use crate::engine::journal::{Entry, What};
use crate::engine::record::Record;
use crate::engine::round::Row;
use crate::engine::time::Time;

/// What the detectors write to.
#[derive(Clone, Debug, Default)]
pub struct Book {
    next: u32,
    news: Vec<Record>,
}

impl Book {
    /// The next entry has this number.
    pub const fn resume(&mut self, next: u32) {
        self.next = next;
    }

    /// Opens an entry and tells it.
    pub fn open(&mut self, start: Time, end: Option<Time>, row: Option<Row>, what: What) -> Entry {
        let entry = Entry { number: self.next, start, end, row, withdrawn: false, what };
        self.next += 1;
        self.tell(&entry);
        entry
    }

    /// Tells what has become of an entry.
    pub fn tell(&mut self, entry: &Entry) {
        self.news.push(Record::Journal(entry.clone()));
    }

    /// Tells that an entry is to be left out.
    pub fn withdraw(&mut self, mut entry: Entry) {
        entry.withdrawn = true;
        entry.end = entry.end.or(Some(entry.start));
        self.tell(&entry);
    }

    /// Tells an epoch.
    pub fn epoch(&mut self, epoch: Epoch) {
        self.news.push(Record::Epoch(epoch));
    }

    /// What was told since this was asked last.
    pub fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.news)
    }
}
