//! How wide slices are: the older the wider.

use std::time::Duration;

use crate::engine::time::Time;

/// Slices of one width, in chunks that begin at multiples of their length.
pub struct Level {
    pub width: Duration,
    pub chunk: Duration,
    /// How far back they go; older chunks move on to the next level as soon as they fill one of its chunks.
    keep: Duration,
}

/// How many widths there are.
pub const COUNT: usize = 4;

/// The widths, and how far back each goes: 5 h, 2 days, a month, a year.
///
/// The first chunks are short, since a slice that is not sealed yet takes twenty times the room of one that is.
pub const LEVELS: [Level; COUNT] = [
    Level { width: Duration::from_secs(10), chunk: Duration::from_mins(2), keep: Duration::from_hours(5) },
    Level { width: Duration::from_mins(1), chunk: Duration::from_hours(1), keep: Duration::from_hours(54) },
    Level {
        width: Duration::from_mins(10),
        chunk: Duration::from_hours(6),
        keep: Duration::from_hours(31 * 24),
    },
    Level {
        width: Duration::from_hours(1),
        chunk: Duration::from_hours(24),
        keep: Duration::from_hours(366 * 24),
    },
];

/// When the time of each level begins, the finest first, where nothing before `settled` changes any more; what lies
/// before that of the last is forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beginnings([Time; COUNT]);

impl Beginnings {
    /// At whole chunks of the next level.
    pub fn new(settled: Time) -> Self {
        let mut end = settled;
        Self(std::array::from_fn(|index| {
            let chunk = LEVELS.get(index + 1).map_or(LEVELS[index].chunk, |next| next.chunk);
            end = ceil(end - LEVELS[index].keep, chunk);
            end
        }))
    }

    /// When the time of a level begins.
    pub const fn of(&self, level: usize) -> Time {
        self.0[level]
    }

    /// The level whose time a moment lies in.
    pub fn level(&self, at: Time) -> usize {
        self.0.iter().position(|begin| *begin <= at).unwrap_or(COUNT - 1)
    }
}

/// The latest multiple of `width` that is not after `at`.
pub fn floor(at: Time, width: Duration) -> Time {
    let (at, width) = (at.as_nanos(), width.as_nanos() as u64);
    Time::from_nanos(at - at % width.max(1))
}

/// The first multiple of `width` that is not before `at`.
fn ceil(at: Time, width: Duration) -> Time {
    let below = floor(at, width);
    if below == at { at } else { below + width }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn hours(hours: u64) -> Time {
        Time::from_millis(hours * 3_600_000)
    }

    #[test]
    fn each_level_begins_where_the_next_ends() {
        let begin = |hour| Beginnings::new(hours(hour) + Duration::from_mins(2)).0;
        assert_eq!(begin(4), [Time::ZERO; COUNT]);
        assert_eq!(begin(5), [hours(1), Time::ZERO, Time::ZERO, Time::ZERO]);
        assert_eq!(begin(100), [hours(96), hours(42), Time::ZERO, Time::ZERO]);
        assert_eq!(begin(10_000), [hours(9_996), hours(9_942), hours(9_216), hours(432)]);
        let beginnings = Beginnings::new(hours(100));
        let levels = [(99, 0), (95, 0), (94, 1), (42, 1), (41, 2), (0, 2)];
        assert!(levels.iter().all(|&(hour, level)| beginnings.level(hours(hour)) == level));
        assert_eq!(Beginnings::default().level(Time::ZERO), 0, "nothing is known of what is to come");
        assert_eq!(Beginnings::new(hours(20_000)).level(Time::ZERO), COUNT - 1, "to be forgotten");
    }
}
