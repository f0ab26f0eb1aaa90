//! The stretch of time that figures are of: it moves with the clock, or begins at a moment.

use std::time::Duration;

use crate::engine::span::Span;
use crate::engine::time::Time;

/// The stretch of time that figures are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// All since the start.
    #[default]
    All,
    /// The last so and so long.
    Last(Duration),
    /// All from a moment on.
    From(Time),
}

impl Period {
    /// The lengths to choose from, the shortest first.
    const LENGTHS: [Duration; 3] = [Duration::from_mins(1), Duration::from_mins(10), Duration::from_hours(1)];

    /// The next one to choose: 1 min, 10 min, 1 h, all, and what began at the latest restart, if there was one.
    pub fn next(self, restarted: Option<Time>) -> Self {
        let longer = |than: Duration| Self::LENGTHS.into_iter().find(|&length| length > than).map(Self::Last);
        let next = match self {
            Self::All => restarted.map(Self::From).or_else(|| longer(Duration::ZERO)),
            Self::From(_) => longer(Duration::ZERO),
            Self::Last(length) => longer(length),
        };
        next.unwrap_or(Self::All)
    }

    /// The span that it is at `now`.
    pub fn span(self, now: Time) -> Span {
        match self {
            Self::All => Span::All,
            // Before it has passed once there is nothing to leave out.
            Self::Last(length) if now - length == Time::ZERO => Span::All,
            Self::Last(length) => Span::Since(now - length),
            Self::From(from) => Span::Since(from),
        }
    }

    /// What it is called: `last 10 min`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::From(_) => "since the restart",
            Self::Last(length) => match length.as_secs() {
                60 => "last 1 min",
                600 => "last 10 min",
                _ => "last 1 h",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_go_round_and_come_back_to_a_restart() {
        let names = |restarted| {
            let next = move |period: &Period| Some(period.next(restarted));
            std::iter::successors(Some(Period::All), next).map(Period::name).take(6).collect::<Vec<_>>()
        };
        assert_eq!(names(None), ["all", "last 1 min", "last 10 min", "last 1 h", "all", "last 1 min"]);
        let restart = "since the restart";
        let restarted = names(Some(Time::ZERO));
        assert_eq!(restarted, ["all", restart, "last 1 min", "last 10 min", "last 1 h", "all"]);
    }

    #[test]
    fn a_period_longer_than_the_session_is_all_of_it() {
        let minute = Period::All.next(None);
        assert_eq!(minute.span(Time::from_millis(59_000)), Span::All);
        assert_eq!(minute.span(Time::from_millis(61_000)), Span::Since(Time::from_millis(1_000)));
    }
}
