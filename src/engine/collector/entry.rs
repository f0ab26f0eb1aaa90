//! One probe, or a try left out on purpose, and what became of it so far.

use std::net::IpAddr;
use std::time::Duration;

use crate::engine::history::responder_index;
use crate::engine::path::{Meaning, Path};
use crate::engine::probe::{Flow, Grade, SentAt};
use crate::engine::round::{Responders, Row, Try};
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
    /// It was on its way when this machine went to sleep or lost its link: silence says nothing.
    Unjudged,
    /// Not asked, on purpose.
    Skipped,
}

/// A probe, or a try left out.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The TTL it was sent with.
    pub ttl: u8,
    /// The flow it was sent in.
    pub flow: Flow,
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
    /// When its answer arrived.
    pub answered: Option<Time>,
    /// The row and the place in it, once the round is settled.
    pub booked: Option<(Row, u8)>,
}

impl Entry {
    /// A probe handed out at `now`, or a try left out.
    pub const fn new(now: Time, ttl: u8, flow: Flow, round: u32, state: State) -> Self {
        Self { ttl, flow, round, created: now, sent: None, stamp: None, state, answered: None, booked: None }
    }

    /// When it was handed to the kernel, or handed out where that did not take it.
    pub fn handed_over(&self) -> Time {
        self.sent.map_or(self.created, |sent| sent.time)
    }

    /// When it is given up.
    pub fn deadline(&self, timeout: Duration) -> Time {
        self.handed_over() + timeout
    }

    /// It left, as far as known, and no answer came.
    pub fn is_unanswered(&self) -> bool {
        self.sent.is_some() && matches!(self.state, State::InFlight | State::Lost)
    }

    /// The row it belongs to; `None` past the path's end, and where an answer would not have named it.
    pub fn row(&self, path: &Path) -> Option<Row> {
        if self.flow == Flow::Stable && self.is_unanswered() && path.is_other_flow(self.ttl) {
            return None;
        }
        let meaning = match self.state {
            State::Answered { meaning, .. } | State::Refused { meaning, .. } => Some(meaning),
            _ => None,
        };
        path.row(self.ttl, meaning)
    }

    /// The try as a round tells it; who answered is looked up in `responders`, or added there.
    pub fn outcome(&self, responders: &mut Responders) -> Try {
        match self.state {
            State::InFlight => Try::InFlight,
            State::Lost => Try::Lost,
            State::NotSent | State::Unjudged => Try::NotSent,
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
