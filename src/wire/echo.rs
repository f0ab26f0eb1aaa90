//! ICMP echo of both families (RFC 792; RFC 4443, 4.1 and 4.2): the eight bytes before our payload.

use super::bytes::{be16, checksum};
use super::icmp::Family;

/// Offsets in the message.
mod field {
    use std::ops::Range;

    pub const TYPE: usize = 0;
    pub const CHECKSUM: Range<usize> = 2..4;
    pub const ID: usize = 4;
    pub const SEQ: usize = 6;
}

/// The header's length.
pub const HEADER: usize = 8;

/// An echo message's header, without what is checked elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Whether it is a request; a reply if not.
    pub is_request: bool,
    /// The identifier.
    pub id: u16,
    /// The sequence number.
    pub seq: u16,
}

impl Echo {
    /// A message's bytes with `payload` behind the header.
    ///
    /// The checksum of `ICMPv6` is left zero: it covers addresses that only the kernel knows, and the kernel
    /// writes it on raw and on ping sockets.
    pub fn emit(self, family: Family, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[field::TYPE] = types(family)[usize::from(!self.is_request)];
        bytes[field::ID..field::SEQ].copy_from_slice(&self.id.to_be_bytes());
        bytes[field::SEQ..HEADER].copy_from_slice(&self.seq.to_be_bytes());
        bytes.extend(payload);
        if family == Family::V4 {
            let sum = checksum(&bytes);
            bytes[field::CHECKSUM].copy_from_slice(&sum.to_be_bytes());
        }
        bytes
    }

    /// Reads a header and gives what follows it; `None` if it is cut or no echo.
    pub fn parse(family: Family, bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (header, payload) = bytes.split_first_chunk::<HEADER>()?;
        let place = types(family).iter().position(|ty| *ty == header[field::TYPE])?;
        let (id, seq) = (be16(header, field::ID)?, be16(header, field::SEQ)?);
        Some((Self { is_request: place == 0, id, seq }, payload))
    }
}

/// The types of request and reply.
const fn types(family: Family) -> [u8; 2] {
    match family {
        Family::V4 => [8, 0],
        Family::V6 => [128, 129],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUEST_V4: [u8; 10] = [8, 0, 0x75, 0x65, 0x12, 0x34, 0xff, 0xfe, b'p', b'g'];
    const REPLY_V6: [u8; 10] = [129, 0, 0, 0, 0x12, 0x34, 0xff, 0xfe, b'p', b'g'];
    const ECHO: Echo = Echo { is_request: true, id: 0x1234, seq: 0xfffe };

    #[test]
    fn construct() {
        assert_eq!(ECHO.emit(Family::V4, b"pg"), REQUEST_V4);
        assert_eq!(Echo { is_request: false, ..ECHO }.emit(Family::V6, b"pg"), REPLY_V6);
        assert_eq!(checksum(&REQUEST_V4), 0);
    }

    #[test]
    fn parse() {
        assert_eq!(Echo::parse(Family::V4, &REQUEST_V4), Some((ECHO, &b"pg"[..])));
        let reply = Echo { is_request: false, ..ECHO };
        assert_eq!(Echo::parse(Family::V6, &REPLY_V6), Some((reply, &b"pg"[..])));
    }

    #[test]
    fn what_is_no_echo_is_told_apart() {
        assert_eq!(Echo::parse(Family::V6, &REQUEST_V4), None);
        assert_eq!(Echo::parse(Family::V4, &[3, 3, 0, 0, 0, 0, 0, 0]), None);
        for len in 0..HEADER {
            assert_eq!(Echo::parse(Family::V4, &REQUEST_V4[..len]), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_emitted_is_parsed(is_request: bool, id: u16, seq: u16, payload: Vec<u8>) {
            for family in [Family::V4, Family::V6] {
                let echo = Echo { is_request, id, seq };
                let bytes = echo.emit(family, &payload);
                prop_assert_eq!(Echo::parse(family, &bytes), Some((echo, &payload[..])));
            }
        }
    }
}
