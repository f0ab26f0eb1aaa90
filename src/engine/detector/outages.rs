//! Outages: the watched row answers nothing, at least twice in a row.
//!
//! An outage begins with the first of the tries that failed and ends with the first of three answers in a
//! row. One that begins within thirty tries after the last one's end is the same one, going on. Where single
//! losses are common, more than two in a row are needed, so that chance alone makes none.

use std::collections::VecDeque;
use std::time::Duration;

use super::background::{Background, run_needed};
use super::book::Book;
use super::locals::Locals;
use super::place::first_failing;
use super::tries::{Fate, Outcome};
use crate::engine::journal::{Entry, What};
use crate::engine::round::{Round, Row};
use crate::engine::time::Time;

/// Answers in a row that end an outage.
const ANSWERS: u32 = 3;
/// Tries after its end within which another one is the same, going on.
const QUIET: u32 = 30;
/// Failures in a row that are no part of a mere burst of losses.
const LONG: u32 = 5;
/// Failures that may still turn out to be late, and are therefore remembered one by one.
const YOUNG: Duration = Duration::from_secs(70);
/// Failures remembered at most.
const MOST: usize = 1_024;

/// Finds outages.
#[derive(Clone, Debug, Default)]
pub struct Outages {
    /// Failures in a row that are no outage yet.
    run: Vec<Outcome>,
    background: Background,
    /// The outage in force, or the last one.
    latest: Option<Outage>,
}

#[derive(Clone, Debug)]
struct Outage {
    entry: Entry,
    lost: u32,
    refused: u32,
    of: u32,
    /// Failures in a row up to now, and the most of them.
    run: u32,
    longest: u32,
    fails: VecDeque<Outcome>,
    /// Failures that can no longer be late.
    is_proven: bool,
    /// Answers in a row, and the first of them.
    answers: u32,
    back: Time,
    /// Tries since its end.
    since: u32,
    /// Failures at the last time it was told.
    told: u32,
}

impl Outages {
    /// Takes in a try of the watched row, where `share` of all is lost at the moment.
    pub fn push(&mut self, outcome: Outcome, row: Row, share: f64, book: &mut Book) {
        let is_failure = outcome.fate.is_failure();
        if let Some(open) = self.latest.as_mut().filter(|latest| latest.entry.is_open()) {
            if is_failure {
                open.fail(outcome, book);
            } else {
                open.answer(outcome, book);
            }
            return;
        }
        if let Some(last) = &mut self.latest {
            last.since = last.since.saturating_add(1);
        }
        if !is_failure {
            self.background.push(false);
            self.run.drain(..).for_each(|_| self.background.push(true));
            return;
        }
        self.run.push(outcome);
        let refused = self.run.iter().filter(|fail| matches!(fail.fate, Fate::Refused(_))).count();
        let needed = run_needed(self.background.share().max(share));
        if self.run.len() < needed && refused < 2 {
            return;
        }
        let run = std::mem::take(&mut self.run);
        match &mut self.latest {
            Some(last) if last.since <= QUIET => last.go_on(&run, book),
            _ => self.latest = Some(Outage::new(&run, row, book)),
        }
    }

    /// The share of tries that is usually lost.
    pub fn usual(&self) -> f64 {
        self.background.share()
    }

    /// Whether an outage is in force that is no mere part of a burst of losses.
    pub fn is_long(&self) -> bool {
        self.latest.as_ref().is_some_and(|latest| latest.entry.is_open() && latest.longest >= LONG)
    }

    /// When the latest outage began.
    pub fn start(&self) -> Time {
        self.latest.as_ref().map_or(Time::FAR, |latest| latest.entry.start)
    }

    /// A burst of losses began at `since`: a short outage within is a part of it.
    pub fn absorb(&mut self, since: Time, book: &mut Book) {
        let is_part = |latest: &mut Outage| latest.entry.start >= since && latest.longest < LONG;
        if let Some(part) = self.latest.take_if(is_part) {
            (0..part.lost).for_each(|_| self.background.push(true));
            book.withdraw(part.entry);
        }
        self.run.clear();
    }

    /// This machine slept, or could not send: what was lost then is no outage.
    pub fn forgive(&mut self, locals: &Locals, book: &mut Book) {
        let is_local =
            |latest: &mut Outage| !latest.is_proven && latest.fails.iter().all(|fail| locals.covers(fail.at));
        if let Some(local) = self.latest.take_if(is_local) {
            book.withdraw(local.entry);
        }
        self.run.retain(|fail| !locals.covers(fail.at));
    }

    /// The row rations its answers since then: what began later was no outage, and what began before is over.
    /// That the latest try failed, or did not, is usual.
    pub fn excuse(&mut self, since: Time, is_failure: bool, book: &mut Book) {
        self.background.push(is_failure);
        self.run.clear();
        match self.latest.take_if(|latest| latest.entry.start >= since) {
            Some(none) => book.withdraw(none.entry),
            None => self.abandon(since, book),
        }
    }

