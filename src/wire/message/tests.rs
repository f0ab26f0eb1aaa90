use proptest::prelude::*;

use super::*;
use crate::wire::quote::tests::{V4 as PACKET_V4, V6 as PACKET_V6};

const EXTENSION: [u8; 12] = [0x20, 0x00, 0xca, 0x0d, 0x00, 0x08, 0x01, 0x01, 0x03, 0xe8, 0x11, 0x01];
const LABEL: Label = Label { label: 16_001, tc: 0, bottom: true, ttl: 1 };

const PORT_UNREACHABLE: [u8; 8] = [3, 3, 0x21, 0x94, 0, 0, 0, 0];
const FRAGMENTATION_NEEDED: [u8; 8] = [3, 4, 0xf4, 0xdd, 0, 0, 0x05, 0x78];
const TIME_EXCEEDED_V4: [u8; 8] = [11, 0, 0x19, 0x77, 0, 32, 0, 0];
const TIME_EXCEEDED_V6: [u8; 8] = [3, 0, 0xe4, 0xf1, 16, 0, 0, 0];
const TOO_BIG: [u8; 8] = [2, 0, 0xf1, 0x49, 0, 0, 0x05, 0x00];

const PLAIN: ErrorMessage<'static> =
    ErrorMessage { icmp: Icmp::v4(3, 3), mtu: 0, quoted: &PACKET_V4, extension: &[], legacy: false };

/// `header`, then `packet` padded with zeros to 128 bytes, then the extension.
fn extended(header: &[u8], packet: &[u8]) -> Vec<u8> {
    let mut bytes = [header, packet].concat();
    bytes.resize(field::BODY + QUOTE, 0);
    [&bytes[..], &EXTENSION].concat()
}

fn way(family: Family) -> (IpAddr, IpAddr) {
    match family {
        Family::V4 => ("203.0.113.1".parse().unwrap(), "192.0.2.1".parse().unwrap()),
        Family::V6 => ("2001:db8::ff".parse().unwrap(), "2001:db8::1".parse().unwrap()),
    }
}

fn emit(message: ErrorMessage) -> Vec<u8> {
    let (source, destination) = way(message.icmp.family);
    message.emit(source, destination)
}

#[test]
fn deconstruct() {
    let quoted = [&PACKET_V4[..], &[0; 96]].concat();
    let body = [&quoted[..], &EXTENSION].concat();
    assert_eq!(split(&body, 128), (&quoted[..], vec![LABEL]));
    assert_eq!(length_field(Icmp::v4(11, 0)), Some((5, 4)));
    assert_eq!(length_field(Icmp::v6(3, 0)), Some((4, 8)));
    assert_eq!(length_field(Icmp::v6(2, 0)), None);
    assert!(checksum_ok(&[&PORT_UNREACHABLE[..], &PACKET_V4].concat()));
    assert!(!checksum_ok(&[&PORT_UNREACHABLE[..], &PACKET_V4[1..]].concat()));
}

#[test]
fn construct() {
    let bytes = emit(ErrorMessage { legacy: true, extension: &EXTENSION, ..PLAIN });
    assert_eq!(bytes.len(), field::BODY + QUOTE + EXTENSION.len());
    assert_eq!((bytes[field::LENGTH_V4], checksum_ok(&bytes)), (0, true));
    let long = [0x45; 9_000];
    let bytes = emit(ErrorMessage { quoted: &long, extension: &EXTENSION, ..PLAIN });
    assert_eq!((bytes[field::LENGTH_V4], bytes.len()), (255, field::BODY + 1_020 + EXTENSION.len()));
}

#[test]
fn an_error_about_a_packet_of_the_other_family_quotes_nothing() {
    for (family, header, packet) in
        [(Family::V4, &PORT_UNREACHABLE, &PACKET_V6[..]), (Family::V6, &TIME_EXCEEDED_V6, &PACKET_V4[..])]
    {
        let bytes = [&header[..], packet].concat();
        assert_eq!(Message::parse(family, &bytes).unwrap().quote, None);
    }
}

