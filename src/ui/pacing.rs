//! When a frame may be drawn: a pure policy, time is passed in.

use std::time::{Duration, Instant};

/// The least time between two frames of any kind: 30 a second.
const FRAME: Duration = Duration::from_millis(34);
/// The least time from any frame to one that only has new data to show: 4 a second.
const DATA: Duration = Duration::from_millis(250);

/// How soon a change is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// New figures, or another second on the clock.
    Data,
    /// The answer to a key, a new size, the first sight of the path.
    AtOnce,
}

/// The frame-rate policy. The first change after a pause is drawn at once; none is drawn without one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pacing {
    last: Option<Instant>,
    wanted: Option<Urgency>,
}

impl Pacing {
    /// Something changed.
    pub fn want(&mut self, urgency: Urgency) {
        self.wanted = self.wanted.max(Some(urgency));
    }

    /// How long to wait for the next frame; `None` while nothing changed.
    pub fn due_in(&self, now: Instant) -> Option<Duration> {
        let gap = match self.wanted? {
            Urgency::Data => DATA,
            Urgency::AtOnce => FRAME,
        };
        let passed = self.last.map_or(gap, |last| now.saturating_duration_since(last));
        Some(gap.saturating_sub(passed))
    }

    /// A frame was drawn: it shows everything that was wanted.
    pub fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
        self.wanted = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays changes at their times in ms and gives the times at which frames are drawn.
    fn frames(changes: &[(u64, Urgency)]) -> Vec<u64> {
        let start = Instant::now();
        let (mut pacing, mut drawn) = (Pacing::default(), Vec::new());
        for ms in 0..3_000 {
            let now = start + Duration::from_millis(ms);
            changes.iter().filter(|change| change.0 == ms).for_each(|change| pacing.want(change.1));
            if pacing.due_in(now) == Some(Duration::ZERO) {
                pacing.drawn(now);
                drawn.push(ms);
            }
        }
        drawn
    }

    #[test]
    fn the_first_change_is_drawn_at_once_and_the_next_not_within_a_quarter_second() {
        let changes =
            [(100, Urgency::Data), (110, Urgency::Data), (200, Urgency::Data), (900, Urgency::Data)];
        assert_eq!(frames(&changes), [100, 350, 900]);
    }

    #[test]
    fn a_steady_stream_of_data_makes_four_frames_a_second() {
        let changes: Vec<_> = (0..2_000).map(|ms| (ms, Urgency::Data)).collect();
        assert_eq!(frames(&changes), [0, 250, 500, 750, 1_000, 1_250, 1_500, 1_750, 2_000]);
    }

    #[test]
    fn a_key_is_drawn_at_once_and_takes_waiting_data_along() {
        let changes = [(0, Urgency::Data), (10, Urgency::Data), (60, Urgency::AtOnce)];
        assert_eq!(frames(&changes), [0, 60]);
    }

    #[test]
    fn held_keys_make_thirty_frames_a_second() {
        let changes: Vec<_> = (0..1_000).map(|ms| (ms, Urgency::AtOnce)).collect();
        assert_eq!(frames(&changes).iter().filter(|&&ms| ms < 1_000).count(), 30);
    }

    #[test]
    fn without_a_change_there_is_no_frame() {
        assert_eq!(Pacing::default().due_in(Instant::now()), None);
        assert!(frames(&[]).is_empty());
    }
}
