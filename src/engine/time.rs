//! The engine's one clock: nanoseconds since the session began, and how that maps to the calendar.

use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A moment, in nanoseconds since the session's start on a clock that also runs while the machine sleeps.
///
/// Only drivers make one from a real clock (`CLOCK_BOOTTIME`); the engine is handed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Time(u64);

impl Time {
    /// The session's start.
    pub const ZERO: Self = Self(0);
    /// Later than anything that will be.
    pub const FAR: Self = Self(u64::MAX);

    /// The moment `nanos` after the session's start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The moment `millis` after the session's start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// Nanoseconds since the session's start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The same in whole ms; past 49 days it stays at the most that 32 bits hold.
    pub fn millis_since(self, earlier: Self) -> u32 {
        u32::try_from(self.since(earlier).as_millis()).unwrap_or(u32::MAX)
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    /// Stops at the session's start.
    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// A reading of the wall clock, in nanoseconds since 1970; kernel stamps are of this kind.
///
/// It may jump. Two of them make a round-trip time only after a check against [`Time`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(pub i64);

/// How far the wall clock may stray from its anchor: times shown to the second stay right.
const STEP: Duration = Duration::from_millis(100);

/// Which wall-clock moment a [`Time`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// A moment of the session.
    pub time: Time,
    /// What the wall clock showed then.
    pub wall: SystemTime,
}

impl Anchor {
    /// The wall-clock reading for `time`.
    pub fn wall(&self, time: Time) -> SystemTime {
        if time >= self.time { self.wall + time.since(self.time) } else { self.wall - self.time.since(time) }
    }

    /// Whether the wall clock was set between this reading and a later one, or has drifted away: whether what
    /// this says of the later moment is wrong by more than a tenth of a second.
    pub fn is_outdated_by(&self, later: &Self) -> bool {
        let expected = self.wall(later.time);
        let off = later.wall.duration_since(expected).unwrap_or_else(|early| early.duration());
        off > STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Time::ZERO - Duration::from_secs(1), Time::ZERO);
        assert_eq!(Time::FAR + Duration::from_secs(1), Time::FAR);
        assert_eq!(Time::ZERO.since(Time::from_millis(5)), Duration::ZERO);
    }

    #[test]
    fn an_anchor_maps_both_ways_from_its_moment() {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let anchor = Anchor { time: Time::from_millis(10_000), wall };
        assert_eq!(anchor.wall(Time::from_millis(12_000)), wall + Duration::from_secs(2));
        assert_eq!(anchor.wall(Time::from_millis(8_000)), wall - Duration::from_secs(2));
    }

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_runs() {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let known = Anchor { time: Time::from_millis(500), wall };
        let at = |ms: u64, off_ms: i64| {
            let time = Time::from_millis(500 + ms);
            let shown = wall + Duration::from_millis(ms.saturating_add_signed(off_ms));
            known.is_outdated_by(&Anchor { time, wall: shown })
        };
        for ms in [0, 5_000, 7_200_000] {
            assert!(!at(ms, 0) && !at(ms, 100), "{ms}");
            assert!(at(ms, 101) && at(ms, 3_600_000), "{ms}");
        }
        assert!(at(7_200_000, -3_600_000) && at(5_000, -101) && !at(5_000, -100));
    }
}
