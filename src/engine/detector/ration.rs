//! Whether the watched row rations its answers: what it leaves unanswered then is no event.
//!
//! Out of a token bucket answers come evenly, in bursts of loss they do not. As long as the latest tries prove the
//! first, failures are learned to be usual, and nothing else is made of them.

use std::collections::VecDeque;
use std::time::Duration;

use super::background::run_needed;
use super::tries::{Fate, Outcome};
use crate::engine::even::evenness;
use crate::engine::time::Time;

/// Tries that tell, at most.
const WINDOW: usize = 240;
/// Losses without which there is nothing to explain.
const FEWEST: usize = 5;

/// Watches how evenly answers come.
#[derive(Clone, Debug, Default)]
pub struct Ration {
    window: VecDeque<Outcome>,
    interval: Duration,
    /// Failures in a row up to now.
    run: usize,
    /// The share that was lost when the row was last proven to ration its answers.
    usual: Option<f64>,
}

impl Ration {
    /// Takes in a try. Gives since when the answers have come evenly, if it is proven that they do.
    pub fn push(&mut self, outcome: Outcome) -> Option<Time> {
        match outcome.fate {
            Fate::Refused(_) => return None,
            Fate::Lost => self.run += 1,
            Fate::Answered(_) => {
                // An outage of a row that rations is over: what is judged anew begins here.
                if self.usual.is_some_and(|share| self.run >= run_needed(share)) {
                    self.window.clear();
                }
                self.run = 0;
            }
        }
        self.window.push_back(outcome);
        if self.window.len() > WINDOW {
            self.window.pop_front();
        }
        let since = self.window.front()?.at;
        let lost = |outcome: &Outcome| outcome.fate.is_failure();
        if self.window.iter().filter(|outcome| lost(outcome)).count() < FEWEST {
            return None;
        }
        let tries = self.window.iter().map(|outcome| (outcome.at.millis_since(since), lost(outcome)));
        let even = evenness(&tries.collect::<Vec<_>>(), &[])?;
        let is_proven = even.is_proven() && !even.is_ruled_out;
        self.usual = if is_proven { Some(even.share) } else { self.usual };
        is_proven.then_some(since)
    }

    /// The row is asked at this interval from here on.
    pub fn pace(&mut self, interval: Duration) {
        if interval != self.interval {
            self.clear();
            self.interval = interval;
        }
    }

    /// A try was answered after all.
    pub fn late(&mut self, round: u32, index: u8, us: u32) {
        let is_it = |outcome: &&mut Outcome| outcome.round == round && outcome.index == index;
        if let Some(outcome) = self.window.iter_mut().rev().find(is_it) {
            outcome.fate = Fate::Answered(us);
        }
    }

    /// Another row is watched, or nobody watched for a while.
    pub fn clear(&mut self) {
        *self = Self { interval: self.interval, ..Self::default() };
    }
}
