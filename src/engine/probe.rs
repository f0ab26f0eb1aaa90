//! The vocabulary between the engine and what is around it: what to send, what came back, what became of it.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::{Time, Wall};
use crate::wire::extension::Label;
use crate::wire::icmp::Icmp;

/// A probe's number, as its payload carries it; one after the other within a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeNo(pub u32);

/// What a probe is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A UDP datagram to a port where nobody is expected to listen.
    #[default]
    Udp,
    /// An ICMP or `ICMPv6` echo request.
    Icmp,
    /// A TCP SYN.
    Tcp,
}

impl Protocol {
    /// Its name, as shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Icmp => "ICMP",
            Self::Tcp => "TCP",
        }
    }

    /// The one after it, in the order in which a user goes through them.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Udp => Self::Icmp,
            Self::Icmp => Self::Tcp,
            Self::Tcp => Self::Udp,
        }
    }

    /// The destination port, unless another is asked for; `None` for a protocol without ports.
    pub const fn default_port(self) -> Option<u16> {
        match self {
            Self::Udp => Some(33_434),
            Self::Icmp => None,
            Self::Tcp => Some(443),
        }
    }
}

/// One packet to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What tells its answers from all others.
    pub no: ProbeNo,
    /// The TTL or hop limit to send it with, 1 to 255.
    pub ttl: u8,
    /// The flow to send it in.
    pub flow: Flow,
}

/// The ports that a probe is sent with, which load balancers hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// The flow of all ordinary probes.
    #[default]
    Stable,
    /// One that differs from every other in its ports, so that they alone tell which probe an answer means.
    Own(u16),
}

impl Flow {
    /// How many flows of their own there are.
    pub const OWN: u16 = 32_000;
}

/// Which flows probes are sent in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flows {
    /// All in one, so that load balancers send them all the same way.
    #[default]
    Stable,
    /// Each in one of its own, as the first traceroutes did: load balancers show all their ways.
    PerTry,
}

impl Flows {
    /// Every choice, in the order of the help.
    pub const ALL: [Self; 2] = [Self::Stable, Self::PerTry];

    /// Its name, as given to `--flow`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::PerTry => "per-try",
        }
    }
}

/// The moment a probe was handed to the kernel, read just before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentAt {
    /// On the session's clock.
    pub time: Time,
    /// On the wall clock, to pair with a kernel receive stamp.
    pub wall: Wall,
}

/// What became of handing a probe to the kernel.
pub type SendOutcome = Result<SentAt, LocalFault>;

/// Why this machine itself did not send, or would not pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalFault {
    /// No route to the destination (`ENETUNREACH`, or a blackhole).
    NoRoute,
    /// The interface is down (`ENETDOWN`).
    LinkDown,
    /// The source address is gone (`EADDRNOTAVAIL`).
    AddressGone,
    /// A local firewall forbids it (`EPERM`, or a reject from our own address).
    Firewall,
    /// No buffer space (`ENOBUFS`, `EAGAIN`).
    NoBuffer,
    /// The next hop does not answer on the link (host unreachable from our own address).
    Neighbour,
    /// The packet is larger than the link takes; its MTU in bytes, 0 if unknown.
    TooBig(u32),
    /// No send stamp ever came, though stamps work here: it did not reach the wire, or the queue that stamps
    /// come by overflowed.
    Unstamped,
    /// Any other error; its errno.
    Errno(i32),
}

impl std::fmt::Display for LocalFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoRoute => f.write_str("no route"),
            Self::LinkDown => f.write_str("link down"),
            Self::AddressGone => f.write_str("source address gone"),
            Self::Firewall => f.write_str("local firewall refuses"),
            Self::NoBuffer => f.write_str("no buffer space"),
            Self::Neighbour => f.write_str("next hop does not answer on the link"),
            Self::TooBig(0) => f.write_str("packet too big for the link"),
            Self::TooBig(mtu) => write!(f, "packet too big for the link (MTU {mtu})"),
            Self::Unstamped => {
                f.write_str("no send stamps: packets did not reach the wire, or the queue overflowed")
            }
            Self::Errno(code) => write!(f, "{}", std::io::Error::from_raw_os_error(*code)),
        }
    }
}

