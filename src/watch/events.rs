//! Which news of an event are told to whoever waits for them: each start and each end, once.
//!
//! The journal tells an event anew whenever a figure of it changes; most of that is no news here. Nobody is waited
//! for: what finds no room is counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::About;
use crate::engine::journal::{Entry, Journal};
use crate::engine::snapshot::Snapshot;

/// Events whose stage is remembered: those that are over are forgotten first.
const REMEMBERED: usize = 256;

/// What happened with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It began, or goes on after it seemed to be over.
    Start,
    /// It is over.
    End,
    /// It has no length, or is known only now that it is over.
    Once,
    /// Late answers, or what followed, have shown that it was none, or part of another one.
    Withdrawn,
}

/// News of an event.
#[derive(Clone, Debug)]
pub struct News {
    /// What happened with it.
    pub happened: Happened,
    /// The event.
    pub entry: Entry,
    /// The state of the watch then.
    pub snapshot: Arc<Snapshot>,
    /// What the watch is about.
    pub about: Arc<About>,
}

/// The way to whoever waits for news.
#[derive(Clone, Debug)]
pub struct EventLink {
    /// Where news go.
    pub queue: SyncSender<News>,
    /// What is to be said of it.
    pub status: Arc<EventStatus>,
}

/// What goes wrong with telling events.
#[derive(Debug, Default)]
pub struct EventStatus {
    missed: AtomicU64,
    trouble: Mutex<Option<Arc<str>>>,
}

impl EventStatus {
    /// How many news found no room.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    /// Sets what is wrong with who is told, or that nothing is. Says whether that is new.
    pub fn set_trouble(&self, trouble: Option<&str>) -> bool {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.as_deref() != trouble;
        *known = trouble.map(Arc::from);
        is_new
    }

    /// What is wrong, in a line.
    pub fn text(&self) -> Option<Arc<str>> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (self.missed(), trouble) {
            (0, trouble) => trouble,
            (missed, None) => {
                Some(Arc::from(format!("--on-event: {missed} events not told: too many at once")))
            }
            (missed, Some(trouble)) => Some(Arc::from(format!("{trouble}; {missed} events not told"))),
        }
    }
}

/// A watch's end of the way.
#[derive(Debug)]
pub struct Events {
    link: EventLink,
    /// Whether an event is in force, by its number.
    open: BTreeMap<u32, bool>,
}

impl Events {
    /// Of a watch that goes on with this journal.
    pub fn new(link: EventLink, journal: Option<&Journal>) -> Self {
        let known = journal.into_iter().flat_map(Journal::iter).map(|entry| (entry.number, entry.is_open()));
        Self { link, open: known.collect() }
    }

    /// Takes in what the journal tells; `watched` gives the state of the watch where that is news.
    pub fn push(&mut self, entry: &Entry, watched: impl FnOnce() -> (Arc<Snapshot>, Arc<About>)) {
        let Some(happened) = self.step(entry) else { return };
        let (snapshot, about) = watched();
        let news = News { happened, entry: entry.clone(), snapshot, about };
        if self.link.queue.try_send(news).is_err() {
            self.link.status.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The watch goes on as another, with a journal of its own: what is in force ends here.
    pub fn begin_anew(&mut self, last: &Arc<Snapshot>, about: &Arc<About>) {
        for entry in last.journal.iter().filter(|entry| entry.is_open()) {
            let ended = Entry { end: Some(last.now), ..entry.clone() };
            self.push(&ended, || (Arc::clone(last), Arc::clone(about)));
        }
        self.open.clear();
    }

    fn step(&mut self, entry: &Entry) -> Option<Happened> {
        if !entry.what.calls() {
            return None;
        }
        let before = self.open.get(&entry.number).copied();
        if entry.withdrawn {
            self.open.remove(&entry.number);
            return before.map(|_| Happened::Withdrawn);
        }
        self.open.insert(entry.number, entry.is_open());
        if self.open.len() > REMEMBERED
            && let Some(oldest) = self.open.iter().find(|(_, is_open)| !**is_open).map(|(number, _)| *number)
        {
            self.open.remove(&oldest);
        }
        match (before, entry.is_open()) {
            (Some(true), true) | (Some(false), false) => None,
            (_, true) => Some(Happened::Start),
            (Some(true), false) => Some(Happened::End),
            (None, false) => Some(Happened::Once),
        }
    }

    /// What is wrong with it, in a line.
    pub fn trouble(&self) -> Option<Arc<str>> {
        self.link.status.text()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::engine::journal::What;
    use crate::engine::time::Time;

    fn entry(number: u32, end: Option<u64>) -> Entry {
        let what = What::Outage { lost: 2, refused: 0, of: 2, by: None };
        let end = end.map(Time::from_millis);
        Entry { number, start: Time::ZERO, end, row: None, withdrawn: false, what }
    }

    fn events() -> Events {
        Events::new(EventLink { queue: sync_channel(1).0, status: Arc::default() }, None)
    }

    #[test]
    fn an_event_is_told_at_its_start_and_at_its_end_and_no_news_between() {
        let mut events = events();
        let withdrawn = Entry { withdrawn: true, ..entry(0, Some(9)) };
        let more = Entry { what: What::LossBurst { lost: 9, of: 30 }, ..entry(0, None) };
        let told: Vec<_> = [
            entry(0, None),
            more,
            entry(0, Some(5)),
            entry(0, Some(6)),
            entry(0, None),
            entry(0, Some(9)),
            withdrawn.clone(),
            withdrawn,
        ]
        .iter()
        .map(|entry| events.step(entry))
        .collect();
        let (start, end) = (Some(Happened::Start), Some(Happened::End));
        assert_eq!(told, [start, None, end, None, start, end, Some(Happened::Withdrawn), None]);
        assert_eq!(events.step(&entry(1, Some(0))), Some(Happened::Once));
    }

    #[test]
    fn what_was_in_force_when_a_watch_was_resumed_is_told_to_end() {
        let mut journal = Journal::default();
        journal.take(entry(0, Some(3)));
        journal.take(entry(1, None));
        let link = EventLink { queue: sync_channel(1).0, status: Arc::default() };
        let mut events = Events::new(link, Some(&journal));
        assert_eq!(events.step(&entry(0, Some(4))), None);
        assert_eq!(events.step(&entry(1, Some(4))), Some(Happened::End));
    }

    #[test]
    fn of_a_long_watch_what_is_over_is_forgotten_and_what_lasts_is_not() {
        let mut events = events();
        events.step(&entry(0, None));
        for number in 1..1_000 {
            events.step(&entry(number, Some(1)));
        }
        assert_eq!(events.open.len(), REMEMBERED);
        assert_eq!(events.step(&entry(0, Some(2))), Some(Happened::End));
    }

    #[test]
    fn what_is_missed_is_said_beside_other_trouble() {
        let status = EventStatus::default();
        assert_eq!(status.text(), None);
        assert!(
            status.set_trouble(Some("--on-event: status 1"))
                && !status.set_trouble(Some("--on-event: status 1"))
        );
        status.missed.store(3, Ordering::Relaxed);
        assert_eq!(status.text().as_deref(), Some("--on-event: status 1; 3 events not told"));
        assert!(status.set_trouble(None));
        assert_eq!(status.text().as_deref(), Some("--on-event: 3 events not told: too many at once"));
    }
}