#[test]
fn parse_an_error_of_either_family() {
    let bytes = [&PORT_UNREACHABLE[..], &PACKET_V4].concat();
    let quote = Quote::parse(&PACKET_V4);
    let plain = Message { icmp: Icmp::v4(3, 3), rest: 0, mtu: None, quote, labels: vec![] };
    assert_eq!(Message::parse(Family::V4, &bytes), Some(plain.clone()));

    let bytes = extended(&TIME_EXCEEDED_V4, &PACKET_V4);
    let labels = vec![LABEL];
    let exceeded = Message { icmp: Icmp::v4(11, 0), rest: 32 << 16, labels: labels.clone(), ..plain.clone() };
    assert_eq!(Message::parse(Family::V4, &bytes), Some(exceeded));

    let bytes = extended(&TIME_EXCEEDED_V6, &PACKET_V6);
    let quote = Quote::parse(&PACKET_V6);
    let exceeded = Message { icmp: Icmp::v6(3, 0), rest: 16 << 24, quote, labels, ..plain };
    assert_eq!(Message::parse(Family::V6, &bytes), Some(exceeded));
}

#[test]
fn parse_an_mtu_only_where_it_means_one() {
    let mtu = |family, header: &[u8]| Message::parse(family, header).unwrap().mtu;
    assert_eq!(mtu(Family::V4, &FRAGMENTATION_NEEDED), Some(1_400));
    assert_eq!(mtu(Family::V4, &[3, 4, 0, 0, 0, 0, 0, 0]), None, "a router older than RFC 1191");
    assert_eq!(mtu(Family::V6, &TOO_BIG), Some(1_280));
    assert_eq!(mtu(Family::V6, &TIME_EXCEEDED_V6), None);
}

#[test]
fn emit_gives_an_error_of_either_family() {
    assert_eq!(emit(PLAIN), [&PORT_UNREACHABLE[..], &PACKET_V4].concat());
    let needed = ErrorMessage { icmp: Icmp::v4(3, 4), mtu: 1_400, quoted: &PACKET_V4[..28], ..PLAIN };
    assert_eq!(emit(needed), [&FRAGMENTATION_NEEDED[..], &PACKET_V4[..28]].concat());
    let too_big = ErrorMessage { icmp: Icmp::v6(2, 0), mtu: 1_280, quoted: &PACKET_V6, ..PLAIN };
    assert_eq!(emit(too_big), [&TOO_BIG[..], &PACKET_V6].concat());
    let exceeded = ErrorMessage { icmp: Icmp::v4(11, 0), extension: &EXTENSION, ..PLAIN };
    assert_eq!(emit(exceeded), extended(&TIME_EXCEEDED_V4, &PACKET_V4));
    let exceeded = ErrorMessage { icmp: Icmp::v6(3, 0), quoted: &PACKET_V6, ..exceeded };
    assert_eq!(emit(exceeded), extended(&TIME_EXCEEDED_V6, &PACKET_V6));
}

#[test]
fn too_short() {
    for len in 0..field::BODY {
        assert_eq!(Message::parse(Family::V4, &PORT_UNREACHABLE[..len]), None);
        assert!(!checksum_ok(&[0xff; 8][..len]));
    }
    let bare = Message::parse(Family::V4, &PORT_UNREACHABLE).unwrap();
    assert_eq!((bare.icmp, bare.quote), (Icmp::v4(3, 3), None));
}

#[test]
fn a_message_that_is_no_error_quotes_nothing() {
    for (family, ty) in [(Family::V4, 0), (Family::V4, 8), (Family::V6, 128), (Family::V6, 129)] {
        let bytes = [&[ty, 0, 0, 0, 0, 0, 0, 0][..], &PACKET_V4].concat();
        assert_eq!(Message::parse(family, &bytes).unwrap().quote, None);
    }
}

