//! The journal: what happened when, one entry an event, and the list of them.
//!
//! What makes an event is decided in [`detector`](super::detector).

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::probe::LocalFault;
use super::round::Row;
use super::time::Time;
use crate::wire::icmp::Icmp;

/// Something that happened, from its start to its end.
///
/// Later news of the same event come as an entry with the same number, which takes the place of the one before.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Entry {
    /// Its number within the session, from 0, in order of opening.
    pub number: u32,
    /// When it began.
    pub start: Time,
    /// When it ended; `None` while it lasts.
    pub end: Option<Time>,
    /// The first row it shows at, counted from this machine; `None` where none is meant.
    pub row: Option<Row>,
    /// It did not happen, or was part of another event, as late answers or what followed have shown: to be
    /// left out of every list.
    pub withdrawn: bool,
    /// What it is.
    pub what: What,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The target answered nothing: two tries in a row or more were lost or refused. One that ended and soon
    /// began again is one outage, and has answered tries within.
    Outage {
        /// The target's tries that were lost.
        lost: u32,
        /// Those that were refused.
        refused: u32,
        /// The target's tries that were decided between start and end.
        of: u32,
        /// What the refusals said, and who.
        by: Option<(IpAddr, Icmp)>,
    },
    /// The same, but echo requests to it were answered meanwhile: packets get there and back, and what is missing
    /// are answers to these probes. It calls nobody.
    EchoOnly {
        /// The target's tries that were lost or refused.
        lost: u32,
        /// The target's tries that were decided between start and end.
        of: u32,
    },
    /// Some of the target's tries were lost, in a time that is short of an outage.
    LossBurst {
        /// The target's tries that were lost.
        lost: u32,
        /// The target's tries that were decided between start and end.
        of: u32,
    },
    /// The target's round-trip times moved to another level.
    Latency {
        /// The median before, in µs.
        before: u32,
        /// The median since, in µs.
        after: u32,
    },
    /// This machine could not send.
    Local {
        /// Why.
        fault: LocalFault,
        /// Probes that did not leave because of it.
        not_sent: u64,
    },
    /// The path became another; the entry has no length, unless the path changes to and fro without rest.
    RouteChange {
        /// The epoch before.
        from: u32,
        /// The epoch after.
        to: u32,
    },
    /// This machine slept, or the program was stopped.
    Suspend,
}

impl What {
    /// Its name in reports and files.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Outage { .. } => "outage",
            Self::EchoOnly { .. } => "echo_only",
            Self::LossBurst { .. } => "loss_burst",
            Self::Latency { .. } => "latency",
            Self::Local { .. } => "local",
            Self::RouteChange { .. } => "route_change",
            Self::Suspend => "suspend",
        }
    }

    /// Whether whoever waits for events is called for it.
    pub const fn calls(&self) -> bool {
        !matches!(self, Self::EchoOnly { .. })
    }
}

impl Entry {
    /// Whether it lasts.
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Its length, up to `now` if it lasts.
    pub fn length(&self, now: Time) -> Duration {
        self.end.unwrap_or(now).since(self.start)
    }
}

/// Entries kept: the oldest that are over are dropped first.
pub const MAX_ENTRIES: usize = 1_000;

/// The events of a session, and totals of all that were ever kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    entries: VecDeque<Entry>,
    dropped: Vec<(&'static str, Sum)>,
    /// The least number of which none was dropped.
    fresh: u32,
}

/// How often a kind of event came, and how long all of them lasted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// Their lengths together; an event in force counts up to the moment asked for.
    pub length: Duration,
}

impl Journal {
    /// Takes in an entry, or news of one.
    pub fn take(&mut self, entry: Entry) {
        let place = self.entries.partition_point(|known| known.number < entry.number);
        match self.entries.get_mut(place) {
            Some(known) if known.number == entry.number => {
                if entry.withdrawn {
                    self.entries.remove(place);
                } else {
                    *known = entry;
                }
                return;
            }
            // News of an entry that was dropped are none of another one.
            _ if entry.withdrawn || entry.number < self.fresh => return,
            _ => self.entries.insert(place, entry),
        }
        if self.entries.len() > MAX_ENTRIES {
            let oldest = self.entries.iter().position(|entry| !entry.is_open()).unwrap_or(0);
            if let Some(entry) = self.entries.remove(oldest) {
                self.fresh = self.fresh.max(entry.number.saturating_add(1));
                self.drop_into_sum(&entry);
            }
        }
    }

    /// The entries kept, in order of opening.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The outage in force, if there is one.
    pub fn outage(&self) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.is_open() && matches!(entry.what, What::Outage { .. }))
    }

    /// How many entries are no longer kept.
    pub fn dropped(&self) -> u64 {
        self.dropped.iter().map(|(_, sum)| sum.count).sum()
    }

    /// The total of a kind, by its name, up to `now`; entries no longer kept included.
    pub fn total(&self, kind: &str, now: Time) -> Sum {
        let mut total =
            self.dropped.iter().find(|(known, _)| *known == kind).map_or(Sum::default(), |(_, sum)| *sum);
        for entry in self.entries.iter().filter(|entry| entry.what.kind() == kind) {
            total.count += 1;
            total.length += entry.length(now);
        }
        total
    }

    fn drop_into_sum(&mut self, entry: &Entry) {
        let kind = entry.what.kind();
        let index = self.dropped.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            self.dropped.push((kind, Sum::default()));
            self.dropped.len() - 1
        });
        let sum = &mut self.dropped[index].1;
        sum.count += 1;
        sum.length += entry.length(entry.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspend(number: u32) -> Entry {
        let start = Time::from_millis(u64::from(number) * 10_000);
        let end = Some(start + Duration::from_secs(2));
        Entry { number, start, end, row: None, withdrawn: false, what: What::Suspend }
    }

    #[test]
    fn news_take_the_place_of_the_entry_and_a_withdrawn_one_is_gone() {
        let mut journal = Journal::default();
        journal.take(suspend(0));
        journal.take(suspend(1));
        journal.take(Entry { row: Some(Row::Hop(3)), ..suspend(0) });
        journal.take(Entry { withdrawn: true, ..suspend(1) });
        journal.take(Entry { withdrawn: true, ..suspend(7) });
        let rows: Vec<_> = journal.iter().map(|entry| (entry.number, entry.row)).collect();
        assert_eq!(rows, [(0, Some(Row::Hop(3)))]);
    }

    #[test]
    fn the_oldest_that_are_over_are_dropped_and_the_totals_stay() {
        let mut journal = Journal::default();
        journal.take(Entry { end: None, ..suspend(0) });
        for number in 1..3_000 {
            journal.take(suspend(number));
        }
        let numbers: Vec<u32> = journal.iter().map(|entry| entry.number).collect();
        assert_eq!((numbers.len(), numbers[0], numbers[1]), (MAX_ENTRIES, 0, 2_001));
        let total = journal.total("suspend", Time::from_millis(1_000));
        assert_eq!(total, Sum { count: 3_000, length: Duration::from_secs(2 * 2_999 + 1) });
        journal.take(suspend(7));
        assert_eq!((journal.dropped(), journal.iter().len()), (2_000, MAX_ENTRIES));
    }
}
