//! What is asked when, and what was found. Time is passed in, and someone else asks.
//!
//! What was found is believed for four hours and then asked again, the old standing until the new is found. A
//! question in vain is asked again after a minute, and then after twice the time whenever that was in vain.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Origins;
use crate::engine::time::Time;
use crate::scrub;

/// How many questions may be out at a time.
pub const LOOKUPS: usize = 8;
/// How many questions are kept; beyond these the oldest is forgotten.
pub const CAPACITY: usize = 4_096;
/// How long an answer is believed.
pub const FOUND_FOR: Duration = Duration::from_hours(4);
/// The first wait after a question in vain; doubled each time up to [`RETRY_MAX`].
pub const RETRY_MIN: Duration = Duration::from_mins(1);
/// The longest wait after a question in vain.
pub const RETRY_MAX: Duration = Duration::from_mins(30);

/// Something to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Which system originates the route to this address?
    Origin(IpAddr),
    /// What is this system called?
    Name(u32),
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The origin of the route to an address, and its name if that came along.
    Origin(IpAddr, u32, Option<String>),
    /// The name of a system, scrubbed.
    Name(u32, String),
    /// Nothing, for whatever reason.
    Nothing(Question),
    /// Nobody can be asked at all, and why.
    Unable(Question, String),
}

/// The questions, and the origins found.
#[derive(Debug)]
pub struct Lookup {
    entries: HashMap<Question, Entry>,
    /// When a question is due that is not out: each such has exactly one moment, that of its entry.
    schedule: BTreeSet<(Time, Question)>,
    /// The questions by age, the oldest first.
    ages: VecDeque<Question>,
    /// How many questions are out.
    out: usize,
    origins: Arc<Origins>,
    /// Grows with every change of the origins.
    version: u64,
    enabled: bool,
}

/// What is known of a question, apart from its answer.
#[derive(Clone, Copy, Debug)]
struct Entry {
    due: Time,
    /// Times in vain, one after the other.
    failures: u32,
}

impl Lookup {
    /// Nothing is wanted yet, nor asked unless `enabled`.
    pub fn new(enabled: bool) -> Self {
        Self {
            entries: HashMap::new(),
            schedule: BTreeSet::new(),
            ages: VecDeque::new(),
            out: 0,
            origins: Arc::default(),
            version: 0,
            enabled,
        }
    }

    /// Takes note that the origin of the route to an address is wanted; any number of times.
    pub fn want(&mut self, now: Time, address: IpAddr) {
        self.add(now, Question::Origin(address));
    }

    /// The next question to ask now, or `None` until [`poll_timeout`](Self::poll_timeout) or the next answer.
    /// Whoever takes one owes a [`handle_answer`](Self::handle_answer).
    pub fn poll_ask(&mut self, now: Time) -> Option<Question> {
        if !self.may_ask() {
            return None;
        }
        let (due, question) = self.schedule.first().copied().filter(|(due, _)| *due <= now)?;
        self.schedule.remove(&(due, question));
        self.out += 1;
        Some(question)
    }

    /// Takes what came of a question.
    pub fn handle_answer(&mut self, now: Time, answer: Answer) {
        self.out = self.out.saturating_sub(1);
        let mut trouble = None;
        match answer {
            Answer::Origin(address, number, name) => {
                if !self.settle(now, Question::Origin(address)) {
                    return; // forgotten meanwhile
                }
                if self.origins.numbers.get(&address) != Some(&number) {
                    self.origins_mut().numbers.insert(address, number);
                }
                self.add(now, Question::Name(number));
                if let Some(name) = name {
                    self.name_found(now, number, &name);
                }
            }
            Answer::Name(number, name) => self.name_found(now, number, &name),
            Answer::Nothing(question) => self.put_off(now, question),
            Answer::Unable(question, why) => {
                self.put_off(now, question);
                trouble = Some(scrub::text(why));
            }
        }
        if self.origins.trouble() != trouble.as_deref() {
            self.origins_mut().trouble = trouble.map(Into::into);
        }
    }

    /// When to call [`poll_ask`](Self::poll_ask) again, if no answer comes before.
    pub fn poll_timeout(&self) -> Option<Time> {
        if !self.may_ask() {
            return None;
        }
        self.schedule.first().map(|(due, _)| *due)
    }

    /// Whether an answer may come soon: a question is out or due.
    pub fn is_waiting(&self, now: Time) -> bool {
        self.enabled && (self.out > 0 || self.schedule.first().is_some_and(|(due, _)| *due <= now))
    }

    /// The origins found so far: the same `Arc` as long as they are the same.
    pub fn origins(&self) -> Arc<Origins> {
        Arc::clone(&self.origins)
    }

    /// A number that grows with every change of the origins.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Asks, or stops doing so; what was found and what is wanted stays.
    pub const fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    const fn may_ask(&self) -> bool {
        self.enabled && self.out < LOOKUPS
    }

    fn origins_mut(&mut self) -> &mut Origins {
        self.version += 1;
        Arc::make_mut(&mut self.origins)
    }

    fn add(&mut self, now: Time, question: Question) {
        if self.entries.contains_key(&question) {
            return;
        }
        if self.entries.len() >= CAPACITY {
            self.forget_oldest();
        }
        self.entries.insert(question, Entry { due: now, failures: 0 });
        self.schedule.insert((now, question));
        self.ages.push_back(question);
    }

    fn name_found(&mut self, now: Time, number: u32, name: &str) {
        if self.settle(now, Question::Name(number))
            && self.origins.names.get(&number).is_none_or(|known| **known != *name)
        {
            self.origins_mut().names.insert(number, name.into());
        }
    }

    /// Books an answer; says whether the question still stands.
    fn settle(&mut self, now: Time, question: Question) -> bool {
        self.reschedule(question, |_| Entry { due: now + FOUND_FOR, failures: 0 })
    }

    /// Books a question in vain.
    fn put_off(&mut self, now: Time, question: Question) {
        self.reschedule(question, |entry| {
            let wait = RETRY_MIN.saturating_mul(1 << entry.failures.min(16)).min(RETRY_MAX);
            Entry { due: now + wait, failures: entry.failures.saturating_add(1) }
        });
    }

    fn reschedule(&mut self, question: Question, change: impl FnOnce(Entry) -> Entry) -> bool {
        let Some(entry) = self.entries.get_mut(&question) else { return false };
        self.schedule.remove(&(entry.due, question));
        *entry = change(*entry);
        self.schedule.insert((entry.due, question));
        true
    }

    fn forget_oldest(&mut self) {
        let Some(question) = self.ages.pop_front() else { return };
        if let Some(entry) = self.entries.remove(&question) {
            self.schedule.remove(&(entry.due, question));
        }
        match question {
            Question::Origin(address) if self.origins.numbers.contains_key(&address) => {
                self.origins_mut().numbers.remove(&address);
            }
            Question::Name(number) if self.origins.names.contains_key(&number) => {
                self.origins_mut().names.remove(&number);
            }
            Question::Origin(_) | Question::Name(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
