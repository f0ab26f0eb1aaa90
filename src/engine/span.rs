//! A stretch of time that a table, a chart or a verdict is made for.

use super::time::Time;

/// A stretch of time, from a moment on and before another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// Everything since the session's start.
    #[default]
    All,
    /// Tries due at or after this.
    Since(Time),
    /// Tries due at or after the first and before the second.
    Between(Time, Time),
}

impl Span {
    /// The first moment of it.
    pub const fn from(self) -> Time {
        match self {
            Self::All => Time::ZERO,
            Self::Since(from) | Self::Between(from, _) => from,
        }
    }

    /// Whether there is no moment in it.
    pub fn is_empty(self) -> bool {
        self.to() <= self.from()
    }

    /// Whether it has a part of what lies from a moment on and before another.
    pub fn touches(self, from: Time, to: Time) -> bool {
        from < self.to() && self.from() < to && !self.is_empty()
    }

    /// The first moment after it; [`Time::FAR`] if it has no end.
    pub const fn to(self) -> Time {
        match self {
            Self::All | Self::Since(_) => Time::FAR,
            Self::Between(_, to) => to,
        }
    }
}
