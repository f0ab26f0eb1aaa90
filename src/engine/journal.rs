//! The journal: what happened when, one entry an event, opened and closed with hysteresis.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::probe::LocalFault;
use super::round::Row;
use super::time::Time;
use crate::wire::icmp::Icmp;

/// Something that happened, from its start to its end.
///
/// Later news of the same event come as an entry with the same number, which takes the place of the one before.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Entry {
    /// Its number within the session, from 0, in order of opening.
    pub number: u32,
    /// When it began.
    pub start: Time,
    /// When it ended; `None` while it lasts.
    pub end: Option<Time>,
    /// The first row it shows at, counted from this machine; `None` where none is meant.
    pub row: Option<Row>,
    /// Late answers have shown that it did not happen: to be left out of every list.
    pub withdrawn: bool,
    /// What it is.
    pub what: What,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The target answered nothing: two tries in a row or more were lost or refused.
    Outage {
        /// The target's tries that were lost.
        lost: u32,
        /// Those that were refused.
        refused: u32,
        /// What the refusals said, and who.
        by: Option<(IpAddr, Icmp)>,
    },
    /// Some of the target's tries were lost, in a time that is short of an outage.
    LossBurst {
        /// The target's tries that were lost.
        lost: u32,
        /// The target's tries that were decided between start and end.
        of: u32,
    },
    /// The target's round-trip times moved to another level.
    Latency {
        /// The median before, in µs.
        before: u32,
        /// The median since, in µs.
        after: u32,
    },
    /// This machine could not send.
    Local {
        /// Why.
        fault: LocalFault,
        /// Probes that did not leave because of it.
        not_sent: u64,
    },
    /// The path became another; the entry has no length.
    RouteChange {
        /// The epoch before.
        from: u32,
        /// The epoch after.
        to: u32,
    },
    /// This machine slept, or the program was stopped.
    Suspend,
}

impl What {
    /// Its name in reports and files.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Outage { .. } => "outage",
            Self::LossBurst { .. } => "loss_burst",
            Self::Latency { .. } => "latency",
            Self::Local { .. } => "local",
            Self::RouteChange { .. } => "route_change",
            Self::Suspend => "suspend",
        }
    }
}
