//! What echo requests to the target said of late: whether packets get there and back, whatever other probes show.

use std::collections::VecDeque;

use crate::engine::crosscheck::{Echo, Echoed};
use crate::engine::time::Time;

/// Requests remembered.
const MOST: usize = 256;
/// Answers that say that packets get through, where no more than one request in [`PART`] was lost.
const FEWEST: usize = 2;
const PART: usize = 5;
/// Requests in a row that say that this is another matter from here on.
const STREAK: usize = 3;

/// The latest requests that were decided, in the order asked.
#[derive(Clone, Debug, Default)]
pub struct Echoes(VecDeque<(Time, bool)>);

impl Echoes {
    /// Takes in what became of some.
    pub fn take(&mut self, echoed: &Echoed) {
        for (asked, echo) in echoed.asked() {
            let is_answered = match echo {
                Echo::Answered(_) => true,
                Echo::Lost | Echo::Refused => false,
                // One that comes late says nothing of what is lost now.
                Echo::Late(_) | Echo::RefusedLate | Echo::NotSent | Echo::Duplicate | Echo::InFlight => {
                    continue;
                }
            };
            // What is lost is known later than what is answered.
            let later = self.0.iter().rev().take_while(|(at, _)| *at > asked).count();
            self.0.insert(self.0.len() - later, (asked, is_answered));
            if self.0.len() > MOST {
                self.0.pop_front();
            }
        }
    }

    /// Since when, from `from` on, packets get through to the target: since then if nearly all requests were
    /// answered, or since a streak of answers.
    pub fn through_since(&self, from: Time) -> Option<Time> {
        let asked = || self.0.iter().filter(|(at, _)| *at >= from);
        let answered = asked().filter(|(_, is_answered)| *is_answered).count();
        let lost = asked().count() - answered;
        if answered >= FEWEST && lost * PART <= lost + answered {
            return Some(from);
        }
        self.streak(from, true)
    }

    /// Since when, from `from` on, they are lost: since the last answer if that is later.
    pub fn lost_since(&self, from: Time) -> Option<Time> {
        self.streak(from, false)?;
        let answered = self.0.iter().rev().find(|(_, is_answered)| *is_answered);
        Some(answered.map_or(from, |(at, _)| from.max(*at)))
    }

    /// Since when the latest requests all came to this, if they are enough.
    fn streak(&self, from: Time, is_answered: bool) -> Option<Time> {
        let latest = self.0.iter().rev().take_while(|(at, was)| *at >= from && *was == is_answered);
        let streak: Vec<Time> = latest.map(|(at, _)| *at).collect();
        streak.last().copied().filter(|_| streak.len() >= STREAK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_late_is_put_where_it_was_asked() {
        let mut echoes = Echoes::default();
        let at = Time::from_millis(10_000);
        let (us, ago) = (vec![Echo::Answered(9), Echo::Lost, Echo::NotSent], vec![1_000, 4_000, 2_000]);
        echoes.take(&Echoed { at, us, ago });
        assert_eq!(echoes.0, [(Time::from_millis(6_000), false), (Time::from_millis(9_000), true)]);
        let us = vec![Echo::Answered(9); 2];
        echoes.take(&Echoed { at: Time::from_millis(12_000), us, ago: vec![2_000, 1_000] });
        let since = |ms| echoes.through_since(Time::from_millis(ms));
        assert_eq!(since(5_000), Some(Time::from_millis(9_000)));
        assert_eq!(since(10_000), Some(Time::from_millis(10_000)));
        assert_eq!(since(11_000), None, "one answer is not enough");
        assert_eq!(echoes.lost_since(Time::ZERO), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut echoes = Echoes::default();
        for second in 0..10_000 {
            let at = Time::from_millis(second * 1_000);
            echoes.take(&Echoed { at, us: vec![Echo::Lost], ago: vec![0] });
        }
        assert_eq!(echoes.0.len(), MOST);
        assert_eq!(echoes.lost_since(Time::from_millis(9_990_000)), Some(Time::from_millis(9_990_000)));
    }
}
