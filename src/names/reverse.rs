//! Which address is looked up when, and what was found. Time is passed in, and someone else looks up.
//!
//! A name is kept for an hour and then looked up again, the old one standing until a new one is found. An
//! address without a name, or without an answer within five seconds, is asked for again after a minute, and
//! then after twice the time whenever that was in vain.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Names;
use crate::engine::time::Time;
use crate::scrub;

/// How many lookups may run at a time, those included that are overdue.
pub const LOOKUPS: usize = 4;
/// How many addresses are kept; beyond these the oldest is forgotten.
pub const CAPACITY: usize = 4_096;
/// After this long a lookup counts as without an answer, though one may still come.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// How long a name is believed.
pub const FOUND_FOR: Duration = Duration::from_hours(1);
/// The first wait after a lookup in vain; doubled each time up to [`RETRY_MAX`].
pub const RETRY_MIN: Duration = Duration::from_mins(1);
/// The longest wait after a lookup in vain.
pub const RETRY_MAX: Duration = Duration::from_mins(30);

/// How many of the lookups that run may be for one address: a second chance beside one that got stuck,
/// but no more, so that a single address cannot take them all.
const LOOKUPS_PER_ADDRESS: usize = 2;

/// The addresses asked for, and the names found.
#[derive(Debug)]
pub struct Reverse {
    entries: HashMap<IpAddr, Entry>,
    /// When something is due for an address: each has exactly one moment, that of its entry.
    schedule: BTreeSet<(Time, IpAddr)>,
    /// The addresses by age, the oldest first.
    ages: VecDeque<IpAddr>,
    /// The lookups handed out that have not come back.
    running: Vec<IpAddr>,
    names: Arc<Names>,
    enabled: bool,
}

/// What is known of an address, apart from its name.
#[derive(Clone, Copy, Debug)]
struct Entry {
    due: Time,
    /// A lookup runs that is not overdue; `due` is then its deadline.
    asked: bool,
    /// Lookups in vain, one after the other.
    failures: u32,
}

impl Default for Reverse {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            schedule: BTreeSet::new(),
            ages: VecDeque::new(),
            running: Vec::new(),
            names: Arc::default(),
            enabled: true,
        }
    }
}

impl Reverse {
    /// Takes note that the name of an address is wanted; any number of times.
    pub fn want(&mut self, now: Time, address: IpAddr) {
        if self.entries.contains_key(&address) {
            return;
        }
        if self.entries.len() >= CAPACITY {
            self.forget_oldest();
        }
        self.entries.insert(address, Entry { due: now, asked: false, failures: 0 });
        self.schedule.insert((now, address));
        self.ages.push_back(address);
    }

    /// The next address to look up now, or `None` until [`poll_timeout`](Self::poll_timeout) or the next
    /// answer. Whoever takes one owes a [`handle_answer`](Self::handle_answer), however late.
    pub fn poll_ask(&mut self, now: Time) -> Option<IpAddr> {
        while self.may_ask() {
            let (_, address) = self.schedule.first().copied().filter(|(due, _)| *due <= now)?;
            let overdue = self.entries.get(&address).is_some_and(|entry| entry.asked);
            if overdue
                || self.running.iter().filter(|running| **running == address).count() >= LOOKUPS_PER_ADDRESS
            {
                self.put_off(now, address);
            } else {
                self.reschedule(address, now + DEADLINE, |entry| entry.asked = true);
                self.running.push(address);
                return Some(address);
            }
        }
        None
    }

    /// Takes the outcome of a lookup: the address's name, or none for whatever reason.
    pub fn handle_answer(&mut self, now: Time, address: IpAddr, name: Option<&str>) {
        if let Some(at) = self.running.iter().position(|running| *running == address) {
            self.running.swap_remove(at);
        }
        if !self.entries.contains_key(&address) {
            return; // forgotten meanwhile
        }
        // A name that reads as an address would pass for another host.
        match name.and_then(scrub::name).filter(|name| name.parse::<IpAddr>().is_err()) {
            Some(name) => {
                if self.names.get(address) != Some(&name) {
                    Arc::make_mut(&mut self.names).found.insert(address, name.into());
                }
                self.reschedule(address, now + FOUND_FOR, |entry| (entry.asked, entry.failures) = (false, 0));
            }
            None => self.put_off(now, address),
        }
    }

    /// When to call [`poll_ask`](Self::poll_ask) again, if no answer comes before.
    pub fn poll_timeout(&self) -> Option<Time> {
        if !self.may_ask() {
            return None;
        }
        self.schedule.first().map(|(due, _)| *due)
    }

    /// Whether a name may come in soon: a lookup runs or is due.
    pub fn is_waiting(&self, now: Time) -> bool {
        let is_due = self.may_ask() && self.schedule.first().is_some_and(|(due, _)| *due <= now);
        // One that is overdue, on a thread that is stuck, is not waited for.
        let runs = || self.entries.values().any(|entry| entry.asked && entry.due > now);
        self.enabled && (is_due || runs())
    }

    /// The names found so far: the same `Arc` as long as they are the same.
    pub fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    /// Looks names up, or stops doing so; what was found and what is wanted stays.
    pub const fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    const fn may_ask(&self) -> bool {
        self.enabled && self.running.len() < LOOKUPS
    }

    /// Books a lookup in vain.
    fn put_off(&mut self, now: Time, address: IpAddr) {
        let Some(entry) = self.entries.get(&address) else { return };
        let wait = RETRY_MIN.saturating_mul(1 << entry.failures.min(16)).min(RETRY_MAX);
        self.reschedule(address, now + wait, |entry| {
            entry.asked = false;
            entry.failures = entry.failures.saturating_add(1);
        });
    }

    fn reschedule(&mut self, address: IpAddr, due: Time, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.get_mut(&address) {
            self.schedule.remove(&(entry.due, address));
            self.schedule.insert((due, address));
            entry.due = due;
            change(entry);
        }
    }

    fn forget_oldest(&mut self) {
        let Some(address) = self.ages.pop_front() else { return };
        if let Some(entry) = self.entries.remove(&address) {
            self.schedule.remove(&(entry.due, address));
        }
        if self.names.get(address).is_some() {
            Arc::make_mut(&mut self.names).found.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests;
