//! ICMP messages of both families (RFC 792, RFC 4443) reduced to what a path prober needs to know.

use serde::{Deserialize, Serialize};

/// The IP family that a message or a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPv4 with `ICMPv4`.
    V4,
    /// IPv6 with `ICMPv6`.
    V6,
}

impl Family {
    /// The family of an address.
    pub const fn of(address: std::net::IpAddr) -> Self {
        match address {
            std::net::IpAddr::V4(_) => Self::V4,
            std::net::IpAddr::V6(_) => Self::V6,
        }
    }
}

/// Type and code of an ICMP message, as they stood on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Icmp {
    /// Which of the two numberings `ty` and `code` belong to.
    pub family: Family,
    /// The type field.
    pub ty: u8,
    /// The code field.
    pub code: u8,
}

/// What an ICMP message says about the packet that it answers, the same for both families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// TTL or hop limit ran out in transit (v4 11/0, v6 3/0).
    TimeExceeded,
    /// The packet, or the way to its destination, was refused.
    Unreachable(Unreachable),
    /// An answer to an echo request.
    EchoReply,
    /// Anything else.
    Other,
}

/// Why a destination is unreachable, the same for both families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unreachable {
    /// No route to the network (v4 3/0, 3/6, 3/11; v6 1/0).
    Network,
    /// The host does not answer on its link (v4 3/1, 3/7, 3/12; v6 1/3).
    Host,
    /// The transport protocol is not spoken there (v4 3/2; v6 4/1).
    Protocol,
    /// Nobody listens at the port (v4 3/3; v6 1/4).
    Port,
    /// Too big for the next link (v4 3/4; v6 2/0).
    TooBig,
    /// The source route failed (v4 3/5).
    SourceRoute,
    /// A filter forbids it (v4 3/9, 3/10, 3/13; v6 1/1, 1/5, 1/6).
    Prohibited,
    /// Any other code; its number.
    Code(u8),
}

impl Icmp {
    /// An `ICMPv4` type and code.
    pub const fn v4(ty: u8, code: u8) -> Self {
        Self { family: Family::V4, ty, code }
    }

    /// An `ICMPv6` type and code.
    pub const fn v6(ty: u8, code: u8) -> Self {
        Self { family: Family::V6, ty, code }
    }

    /// What the message says.
    pub const fn kind(self) -> Kind {
        use Unreachable as U;
        match (self.family, self.ty, self.code) {
            (Family::V4, 11, 0) | (Family::V6, 3, 0) => Kind::TimeExceeded,
            (Family::V4, 0, _) | (Family::V6, 129, _) => Kind::EchoReply,
            (Family::V4, 3, code) => Kind::Unreachable(match code {
                0 | 6 | 11 => U::Network,
                1 | 7 | 12 => U::Host,
                2 => U::Protocol,
                3 => U::Port,
                4 => U::TooBig,
                5 => U::SourceRoute,
                9 | 10 | 13 => U::Prohibited,
                other => U::Code(other),
            }),
            (Family::V6, 1, code) => Kind::Unreachable(match code {
                0 => U::Network,
                1 | 5 | 6 => U::Prohibited,
                3 => U::Host,
                4 => U::Port,
                other => U::Code(other),
            }),
            (Family::V6, 2, _) => Kind::Unreachable(U::TooBig),
            (Family::V6, 4, 1) => Kind::Unreachable(U::Protocol),
            _ => Kind::Other,
        }
    }
}

impl std::fmt::Display for Unreachable {
    /// traceroute's mark: `!N`, `!H`, `!P`, `!F`, `!S`, `!X`, or `!<code>`; `!p` for a port.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Network => f.write_str("!N"),
            Self::Host => f.write_str("!H"),
            Self::Protocol => f.write_str("!P"),
            Self::Port => f.write_str("!p"),
            Self::TooBig => f.write_str("!F"),
            Self::SourceRoute => f.write_str("!S"),
            Self::Prohibited => f.write_str("!X"),
            Self::Code(code) => write!(f, "!{code}"),
        }
    }
}
