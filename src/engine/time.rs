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
}
