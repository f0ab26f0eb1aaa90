//! The one place that reads clocks.

use std::time::{Duration, SystemTime};

use nix::time::{ClockId, clock_gettime};

use crate::engine::time::{Anchor, Time, Wall};

/// The session's clock: `CLOCK_BOOTTIME` from the moment it was made, and `CLOCK_REALTIME` for stamps.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: i64,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self { start: nanos(ClockId::CLOCK_BOOTTIME) }
    }

    /// A clock that shows `at` now: it goes on for one that ran before.
    pub fn resumed(at: Time) -> Self {
        let passed = i64::try_from(at.as_nanos()).unwrap_or(i64::MAX);
        Self { start: nanos(ClockId::CLOCK_BOOTTIME).saturating_sub(passed) }
    }

    /// The session's time.
    pub fn now(&self) -> Time {
        let since = nanos(ClockId::CLOCK_BOOTTIME).saturating_sub(self.start);
        Time::from_nanos(u64::try_from(since).unwrap_or_default())
    }

    /// How long the machine has slept since it was started: what `CLOCK_MONOTONIC` has missed.
    pub fn slept() -> Duration {
        let missed = nanos(ClockId::CLOCK_BOOTTIME).saturating_sub(nanos(ClockId::CLOCK_MONOTONIC));
        Duration::from_nanos(u64::try_from(missed).unwrap_or_default())
    }

    /// The wall clock, to pair with kernel stamps.
    pub fn wall() -> Wall {
        Wall(nanos(ClockId::CLOCK_REALTIME))
    }

    /// What the wall clock says to the session's time now.
    pub fn anchor(&self) -> Anchor {
        Anchor { time: self.now(), wall: SystemTime::now() }
    }
}

/// A clock's reading in nanoseconds; 0 on a kernel that lacks the clock.
fn nanos(clock: ClockId) -> i64 {
    clock_gettime(clock).map_or(0, |read| read.tv_sec() * 1_000_000_000 + read.tv_nsec())
}
