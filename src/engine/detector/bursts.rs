//! Loss bursts: of thirty tries in a row more were lost than is usual, without an outage.
//!
//! A burst begins with the first of the losses that make it and ends after the last one before thirty tries
//! without any. Loss that goes on for long is usual in the end, and begins no further burst.

use std::collections::VecDeque;

use super::background::losses_needed;
use super::book::Book;
use super::place::{first_failing, tally};
use super::tries::Outcome;
use crate::engine::journal::{Entry, What};
use crate::engine::round::{Round, Row};
use crate::engine::time::Time;

/// Tries looked at together.
const WINDOW: usize = 30;
/// Losses that make a burst where none are usual.
const FEWEST: usize = 5;
/// How likely so many losses may be by chance.
const CHANCE: f64 = 1e-6;
/// Losses without which it was none, after late answers.
const LEAST: u32 = 3;

/// Finds loss bursts.
#[derive(Clone, Debug, Default)]
pub struct Bursts {
    window: VecDeque<Outcome>,
    open: Option<Burst>,
}

#[derive(Clone, Debug)]
struct Burst {
    entry: Entry,
    lost: u32,
    of: u32,
    /// Tries since the last loss, and the first of them.
    clean: u32,
    back: Time,
    told: u32,
}

impl Bursts {
    /// Takes in a try, where `usual` is the share lost in ordinary times. Gives the start of a burst that this
    /// opens.
    pub fn push(&mut self, outcome: Outcome, row: Row, usual: f64, book: &mut Book) -> Option<Time> {
        self.window.push_back(outcome);
        if self.window.len() > WINDOW {
            self.window.pop_front();
        }
        if let Some(burst) = &mut self.open {
            burst.push(outcome, book);
            if !burst.entry.is_open() {
                self.open = None;
                self.window.clear();
            }
            return None;
        }
        let lost = self.lost();
        if !outcome.fate.is_failure() || lost < losses_needed(usual, WINDOW, CHANCE).max(FEWEST) {
            return None;
        }
        let first = self.window.iter().position(|outcome| outcome.fate.is_failure())?;
        let start = self.window[first].at;
        let lost = u32::try_from(lost).unwrap_or(u32::MAX);
        let of = u32::try_from(self.window.len() - first).unwrap_or(u32::MAX);
        let entry = book.open(start, None, Some(row), What::LossBurst { lost, of });
        self.open = Some(Burst { entry, lost, of, clean: 0, back: start, told: lost });
        Some(start)
    }

    /// The share of the latest tries that was lost, while a burst is in force; else 0.
    pub fn share(&self) -> f64 {
        if self.open.is_none() {
            return 0.0;
        }
        self.lost() as f64 / self.window.len().max(1) as f64
    }

    /// The burst in force as it stands, with what was not told of it yet.
    pub fn in_force(&self) -> Option<Entry> {
        self.open.as_ref().map(Burst::entry)
    }

    /// What failed since `start` is an outage of its own.
    pub fn leave_out(&mut self, start: Time) {
        self.window.retain(|outcome| outcome.at < start);
    }

    /// The row rations its answers since then: what began later was no burst, and what began before is over.
    pub fn excuse(&mut self, since: Time, book: &mut Book) {
        match &self.open {
            Some(burst) if burst.entry.start < since => self.abandon(since, book),
            _ => {
                self.window.clear();
                self.open.take().into_iter().for_each(|burst| book.withdraw(burst.entry));
            }
        }
    }

    /// Another row is watched from `at` on.
    pub fn abandon(&mut self, at: Time, book: &mut Book) {
        self.window.clear();
        if let Some(mut burst) = self.open.take() {
            burst.entry.end = Some(at);
            burst.tell(book);
        }
    }

    /// A try was answered after all.
    pub fn late(&mut self, round: u32, index: u8, book: &mut Book) {
        let is_it = |fail: &Outcome| fail.round == round && fail.index == index && fail.fate.is_failure();
        let Some(place) = self.window.iter().position(is_it) else { return };
        let at = self.window.remove(place).map_or(Time::ZERO, |fail| fail.at);
        let Some(burst) = self.open.as_mut().filter(|burst| at >= burst.entry.start) else { return };
        burst.lost = burst.lost.saturating_sub(1);
        if burst.lost >= LEAST {
            if at == burst.entry.start
                && let Some(first) = self.window.iter().find(|outcome| outcome.fate.is_failure())
            {
                burst.entry.start = first.at;
            }
            burst.tell(book);
        } else if let Some(burst) = self.open.take() {
            book.withdraw(burst.entry);
        }
    }

    /// Says at which row the burst begins to show.
    pub fn locate(&mut self, rounds: &VecDeque<Round>, watched: Row, book: &mut Book) {
        let Some(burst) = &mut self.open else { return };
        if rounds.front().is_none_or(|first| first.start >= burst.entry.start) {
            return;
        }
        let to = if burst.clean > 0 { burst.back } else { Time::FAR };
        let span = (burst.entry.start, to);
        let share = tally(rounds, watched, span).share();
        let row = first_failing(rounds, watched, span, |tally| tally.share() * 2.0 > share);
        if burst.entry.row != Some(row) {
            burst.entry.row = Some(row);
            burst.tell(book);
        }
    }

    fn lost(&self) -> usize {
        self.window.iter().filter(|outcome| outcome.fate.is_failure()).count()
    }
}

impl Burst {
    fn push(&mut self, outcome: Outcome, book: &mut Book) {
        if outcome.fate.is_failure() {
            self.lost += 1;
            self.of += self.clean + 1;
            self.clean = 0;
            if self.lost >= self.told * 2 {
                self.tell(book);
            }
            return;
        }
        if self.clean == 0 {
            self.back = outcome.at;
        }
        self.clean += 1;
        if self.clean as usize == WINDOW {
            self.entry.end = Some(self.back);
            self.tell(book);
        }
    }

    fn entry(&self) -> Entry {
        Entry { what: What::LossBurst { lost: self.lost, of: self.of }, ..self.entry.clone() }
    }

    fn tell(&mut self, book: &mut Book) {
        self.entry = self.entry();
        self.told = self.lost.max(1);
        book.tell(&self.entry);
    }
}
