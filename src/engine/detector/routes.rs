//! Route epochs: when the path became another one.
//!
//! A hop changes its responder when six answers in a row come from an address that is new there (twelve in
//! the first ten rounds of an epoch; as many for each where they come from several). If a known one answers in between, traffic is balanced over both, and
//! the new one joins those known at the hop: no change of route. So routers that take turns within six tries
//! are balancing, and a path that flaps more slowly than that changes. A responder that is not heard in sixty
//! answers of its hop is no longer known there. Silence changes nothing: a hop or a whole path that does not
//! answer keeps what was known. The target is a responder like any other, so a path that grows or shrinks
//! changes at the hop where the target was, or is.
//!
//! What is seen too early to be known of a new path (a hop that answers only later) is news of that epoch,
//! not another epoch.

mod hop;

use std::collections::VecDeque;
use std::net::IpAddr;

use self::hop::{Heard, Hop};
use super::book::Book;
use crate::engine::end::End;
use crate::engine::epoch::{Epoch, EpochHop, Epochs, MAX_EPOCHS};
use crate::engine::journal::{Entry, What};
use crate::engine::round::{Round, Row, Try};
use crate::engine::time::Time;

/// Rounds after which an epoch is no longer young.
const YOUNG: u32 = 10;
/// Answers in a row that change a hop, of an old epoch and of a young one.
const ANSWERS: u32 = 6;
const ANSWERS_YOUNG: u32 = 12;
/// Changes in a row, each within so many intervals of the last, after which more of them are one entry.
const FLAPS: u32 = 4;
const RESTLESS: u32 = 300;

/// Follows the route.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    hops: Vec<Hop>,
    epoch: Option<Epoch>,
    earlier: VecDeque<Epoch>,
    /// Rounds of the present epoch.
    age: u32,
    change: Option<Change>,
}

/// The latest change.
#[derive(Clone, Debug)]
struct Change {
    entry: Entry,
    at: Time,
    /// Changes in a row before it, without rest.
    flaps: u32,
    /// Only this change is in its entry.
    is_single: bool,
}

impl Routes {
    /// Goes on after an earlier watch, on the route that it saw last: another one now is a change.
    pub fn resume(&mut self, epochs: &Epochs) {
        self.earlier = epochs.iter().cloned().collect();
        self.epoch = self.earlier.pop_back();
        self.age = YOUNG;
        for known in self.epoch.iter().flat_map(|epoch| &epoch.hops) {
            let index = usize::from(known.ttl);
            if self.hops.len() <= index {
                self.hops.resize_with(index + 1, Hop::default);
            }
            self.hops[index] = Hop::of(&known.responders);
        }
    }

    /// Takes in a settled round.
    pub fn round(&mut self, round: &Round, book: &mut Book) {
        self.age = self.age.saturating_add(1);
        let mut is_balanced = false;
        for (ttl, at, who) in answers(round) {
            let index = usize::from(ttl);
            if self.hops.len() <= index {
                self.hops.resize_with(index + 1, Hop::default);
            }
            // While hops begin to change, what answers where nobody did may be of the new path.
            if self.hops[index].members().is_empty() && self.hops.iter().any(|hop| hop.new_since().is_some())
            {
                continue;
            }
            let is_young = self.age <= YOUNG;
            let needed = if is_young { ANSWERS_YOUNG } else { ANSWERS };
            match self.hops[index].hear(at, who, needed) {
                Heard::Nothing => {}
                Heard::Balanced { returned } => is_balanced |= is_young && returned,
                Heard::Changed => self.changed(round, book),
            }
        }
        if is_balanced {
            self.take_back(book);
        }
        self.tell(round, book);
    }

    /// A hop has changed: all that have begun to are of the new path.
    fn changed(&mut self, round: &Round, book: &mut Book) {
        let Some(old) = self.epoch.take() else { return };
        let since = self.hops.iter().filter_map(Hop::new_since).min().unwrap_or(round.start);
        let row = (0..=u8::MAX).zip(&self.hops).find(|(_, hop)| hop.new_since().is_some());
        let row = row.map(|(ttl, _)| Row::Hop(ttl));
        self.hops.iter_mut().for_each(Hop::begin_epoch);
        if let End::Target { upto, .. } = round.end {
            self.hops.truncate(usize::from(upto) + 1);
        }
        let (from, to) = (old.number, old.number + 1);
        self.earlier.push_back(old);
        if self.earlier.len() > MAX_EPOCHS {
            self.earlier.remove(1);
        }
        self.age = 0;
        let epoch = self.present(to, since);
        book.epoch(epoch.clone());
        self.epoch = Some(epoch);
        self.enter(since, row, (from, to), round, book);
    }

