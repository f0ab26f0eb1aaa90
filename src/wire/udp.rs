//! The UDP checksum (RFC 768) as what tells a probe of which nothing of the payload is quoted.

use std::net::{IpAddr, SocketAddr};

use super::bytes::checksum;
use super::payload::{self, Cookie};
use super::quote::UDP;

/// Sums in one's complement arithmetic are numbers modulo this.
const MODULUS: u32 = 0xffff;

/// The checksums of the probes of one flow, which differ by their numbers alone.
///
/// A number enters the sum as its two halves, and 65,536 is 1 modulo 65,535: so the sum grows by one from
/// probe to probe, and 65,535 probes in a row have a checksum each of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksums {
    /// The sum over probe 0.
    first: u32,
}

impl Checksums {
    /// The checksums of probes from `source` to `target` with a payload of `len` bytes.
    pub fn new(source: SocketAddr, target: SocketAddr, cookie: Cookie, len: usize) -> Self {
        let payload = payload::build(cookie, 0, len);
        let udp_len = (8 + payload.len()) as u16;
        let mut bytes = Vec::new();
        for address in [source.ip(), target.ip()] {
            match address {
                IpAddr::V4(address) => bytes.extend(address.octets()),
                IpAddr::V6(address) => bytes.extend(address.octets()),
            }
        }
        // The pseudo-header's end and the header, whose own checksum is left out.
        for field in [UDP.into(), udp_len, source.port(), target.port(), udp_len] {
            bytes.extend(u16::to_be_bytes(field));
        }
        bytes.extend(payload);
        Self { first: u32::from(!checksum(&bytes)) % MODULUS }
    }

    /// The checksum of probe number `no`, as it stands on the wire.
    pub const fn of(self, no: u32) -> u16 {
        let sum = (self.first + no % MODULUS) % MODULUS;
        // Never zero, which would mean that there is none.
        !(sum as u16)
    }

    /// The newest probe up to number `last` that has this checksum; `None` if there is none.
    pub fn number(self, checksum: u16, last: u32) -> Option<u32> {
        if checksum == 0 {
            return None;
        }
        let no = (u32::from(!checksum) + MODULUS - self.first) % MODULUS;
        let behind = (last % MODULUS + MODULUS - no) % MODULUS;
        last.checked_sub(behind)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn checksums(source: &str, target: &str, len: usize) -> Checksums {
        let cookie = Cookie(0x0102_0304_0506_0708);
        Checksums::new(source.parse().unwrap(), target.parse().unwrap(), cookie, len)
    }

    /// By hand: the words of addresses, protocol, lengths, ports and payload, added up.
    #[test]
    fn the_checksum_of_a_known_datagram() {
        let v4 = [0xc000, 0x0201, 0xc633, 0x6407, 17, 24, 54_321, 33_434, 24];
        let payload = [0xf1a8, 0x0e57, 0x0102, 0x0304, 0x0506, 0x0708, 0x0001, 0xe240];
        let sum: u32 = v4.iter().chain(&payload).sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        let expected = !((folded & 0xffff) + (folded >> 16)) as u16;
        assert_eq!(checksums("192.0.2.1:54321", "198.51.100.7:33434", 16).of(123_456), expected);
    }

    #[test]
    fn a_probe_not_sent_yet_and_a_missing_checksum_are_nobodys() {
        let checksums = checksums("[2001:db8::1]:54321", "[2001:db8::2]:33434", 17);
        assert_eq!(checksums.number(checksums.of(9), 8), None);
        assert_eq!(checksums.number(0, 100_000), None);
    }

    proptest! {
        #[test]
        fn every_recent_probe_is_found(no: u32, since in 0..65_535_u32, len in 16..200_usize) {
            let checksums = checksums("[2001:db8::1]:54321", "[2001:db8::2]:33434", len);
            let last = no.saturating_add(since);
            prop_assert_ne!(checksums.of(no), 0);
            prop_assert_eq!(checksums.number(checksums.of(no), last), Some(no));
        }

        #[test]
        fn any_checksum_gives_at_most_a_probe_that_has_it(checksum: u16, last: u32) {
            let checksums = checksums("192.0.2.1:54321", "198.51.100.7:33434", 16);
            if let Some(no) = checksums.number(checksum, last) {
                prop_assert_eq!(checksums.of(no), checksum);
                prop_assert!(no <= last);
            }
        }
    }
}
