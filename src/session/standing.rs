//! What is in force in a recording and was told only once: each later part begins with it, so that it stands alone
//! when those before it are removed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::format::moment;
use crate::engine::probe::Command;
use crate::engine::record::Record;
use crate::engine::round::Row;

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

impl Standing {
    /// Takes in the next record.
    pub fn take(&mut self, record: &Record) {
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
        if is_in_force {
            self.0.insert(key, record.clone());
        } else {
            self.0.remove(&key);
        }
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
    use crate::engine::journal::{Entry, What};
    use crate::engine::path::{HopView, Seen};
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
}