/// What a channel has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The kernel's send stamp of a probe.
    SendStamp {
        /// The probe.
        no: ProbeNo,
        /// When it left, by the kernel.
        kernel: Wall,
    },
    /// An answer to a probe of ours.
    Reply(Reply),
    /// An answer in a flow of ours that quotes too little to name its probe, or that the target's own
    /// application gave without a byte of ours.
    Bare {
        /// The flow of the probe that it answers.
        flow: Flow,
        /// The answer; names no probe.
        reply: Reply,
    },
    /// This machine refused a probe after the send call had returned.
    Local {
        /// The probe, where the message names one.
        no: Option<ProbeNo>,
        /// Why.
        fault: LocalFault,
    },
    /// Something that answers no probe of ours, counted by reason and dropped.
    Stray(Stray),
}

/// An answer, already matched to a probe by what it quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The probe it answers; `None` where nothing in it says so.
    pub no: Option<ProbeNo>,
    /// Who answered.
    pub from: IpAddr,
    /// What the answer says.
    pub answer: Answer,
    /// When user space read it, on the session's clock.
    pub received: Time,
    /// When the kernel received it, if it said so.
    pub kernel: Option<Wall>,
    /// When user space read it, on the wall clock.
    pub wall: Wall,
    /// The round trip as the kernel's own protocol measured it, where it did: a TCP handshake.
    pub measured: Option<Duration>,
    /// The reply's own TTL on arrival, which hints at the length of the way back.
    pub reply_ttl: Option<u8>,
    /// The MPLS labels that the probe carried when it was dropped (RFC 4950), outermost first.
    pub labels: Vec<Label>,
    /// The quoted destination was not ours, so a NAT rewrote it on the way.
    pub rewritten: bool,
    /// The MTU that the message names, where it says that the packet is too big.
    pub mtu: Option<u32>,
    /// What was quoted of the probe's IP header, by a channel that is told.
    pub quoted: Option<Quoted>,
}

impl Reply {
    /// An answer of which no more is known than who gave it, what it says, and when user space read it.
    pub const fn new(no: Option<ProbeNo>, from: IpAddr, answer: Answer, received: Time, wall: Wall) -> Self {
        Self {
            no,
            from,
            answer,
            received,
            kernel: None,
            wall,
            measured: None,
            reply_ttl: None,
            labels: Vec::new(),
            rewritten: false,
            mtu: None,
            quoted: None,
        }
    }
}

/// What a router quoted of a probe's IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Quoted {
    /// The TTL or hop limit left: 1, or 0 from some routers, where no other device meddled with it.
    pub ttl: u8,
    /// The type of service or traffic class; another than was sent if it was rewritten on the way.
    pub tos: u8,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// An ICMP message.
    Icmp(Icmp),
    /// The target itself answered in the probe's own protocol.
    Direct,
}

/// Why a message was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stray {
    /// It quotes no packet of ours.
    Foreign,
    /// It cannot be read.
    Malformed,
    /// It quotes too little to tell which probe it answers.
    Truncated,
    /// It quotes our flow, but not our cookie.
    Forged,
    /// It names a probe that was never sent or is long forgotten.
    Unknown,
    /// More than one probe may be meant.
    Ambiguous,
}

impl Stray {
    /// Every reason, in the order of reports.
    pub const ALL: [Self; 6] =
        [Self::Foreign, Self::Malformed, Self::Truncated, Self::Forged, Self::Unknown, Self::Ambiguous];
}

/// How a round-trip time came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Kernel send stamp to kernel receive stamp.
    Kernel,
    /// User-space send time to kernel receive stamp.
    Mixed,
    /// User-space times on both ends.
    User,
}

/// What the user asks of a running trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Probe no TTL above this.
    MaxTtl(u8),
    /// The time between two tries to the same hop.
    Interval(Duration),
}
