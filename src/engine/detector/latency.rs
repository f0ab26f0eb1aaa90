//! Latency steps: the watched row's round-trip times move to another level, and back.
//!
//! The level is the median of about sixty tries, its spread their interquartile range. A step is nine tries
//! whose median is off by more than twice the spread (a tenth of the level and 1 ms at least), all of them
//! but one on the same side: jitter and single spikes make none. It ends when the times move back half way
//! or more; a further step ends it too, and begins another.

use std::collections::VecDeque;

use super::book::Book;
use super::place::{first_shifted, median};
use crate::engine::journal::{Entry, What};
use crate::engine::round::{Round, Row};
use crate::engine::time::Time;

/// Tries that make the level.
const LEVEL: usize = 60;
/// Tries before which no step is looked for; after a step fewer do, since the spread is known.
const FIRST: usize = 30;
const AFTER_STEP: usize = 6;
/// Tries that make a step.
const STEP: usize = 9;
/// The least that a step is, in µs.
const LEAST: u32 = 1_000;

/// Finds latency steps.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    level: VecDeque<u32>,
    latest: VecDeque<(Time, u32)>,
    /// The spread of the level before, while the present one is young.
    spread: Option<u32>,
    open: Option<Entry>,
}

impl Latency {
    /// The watched row answered a try of `at` after `us`.
    pub fn answered(&mut self, at: Time, us: u32, row: Row, rounds: &VecDeque<Round>, book: &mut Book) {
        self.latest.push_back((at, us));
        if self.latest.len() > STEP
            && let Some((_, us)) = self.latest.pop_front()
        {
            self.level.push_back(us);
            if self.level.len() > LEVEL {
                self.level.pop_front();
            }
        }
        let least = if self.spread.is_some() { AFTER_STEP } else { FIRST };
        if self.level.len() < least || self.latest.len() < STEP {
            return;
        }
        let (level, spread) = self.level_and_spread();
        let now = median(&mut self.latest.iter().map(|(_, us)| *us).collect::<Vec<_>>());
        let bound = (spread * 2).max(level / 10).max(LEAST);
        match self.step(level, now, bound) {
            Some(place) => {
                let start = self.latest[place].0;
                self.turn(start, (level, now), row, rounds, book);
                self.spread = Some(spread);
                self.level.clear();
                self.latest.drain(..place);
            }
            None => self.drift(level, book),
        }
        if self.level.len() >= FIRST {
            self.spread = None;
        }
    }

    /// Another row is watched from `at` on.
    pub fn abandon(&mut self, at: Time, book: &mut Book) {
        if let Some(mut entry) = self.open.take() {
            entry.end = Some(at);
            book.tell(&entry);
        }
        *self = Self::default();
    }

    /// Where among the latest tries a step begins, if they are one.
    fn step(&self, level: u32, now: u32, bound: u32) -> Option<usize> {
        let is_off = |us: u32| us.abs_diff(level) > bound / 2 && (us > level) == (now > level);
        let off: Vec<bool> = self.latest.iter().map(|(_, us)| is_off(*us)).collect();
        let is_step = now.abs_diff(level) > bound && off.iter().filter(|off| **off).count() >= STEP - 1;
        // A spike just before the step is no part of it.
        is_step.then(|| off.windows(2).position(|pair| pair[0] && pair[1]).unwrap_or(0))
    }

    /// The level moved at `start`.
    fn turn(
        &mut self,
        start: Time,
        (level, now): (u32, u32),
        row: Row,
        rounds: &VecDeque<Round>,
        book: &mut Book,
    ) {
        if let Some(mut entry) = self.open.take() {
            let What::Latency { before, after } = entry.what else { return };
            entry.end = Some(start);
            book.tell(&entry);
            if now.abs_diff(before) * 2 <= after.abs_diff(before) {
                return;
            }
        }
        let row = first_shifted(rounds, row, start, i64::from(now) - i64::from(level));
        let what = What::Latency { before: level, after: now };
        self.open = Some(book.open(start, None, Some(row), what));
    }

    /// Times may also come back bit by bit.
    fn drift(&mut self, level: u32, book: &mut Book) {
        let is_back = |entry: &mut Entry| match entry.what {
            What::Latency { before, after } => level.abs_diff(before) * 4 < after.abs_diff(before),
            _ => false,
        };
        if self.level.len() >= FIRST
            && let Some(mut entry) = self.open.take_if(is_back)
        {
            entry.end = self.latest.front().map(|(at, _)| *at);
            book.tell(&entry);
        }
    }

    fn level_and_spread(&self) -> (u32, u32) {
        let mut values: Vec<u32> = self.level.iter().copied().collect();
        values.sort_unstable();
        let at = |share: usize| values[(values.len() - 1) * share / 4];
        (at(2), (at(3) - at(1)).max(self.spread.unwrap_or(0)))
    }
}
