//! The path as the answers tell it: who stands at each hop, and where it ends.

use std::net::IpAddr;

use crate::wire::extension::Label;
use crate::wire::icmp::Icmp;

/// Where the path ends, as far as answers have shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// No answer has shown an end yet; the target is silent so far.
    #[default]
    Silent,
    /// The target answers at `ttl`, on some branches of a balanced path only at `upto`.
    Target {
        /// The lowest TTL that reaches it.
        ttl: u8,
        /// The highest TTL at which a router still answered in its stead, or `ttl`.
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
}

/// The path as a front end sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PathView {
    /// Where it ends.
    pub end: End,
    /// The TTL at which the target answered last, if it ever did; stays through an outage.
    pub target_ttl: Option<u8>,
    /// The highest TTL that has a row of its own; 0 while nothing is known.
    pub last_hop: u8,
    /// What is known of each hop's current responders, by TTL from 1.
    pub hops: Vec<HopView>,
    /// What is known of the target as a responder.
    pub target: HopView,
}

/// What is known of the responders at one hop.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HopView {
    /// Who answered last; `None` while nobody did.
    pub current: Option<IpAddr>,
    /// The MPLS labels of the last answer, outermost first.
    pub labels: Vec<Label>,
    /// The last refusal, until an ordinary answer comes.
    pub refusal: Option<Icmp>,
    /// The answer came from the target's own address before its end: marked.
    pub by_target: bool,
    /// A NAT rewrote the quoted destination in the last answer.
    pub rewritten: bool,
    /// The last answer's own TTL on arrival.
    pub reply_ttl: Option<u8>,
}
