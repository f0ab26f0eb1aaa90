//! Our own payload: what tells our probes from everything else, and one probe from another.
//!
//! Big-endian: a check of the number, the session's cookie, the number, then zeros up to the size asked for.
//!
//! A router quotes a packet as it got it, and does not look whether a bit of it has changed on the way. Were that one
//! of the number's, the answer would pass for that to another probe. So the number comes with a check of 16 bits, and
//! that with its complement: the two add up to nothing, and checksums still grow by one from probe to probe
//! (see [`udp`](super::udp)).

mod field {
    use std::ops::Range;

    pub const CHECK: Range<usize> = 0..4;
    pub const COOKIE: Range<usize> = 4..12;
    pub const NUMBER: Range<usize> = 12..16;
}

/// The bytes that carry meaning, and so the least length of a payload.
pub const LEN: usize = field::NUMBER.end;

/// A session's random number, so that two sessions never take each other's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cookie(pub u64);

/// Whose payload some bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// This session's; the probe's number.
    Ours(u32),
    /// Long enough to tell, and of another session or another program.
    NotOurs,
    /// Fewer than [`LEN`] bytes: nobody can tell.
    Short,
}

/// The payload of probe number `no`, `len` bytes long but never less than [`LEN`].
pub fn build(cookie: Cookie, no: u32, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len.max(LEN)];
    bytes[field::CHECK].copy_from_slice(&check(cookie, no));
    bytes[field::COOKIE].copy_from_slice(&cookie.0.to_be_bytes());
    bytes[field::NUMBER].copy_from_slice(&no.to_be_bytes());
    bytes
}

/// Tells whose payload `bytes` are; what follows the first [`LEN`] is not looked at.
pub fn recognise(bytes: &[u8], cookie: Cookie) -> Recognised {
    let Some(([c0, c1, c2, c3, middle @ .., n0, n1, n2, n3], _)) = bytes.split_first_chunk::<LEN>() else {
        return Recognised::Short;
    };
    let no = u32::from_be_bytes([*n0, *n1, *n2, *n3]);
    if *middle == cookie.0.to_be_bytes() && [*c0, *c1, *c2, *c3] == check(cookie, no) {
        Recognised::Ours(no)
    } else {
        Recognised::NotOurs
    }
}

/// The check of a number and its complement: CRC-16 (ITU-T V.41's polynomial), begun with a part of the cookie.
///
/// It finds every change of up to three bits, and of any others all but one in 65,536.
fn check(cookie: Cookie, no: u32) -> [u8; 4] {
    let mut crc = cookie.0 as u16;
    for byte in no.to_be_bytes() {
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
        }
    }
    let [c0, c1] = crc.to_be_bytes();
    [c0, c1, !c0, !c1]
}

/// The sequence number of the echo request that is probe number `no`: the complement of its low half, so that
/// the two cancel out in the checksum, which some load balancers take for a part of the flow.
pub const fn seq(no: u32) -> u16 {
    !(no as u16)
}

/// The newest probe up to number `last` whose echo request has this sequence number; `None` if there is none.
pub fn number_of_seq(seq: u16, last: u32) -> Option<u32> {
    let behind = (last as u16).wrapping_sub(!seq);
    last.checked_sub(behind.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COOKIE: Cookie = Cookie(0x0102_0304_0506_0708);
    const BYTES: [u8; 20] = [
        0xf1, 0xa8, 0x0e, 0x57, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x00, 0x01, 0xe2, 0x40, 0, 0,
        0, 0,
    ];

    #[test]
    fn construct() {
        assert_eq!(build(COOKIE, 123_456, BYTES.len()), BYTES);
    }

    #[test]
    fn parse() {
        assert_eq!(recognise(&BYTES, COOKIE), Recognised::Ours(123_456));
        assert_eq!(recognise(&BYTES[..LEN], COOKIE), Recognised::Ours(123_456));
    }

    #[test]
    fn a_payload_is_never_shorter_than_what_it_must_carry() {
        assert_eq!(build(COOKIE, 1, 0).len(), LEN);
    }

    #[test]
    fn too_short() {
        for len in 0..LEN {
            assert_eq!(recognise(&BYTES[..len], COOKIE), Recognised::Short);
        }
    }

    #[test]
    fn another_cookie_or_a_changed_bit_is_not_ours() {
        assert_eq!(recognise(&BYTES, Cookie(COOKIE.0 + 1)), Recognised::NotOurs);
        for bit in 0..8 * LEN {
            let mut bytes = BYTES;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(recognise(&bytes, COOKIE), Recognised::NotOurs, "bit {bit}");
        }
    }

    /// The catalogue's check value: the CRC of "123456789" begun with 0xffff is 0x29b1; of its first four it is this.
    #[test]
    fn the_check_is_the_known_crc() {
        assert_eq!(check(Cookie(0xffff), u32::from_be_bytes(*b"1234"))[..2], [0x53, 0x49]);
    }

    proptest! {
        #[test]
        fn a_burst_of_up_to_sixteen_changed_bits_is_found(no: u32, from in 0..32_u32, burst in 1..=u16::MAX) {
            let mut bytes = build(COOKIE, no, 0);
            let changed = no ^ (u32::from(burst).rotate_left(from) & (u32::MAX << from));
            prop_assume!(changed != no);
            bytes[field::NUMBER].copy_from_slice(&changed.to_be_bytes());
            prop_assert_eq!(recognise(&bytes, COOKIE), Recognised::NotOurs);
        }

        #[test]
        fn whatever_is_built_is_recognised(cookie: u64, no: u32, len in 0..2_000_usize, tail: Vec<u8>) {
            let mut bytes = build(Cookie(cookie), no, len);
            bytes.extend(tail);
            prop_assert_eq!(recognise(&bytes, Cookie(cookie)), Recognised::Ours(no));
        }

        #[test]
        fn any_bytes_are_told_apart_without_a_panic(bytes: Vec<u8>, cookie: u64) {
            let short = bytes.len() < LEN;
            prop_assert_eq!(recognise(&bytes, Cookie(cookie)) == Recognised::Short, short);
        }
    }
}