    fn enter(&mut self, at: Time, row: Option<Row>, (from, to): (u32, u32), round: &Round, book: &mut Book) {
        let last = self.change.take().filter(|last| at.since(last.at) <= round.interval * RESTLESS);
        self.change = Some(match last {
            Some(mut last) if last.flaps + 1 >= FLAPS => {
                let What::RouteChange { from, .. } = last.entry.what else { return };
                last.entry.end = Some(at);
                last.entry.row = last.entry.row.min(row);
                last.entry.what = What::RouteChange { from, to };
                book.tell(&last.entry);
                Change { at, flaps: last.flaps + 1, is_single: false, ..last }
            }
            last => {
                let entry = book.open(at, Some(at), row, What::RouteChange { from, to });
                Change { entry, at, flaps: last.map_or(0, |last| last.flaps + 1), is_single: true }
            }
        });
    }

    /// The old responder is back among the new ones: it was chance in a balanced path, and no change.
    fn take_back(&mut self, book: &mut Book) {
        if let Some(change) = self.change.take_if(|change| change.is_single) {
            book.withdraw(change.entry);
        }
    }

    /// Tells the present epoch where more is known of it.
    fn tell(&mut self, round: &Round, book: &mut Book) {
        let (number, start) = match &self.epoch {
            Some(epoch) => (epoch.number, epoch.start),
            None if self.hops.is_empty() => return,
            None => (0, round.start),
        };
        let epoch = self.present(number, start);
        if self.epoch.as_ref() != Some(&epoch) {
            book.epoch(epoch.clone());
            self.epoch = Some(epoch);
        }
    }

    fn present(&self, number: u32, start: Time) -> Epoch {
        let hops = (0..=u8::MAX).zip(&self.hops).filter(|(_, hop)| !hop.members().is_empty());
        let hops: Vec<EpochHop> =
            hops.map(|(ttl, hop)| EpochHop { ttl, responders: hop.members().to_vec() }).collect();
        let again = self.earlier.iter().find(|earlier| is_same(&earlier.hops, &hops));
        Epoch { number, start, again: again.map(|earlier| earlier.again.unwrap_or(earlier.number)), hops }
    }
}

/// Whether two paths are one: as long, and with a common responder at every hop that both know.
fn is_same(one: &[EpochHop], other: &[EpochHop]) -> bool {
    let length = |hops: &[EpochHop]| hops.last().map(|hop| hop.ttl);
    length(one) == length(other)
        && one.iter().all(|hop| {
            other
                .iter()
                .find(|known| known.ttl == hop.ttl)
                .is_none_or(|known| known.responders.iter().any(|address| hop.responders.contains(address)))
        })
}

/// Who answered at which TTL, and when it was asked, in order of time.
///
/// While a path grows, the target's row holds answers to a higher TTL than its lowest: those from a router's
/// first answer there on are left out.
fn answers(round: &Round) -> Vec<(u8, Time, IpAddr)> {
    let target = round.row(Row::Target);
    let pushed_out = target.and_then(|part| {
        let tries = &round.row(Row::Hop(part.ttl))?.tries;
        tries.iter().position(|outcome| matches!(outcome, Try::Answered { .. }))
    });
    let mut answers: Vec<_> = round
        .rows
        .iter()
        .flat_map(|part| {
            let most = pushed_out.filter(|_| part.row == Row::Target).unwrap_or(part.tries.len());
            (0u32..).zip(&part.tries).take(most).filter_map(|(index, outcome)| match *outcome {
                Try::Answered { by, .. } => {
                    let who = *part.responders.get(usize::from(by))?;
                    Some((part.ttl, round.start + round.interval * index, who))
                }
                _ => None,
            })
        })
        .collect();
    answers.sort_by_key(|(ttl, at, _)| (*at, *ttl));
    answers
}
