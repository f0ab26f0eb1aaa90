//! The packet that an ICMP error quotes: IPv4 (RFC 791) or IPv6 (RFC 8200), then UDP (RFC 768), TCP's ports
//! (RFC 9293) or an ICMP echo.
//!
//! A quote may stop anywhere behind the IP header, so that what may be cut off is an `Option`.

mod emit;
mod layout;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use self::layout::{udp, v4, v6};
use super::bytes::be16;
use super::echo::Echo;
use super::icmp::Family;

/// UDP's protocol number.
pub const UDP: u8 = 17;
/// TCP's protocol number.
pub const TCP: u8 = 6;
/// ICMP's protocol number, in IPv4 packets.
pub const ICMP: u8 = 1;
/// `ICMPv6`'s protocol number.
pub const ICMPV6: u8 = 58;

/// A quoted packet, as it stood when the router dropped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote<'a> {
    /// Who sent it: we, or what a NAT made of us.
    pub source: IpAddr,
    /// Where it was going; of the same family as `source`.
    pub destination: IpAddr,
    /// The TTL or hop limit left, as quoted.
    pub ttl: u8,
    /// The type of service or traffic class.
    pub tos: u8,
    /// The whole packet's length in bytes by its header, whatever was quoted of it.
    pub total_len: u32,
    /// The identification; IPv6 has none.
    pub id: Option<u16>,
    /// The transport protocol; `None` if the quote ends within IPv6 extension headers.
    pub protocol: Option<u8>,
    /// The UDP or TCP source port.
    pub source_port: Option<u16>,
    /// The UDP or TCP destination port.
    pub destination_port: Option<u16>,
    /// The UDP length in bytes, header included.
    pub udp_len: Option<u16>,
    /// The UDP checksum.
    pub udp_checksum: Option<u16>,
    /// The header of an ICMP echo message.
    pub echo: Option<Echo>,
    /// What was quoted of the payload of UDP or of an echo message: empty where the quote ends before it,
    /// never longer than the UDP length allows.
    pub payload: &'a [u8],
}

/// What follows the header of an IPv4 packet; `None` if that is not all there.
pub fn behind_header(packet: &[u8]) -> Option<&[u8]> {
    let ihl = usize::from(packet.get(v4::VERSION_IHL)? & 0x0f) * 4;
    packet.get(ihl..).filter(|_| ihl >= v4::LEN)
}

impl<'a> Quote<'a> {
    /// Reads a quote of any length; `None` if it is no IP packet or ends within the fixed IP header.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        match bytes.first()? >> 4 {
            4 => Self::parse_v4(bytes),
            6 => Self::parse_v6(bytes),
            _ => None,
        }
    }

    fn parse_v4(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.first_chunk::<{ v4::LEN }>()?;
        let ihl = usize::from(header[v4::VERSION_IHL] & 0x0f) * 4;
        if ihl < v4::LEN {
            return None;
        }
        let first_fragment = be16(header, v4::FRAGMENT)? << 3 == 0; // behind the flags
        let ip = Self {
            source: Ipv4Addr::from(address(header, v4::SOURCE)?).into(),
            destination: Ipv4Addr::from(address(header, v4::DESTINATION)?).into(),
            ttl: header[v4::TTL],
            tos: header[v4::TOS],
            total_len: be16(header, v4::TOTAL_LEN)?.into(),
            id: be16(header, v4::ID),
            protocol: Some(header[v4::PROTOCOL]),
            ..Self::EMPTY
        };
        Some(ip.with_transport(bytes.get(ihl..).filter(|_| first_fragment)))
    }

    fn parse_v6(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.first_chunk::<{ v6::LEN }>()?;
        let (protocol, transport) = skip_extensions(header[v6::NEXT_HEADER], &bytes[v6::LEN..]);
        let ip = Self {
            source: Ipv6Addr::from(address(header, v6::SOURCE)?).into(),
            destination: Ipv6Addr::from(address(header, v6::DESTINATION)?).into(),
            ttl: header[v6::HOP_LIMIT],
            tos: (be16(header, v6::TRAFFIC_CLASS)? >> 4) as u8,
            total_len: u32::from(be16(header, v6::PAYLOAD_LEN)?) + v6::LEN as u32,
            protocol,
            ..Self::EMPTY
        };
        Some(ip.with_transport(transport))
    }

    /// A quote with nothing known yet.
    const EMPTY: Self = Self {
        source: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        destination: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        ttl: 0,
        tos: 0,
        total_len: 0,
        id: None,
        protocol: None,
        source_port: None,
        destination_port: None,
        udp_len: None,
        udp_checksum: None,
        echo: None,
        payload: &[],
    };

    /// Adds what `transport` tells, if it is of a protocol that probes are made of.
    fn with_transport(mut self, transport: Option<&'a [u8]>) -> Self {
        let Some(bytes) = transport else { return self };
        match self.protocol {
            Some(UDP) => {
                self.source_port = be16(bytes, udp::SOURCE_PORT);
                self.destination_port = be16(bytes, udp::DESTINATION_PORT);
                self.udp_len = be16(bytes, udp::LENGTH);
                self.udp_checksum = be16(bytes, udp::CHECKSUM);
                // Behind the payload there may be padding, or the Ethernet trailer of a router that did not
                // mind.
                let end = bytes.len().min(self.udp_len.unwrap_or(0).into());
                self.payload = bytes.get(udp::LEN..end).unwrap_or_default();
            }
            Some(TCP) => {
                self.source_port = be16(bytes, udp::SOURCE_PORT);
                self.destination_port = be16(bytes, udp::DESTINATION_PORT);
            }
            Some(ICMP | ICMPV6) => {
                if let Some((echo, payload)) = Echo::parse(Family::of(self.source), bytes) {
                    (self.echo, self.payload) = (Some(echo), payload);
                }
            }
            _ => {}
        }
        self
    }
}

/// The `N` bytes of an address.
fn address<const N: usize>(header: &[u8], at: usize) -> Option<[u8; N]> {
    header.get(at..)?.first_chunk().copied()
}

/// The transport protocol and its bytes behind any IPv6 extension headers.
///
/// The protocol is unknown where the bytes end before it is named; a fragment that is not the first has
/// no transport header.
fn skip_extensions(mut next: u8, mut bytes: &[u8]) -> (Option<u8>, Option<&[u8]>) {
    loop {
        let len = match next {
            v6::HOP_BY_HOP | v6::ROUTING | v6::DESTINATION_OPTIONS => {
                bytes.get(v6::EXTENSION_LEN).map(|units| (usize::from(*units) + 1) * 8)
            }
            v6::FRAGMENT => match be16(bytes, v6::FRAGMENT_OFFSET) {
                Some(offset) if offset >> 3 != 0 => return (bytes.get(v6::EXTENSION_NEXT).copied(), None),
                offset => offset.map(|_| v6::FRAGMENT_LEN),
            },
            _ => return (Some(next), Some(bytes)),
        };
        let (Some(len), Some(following)) = (len, bytes.get(v6::EXTENSION_NEXT)) else {
            return (None, None);
        };
        next = *following;
        bytes = bytes.get(len..).unwrap_or_default();
    }
}

#[cfg(test)]
pub(super) mod tests;
