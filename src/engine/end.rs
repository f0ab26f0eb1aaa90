//! Where a path ends.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::time::Time;
use crate::wire::icmp::Icmp;

/// Where the path ends, as far as answers have shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// No answer has shown an end yet; the target is silent so far.
    #[default]
    Silent,
    /// The target answers at `ttl`, on some branches of a balanced path only at `upto`.
    Target {
        /// The lowest TTL that reaches it.
        ttl: u8,
        /// The lowest TTL that always reaches it.
        upto: u8,
    },
    /// Another address answers in the target's place.
    Other {
        /// The TTL.
        ttl: u8,
        /// Who answers.
        address: IpAddr,
        /// What it says.
        icmp: Icmp,
    },
    /// Someone refuses to pass probes on.
    Refused {
        /// The lowest TTL that is refused.
        ttl: u8,
        /// Who refuses.
        address: IpAddr,
        /// What it says.
        icmp: Icmp,
    },
    /// Packets go round in a circle.
    Loop {
        /// The TTL at which it was recognised; none above it is asked.
        ttl: u8,
    },
    /// The path goes on past the highest TTL that may be probed.
    MaxTtl,
}

/// How a watch ended.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Ending {
    /// When.
    pub at: Time,
    /// Where the path ended then.
    pub end: End,
    /// The TTL at which the target answered last, if it ever did.
    pub target_ttl: Option<u8>,
    /// The highest TTL that had a row of its own.
    pub last_hop: u8,
}