#[test]
fn an_extension_without_a_length_is_found_by_its_checksum() {
    for (icmp, packet) in [(Icmp::v4(11, 0), &PACKET_V4[..]), (Icmp::v6(3, 0), &PACKET_V6)] {
        let legacy = ErrorMessage { icmp, quoted: packet, extension: &EXTENSION, legacy: true, ..PLAIN };
        let mut bytes = emit(legacy);
        assert_eq!(Message::parse(icmp.family, &bytes).unwrap().labels, [LABEL]);
        let checksum = field::BODY + QUOTE + 2;
        bytes[checksum..checksum + 2].fill(0);
        assert_eq!(Message::parse(icmp.family, &bytes).unwrap().labels, []);
    }
}

#[test]
fn a_length_that_cannot_be_means_no_extension() {
    for length in [1, 31, 255] {
        let mut bytes = extended(&TIME_EXCEEDED_V4, &PACKET_V4);
        bytes[field::LENGTH_V4] = length;
        let message = Message::parse(Family::V4, &bytes).unwrap();
        assert_eq!((message.labels, message.quote), (vec![], Quote::parse(&PACKET_V4)));
    }
}

fn any_icmp() -> impl Strategy<Value = Icmp> {
    let v4 = (prop::sample::select(vec![3, 11, 12]), 0..16_u8).prop_map(|(ty, code)| Icmp::v4(ty, code));
    let v6 = (prop::sample::select(vec![1, 2, 3, 4]), 0..8_u8).prop_map(|(ty, code)| Icmp::v6(ty, code));
    prop_oneof![v4, v6]
}

fn any_labels() -> impl Strategy<Value = Vec<Label>> {
    let label = (0..1_u32 << 20, 0..8_u8, any::<bool>(), any::<u8>())
        .prop_map(|(label, tc, bottom, ttl)| Label { label, tc, bottom, ttl });
    prop::collection::vec(label, 0..4)
}

proptest! {
    #[test]
    fn what_is_emitted_is_parsed_and_a_cut_changes_nothing(
        icmp in any_icmp(), mtu in 1..=u16::MAX, labels in any_labels(), legacy: bool, cut in 20..52_usize,
    ) {
        let packet = match icmp.family { Family::V4 => &PACKET_V4[..], Family::V6 => &PACKET_V6 };
        let quoted = &packet[..packet.len().min(cut)];
        let extension = if labels.is_empty() { vec![] } else { extension::emit(&labels) };
        let bytes = emit(ErrorMessage { icmp, mtu: mtu.into(), quoted, extension: &extension, legacy });
        let (source, destination) = way(icmp.family);
        let right = match (source, destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => checksum_v6(&bytes, source, destination) == 0,
            _ => checksum_ok(&bytes),
        };
        prop_assert!(right);

        let extended = length_field(icmp).is_some() && !labels.is_empty();
        let whole = Message::parse(icmp.family, &bytes).unwrap();
        prop_assert_eq!(whole.icmp, icmp);
        prop_assert!(whole.mtu.is_none_or(|value| value == u32::from(mtu)));
        if extended {
            let mut padded = quoted.to_vec();
            padded.resize(QUOTE, 0);
            prop_assert_eq!(&whole.labels, &labels);
            prop_assert_eq!(whole.quote, Quote::parse(&padded));
        } else {
            prop_assert_eq!(&whole.labels, &vec![]);
            prop_assert_eq!(whole.quote, Quote::parse(quoted));
        }
        for len in field::BODY..bytes.len() {
            let part = Message::parse(icmp.family, &bytes[..len]).unwrap();
            prop_assert_eq!((part.icmp, part.rest, part.mtu), (whole.icmp, whole.rest, whole.mtu));
            prop_assert_eq!(part.labels, vec![], "cut at {}", len);
            prop_assert_eq!(part.quote, Quote::parse(&bytes[field::BODY..len.min(field::BODY + QUOTE)]));
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(mut bytes: Vec<u8>, icmp in any_icmp(), packet: bool) {
        if packet {
            bytes = [&TIME_EXCEEDED_V4[..], &bytes].concat();
            bytes[0] = icmp.ty;
        }
        let message = Message::parse(icmp.family, &bytes);
        prop_assert_eq!(message.is_none(), bytes.len() < field::BODY);
        prop_assert!(message.is_none_or(|message| message.labels.len() <= extension::MAX_LABELS));
        checksum_ok(&bytes);
    }
}
