//! ICMP extensions (RFC 4884) and the MPLS label stack in them (RFC 4950).

use serde::Serialize;

use super::bytes::{be16, be32, checksum};
use super::icmp::Family;

/// The least length that a quote is padded to when an extension follows (RFC 4884, 3), and where routers
/// older than the RFC put theirs without saying so.
pub const QUOTE: usize = 128;

/// How many labels are kept of one message; real stacks have a handful.
pub const MAX_LABELS: usize = 16;

/// Offsets in the extension header and in an object's header (RFC 4884, 7 and 8).
mod field {
    pub const VERSION: usize = 0;
    pub const CHECKSUM: usize = 2;
    pub const HEADER_END: usize = 4;

    pub const OBJECT_LEN: usize = 0;
    pub const OBJECT_CLASS: usize = 2;
    pub const OBJECT_CTYPE: usize = 3;
    pub const OBJECT_HEADER_END: usize = 4;
}

/// The one version there is, in the high nibble of the first byte.
const VERSION: u8 = 2;
/// Class and C-type of the incoming MPLS label stack (RFC 4950, 3).
const MPLS_STACK: (u8, u8) = (1, 1);
/// In the flags of `sock_ee_data_rfc4884`: the kernel found the extension malformed.
const FLAG_INVALID: u8 = 1;

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

impl Label {
    /// An entry from the word that it is on the wire (RFC 3032, 2.1).
    const fn from_word(word: u32) -> Self {
        Self {
            label: word >> 12,
            tc: ((word >> 9) & 0b111) as u8,
            bottom: (word >> 8) & 1 == 1,
            ttl: (word & 0xff) as u8,
        }
    }

    /// The entry as a word on the wire; bits that have no room are dropped.
    fn word(self) -> u32 {
        (self.label << 12)
            | (u32::from(self.tc & 0b111) << 9)
            | (u32::from(self.bottom) << 8)
            | u32::from(self.ttl)
    }
}

/// The labels in an extension structure; `None` if the bytes are none, or its checksum is wrong.
///
/// A checksum of zero means that none was computed. Objects of other kinds are passed over, and a length
/// that cannot be ends the reading.
pub fn parse(structure: &[u8]) -> Option<Vec<Label>> {
    let computed = be16(structure, field::CHECKSUM)? != 0;
    let right = has_version(structure) && (!computed || checksum(structure) == 0);
    right.then(|| labels(structure))
}

/// The labels in what may be an extension of a router that does not say where it begins.
///
/// Nothing but the version and a right checksum tells it from the quoted packet's own bytes, so that both
/// must be there.
pub fn parse_legacy(structure: &[u8]) -> Option<Vec<Label>> {
    let right = structure.len() >= field::HEADER_END && has_version(structure) && checksum(structure) == 0;
    right.then(|| labels(structure))
}

