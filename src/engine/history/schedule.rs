//! When the rounds of the last minute began: a late answer names its round, which may have left the ring.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::round::Round;
use crate::engine::time::Time;

/// Rounds in a row that lie equally far apart. One is enough while no slot is missed.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The number of the first.
    first: u32,
    /// How many.
    count: u32,
    /// When the first began.
    start: Time,
    /// From one round's start to the next's.
    distance: Duration,
    /// From one try of a row to the next.
    interval: Duration,
}

impl Run {
    fn start(&self, place: u32) -> Time {
        self.start + self.distance.saturating_mul(place)
    }
}

/// When rounds began.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    runs: VecDeque<Run>,
}

impl Schedule {
    /// Takes in the round that follows.
    pub fn push(&mut self, round: &Round) {
        let Round { number, start, interval, .. } = *round;
        if let Some(last) = self.runs.back_mut() {
            let distance = start.since(last.start(last.count - 1));
            let follows = last.first.checked_add(last.count) == Some(number) && last.interval == interval;
            if follows && start >= last.start && (last.count == 1 || distance == last.distance) {
                last.distance = distance;
                last.count += 1;
                return;
            }
        }
        self.runs.push_back(Run { first: number, count: 1, start, distance: Duration::ZERO, interval });
    }

    /// No more is asked about rounds that another follows before `at`.
    pub fn forget(&mut self, at: Time) {
        while self.runs.get(1).is_some_and(|next| next.start < at) {
            self.runs.pop_front();
        }
    }

    /// What it takes on the heap, in bytes.
    pub fn size(&self) -> usize {
        self.runs.capacity() * size_of::<Run>()
    }

    /// When try `index` of a round was due; `None` if the round is forgotten.
    pub fn due(&self, round: u32, index: u8) -> Option<Time> {
        let is_in = |run: &&Run| round.checked_sub(run.first).is_some_and(|place| place < run.count);
        let run = self.runs.iter().rev().find(is_in)?;
        Some(run.start(round - run.first) + run.interval.saturating_mul(index.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::end::End;

    fn round(number: u32, ms: u64) -> Round {
        let interval = Duration::from_millis(1);
        Round { number, start: Time::from_millis(ms), interval, end: End::Silent, rows: Vec::new() }
    }

    #[test]
    fn rounds_on_schedule_take_one_place_and_a_missed_slot_another() {
        let mut schedule = Schedule::default();
        (0..1_000).for_each(|number| schedule.push(&round(number, 3 * u64::from(number))));
        assert_eq!(schedule.runs.len(), 1);
        (1_000..2_000).for_each(|number| schedule.push(&round(number, 3 * u64::from(number) + 7)));
        assert!(schedule.runs.len() <= 3, "{}", schedule.runs.len());
        assert_eq!(schedule.due(10, 2), Some(Time::from_millis(32)));
        assert_eq!(schedule.due(1_999, 0), Some(Time::from_millis(6_004)));
        assert_eq!(schedule.due(2_000, 0), None);
        schedule.forget(Time::from_millis(4_000));
        assert_eq!((schedule.due(10, 0), schedule.due(1_500, 0)), (None, Some(Time::from_millis(4_507))));
    }

    #[test]
    fn a_try_is_due_so_many_intervals_after_its_rounds_start() {
        let mut schedule = Schedule::default();
        let starts = [0, 5, 9, 12, 40, 41];
        (0..).zip(starts).for_each(|(number, ms)| schedule.push(&round(number, ms)));
        for (number, ms) in (0..).zip(starts) {
            assert_eq!(schedule.due(number, 1), Some(Time::from_millis(ms + 1)), "{number}");
        }
    }
}