    /// Another row is watched from `at` on.
    pub fn abandon(&mut self, at: Time, book: &mut Book) {
        self.run.clear();
        if let Some(mut latest) = self.latest.take()
            && latest.entry.is_open()
        {
            latest.entry.end = Some(at);
            latest.tell(book);
        }
    }

    /// The outage in force as it stands, with what was not told of it yet.
    pub fn in_force(&self) -> Option<Entry> {
        let latest = self.latest.as_ref().filter(|latest| latest.entry.is_open())?;
        Some(latest.entry())
    }

    /// A try was answered after all.
    pub fn late(&mut self, round: u32, index: u8, book: &mut Book) {
        let is_it = |fail: &Outcome| fail.round == round && fail.index == index;
        self.run.retain(|fail| !is_it(fail));
        let Some(latest) = &mut self.latest else { return };
        let Some(place) = latest.fails.iter().position(is_it) else { return };
        latest.fails.remove(place);
        latest.lost = latest.lost.saturating_sub(1);
        let left = latest.lost + latest.refused;
        if left < 2 {
            if let Some(gone) = self.latest.take() {
                book.withdraw(gone.entry);
            }
            return;
        }
        if place == 0
            && !latest.is_proven
            && let Some(first) = latest.fails.front()
        {
            latest.entry.start = first.at;
        }
        latest.told = latest.told.min(left);
        latest.tell(book);
    }

    /// Says at which row the latest outage begins to show.
    pub fn locate(&mut self, rounds: &VecDeque<Round>, watched: Row, book: &mut Book) {
        let Some(latest) = &mut self.latest else { return };
        // Only rounds from before its start can tell who answered before.
        let is_known = rounds.front().is_some_and(|first| first.start < latest.entry.start);
        if !is_known || latest.entry.end.is_some_and(|_| latest.since > QUIET / 3) {
            return;
        }
        let to = latest.entry.end.unwrap_or(if latest.answers > 0 { latest.back } else { Time::FAR });
        let most = (latest.share() / 2.0).min(0.5);
        let row = first_failing(rounds, watched, (latest.entry.start, to), |tally| tally.share() > most);
        if latest.entry.row != Some(row) {
            latest.entry.row = Some(row);
            latest.tell(book);
        }
    }
}

impl Outage {
    fn new(run: &[Outcome], row: Row, book: &mut Book) -> Self {
        let start = run.first().map_or(Time::ZERO, |first| first.at);
        let mut by = None;
        let (mut lost, mut refused) = (0, 0);
        for fail in run {
            if let Fate::Refused(who) = fail.fate {
                refused += 1;
                by = who.or(by);
            } else {
                lost += 1;
            }
        }
        let of = lost + refused;
        let entry = book.open(start, None, Some(row), What::Outage { lost, refused, of, by });
        let fails = run.iter().copied().collect();
        Self {
            entry,
            lost,
            refused,
            of,
            run: of,
            longest: of,
            fails,
            is_proven: false,
            answers: 0,
            back: start,
            since: 0,
            told: of,
        }
    }

    fn fail(&mut self, outcome: Outcome, book: &mut Book) {
        self.of += self.answers + 1;
        self.answers = 0;
        self.count(outcome);
        if self.lost + self.refused >= self.told * 2 {
            self.tell(book);
        }
    }

    fn answer(&mut self, outcome: Outcome, book: &mut Book) {
        if self.answers == 0 {
            self.back = outcome.at;
            self.run = 0;
        }
        self.answers += 1;
        if self.answers == ANSWERS {
            self.entry.end = Some(self.back);
            self.since = self.answers;
            self.answers = 0;
            self.tell(book);
        }
    }

    fn go_on(&mut self, run: &[Outcome], book: &mut Book) {
        self.of += self.since;
        self.entry.end = None;
        self.since = 0;
        for &fail in run {
            self.count(fail);
        }
        self.tell(book);
    }

    fn count(&mut self, outcome: Outcome) {
        self.run += 1;
        self.longest = self.longest.max(self.run);
        if let Fate::Refused(who) = outcome.fate {
            self.refused += 1;
            if let What::Outage { by, .. } = &mut self.entry.what {
                *by = who.or(*by);
            }
        } else {
            self.lost += 1;
        }
        self.fails.push_back(outcome);
        while self.fails.len() > MOST
            || self.fails.front().is_some_and(|first| outcome.at.since(first.at) > YOUNG)
        {
            self.fails.pop_front();
            self.is_proven = true;
        }
    }

    fn share(&self) -> f64 {
        f64::from(self.lost + self.refused) / f64::from(self.of.max(1))
    }

    fn entry(&self) -> Entry {
        let mut entry = self.entry.clone();
        if let What::Outage { lost, refused, of, .. } = &mut entry.what {
            (*lost, *refused, *of) = (self.lost, self.refused, self.of);
        }
        entry
    }

    fn tell(&mut self, book: &mut Book) {
        self.entry = self.entry();
        self.told = self.lost + self.refused;
        book.tell(&self.entry);
    }
}