/// The structure that carries `labels` as one object, checksum in place.
pub fn emit(labels: &[Label]) -> Vec<u8> {
    let mut bytes = vec![VERSION << 4, 0, 0, 0];
    if !labels.is_empty() {
        let len = field::OBJECT_HEADER_END + 4 * labels.len();
        bytes.extend(u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend([MPLS_STACK.0, MPLS_STACK.1]);
        bytes.extend(labels.iter().flat_map(|label| label.word().to_be_bytes()));
    }
    let sum = checksum(&bytes);
    bytes[field::CHECKSUM..field::HEADER_END].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// What Linux returns with an entry of an error queue, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued<'a> {
    /// The part of what we sent that was quoted, and nothing that is not ours.
    pub payload: &'a [u8],
    /// The labels in the extension.
    pub labels: Vec<Label>,
}

impl<'a> Queued<'a> {
    /// Takes apart `data`, which is all of the quote behind its first `before` bytes: what we sent, perhaps
    /// padding, perhaps an extension.
    ///
    /// UDP sockets return what follows the UDP header ([`udp_payload`]), ping sockets what follows the IP
    /// header. `sent` is the length of what was sent from there on. `ee_data` is that field of `sock_extended_err`,
    /// which holds a `sock_ee_data_rfc4884` when the socket asked for one (`IP_RECVERR_RFC4884`), zero if not.
    pub fn parse(before: usize, data: &'a [u8], sent: usize, ee_data: u32) -> Self {
        let [len_0, len_1, flags, _reserved] = ee_data.to_ne_bytes();
        let (end, labels) = match usize::from(u16::from_ne_bytes([len_0, len_1])) {
            0 => {
                let at = QUOTE.saturating_sub(before);
                match data.get(at..).and_then(parse_legacy) {
                    Some(labels) => (at, labels),
                    None => (data.len(), Vec::new()),
                }
            }
            len if flags & FLAG_INVALID != 0 => (len, Vec::new()),
            len => (len, data.get(len..).and_then(parse).unwrap_or_default()),
        };
        let own = sent.min(end).min(data.len());
        Self { payload: &data[..own], labels }
    }
}

/// The length of the IP header and the UDP header before our payload.
pub const fn udp_payload(family: Family) -> usize {
    match family {
        Family::V4 => 20 + 8,
        Family::V6 => 40 + 8,
    }
}

fn has_version(structure: &[u8]) -> bool {
    structure.get(field::VERSION).is_some_and(|byte| byte >> 4 == VERSION)
}

/// The labels of every MPLS object after the header, up to [`MAX_LABELS`].
fn labels(structure: &[u8]) -> Vec<Label> {
    let mut found = Vec::new();
    let mut rest = structure.get(field::HEADER_END..).unwrap_or_default();
    while let Some((class, ctype, payload, behind)) = object(rest) {
        if (class, ctype) == MPLS_STACK {
            let words = (0..payload.len()).step_by(4).map_while(|at| be32(payload, at));
            found.extend(words.map(Label::from_word).take(MAX_LABELS - found.len()));
        }
        rest = behind;
    }
    found
}

/// The first object's class, C-type and payload, and the bytes behind it.
fn object(bytes: &[u8]) -> Option<(u8, u8, &[u8], &[u8])> {
    let len = usize::from(be16(bytes, field::OBJECT_LEN)?);
    let (object, behind) = bytes.split_at_checked(len)?;
    let payload = object.get(field::OBJECT_HEADER_END..)?;
    Some((object[field::OBJECT_CLASS], object[field::OBJECT_CTYPE], payload, behind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a router sent with one label.
    const ONE: [u8; 12] = [0x20, 0x00, 0xca, 0x0d, 0x00, 0x08, 0x01, 0x01, 0x03, 0xe8, 0x11, 0x01];
    const LABEL: Label = Label { label: 16_001, tc: 0, bottom: true, ttl: 1 };

    /// An interface object (RFC 5837), two labels, then an object of a private class; no checksum.
    const MIXED: [u8; 32] = [
        0x20, 0x00, 0x00, 0x00, // header
        0x00, 0x08, 0x02, 0x02, 0x00, 0x00, 0x00, 0x07, // interface index 7
        0x00, 0x0c, 0x01, 0x01, 0x00, 0x01, 0x06, 0xff, 0xff, 0xff, 0xfd, 0x40, // two labels
        0x00, 0x08, 0xf7, 0x00, 0xde, 0xad, 0xbe, 0xef, // private
    ];
    const TWO: [Label; 2] = [
        Label { label: 16, tc: 3, bottom: false, ttl: 255 },
        Label { label: 0xf_ffff, tc: 6, bottom: true, ttl: 64 },
    ];

    #[test]
    fn deconstruct() {
        assert!(has_version(&ONE));
        let (class, ctype, payload, behind) = object(&ONE[4..]).unwrap();
        assert_eq!(((class, ctype), payload, behind), (MPLS_STACK, &ONE[8..], &[][..]));
        assert_eq!(Label::from_word(0x03e8_1101), LABEL);
    }

    #[test]
    fn construct() {
        assert_eq!(LABEL.word(), 0x03e8_1101);
        assert_eq!(TWO.map(Label::word), [0x0001_06ff, 0xffff_fd40]);
    }

    #[test]
    fn parse_finds_the_labels_among_other_objects() {
        assert_eq!(parse(&ONE), Some(vec![LABEL]));
        assert_eq!(parse(&MIXED), Some(TWO.to_vec()));
    }

    #[test]
    fn emit_writes_what_a_router_sent() {
        assert_eq!(emit(&[LABEL]), ONE);
        assert_eq!(emit(&[]), [0x20, 0x00, 0xdf, 0xff]);
    }

    #[test]
    fn too_short() {
        for len in 0..field::HEADER_END {
            assert_eq!(parse(&ONE[..len]), None);
            assert_eq!(parse_legacy(&ONE[..len]), None);
        }
    }

    #[test]
    fn a_wrong_checksum_or_version_is_no_extension() {
        for at in 0..ONE.len() {
            let mut bytes = ONE;
            bytes[at] ^= 0x40;
            assert_eq!(parse(&bytes), None, "byte {at}");
        }
        let mut version_1 = MIXED;
        version_1[0] = 0x10;
        assert_eq!(parse(&version_1), None);
    }

    #[test]
    fn without_a_checksum_it_counts_only_where_its_place_is_known() {
        assert!(parse(&MIXED).is_some());
        assert_eq!(parse_legacy(&MIXED), None);
        assert_eq!(parse_legacy(&ONE), Some(vec![LABEL]));
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_reading() {
        for len in [0, 1, 3, 255] {
            let mut last = MIXED;
            last[25] = len;
            assert_eq!(parse(&last), Some(TWO.to_vec()), "length {len} behind the labels");
            let mut first = MIXED;
            first[5] = len;
            assert_eq!(parse(&first), Some(vec![]), "length {len} before the labels");
        }
    }

    #[test]
    fn labels_are_capped() {
        assert_eq!(parse(&emit(&[LABEL; 300])).unwrap(), [LABEL; MAX_LABELS]);
    }

    /// `sock_ee_data_rfc4884` as the word that it shares its place with.
    fn ee_data(len: u16, flags: u8) -> u32 {
        let [a, b] = len.to_ne_bytes();
        u32::from_ne_bytes([a, b, flags, 0])
    }

    /// What the error queue returns: `own` bytes of 0x55, zeros up to `at`, then the extension.
    fn queue(own: usize, at: usize, extension: &[u8]) -> Vec<u8> {
        let mut data = vec![0x55; own.min(at)];
        data.resize(at, 0);
        data.extend(extension);
        data
    }

    #[test]
    fn the_error_queue_tells_where_the_extension_begins() {
        for (family, at) in [(Family::V4, 100_u16), (Family::V6, 80), (Family::V4, 200)] {
            let data = queue(40, at.into(), &ONE);
            let queued = Queued::parse(udp_payload(family), &data, 40, ee_data(at, 0));
            assert_eq!(queued, Queued { payload: &[0x55; 40], labels: vec![LABEL] });
        }
        if cfg!(target_endian = "little") {
            assert_eq!(ee_data(100, FLAG_INVALID), 0x0001_0064);
        }
    }

    #[test]
    fn an_extension_that_the_kernel_calls_invalid_is_not_read() {
        let data = queue(200, 100, &ONE);
        let queued = Queued::parse(udp_payload(Family::V4), &data, 200, ee_data(100, FLAG_INVALID));
        assert_eq!(queued, Queued { payload: &[0x55; 100], labels: vec![] });
    }

    #[test]
    fn an_extension_without_a_length_is_found_by_its_checksum() {
        for (family, at) in [(Family::V4, 100), (Family::V6, 80)] {
            let data = queue(200, at, &ONE);
            let queued = Queued::parse(udp_payload(family), &data, 200, 0);
            assert_eq!(queued, Queued { payload: &vec![0x55; at], labels: vec![LABEL] });
            let data = queue(200, at, &MIXED);
            assert_eq!(
                Queued::parse(udp_payload(family), &data, 200, 0).labels,
                [],
                "no checksum, so not believed"
            );
        }
    }

    #[test]
    fn a_long_quote_without_extension_is_payload_to_its_end() {
        let data = queue(520, 520, &[]);
        assert_eq!(Queued::parse(udp_payload(Family::V4), &data, 1_000, 0).payload, data);
        assert_eq!(Queued::parse(udp_payload(Family::V4), &data, 300, 0).payload, &data[..300]);
        assert!(Queued::parse(udp_payload(Family::V4), &[], 300, 0).payload.is_empty());
        assert_eq!(
            Queued::parse(udp_payload(Family::V4), &data, 300, ee_data(9_000, 0)).payload,
            &data[..300]
        );
    }

    fn any_label() -> impl Strategy<Value = Label> {
        any::<u32>().prop_map(Label::from_word)
    }

    proptest! {
        #[test]
        fn what_is_emitted_is_parsed(labels in prop::collection::vec(any_label(), 0..=MAX_LABELS)) {
            let bytes = emit(&labels);
            prop_assert_eq!(parse(&bytes), Some(labels.clone()));
            prop_assert_eq!(parse_legacy(&bytes), Some(labels));
        }

        #[test]
        fn any_bytes_give_a_bounded_answer(mut bytes: Vec<u8>, sent: usize, ee_data: u32, plain: bool) {
            if plain && bytes.len() >= 4 {
                bytes[..4].copy_from_slice(&[0x20, 0, 0, 0]); // so that the objects are read
            }
            prop_assert!(parse(&bytes).is_none_or(|labels| labels.len() <= MAX_LABELS));
            prop_assert!(parse_legacy(&bytes).is_none_or(|labels| labels.len() <= MAX_LABELS));
            for family in [Family::V4, Family::V6] {
                let queued = Queued::parse(udp_payload(family), &bytes, sent, ee_data);
                prop_assert!(bytes.starts_with(queued.payload) && queued.payload.len() <= sent);
            }
        }

        #[test]
        fn a_cut_never_makes_labels_up(labels in prop::collection::vec(any_label(), 1..5)) {
            let mut bytes = emit(&labels);
            bytes[field::CHECKSUM..field::HEADER_END].fill(0); // or nearly every cut would be caught by it
            for len in 0..bytes.len() {
                prop_assert_eq!(parse(&bytes[..len]).unwrap_or_default(), vec![]);
            }
        }
    }
}
