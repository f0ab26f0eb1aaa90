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
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn address(n: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + n).into()
    }

    fn asked(reverse: &mut Reverse, now: Time) -> Vec<IpAddr> {
        std::iter::from_fn(|| reverse.poll_ask(now)).collect()
    }

    /// One address wanted at `now` and asked for.
    fn running(now: Time) -> Reverse {
        let mut reverse = Reverse::default();
        reverse.want(now, address(1));
        assert_eq!(asked(&mut reverse, now), [address(1)]);
        reverse
    }

    #[test]
    fn a_wanted_address_is_asked_for_once() {
        let now = Time::from_millis(1_000);
        let mut reverse = running(now);
        reverse.want(now, address(1));
        assert_eq!(reverse.poll_ask(now), None);
        reverse.handle_answer(now, address(1), Some("one.example."));
        assert_eq!(reverse.names().get(address(1)), Some("one.example"));
        reverse.want(now, address(1));
        assert_eq!(reverse.poll_ask(now), None);
    }

    #[test]
    fn only_as_many_as_there_are_threads_are_asked_at_a_time() {
        let mut reverse = Reverse::default();
        (0..10).for_each(|n| reverse.want(Time::ZERO, address(n)));
        assert_eq!(asked(&mut reverse, Time::ZERO).len(), LOOKUPS);
        assert_eq!(reverse.poll_timeout(), None, "an answer must come first");
        reverse.handle_answer(Time::ZERO, address(0), None);
        assert_eq!(asked(&mut reverse, Time::ZERO).len(), 1);
    }

    #[test]
    fn a_name_is_looked_up_again_after_an_hour_and_stands_meanwhile() {
        let mut reverse = running(Time::ZERO);
        reverse.handle_answer(Time::ZERO, address(1), Some("old.example"));
        assert_eq!(reverse.poll_timeout(), Some(Time::ZERO + FOUND_FOR));
        assert_eq!(reverse.poll_ask(Time::ZERO + FOUND_FOR - MILLI), None);
        let later = Time::ZERO + FOUND_FOR;
        assert_eq!(reverse.poll_ask(later), Some(address(1)));
        reverse.handle_answer(later, address(1), None);
        assert_eq!(reverse.names().get(address(1)), Some("old.example"));
        let later = later + RETRY_MIN;
        assert_eq!(reverse.poll_ask(later), Some(address(1)));
        reverse.handle_answer(later, address(1), Some("new.example"));
        assert_eq!(reverse.names().get(address(1)), Some("new.example"));
    }

    #[test]
    fn an_address_without_a_name_is_asked_for_ever_more_rarely() {
        let mut reverse = running(Time::ZERO);
        let mut now = Time::ZERO;
        for minutes in [1, 2, 4, 8, 16, 30, 30] {
            reverse.handle_answer(now, address(1), None);
            now = now + Duration::from_mins(minutes);
            assert_eq!(reverse.poll_ask(now - MILLI), None);
            assert_eq!(reverse.poll_ask(now), Some(address(1)), "after {minutes} min");
        }
        reverse.handle_answer(now, address(1), Some("late.example"));
        now = now + FOUND_FOR;
        assert_eq!(reverse.poll_ask(now), Some(address(1)));
        reverse.handle_answer(now, address(1), None);
        assert_eq!(reverse.poll_ask(now + RETRY_MIN), Some(address(1)), "a name found sets the wait back");
    }

    #[test]
    fn an_overdue_lookup_is_tried_once_more_beside_the_stuck_one() {
        let mut reverse = running(Time::ZERO);
        assert_eq!(reverse.poll_timeout(), Some(Time::ZERO + DEADLINE));
        let overdue = Time::ZERO + DEADLINE;
        assert_eq!(reverse.poll_ask(overdue), None);
        let again = overdue + RETRY_MIN;
        assert_eq!(reverse.poll_timeout(), Some(again));
        assert_eq!(reverse.poll_ask(again), Some(address(1)));
        let mut now = again;
        for _ in 0..100 {
            now = reverse.poll_timeout().unwrap();
            assert_eq!(reverse.poll_ask(now), None, "a third would let one address take every thread");
        }
        reverse.handle_answer(now, address(1), Some("slow.example"));
        assert_eq!(reverse.names().get(address(1)), Some("slow.example"), "late is better than never");
    }

    #[test]
    fn when_every_thread_is_stuck_nothing_is_due_until_one_comes_back() {
        let mut reverse = Reverse::default();
        (0..6).for_each(|n| reverse.want(Time::ZERO, address(n)));
        assert_eq!(asked(&mut reverse, Time::ZERO).len(), LOOKUPS);
        let day = Time::ZERO + Duration::from_hours(24);
        assert_eq!((reverse.poll_timeout(), reverse.poll_ask(day)), (None, None));
        reverse.handle_answer(day, address(3), None);
        assert_eq!(reverse.poll_ask(day), Some(address(4)));
    }

    #[test]
    fn the_oldest_addresses_are_forgotten() {
        let mut reverse = running(Time::ZERO);
        reverse.handle_answer(Time::ZERO, address(1), Some("one.example"));
        (2..=CAPACITY as u32 + 1).for_each(|n| reverse.want(Time::ZERO, address(n)));
        assert_eq!(reverse.names().get(address(1)), None);
        assert_eq!(
            (reverse.entries.len(), reverse.schedule.len(), reverse.ages.len()),
            (CAPACITY, CAPACITY, CAPACITY)
        );
        reverse.want(Time::ZERO, address(1));
        assert_eq!(asked(&mut reverse, Time::ZERO).len(), LOOKUPS);
    }

    #[test]
    fn the_answer_for_a_forgotten_address_frees_its_thread_only() {
        let mut reverse = running(Time::ZERO);
        (2..=CAPACITY as u32 + 1).for_each(|n| reverse.want(Time::ZERO, address(n)));
        assert_eq!(asked(&mut reverse, Time::ZERO).len(), LOOKUPS - 1);
        reverse.handle_answer(Time::ZERO, address(1), Some("one.example"));
        assert_eq!(*reverse.names(), Names::default());
        assert_eq!(asked(&mut reverse, Time::ZERO).len(), 1);
    }

    #[test]
    fn switched_off_it_asks_nothing_and_keeps_what_it_knows() {
        let mut reverse = running(Time::ZERO);
        reverse.set_enabled(false);
        reverse.handle_answer(Time::ZERO, address(1), Some("one.example"));
        reverse.want(Time::ZERO, address(2));
        assert_eq!((reverse.poll_ask(Time::ZERO), reverse.poll_timeout()), (None, None));
        assert_eq!(reverse.names().get(address(1)), Some("one.example"));
        reverse.set_enabled(true);
        assert_eq!(reverse.poll_ask(Time::ZERO), Some(address(2)));
    }

    #[test]
    fn the_names_are_the_same_arc_until_one_changes() {
        let mut reverse = running(Time::ZERO);
        let before = reverse.names();
        reverse.handle_answer(Time::ZERO, address(1), None);
        assert!(Arc::ptr_eq(&before, &reverse.names()));
        let again = Time::ZERO + RETRY_MIN;
        for changed in [true, false] {
            let before = reverse.names();
            reverse.handle_answer(again, address(1), Some("one.example"));
            assert_eq!(!Arc::ptr_eq(&before, &reverse.names()), changed);
        }
        assert_eq!(before.get(address(1)), None, "a view handed out stays as it was");
    }

    #[test]
    fn names_are_scrubbed_and_never_pass_for_an_address() {
        let mut reverse = running(Time::ZERO);
        reverse.handle_answer(Time::ZERO, address(1), Some("evil\x1b[2J\u{202e}.example"));
        assert_eq!(reverse.names().get(address(1)), Some("evil[2J.example"));
        for nothing in ["", "\u{200b}", "192.0.2.1", "2001:db8::1"] {
            let mut reverse = running(Time::ZERO);
            reverse.handle_answer(Time::ZERO, address(1), Some(nothing));
            assert_eq!(reverse.names().get(address(1)), None, "{nothing:?}");
        }
    }

    proptest! {
        /// Whatever the order of wants, answers and time: threads are never asked for more than they are, every
        /// address has one moment, and following `poll_timeout` makes no busy loop.
        #[test]
        fn its_books_stay_right(steps in prop::collection::vec((0..4_u8, 0..12_u32, 0..100_000_u64), 0..200)) {
            let mut reverse = Reverse::default();
            let mut now = Time::ZERO;
            for (what, n, millis) in steps {
                match what {
                    0 => reverse.want(now, address(n)),
                    1 => drop(asked(&mut reverse, now)),
                    2 => if let Some(at) = reverse.running.first().copied() {
                        reverse.handle_answer(now, at, (n % 2 == 0).then_some("x.example"));
                    },
                    _ => now = now + Duration::from_millis(millis),
                }
                prop_assert!(reverse.running.len() <= LOOKUPS);
                prop_assert_eq!(reverse.entries.len(), reverse.ages.len());
                let schedule: BTreeSet<_> = reverse.entries.iter().map(|(at, entry)| (entry.due, *at)).collect();
                prop_assert_eq!(&schedule, &reverse.schedule);
            }
            asked(&mut reverse, now);
            prop_assert!(reverse.poll_timeout().is_none_or(|due| due > now));
        }
    }
}
