//! A round: every hop asked a few times, and what each of those tries gave.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use super::end::End;
use super::probe::Grade;
use super::span::Span;
use super::time::Time;

/// Responders told apart at one hop in one table.
pub const MAX_RESPONDERS: usize = 16;
/// How long after sending an answer is still taken for a late one.
pub const LATE: Duration = Duration::from_mins(1);

/// A row of the hop table. The target keeps one row of its own, whatever TTL reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// The hop at this TTL.
    Hop(u8),
    /// The target, always last.
    Target,
}

impl Row {
    /// A small index for tables: hops by TTL, the target at 0.
    pub const fn index(self) -> usize {
        match self {
            Self::Hop(ttl) => ttl as usize,
            Self::Target => 0,
        }
    }
}

impl Serialize for Row {
    /// A hop is its TTL, the target a word.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hop(ttl) => serializer.serialize_u8(*ttl),
            Self::Target => serializer.serialize_str("target"),
        }
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Hop(u8),
            Word(Word),
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Word {
            Target,
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Hop(ttl) => Self::Hop(ttl),
            Written::Word(Word::Target) => Self::Target,
        })
    }
}

/// What became of one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// Not decided yet.
    InFlight,
    /// Answered in time.
    Answered {
        /// Round-trip time in µs.
        us: u32,
        /// Which of the row's responders answered.
        by: u8,
        /// How the time came about.
        grade: Grade,
    },
    /// Answered after it had been called lost.
    Late {
        /// Round-trip time in µs.
        us: u32,
        /// Which of the row's responders answered.
        by: u8,
        /// How the time came about.
        grade: Grade,
    },
    /// No answer within the timeout.
    Lost,
    /// Someone refused to pass it on.
    Refused {
        /// Which of the row's responders refused.
        by: u8,
    },
    /// This machine could not send it.
    NotSent,
    /// Not asked, on purpose.
    Skipped,
}

impl Try {
    /// The round-trip time in µs, if it was answered.
    pub const fn us(self) -> Option<u32> {
        match self {
            Self::Answered { us, .. } | Self::Late { us, .. } => Some(us),
            _ => None,
        }
    }
}

/// Tries, as many as are usual without asking for room elsewhere: there are hundreds of thousands of rounds.
pub type Tries = SmallVec<[Try; 3]>;
/// The addresses that gave them.
pub type Responders = SmallVec<[IpAddr; 1]>;

/// One row's part of a round.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundRow {
    /// Whose tries these are.
    pub row: Row,
    /// The TTL they were sent with; for the target the lowest of them.
    pub ttl: u8,
    /// Who answered or refused, in order of first answer; at most 255.
    pub responders: Responders,
    /// The tries, in the order sent.
    pub tries: Tries,
}

/// A round of tries.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// Its number, from 0: the first sight is part of round 0.
    pub number: u32,
    /// When it began.
    pub start: Time,
    /// The time between two tries to the same hop, when it began.
    pub interval: Duration,
    /// Where the path ended when the round was settled.
    pub end: End,
    /// The rows that were asked: hops by TTL, the target last.
    pub rows: Vec<RoundRow>,
}

impl Round {
    /// How many of each row's first tries were due before `from`; all and more for the end of time.
    pub fn tries_before(&self, from: Time) -> usize {
        if from == Time::FAR {
            return usize::MAX;
        }
        let before = from.since(self.start).as_nanos();
        usize::try_from(before.div_ceil(self.interval.as_nanos().max(1))).unwrap_or(usize::MAX)
    }

    /// When a row's try `index` was due.
    pub fn due(&self, index: usize) -> Time {
        self.start + self.interval.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// When the next one may begin: an interval after the last try was due.
    pub fn until(&self) -> Time {
        self.due(self.rows.iter().map(|part| part.tries.len()).max().unwrap_or_default())
    }

    /// The tries of one of its rows that were due within `span`, in the order sent, and when that was.
    pub fn tries_in(&self, part: &RoundRow, span: Span) -> impl DoubleEndedIterator<Item = (Time, Try)> {
        let [first, end] = [span.from(), span.to()].map(|edge| self.tries_before(edge));
        let tries = part.tries.iter().enumerate().take(end).skip(first);
        tries.map(|(index, &outcome)| (self.due(index), outcome))
    }

    /// The part of `row`, if it was asked.
    pub fn row(&self, row: Row) -> Option<&RoundRow> {
        self.rows.iter().find(|part| part.row == row)
    }
}

/// An answer that came after its try had been called lost; it mends a settled round.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Late {
    /// The number of the round to mend.
    pub round: u32,
    /// The row that the try was booked to.
    pub row: Row,
    /// Which of the row's tries, from 0.
    pub index: u8,
    /// The answer was a refusal: the try is refused then, and its time in no statistics.
    pub refused: bool,
    /// Round-trip time in µs.
    pub us: u32,
    /// How the time came about.
    pub grade: Grade,
    /// Who answered.
    pub from: IpAddr,
}
