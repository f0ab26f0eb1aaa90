//! The addresses that anyone may be asked about: those that a route on the internet can lead to.
//!
//! What stands in IANA's registries of special-purpose addresses (RFC 6890 and its updates) is nobody's, or
//! this network's own affair: a question about it would only tell others what is used in here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is neither private, reserved, multicast nor for documentation.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|block| covers_v4(*block, address)),
        // Only this block is global unicast (RFC 4291 and IANA's registry).
        IpAddr::V6(address) => {
            covers_v6((0x2000, 0, 3), address) && !SPECIAL_V6.iter().any(|block| covers_v6(*block, address))
        }
    }
}

/// Blocks of IPv4: the first address and the prefix length.
const SPECIAL_V4: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),       // this network (RFC 791)
    ([10, 0, 0, 0], 8),      // private (RFC 1918)
    ([100, 64, 0, 0], 10),   // shared by carriers (RFC 6598)
    ([127, 0, 0, 0], 8),     // loopback (RFC 1122)
    ([169, 254, 0, 0], 16),  // link-local (RFC 3927)
    ([172, 16, 0, 0], 12),   // private (RFC 1918)
    ([192, 0, 0, 0], 24),    // protocol assignments (RFC 6890)
    ([192, 0, 2, 0], 24),    // documentation (RFC 5737)
    ([192, 88, 99, 0], 24),  // once the relays of 6to4 (RFC 7526)
    ([192, 168, 0, 0], 16),  // private (RFC 1918)
    ([198, 18, 0, 0], 15),   // benchmarks (RFC 2544)
    ([198, 51, 100, 0], 24), // documentation (RFC 5737)
    ([203, 0, 113, 0], 24),  // documentation (RFC 5737)
    ([224, 0, 0, 0], 4),     // multicast (RFC 5771)
    ([240, 0, 0, 0], 4),     // reserved, and broadcast (RFC 1112)
];

/// Blocks of IPv6 within `2000::/3`: the first two groups and the prefix length, at most 32.
const SPECIAL_V6: [(u16, u16, u32); 4] = [
    (0x2001, 0, 23),     // protocol assignments, Teredo among them (RFC 2928, 4380)
    (0x2001, 0xdb8, 32), // documentation (RFC 3849)
    (0x2002, 0, 16),     // 6to4 (RFC 3056)
    (0x3fff, 0, 20),     // documentation (RFC 9637)
];

fn covers_v4((first, length): ([u8; 4], u32), address: Ipv4Addr) -> bool {
    (u32::from_be_bytes(first) ^ u32::from(address)).leading_zeros() >= length
}

fn covers_v6((first, second, length): (u16, u16, u32), address: Ipv6Addr) -> bool {
    let block = Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0);
    (u128::from(block) ^ u128::from(address)).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_where_they_end() {
        for (inside, outside) in [
            ("0.255.255.255", "1.0.0.0"),
            ("10.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.63.255.255"),
            ("100.127.255.255", "100.128.0.0"),
            ("127.0.0.1", "128.0.0.0"),
            ("169.254.9.9", "169.253.255.255"),
            ("172.31.255.255", "172.32.0.0"),
            ("192.0.0.9", "192.0.1.0"),
            ("192.0.2.1", "192.0.3.0"),
            ("192.88.99.1", "192.88.98.255"),
            ("192.168.0.1", "192.169.0.0"),
            ("198.19.255.255", "198.20.0.0"),
            ("198.51.100.255", "198.51.101.0"),
            ("203.0.113.0", "203.0.112.255"),
            ("224.0.0.1", "223.255.255.255"),
            ("255.255.255.255", "9.9.9.9"),
            ("::1", "2000::"),
            ("::ffff:8.8.8.8", "2606:4700::1111"),
            ("fe80::1", "2001:200::"),
            ("fd00::1", "2001:4860:4860::8888"),
            ("2001:1ff:ffff::", "2001:200::1"),
            ("2001:db8:ffff::1", "2001:db9::"),
            ("2002::1", "2003::1"),
            ("3fff:fff::1", "3fff:1000::1"),
            ("4000::", "3ffe::"),
            ("ff0e::1", "2a00::1"),
        ] {
            let ask = |text: &str| is_public(text.parse().unwrap());
            assert_eq!((ask(inside), ask(outside)), (false, true), "{inside}, {outside}");
        }
    }
}
