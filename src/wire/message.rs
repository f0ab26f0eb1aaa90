//! A whole ICMP message of either family (RFC 792, RFC 4443), with what it quotes and extends (RFC 4884).

use std::net::IpAddr;

use super::bytes::{be16, be32, checksum, checksum_v6};
use super::extension::{self, Label, QUOTE};
use super::icmp::{Family, Icmp};
use super::quote::Quote;

/// Offsets in an ICMP message; the same for both families but for the RFC 4884 length.
mod field {
    use std::ops::Range;

    pub const TYPE: usize = 0;
    pub const CODE: usize = 1;
    pub const CHECKSUM: Range<usize> = 2..4;
    pub const REST: usize = 4;
    pub const LENGTH_V6: usize = 4;
    pub const LENGTH_V4: usize = 5;
    pub const MTU_V4: usize = 6;
    pub const BODY: usize = 8;
}

/// An ICMP message, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Type and code.
    pub icmp: Icmp,
    /// The second word of the header; its meaning depends on the type.
    pub rest: u32,
    /// The next link's MTU in bytes, where the message says one (v4 3/4, RFC 1191; v6 2).
    pub mtu: Option<u32>,
    /// The packet that an error is about, if enough of it is there.
    pub quote: Option<Quote<'a>>,
    /// The MPLS labels that the packet carried, outermost first.
    pub labels: Vec<Label>,
}

impl<'a> Message<'a> {
    /// Reads a message that begins at its ICMP header; `None` if it ends within that.
    ///
    /// The checksum is not looked at: see [`checksum_ok`].
    pub fn parse(family: Family, bytes: &'a [u8]) -> Option<Self> {
        let (header, body) = bytes.split_first_chunk::<{ field::BODY }>()?;
        let icmp = Icmp { family, ty: header[field::TYPE], code: header[field::CODE] };
        let rest = be32(header, field::REST)?;
        let mtu = match (family, icmp.ty, icmp.code) {
            (Family::V4, 3, 4) => be16(header, field::MTU_V4).map(u32::from).filter(|mtu| *mtu != 0),
            (Family::V6, 2, _) => Some(rest),
            _ => None,
        };
        let (quoted, labels) = match length_field(icmp) {
            Some((at, unit)) => split(body, usize::from(header[at]) * unit),
            None => (body, Vec::new()),
        };
        let quote = is_error(icmp).then(|| Quote::parse(quoted)).flatten();
        // An error of one family is about a packet of the same.
        let quote = quote.filter(|quote| Family::of(quote.destination) == family);
        Some(Self { icmp, rest, mtu, quote, labels })
    }
}

/// Whether the checksum of an `ICMPv4` message is right. Of `ICMPv6` the kernel passes on no other.
pub fn checksum_ok(message: &[u8]) -> bool {
    message.len() >= field::BODY && checksum(message) == 0
}

/// Whether messages of this type quote a packet.
const fn is_error(icmp: Icmp) -> bool {
    match icmp.family {
        Family::V4 => matches!(icmp.ty, 3 | 4 | 5 | 11 | 12),
        Family::V6 => icmp.ty < 128,
    }
}

/// Where the length of the quote stands and in which unit, for the types that may be extended (RFC 4884, 4).
const fn length_field(icmp: Icmp) -> Option<(usize, usize)> {
    match (icmp.family, icmp.ty) {
        (Family::V4, 3 | 11 | 12) => Some((field::LENGTH_V4, 4)),
        (Family::V6, 1 | 3) => Some((field::LENGTH_V6, 8)),
        _ => None,
    }
}

/// The quote in `body` and the labels behind it, by the quote's length as the header says it.
fn split(body: &[u8], said: usize) -> (&[u8], Vec<Label>) {
    if said == 0 {
        // Before the RFC, routers padded the quote to 128 bytes and put the extension after it unsaid.
        match body.split_at_checked(QUOTE).map(|(quoted, behind)| (quoted, extension::parse_legacy(behind))) {
            Some((quoted, Some(labels))) => (quoted, labels),
            _ => (body, Vec::new()),
        }
    } else if said < QUOTE {
        (body, Vec::new()) // against the RFC, so that nobody can say what follows
    } else {
        let (quoted, behind) = body.split_at_checked(said).unwrap_or((body, &[]));
        (quoted, extension::parse(behind).unwrap_or_default())
    }
}

/// An ICMP error to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorMessage<'a> {
    /// Type and code.
    pub icmp: Icmp,
    /// The MTU to name, in the messages that have a place for one.
    pub mtu: u32,
    /// As much as is to be quoted of the packet, from its IP header.
    pub quoted: &'a [u8],
    /// The extension structure, as [`extension::emit`] writes it; empty for none.
    pub extension: &'a [u8],
    /// Whether the length of the quote is left out, as routers older than RFC 4884 do. Needs an extension.
    pub legacy: bool,
}

impl ErrorMessage<'_> {
    /// The message from its ICMP header on, its checksum right for the way from `source` to `destination`.
    ///
    /// With an extension the quote is padded, and cut to 128 bytes if its length is left out or to what the
    /// length field can say. A type that cannot be extended is written without.
    pub fn emit(&self, source: IpAddr, destination: IpAddr) -> Vec<u8> {
        let mut bytes = vec![0; field::BODY];
        bytes[field::TYPE] = self.icmp.ty;
        bytes[field::CODE] = self.icmp.code;
        match (self.icmp.family, self.icmp.ty, self.icmp.code) {
            (Family::V4, 3, 4) => {
                bytes[field::MTU_V4..field::BODY].copy_from_slice(&(self.mtu as u16).to_be_bytes());
            }
            (Family::V6, 2, _) => bytes[field::REST..field::BODY].copy_from_slice(&self.mtu.to_be_bytes()),
            _ => {}
        }
        match length_field(self.icmp).filter(|_| !self.extension.is_empty()) {
            None => bytes.extend(self.quoted),
            Some((at, unit)) => {
                let most = if self.legacy { QUOTE } else { usize::from(u8::MAX) * unit };
                let len = self.quoted.len().clamp(QUOTE, most).next_multiple_of(unit);
                bytes[at] = if self.legacy { 0 } else { (len / unit) as u8 };
                bytes.extend(self.quoted.iter().take(len));
                bytes.resize(field::BODY + len, 0);
                bytes.extend(self.extension);
            }
        }
        let sum = match (source, destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => checksum_v6(&bytes, source, destination),
            _ => checksum(&bytes),
        };
        bytes[field::CHECKSUM].copy_from_slice(&sum.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
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
        let exceeded =
            Message { icmp: Icmp::v4(11, 0), rest: 32 << 16, labels: labels.clone(), ..plain.clone() };
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
}
