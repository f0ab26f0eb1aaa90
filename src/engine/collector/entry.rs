//! One probe, or a try left out on purpose, and what became of it so far.

use std::net::IpAddr;
use std::time::Duration;

use crate::engine::history::responder_index;
use crate::engine::path::{Meaning, Path};
use crate::engine::probe::{Grade, SentAt};
use crate::engine::round::{Row, Try};
use crate::engine::time::{Time, Wall};

/// What became of a probe, so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not decided yet.
    InFlight,
    /// Answered; `late` if not before the timeout.
    Answered { us: u32, grade: Grade, by: IpAddr, meaning: Meaning, late: bool },
    /// Someone refused to pass it on.
    Refused { by: IpAddr, meaning: Meaning },
    /// No answer within the timeout.
    Lost,
    /// This machine could not send it.
    NotSent,
    /// Not asked, on purpose.
    Skipped,
}

/// A probe, or a try left out.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The TTL it was sent with.
    pub ttl: u8,
    /// The number of its round.
    pub round: u32,
    /// When it was handed out.
    pub created: Time,
    /// When it was handed to the kernel, if that took it.
    pub sent: Option<SentAt>,
    /// When it left, by the kernel.
    pub stamp: Option<Wall>,
    /// What became of it.
    pub state: State,
    /// The row and the place in it, once the round is settled.
    pub booked: Option<(Row, u8)>,
}

impl Entry {
    /// A probe handed out at `now`, or a try left out.
    pub const fn new(now: Time, ttl: u8, round: u32, state: State) -> Self {
        Self { ttl, round, created: now, sent: None, stamp: None, state, booked: None }
    }

    /// When it is given up.
    pub fn deadline(&self, timeout: Duration) -> Time {
        self.sent.map_or(self.created, |sent| sent.time) + timeout
    }

    /// The row it belongs to; `None` past the path's end.
    pub fn row(&self, path: &Path) -> Option<Row> {
        let meaning = match self.state {
            State::Answered { meaning, .. } | State::Refused { meaning, .. } => Some(meaning),
            _ => None,
        };
        path.row(self.ttl, meaning)
    }

    /// The try as a round tells it; who answered is looked up in `responders`, or added there.
    pub fn outcome(&self, responders: &mut Vec<IpAddr>) -> Try {
        match self.state {
            State::InFlight => Try::InFlight,
            State::Lost => Try::Lost,
            State::NotSent => Try::NotSent,
            State::Skipped => Try::Skipped,
            State::Refused { by, .. } => Try::Refused { by: responder_index(responders, by) },
            State::Answered { us, grade, by, late: false, .. } => {
                Try::Answered { us, by: responder_index(responders, by), grade }
            }
            State::Answered { us, grade, by, late: true, .. } => {
                Try::Late { us, by: responder_index(responders, by), grade }
            }
        }
    }
}
