//! ICMP extensions (RFC 4884) and the MPLS label stack in them (RFC 4950).

use serde::Serialize;

/// One entry of an MPLS label stack (RFC 3032), as a router quoted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Label {
    /// The label value, 20 bits.
    pub label: u32,
    /// The traffic class, 3 bits.
    pub tc: u8,
    /// Whether it is the bottom of the stack.
    pub bottom: bool,
    /// The label's own TTL.
    pub ttl: u8,
}
