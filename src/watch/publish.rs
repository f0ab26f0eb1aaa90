//! When a view is published: at once on the first sight and on the leading edge, then four times a second.

use std::time::Duration;

use crate::engine::time::Time;

/// The time between two views.
const STEADY: Duration = Duration::from_millis(250);
/// The time between two views while the path is first seen.
const FIRST: Duration = Duration::from_millis(33);
/// How long the path is first seen for, at most.
const FIRST_SIGHT: Duration = Duration::from_millis(900);

/// Decides when a view is due.
#[derive(Debug)]
pub struct Publishing {
    started: Time,
    /// The version of the trace and of the names that was published last, and when.
    last: Option<(u64, Time)>,
}

impl Publishing {
    /// Nothing is published yet.
    pub const fn new(started: Time) -> Self {
        Self { started, last: None }
    }

    /// Whether `version` is to be published now.
    pub fn is_due(&mut self, now: Time, version: u64) -> bool {
        let is_due = self.due(version).is_some_and(|due| due <= now);
        if is_due {
            self.last = Some((version, now));
        }
        is_due
    }

    /// When `version` is to be published; `None` if it has been.
    pub fn due(&self, version: u64) -> Option<Time> {
        let Some((published, at)) = self.last else { return Some(self.started) };
        let step = if at.since(self.started) < FIRST_SIGHT { FIRST } else { STEADY };
        (published != version).then(|| at + step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_after_a_pause_shows_at_once_and_then_four_times_a_second() {
        let mut publishing = Publishing::new(Time::ZERO);
        assert!(publishing.is_due(Time::ZERO, 0));
        let at = Time::from_millis;
        let published: Vec<u64> =
            (5_000..7_000).filter(|&ms| publishing.is_due(at(ms), ms)).map(|ms| ms - 5_000).collect();
        assert_eq!(published[..4], [0, 250, 500, 750]);
        assert_eq!(published.len(), 8);
    }

    #[test]
    fn nothing_new_is_never_published() {
        let mut publishing = Publishing::new(Time::ZERO);
        assert!(publishing.is_due(Time::ZERO, 3));
        assert!(!publishing.is_due(Time::from_millis(60_000), 3));
        assert_eq!(publishing.due(3), None);
    }

    #[test]
    fn the_first_sight_shows_thirty_times_a_second() {
        let mut publishing = Publishing::new(Time::ZERO);
        let frames = (0..800).filter(|&ms| publishing.is_due(Time::from_millis(ms), ms)).count();
        assert!((20..=27).contains(&frames), "{frames}");
    }
}
