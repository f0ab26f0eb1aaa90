//! One outage, or one stretch of time in which echo alone is answered: its tries as they come.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::detector::book::Book;
use crate::engine::detector::tries::{Fate, Outcome};
use crate::engine::journal::{Entry, What};
use crate::engine::round::Row;
use crate::engine::time::Time;

/// Answers in a row that end it.
const ANSWERS: u32 = 3;
/// Failures that may still turn out to be late, and are therefore remembered one by one.
const YOUNG: Duration = Duration::from_secs(70);
/// Failures remembered at most.
const MOST: usize = 1_024;

/// What it is, and what has become of its tries.
#[derive(Clone, Debug)]
pub struct Outage {
    pub entry: Entry,
    pub lost: u32,
    pub refused: u32,
    pub of: u32,
    /// Failures in a row up to now, and the most of them.
    pub run: u32,
    pub longest: u32,
    pub fails: VecDeque<Outcome>,
    /// Failures that can no longer be late.
    pub is_proven: bool,
    /// Answers in a row, and the first of them.
    pub answers: u32,
    pub back: Time,
    /// Tries since its end.
    pub since: u32,
    /// Failures at the last time it was told.
    pub told: u32,
    /// Echo requests get through.
    pub is_echo_only: bool,
}

impl Outage {
    pub fn new(run: &[Outcome], row: Row, is_echo_only: bool, book: &mut Book) -> Self {
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
        let what = if is_echo_only {
            What::EchoOnly { lost: of, of }
        } else {
            What::Outage { lost, refused, of, by }
        };
        let entry = book.open(start, None, Some(row), what);
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
            is_echo_only,
        }
    }

    /// It is another matter since a moment, and these latest failures are no part of it.
    pub fn end(mut self, at: Time, without: &[Outcome], book: &mut Book) {
        for fail in without {
            let count = if matches!(fail.fate, Fate::Lost) { &mut self.lost } else { &mut self.refused };
            *count = count.saturating_sub(1);
            self.of = self.of.saturating_sub(1);
        }
        self.entry.end = Some(at);
        self.tell(book);
    }

    /// When the first of the failures in a row up to now was due, as far as remembered.
    pub fn run_since(&self) -> Time {
        let before = self.fails.len().saturating_sub(self.run as usize);
        self.fails.get(before).map_or(self.entry.start, |fail| fail.at)
    }

    pub fn fail(&mut self, outcome: Outcome, book: &mut Book) {
        self.of += self.answers + 1;
        self.answers = 0;
        self.count(outcome);
        if self.lost + self.refused >= self.told * 2 {
            self.tell(book);
        }
    }

    pub fn answer(&mut self, outcome: Outcome, book: &mut Book) {
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

    pub fn go_on(&mut self, run: &[Outcome], book: &mut Book) {
        self.of += self.since;
        self.entry.end = None;
        self.since = 0;
        for &fail in run {
            self.count(fail);
        }
        self.tell(book);
    }

    pub fn count(&mut self, outcome: Outcome) {
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

    pub fn share(&self) -> f64 {
        f64::from(self.lost + self.refused) / f64::from(self.of.max(1))
    }

    pub fn entry(&self) -> Entry {
        let mut entry = self.entry.clone();
        match &mut entry.what {
            What::Outage { lost, refused, of, .. } => {
                (*lost, *refused, *of) = (self.lost, self.refused, self.of);
            }
            What::EchoOnly { lost, of } => (*lost, *of) = (self.lost + self.refused, self.of),
            _ => {}
        }
        entry
    }

    pub fn tell(&mut self, book: &mut Book) {
        self.entry = self.entry();
        self.told = self.lost + self.refused;
        book.tell(&self.entry);
    }
}
