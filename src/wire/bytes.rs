//! Big-endian fields at an offset, and the Internet checksum (RFC 1071).

use std::net::Ipv6Addr;

/// The next-header value of `ICMPv6`, as its pseudo-header carries it (RFC 4443, 2.3).
const ICMPV6: u64 = 58;

/// The 16-bit field at `at`, unless the bytes end before it does.
pub fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|field| u16::from_be_bytes(*field))
}

/// The 32-bit field at `at`, unless the bytes end before it does.
pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|field| u32::from_be_bytes(*field))
}

/// The checksum of `bytes`: what to write into a field that was zero so far, and zero where a right one
/// is already in place.
pub fn checksum(bytes: &[u8]) -> u16 {
    !fold(sum(bytes))
}

/// The checksum of an `ICMPv6` message, with the pseudo-header of RFC 8200, 8.1.
pub fn checksum_v6(message: &[u8], source: Ipv6Addr, destination: Ipv6Addr) -> u16 {
    let pseudo = sum(&source.octets()) + sum(&destination.octets()) + message.len() as u64 + ICMPV6;
    !fold(pseudo + sum(message))
}

/// The sum of the 16-bit words, an odd byte at the end padded with zero.
fn sum(bytes: &[u8]) -> u64 {
    let (words, odd) = bytes.as_chunks::<2>();
    let last = odd.first().map_or(0, |byte| u64::from(*byte) << 8);
    words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum::<u64>() + last
}

/// The sum in one's complement arithmetic, 16 bits wide.
const fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 1071, section 3.
    #[test]
    fn the_sum_of_the_rfc_example() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn an_odd_byte_counts_as_the_high_half_of_a_word() {
        assert_eq!(checksum(&[0x12, 0x34, 0x56]), checksum(&[0x12, 0x34, 0x56, 0x00]));
    }

    #[test]
    fn with_the_right_checksum_in_place_the_result_is_zero() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x22, 0x0d]), 0);
    }

    #[test]
    fn a_field_that_is_cut_off_is_none() {
        assert_eq!(be16(&[1, 2, 3], 1), Some(0x0203));
        assert_eq!(be16(&[1, 2, 3], 2), None);
        assert_eq!(be32(&[1, 2, 3], 0), None);
        assert_eq!(be32(&[1, 2, 3, 4], usize::MAX), None);
    }
}
