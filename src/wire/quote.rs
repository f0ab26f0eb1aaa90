//! The packet that an ICMP error quotes: IPv4 (RFC 791) or IPv6 (RFC 8200), then UDP (RFC 768), TCP's ports
//! (RFC 9293) or an ICMP echo.
//!
//! A quote may stop anywhere behind the IP header, so that what may be cut off is an `Option`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::{be16, checksum};
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

/// Offsets in the IPv4 header.
mod v4 {
    use std::ops::Range;

    pub const VERSION_IHL: usize = 0;
    pub const TOS: usize = 1;
    pub const TOTAL_LEN: usize = 2;
    pub const ID: usize = 4;
    pub const FRAGMENT: usize = 6;
    pub const TTL: usize = 8;
    pub const PROTOCOL: usize = 9;
    pub const CHECKSUM: Range<usize> = 10..12;
    pub const SOURCE: usize = 12;
    pub const DESTINATION: usize = 16;
    pub const LEN: usize = 20;
}

/// Offsets in the IPv6 header and in its extension headers.
mod v6 {
    pub const TRAFFIC_CLASS: usize = 0;
    pub const PAYLOAD_LEN: usize = 4;
    pub const NEXT_HEADER: usize = 6;
    pub const HOP_LIMIT: usize = 7;
    pub const SOURCE: usize = 8;
    pub const DESTINATION: usize = 24;
    pub const LEN: usize = 40;

    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const DESTINATION_OPTIONS: u8 = 60;

    pub const EXTENSION_NEXT: usize = 0;
    pub const EXTENSION_LEN: usize = 1;
    pub const FRAGMENT_OFFSET: usize = 2;
    pub const FRAGMENT_LEN: usize = 8;
}

