//! Quotes cut, padded, extended and made up.

use proptest::prelude::*;

use super::*;
use crate::wire::bytes::checksum;

pub(in crate::wire) const V4: [u8; 32] = [
    0x45, 0x10, 0x00, 0x20, 0x12, 0x34, 0x00, 0x00, 0x01, 0x11, 0xbb, 0x4d, // to the checksum
    0xc0, 0x00, 0x02, 0x01, 0xc6, 0x33, 0x64, 0x07, // 192.0.2.1 to 198.51.100.7
    0xd4, 0x31, 0x82, 0x9a, 0x00, 0x0c, 0xab, 0xcd, // UDP 54321 to 33434
    b'd', b'a', b't', b'a',
];
pub(in crate::wire) const V6: [u8; 52] = [
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
        let none =
            Quote { source_port: None, destination_port: None, udp_len: None, udp_checksum: None, ..quote };
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
