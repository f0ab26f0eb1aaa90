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
    assert_eq!(Queued::parse(udp_payload(Family::V4), &data, 300, ee_data(9_000, 0)).payload, &data[..300]);
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
