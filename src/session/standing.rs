//! What is in force in a recording and was told only once: each later part begins with it, so that it stands alone
//! when those before it are removed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::format::moment;
use crate::engine::probe::Command;
use crate::engine::record::{Gap, Record, Why};
use crate::engine::round::{MAX_RESPONDERS, Row};

/// So much is kept at most, so that a network that tells names without end makes no part of a recording grow.
const MOST: usize = 8_192;

/// The latest record of everything that goes on, or holds until another one says otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing(BTreeMap<Key, Record>);

/// What a record is about: the next one about the same takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    MaxTtl,
    Interval,
    Source,
    Strays,
    Epoch,
    Fault,
    Event(u32),
    Slowed(Row),
    Hop(Row, Option<IpAddr>),
    Name(IpAddr),
}

impl Key {
    /// It is about a responder of this row.
    fn is_of(&self, row: Row) -> bool {
        matches!(self, Self::Hop(at, _) if *at == row)
    }
}

impl Standing {
    /// Takes in the next record.
    pub fn take(&mut self, record: &Record) {
        if let Record::Gap(Gap { why: Why::Resumed, .. }) = record {
            // Whoever went on knew nothing of them.
            self.0.retain(|key, _| !matches!(key, Key::Fault | Key::Slowed(_)));
        }
        let (key, is_in_force) = match record {
            Record::Command(_, Command::MaxTtl(_)) => (Key::MaxTtl, true),
            Record::Command(_, Command::Interval(_)) => (Key::Interval, true),
            Record::Source(..) => (Key::Source, true),
            Record::Strays(..) => (Key::Strays, true),
            Record::Epoch(_) => (Key::Epoch, true),
            Record::Fault(fault) => (Key::Fault, fault.until.is_none()),
            Record::Journal(entry) => (Key::Event(entry.number), entry.is_open() && !entry.withdrawn),
            Record::Slowed(slowed) => (Key::Slowed(slowed.row), slowed.every > 1),
            Record::Hop(seen) => (Key::Hop(seen.row, seen.hop.current), true),
            Record::Name(address, _) => (Key::Name(*address), true),
            Record::Round(_)
            | Record::Open(_)
            | Record::Late(_)
            | Record::Duplicate(_)
            | Record::Gap(_)
            | Record::ClockStep(_)
            | Record::CrossCheck(_)
            | Record::End(_) => return,
        };
        if !is_in_force {
            self.0.remove(&key);
        } else if self.0.contains_key(&key) || self.make_room(key) {
            self.0.insert(key, record.clone());
        }
    }

    /// Whether one more can be kept: the oldest responder of a row makes room for the next.
    fn make_room(&mut self, key: Key) -> bool {
        let Key::Hop(row, _) = key else { return self.0.len() < MOST };
        let hops = || self.0.range(Key::Hop(row, None)..).take_while(|(at, _)| at.is_of(row));
        if hops().count() >= MAX_RESPONDERS {
            let oldest = hops().min_by_key(|(_, record)| moment(record)).map(|(at, _)| *at);
            oldest.and_then(|oldest| self.0.remove(&oldest));
        }
        true
    }

    /// All of it, in order of time.
    pub fn records(&self) -> Vec<&Record> {
        let mut records: Vec<&Record> = self.0.values().collect();
        records.sort_by_key(|record| moment(record));
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::faults::Fault;
    use crate::engine::journal::{Entry, What};
    use crate::engine::path::{HopView, Seen};
    use crate::engine::probe::LocalFault;
    use crate::engine::record::Slowed;
    use crate::engine::time::Time;

    #[test]
    fn the_latest_of_what_is_in_force_is_kept_in_order() {
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let hop = |ms, last| {
            let hop = HopView { current: Some(address(last)), ..HopView::default() };
            Record::Hop(Seen { at: Time::from_millis(ms), row: Row::Hop(2), hop })
        };
        let event = |number, end| {
            let (start, row) = (Time::from_millis(1), None);
            Record::Journal(Entry { number, start, end, row, withdrawn: false, what: What::Suspend })
        };
        let name = |text: &str| Record::Name(address(1), text.to_owned());
        let slowed =
            |ms, every| Record::Slowed(Slowed { at: Time::from_millis(ms), row: Row::Target, every });
        let mut standing = Standing::default();
        for record in [
            hop(30, 9),
            name("old"),
            event(0, None),
            event(1, None),
            slowed(2, 3),
            hop(40, 2),
            hop(50, 9),
            name("new"),
            event(0, Some(Time::from_millis(60))),
            slowed(60, 1),
            Record::Duplicate(Row::Target),
        ] {
            standing.take(&record);
        }
        assert_eq!(standing.records(), [&name("new"), &event(1, None), &hop(40, 2), &hop(50, 9)]);
    }

    #[test]
    fn a_resumed_watch_knows_of_no_fault_and_of_no_hop_that_is_spared() {
        let at = Time::from_millis;
        let mut standing = Standing::default();
        let fault = Fault { kind: LocalFault::NoRoute, since: at(4), until: None, not_sent: 1 };
        standing.take(&Record::Fault(fault));
        standing.take(&Record::Slowed(Slowed { at: at(3), row: Row::Hop(1), every: 3 }));
        assert_eq!(standing.records().len(), 2);
        standing.take(&Record::Gap(Gap { from: at(6), to: at(9), why: Why::Resumed, slept: None }));
        assert_eq!(standing, Standing::default());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut standing = Standing::default();
        for number in 0..20_000 {
            let address = IpAddr::from(std::net::Ipv4Addr::from_bits(number));
            standing.take(&Record::Name(address, "a name".to_owned()));
            let hop = HopView { current: Some(address), ..HopView::default() };
            let at = Time::from_millis(number.into());
            standing.take(&Record::Hop(Seen { at, row: Row::Hop(2), hop }));
        }
        let records = standing.records();
        let hops = records.iter().filter_map(|record| match record {
            Record::Hop(seen) => Some(seen.at),
            _ => None,
        });
        let latest = (20_000 - MAX_RESPONDERS as u64..20_000).map(Time::from_millis);
        assert!(hops.eq(latest), "the latest responders");
        assert_eq!(records.len(), MOST);
    }
}
