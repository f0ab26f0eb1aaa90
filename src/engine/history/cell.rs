//! A cell: what became of one row's tries within one slice of time. Cells merge by addition.

use std::mem::take;
use std::time::Duration;

use smallvec::SmallVec;

use super::chain::{Chain, Link};
use super::size::heap;
use crate::engine::distribution::Coarse;
use crate::engine::moments::{Jitter, Moments};
use crate::engine::probe::Grade;
use crate::engine::round::{Late, MAX_RESPONDERS, Try};
use crate::engine::stats::Counts;
use crate::engine::time::Time;

/// What became of one row's tries within one slice of time.
///
/// Round-trip times are exact but for their distribution, whose quantiles err by at most 4 %.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// When the slice begins.
    pub start: Time,
    /// How long it is.
    pub length: Duration,
    /// What became of the tries that were due in it. A burst counts where it begins.
    pub counts: Counts,
    /// Round-trip times.
    pub rtt: Moments,
    /// |difference| of consecutive answered tries, counted where the later one is.
    pub jitter: Jitter,
    /// Round-trip times by size.
    pub distribution: Coarse,
    /// Times by grade: kernel, mixed, user.
    pub grades: [u64; 3],
    /// Who answered, by their numbers in [`History::responders`](super::History::responders), in order of these; what
    /// those past the most for a hop answered counts for the row alone.
    pub responders: SmallVec<[Part; 1]>,
    /// The latest try's time in µs; `None` after a loss.
    pub last: Option<u32>,
    /// The first difference in `jitter`, where its earlier try lies before the slice.
    pub inherited: Option<u32>,
    /// The first lost tries belong to a burst that began before the slice.
    pub carried: bool,
    /// What the try after the slice is compared with.
    pub(super) chain: Chain,
}

/// What one responder answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its number within the row.
    pub who: u8,
    /// Tries it answered or refused.
    pub answered: u64,
    /// Its round-trip times.
    pub rtt: Moments,
}

impl Cell {
    /// Nothing, within a slice.
    pub fn new(start: Time, length: Duration) -> Self {
        Self { start, length, ..Self::default() }
    }

    /// The first moment after the slice.
    pub fn end(&self) -> Time {
        self.start + self.length
    }

    /// Whether nothing is known of the slice: no try of it was due or decided.
    pub fn is_empty(&self) -> bool {
        self.counts == Counts::default()
    }

    /// Takes in one try, by the row's responder `who`; `chain` is the row's.
    pub(super) fn push(&mut self, outcome: Try, is_slowed: bool, who: Option<u8>, chain: &mut Chain) {
        let Link { opens_burst, difference } = chain.link(outcome, is_slowed);
        self.chain = *chain;
        if is_slowed {
            self.counts.slow(outcome);
        }
        match outcome {
            Try::Answered { us, grade, .. } => {
                if let Some(difference) = difference {
                    if self.counts.answered == 0 {
                        self.inherited = Some(difference);
                    }
                    self.jitter.push(difference);
                }
                self.counts.answered += 1;
                self.last = Some(us);
                self.book(us, grade, who);
            }
            Try::Late { us, grade, .. } => {
                self.counts.late += 1;
                self.last = None;
                self.book(us, grade, who);
            }
            Try::Lost => {
                self.counts.lost += 1;
                self.last = None;
                if opens_burst {
                    self.counts.bursts += 1;
                } else if self.counts.bursts == 0 && !is_slowed {
                    self.carried = true;
                }
            }
            Try::Refused { .. } => {
                self.counts.refused += 1;
                self.last = None;
                self.part(who, |part| part.answered += 1);
            }
            Try::InFlight => self.counts.in_flight += 1,
            Try::NotSent => self.counts.not_sent += 1,
            Try::Skipped => self.counts.skipped += 1,
        }
    }

    /// A try of it was answered after it had been called lost.
    pub(super) fn mend(&mut self, late: &Late, is_slowed: bool, who: Option<u8>) {
        self.counts.lost = self.counts.lost.saturating_sub(1);
        if is_slowed {
            self.counts.mend_slowed(late.refused);
        }
        if late.refused {
            self.counts.refused += 1;
            self.part(who, |part| part.answered += 1);
        } else {
            self.counts.late += 1;
            self.book(late.us, late.grade, who);
        }
    }

    /// Empties it. What room it has it keeps.
    pub(super) fn clear(&mut self) {
        let (mut distribution, mut responders) = (take(&mut self.distribution), take(&mut self.responders));
        distribution.clear();
        responders.clear();
        *self = Self { distribution, responders, ..Self::default() };
    }

    /// Takes in the cell that follows. The slice stays what it is.
    pub(super) fn add(&mut self, next: &Self) {
        if next.is_empty() {
            return;
        }
        self.carried |= next.carried && self.counts.bursts == 0;
        if self.counts.answered == 0 {
            self.inherited = next.inherited;
        }
        let decides = next.counts.sent() > next.counts.in_flight;
        if decides {
            self.last = next.last;
        }
        self.chain = next.chain;
        self.counts.add(&next.counts);
        self.rtt.add(&next.rtt);
        self.jitter.add(next.jitter);
        self.distribution.add(&next.distribution);
        for (grade, more) in self.grades.iter_mut().zip(next.grades) {
            *grade += more;
        }
        for more in &next.responders {
            self.part(Some(more.who), |part| {
                part.answered += more.answered;
                part.rtt.add(&more.rtt);
            });
        }
    }

    /// What it takes on the heap, in bytes.
    pub(super) fn size(&self) -> usize {
        self.distribution.size() + heap(&self.responders)
    }

    fn book(&mut self, us: u32, grade: Grade, who: Option<u8>) {
        self.rtt.push(us);
        self.distribution.push(us);
        self.grades[grade as usize] += 1;
        self.part(who, |part| {
            part.answered += 1;
            part.rtt.push(us);
        });
    }

    fn part(&mut self, who: Option<u8>, change: impl FnOnce(&mut Part)) {
        let Some(who) = who else { return };
        let index = self.responders.iter().take_while(|part| part.who < who).count();
        let is_known = self.responders.get(index).is_some_and(|part| part.who == who);
        if !is_known {
            if self.responders.len() == MAX_RESPONDERS {
                return;
            }
            self.responders.insert(index, Part { who, ..Part::default() });
        }
        if let Some(part) = self.responders.get_mut(index) {
            change(part);
        }
    }
}
