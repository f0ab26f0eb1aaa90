//! The engine's one output.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::crosscheck::Echoed;
use super::end::Ending;
use super::epoch::Epoch;
use super::faults::Fault;
use super::journal::Entry;
use super::path::Seen;
use super::probe::Command;
use super::round::{Late, Round, Row};
use super::strays::Strays;
use super::time::{Anchor, Time};

/// The engine's one output: settled facts, in order. A session on disk is these, one a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A round, each of its tries decided.
    Round(Round),
    /// A try once called lost was answered after all.
    Late(Late),
    /// A second answer came in for a try of this row.
    Duplicate(Row),
    /// A local fault began or ended.
    Fault(Fault),
    /// The pace or the reach changed, by a command.
    Command(Time, Command),
    /// The path became another one.
    Epoch(Epoch),
    /// Something happened, or more is known of what did.
    Journal(Entry),
    /// Nothing was probed for a while, though it was to be.
    Gap(Gap),
    /// The wall clock was set: what it says to the session's times from here on.
    ClockStep(Anchor),
    /// An address has this name, scrubbed.
    Name(IpAddr, String),
    /// A hop is asked less often than the interval says, or as often again.
    Slowed(Slowed),
    /// An answer showed something else than its responder's did before.
    Hop(Seen),
    /// What is part of no row, counted up to this moment.
    Strays(Time, Strays),
    /// What became of echo requests to a target that does not answer.
    CrossCheck(Echoed),
    /// Probes leave from this address from here on.
    Source(Time, IpAddr),
    /// A round that was not settled when the watch ended.
    Open(Round),
    /// The watch ended.
    End(Ending),
}

/// A stretch of time in which nothing was probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Gap {
    /// The last moment known to have been lived through.
    pub from: Time,
    /// The first moment after it.
    pub to: Time,
    /// Why.
    pub why: Why,
    /// The machine slept meanwhile; if not, the program stood still: it was stopped, or got no processor. `None` where
    /// nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slept: Option<bool>,
}

impl Gap {
    /// How long.
    pub fn length(&self) -> Duration {
        self.to.since(self.from)
    }
}

/// Why nothing was probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The machine slept, or the program stood still.
    Suspend,
    /// The watch was ended and resumed later.
    Resumed,
}

/// How often a hop is asked, compared to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Slowed {
    /// From when on.
    pub at: Time,
    /// Which hop.
    pub row: Row,
    /// It is asked in one of so many intervals; 1 as often as all.
    pub every: u8,
}