/// Offsets in the UDP header.
mod udp {
    pub const SOURCE_PORT: usize = 0;
    pub const DESTINATION_PORT: usize = 2;
    pub const LENGTH: usize = 4;
    pub const CHECKSUM: usize = 6;
    pub const LEN: usize = 8;
}

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

    /// The packet as bytes, without IP options or extension headers, up to the first field not known.
    ///
    /// The lengths and the UDP checksum are written as they stand here; the IPv4 header gets its checksum.
    /// Of an echo message the checksum is made anew. Addresses of two families make no packet, and so no
    /// bytes.
    pub fn emit(&self) -> Vec<u8> {
        let mut bytes = match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => self.emit_v4(source, destination),
            (IpAddr::V6(source), IpAddr::V6(destination)) => self.emit_v6(source, destination),
            _ => return Vec::new(),
        };
        if let Some(echo) = self.echo {
            bytes.extend(echo.emit(Family::of(self.source), self.payload));
            return bytes;
        }
        let ports = [self.source_port, self.destination_port, self.udp_len, self.udp_checksum];
        bytes.extend(ports.into_iter().map_while(|field| field).flat_map(u16::to_be_bytes));
        bytes.extend(self.payload);
        bytes
    }

    fn emit_v4(&self, source: Ipv4Addr, destination: Ipv4Addr) -> Vec<u8> {
        let mut bytes = vec![0x45, self.tos];
        bytes.extend((self.total_len as u16).to_be_bytes());
        bytes.extend(self.id.unwrap_or(0).to_be_bytes());
        bytes.extend([0, 0, self.ttl, self.protocol.unwrap_or(0), 0, 0]);
        bytes.extend(source.octets());
        bytes.extend(destination.octets());
        let sum = checksum(&bytes);
        bytes[v4::CHECKSUM].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    fn emit_v6(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
        let mut bytes = vec![0x60 | (self.tos >> 4), self.tos << 4, 0, 0];
        bytes.extend((self.total_len.saturating_sub(v6::LEN as u32) as u16).to_be_bytes());
        bytes.extend([self.protocol.unwrap_or(v6::HOP_BY_HOP), self.ttl]);
        bytes.extend(source.octets());
        bytes.extend(destination.octets());
        bytes
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V4: [u8; 32] = [
        0x45, 0x10, 0x00, 0x20, 0x12, 0x34, 0x00, 0x00, 0x01, 0x11, 0xbb, 0x4d, // to the checksum
        0xc0, 0x00, 0x02, 0x01, 0xc6, 0x33, 0x64, 0x07, // 192.0.2.1 to 198.51.100.7
        0xd4, 0x31, 0x82, 0x9a, 0x00, 0x0c, 0xab, 0xcd, // UDP 54321 to 33434
        b'd', b'a', b't', b'a',
    ];
    const V6: [u8; 52] = [
        0x62, 0xe0, 0x00, 0x00, 0x00, 0x0c, 0x11, 0x03, // traffic class 0x2e, hop limit 3
        0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, // 2001:db8::1
        0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, // 2001:db8::2
        0xd4, 0x31, 0x82, 0x9a, 0x00, 0x0c, 0xab, 0xcd, // UDP 54321 to 33434
        b'd', b'a', b't', b'a',
    ];

    fn v4() -> Quote<'static> {
        Quote {
            source: "192.0.2.1".parse().unwrap(),
            destination: "198.51.100.7".parse().unwrap(),
            ttl: 1,
            tos: 0x10,
            total_len: 32,
            id: Some(0x1234),
            protocol: Some(UDP),
            source_port: Some(54_321),
            destination_port: Some(33_434),
            udp_len: Some(12),
            udp_checksum: Some(0xabcd),
            echo: None,
            payload: b"data",
        }
    }

    fn v6() -> Quote<'static> {
        Quote {
            source: "2001:db8::1".parse().unwrap(),
            destination: "2001:db8::2".parse().unwrap(),
            ttl: 3,
            tos: 0x2e,
            total_len: 52,
            id: None,
            ..v4()
        }
    }

    /// `packet` with `inserted` put between the IP header and UDP.
    fn with(packet: &[u8], at: usize, inserted: &[u8]) -> Vec<u8> {
        [&packet[..at], inserted, &packet[at..]].concat()
    }

    /// Whether `part` says nothing that `whole` does not say too.
    fn agrees(part: &Quote, whole: &Quote) -> bool {
        fn known<T: PartialEq + Copy>(part: Option<T>, whole: Option<T>) -> bool {
            part.is_none() || part == whole
        }
        (part.source, part.destination, part.ttl, part.tos, part.total_len, part.id)
            == (whole.source, whole.destination, whole.ttl, whole.tos, whole.total_len, whole.id)
            && known(part.protocol, whole.protocol)
            && known(part.source_port, whole.source_port)
            && known(part.destination_port, whole.destination_port)
            && known(part.udp_len, whole.udp_len)
            && known(part.udp_checksum, whole.udp_checksum)
            && known(part.echo, whole.echo)
            && whole.payload.starts_with(part.payload)
    }

    #[test]
    fn deconstruct() {
        assert_eq!(be16(&V4, v4::TOTAL_LEN), Some(32));
        assert_eq!(checksum(&V4[..v4::LEN]), 0);
        assert_eq!(be16(&V6, v6::PAYLOAD_LEN), Some(12));
        assert_eq!(V6[v6::HOP_LIMIT], 3);
        assert_eq!(be16(&V6[v6::LEN..], udp::DESTINATION_PORT), Some(33_434));
    }

    #[test]
    fn construct() {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (v4().source, v4().destination) else { panic!() };
        assert_eq!(v4().emit_v4(source, destination), V4[..v4::LEN]);
        let (IpAddr::V6(source), IpAddr::V6(destination)) = (v6().source, v6().destination) else { panic!() };
        assert_eq!(v6().emit_v6(source, destination), V6[..v6::LEN]);
    }

    #[test]
    fn parse() {
        assert_eq!(Quote::parse(&V4), Some(v4()));
        assert_eq!(Quote::parse(&V6), Some(v6()));
    }

    #[test]
    fn a_quoted_echo_request_has_its_header_and_payload() {
        let echo = Echo { is_request: true, id: 7, seq: 9 };
        for quote in [v4(), v6()] {
            let protocol = if quote.source.is_ipv4() { ICMP } else { ICMPV6 };
            let none = Quote {
                source_port: None,
                destination_port: None,
                udp_len: None,
                udp_checksum: None,
                ..quote
            };
            let sent = Quote { protocol: Some(protocol), echo: Some(echo), ..none };
            assert_eq!(Quote::parse(&sent.emit()), Some(sent));
            let cut = sent.emit().len() - sent.payload.len() - 1;
            assert_eq!(Quote::parse(&sent.emit()[..cut]).unwrap().echo, None);
        }
    }

    #[test]
    fn a_quoted_syn_has_its_ports() {
        let none = Quote { udp_len: None, udp_checksum: None, payload: &[], ..v4() };
        let sent = Quote { protocol: Some(TCP), ..none };
        assert_eq!(Quote::parse(&sent.emit()), Some(sent));
    }

    #[test]
    fn emit() {
        assert_eq!(v4().emit(), V4);
        assert_eq!(v6().emit(), V6);
        assert!(Quote { destination: v6().destination, ..v4() }.emit().is_empty());
    }

    #[test]
    fn too_short() {
        for len in 0..v4::LEN {
            assert_eq!(Quote::parse(&V4[..len]), None);
        }
        for len in 0..v6::LEN {
            assert_eq!(Quote::parse(&V6[..len]), None);
        }
        assert_eq!(Quote::parse(&[0x50; 60]), None, "IP version 5");
        let mut ihl_16 = V4;
        ihl_16[0] = 0x44;
        assert_eq!(Quote::parse(&ihl_16), None, "a header shorter than a header");
    }

    #[test]
    fn eight_bytes_behind_the_header_give_all_but_the_payload() {
        assert_eq!(Quote::parse(&V4[..28]), Some(Quote { payload: &[], ..v4() }));
        assert_eq!(Quote::parse(&V6[..48]), Some(Quote { payload: &[], ..v6() }));
        let ports = Quote { udp_len: None, udp_checksum: None, payload: &[], ..v4() };
        assert_eq!(Quote::parse(&V4[..25]), Some(ports));
    }

    #[test]
    fn ip_options_are_passed_over() {
        let mut bytes = with(&V4, v4::LEN, &[0x94, 0x04, 0, 0, 1, 1, 1, 0]);
        bytes[0] = 0x47;
        assert_eq!(Quote::parse(&bytes), Some(v4()));
        let short = Quote::parse(&bytes[..24]).unwrap();
        assert_eq!((short.protocol, short.source_port), (Some(UDP), None), "cut within the options");
    }

    #[test]
    fn ipv6_extension_headers_are_passed_over() {
        let chain = [
            [v6::DESTINATION_OPTIONS, 0, 1, 4, 0, 0, 0, 0].as_slice(),
            &[v6::ROUTING, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[v6::FRAGMENT, 0, 0, 0, 0, 0, 0, 0],
            &[UDP, 0, 0, 1, 0, 0, 0, 9],
        ]
        .concat();
        let mut bytes = with(&V6, v6::LEN, &chain);
        bytes[v6::NEXT_HEADER] = v6::HOP_BY_HOP;
        assert_eq!(Quote::parse(&bytes), Some(v6()));
        for len in v6::LEN..v6::LEN + chain.len() {
            let cut = Quote::parse(&bytes[..len]).unwrap();
            assert!(agrees(&cut, &v6()) && cut.source_port.is_none(), "cut at {len}");
        }
    }

    #[test]
    fn a_later_fragment_has_no_ports() {
        let mut bytes = V4;
        bytes[v4::FRAGMENT + 1] = 1;
        assert_eq!(Quote::parse(&bytes).unwrap().source_port, None);
        let mut bytes = with(&V6, v6::LEN, &[UDP, 0, 0, 8, 0, 0, 0, 9]);
        bytes[v6::NEXT_HEADER] = v6::FRAGMENT;
        let quote = Quote::parse(&bytes).unwrap();
        assert_eq!((quote.protocol, quote.source_port), (Some(UDP), None));
    }

    #[test]
    fn another_protocol_has_no_ports() {
        let mut bytes = V4;
        bytes[v4::PROTOCOL] = 132;
        let quote = Quote::parse(&bytes).unwrap();
        assert_eq!((quote.protocol, quote.source_port, quote.payload), (Some(132), None, &[][..]));
    }

    #[test]
    fn padding_is_not_payload() {
        let padded = [&V4[..], &[0; 96]].concat();
        assert_eq!(Quote::parse(&padded), Some(v4()));
        let mut impossible = V4;
        impossible[25] = 7;
        assert!(Quote::parse(&impossible).unwrap().payload.is_empty(), "a UDP length below its header's");
    }

    prop_compose! {
        fn any_quote(payload: Vec<u8>)(
            v6: bool, source: u128, destination: u128, ttl: u8, tos: u8, id: u16, ports: [u16; 3], cut in 0..5_usize,
        ) -> (Vec<u8>, Option<Quote<'static>>) {
            let (source, destination) = if v6 {
                (Ipv6Addr::from(source).into(), Ipv6Addr::from(destination).into())
            } else {
                (Ipv4Addr::from(source as u32).into(), Ipv4Addr::from(destination as u32).into())
            };
            let udp_len = 8 + payload.len() as u16;
            let header = if v6 { v6::LEN } else { v4::LEN } as u32;
            let known = |at: usize, field: u16| (cut > at).then_some(field);
            let bare = Quote {
                source, destination, ttl, tos, total_len: header + u32::from(udp_len), id: (!v6).then_some(id),
                protocol: Some(UDP), source_port: known(0, ports[0]), destination_port: known(1, ports[1]),
                udp_len: known(2, udp_len), udp_checksum: known(3, ports[2]), echo: None, payload: &[],
            };
            let whole = cut == 4;
            let bytes = Quote { payload: if whole { &payload } else { &[] }, ..bare }.emit();
            (bytes, (!whole || payload.is_empty()).then_some(bare))
        }
    }

    proptest! {
        #[test]
        fn what_is_emitted_is_parsed((bytes, bare) in any::<Vec<u8>>().prop_flat_map(any_quote)) {
            let parsed = Quote::parse(&bytes).unwrap();
            prop_assert_eq!(parsed.emit(), &bytes[..]);
            if let Some(quote) = bare {
                prop_assert_eq!(parsed, quote);
            }
        }

        #[test]
        fn a_cut_leaves_fields_out_and_changes_none((bytes, _) in any::<Vec<u8>>().prop_flat_map(any_quote)) {
            let whole = Quote::parse(&bytes).unwrap();
            for len in 0..bytes.len() {
                if let Some(part) = Quote::parse(&bytes[..len]) {
                    prop_assert!(agrees(&part, &whole), "cut at {}: {:?}", len, part);
                }
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(mut bytes: Vec<u8>, first in prop::sample::select(vec![0x45_u8, 0x4f, 0x60]), next: Option<u8>) {
            if let Some(byte) = bytes.first_mut() {
                *byte = first;
            }
            if let (Some(next), Some(byte)) = (next, bytes.get_mut(v6::NEXT_HEADER)) {
                *byte = next % 64;
            }
            let whole = Quote::parse(&bytes);
            for len in 0..bytes.len() {
                if let (Some(part), Some(whole)) = (Quote::parse(&bytes[..len]), &whole) {
                    prop_assert!(agrees(&part, whole), "cut at {}: {:?}", len, part);
                }
            }
        }
    }
}
