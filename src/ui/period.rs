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

    /// The next one to choose: 1 min, 10 min, 1 h, all.
    pub fn next(self) -> Self {
        let longer = |than: Duration| Self::LENGTHS.into_iter().find(|&length| length > than);
        let next = match self {
            Self::All | Self::From(_) => longer(Duration::ZERO),
            Self::Last(length) => longer(length),
        };
        next.map_or(Self::All, Self::Last)
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
            Self::From(_) => "restarted",
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
    fn periods_go_round_and_a_restart_leads_into_them() {
        let names = |first: Period| {
            std::iter::successors(Some(first), |period| Some(period.next())).map(Period::name)
        };
        let from_all: Vec<_> = names(Period::All).take(5).collect();
        assert_eq!(from_all, ["all", "last 1 min", "last 10 min", "last 1 h", "all"]);
        let from_restart: Vec<_> = names(Period::From(Time::ZERO)).take(2).collect();
        assert_eq!(from_restart, ["restarted", "last 1 min"]);
    }

    #[test]
    fn a_period_longer_than_the_session_is_all_of_it() {
        let minute = Period::All.next();
        assert_eq!(minute.span(Time::from_millis(59_000)), Span::All);
        assert_eq!(minute.span(Time::from_millis(61_000)), Span::Since(Time::from_millis(1_000)));
    }
}
