//! Team Cymru's zones: the names to ask for, and what their TXT records say.
//!
//! `2.0.0.198.origin.asn.cymru.com` says `64500 64501 | 198.0.0.0/16 | US | arin | 2001-01-01`: the origins
//! and the route's prefix. `AS64500.asn.cymru.com` says `64500 | US | arin | 2001-01-01 | EXAMPLE-AS, US`.
//! Whatever a record holds, reading it never fails otherwise than by giving nothing.

use std::cmp::Reverse;
use std::fmt::Write;
use std::net::IpAddr;

/// The name whose TXT records say which system originates the route to an address. It ends with the root's
/// dot, so that no search list is tried.
pub fn origin_query(address: IpAddr) -> String {
    let mut query = String::new();
    let zone = match address {
        IpAddr::V4(address) => {
            for octet in address.octets().iter().rev() {
                let _ = write!(query, "{octet}.");
            }
            "origin"
        }
        IpAddr::V6(address) => {
            for octet in address.octets().iter().rev() {
                let _ = write!(query, "{:x}.{:x}.", octet & 0xf, octet >> 4);
            }
            "origin6"
        }
    };
    query + zone + ".asn.cymru.com."
}

/// The name whose TXT record says what a system is called.
pub fn name_query(number: u32) -> String {
    format!("AS{number}.asn.cymru.com.")
}

/// The origin by the answers to an [`origin_query`]: that of the most specific route, and of several origins
/// of one route the first.
pub fn origin<T: AsRef<[u8]>>(records: impl IntoIterator<Item = T>) -> Option<u32> {
    // Records come in any order: of two alike the lower number, so that the choice does not flap.
    let routes = records.into_iter().filter_map(|record| route(record.as_ref()));
    routes.max_by_key(|(number, length)| (*length, Reverse(*number))).map(|(number, _)| number)
}

/// The name by the answers to a [`name_query`], scrubbed and short.
pub fn name<T: AsRef<[u8]>>(records: impl IntoIterator<Item = T>) -> Option<String> {
    records
        .into_iter()
        .find_map(|record| super::name(record.as_ref().splitn(5, |byte| *byte == b'|').nth(4)?))
}

/// A record's first origin and its prefix length.
fn route(record: &[u8]) -> Option<(u32, u8)> {
    let text = std::str::from_utf8(record).ok()?;
    let (numbers, rest) = text.split_once('|')?;
    let mut numbers = numbers.split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}'));
    // Number 0 is reserved (RFC 7607): nothing originates there.
    let number = numbers.find_map(|number| number.parse().ok().filter(|number| *number != 0))?;
    let prefix = rest.split('|').next().unwrap_or_default();
    let length = prefix.trim().rsplit_once('/').and_then(|(_, length)| length.parse().ok());
    Some((number, length.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_asked_for_backwards() {
        let query = |address: &str| origin_query(address.parse().unwrap());
        assert_eq!(query("198.0.2.31"), "31.2.0.198.origin.asn.cymru.com.");
        assert_eq!(
            query("2001:4860:b002::68"),
            "8.6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.b.0.6.8.4.1.0.0.2.origin6.asn.cymru.com."
        );
        assert_eq!(name_query(64_500), "AS64500.asn.cymru.com.");
    }

    #[test]
    fn the_most_specific_route_counts() {
        let wide = "64500 | 198.0.0.0/8 | US | arin | 1998-09-25";
        let narrow = "64501 64502 | 198.0.2.0/24 | US | arin | 1998-09-25";
        assert_eq!(origin([wide]), Some(64_500));
        for records in [[wide, narrow], [narrow, wide]] {
            assert_eq!(origin(records), Some(64_501));
        }
        let other = "64499 | 198.0.2.0/24 | US | arin | 1998-09-25";
        for records in [[other, narrow], [narrow, other]] {
            assert_eq!(origin(records), Some(64_499), "whichever comes first");
        }
    }

    #[test]
    fn odd_records_give_what_they_can() {
        for (record, expected) in [
            ("{64500,64501} | 198.0.0.0/8 | |", Some(64_500)),
            ("4294967295 |", Some(u32::MAX)),
            ("4294967296 | 198.0.0.0/8", None),
            ("NA | | | |", None),
            ("0 | 198.0.0.0/8", None),
            ("64500", None),
            ("| 198.0.0.0/8", None),
            ("", None),
        ] {
            assert_eq!(origin([record]), expected, "{record}");
        }
        assert_eq!(origin([b"64500 | \xff"]), None);
    }

    #[test]
    fn a_name_is_what_stands_last() {
        let called = |record: &str| name([record]);
        assert_eq!(
            called("64500 | US | arin | 2001-01-01 | EXAMPLE-AS Example, US").as_deref(),
            Some("EXAMPLE-AS Example, US")
        );
        assert_eq!(called("64500 | US | arin | 2001-01-01 | A | B").as_deref(), Some("A | B"));
        assert_eq!(called("64500 | US | arin | 2001-01-01 | "), None);
        assert_eq!(called("64500 | US | arin | 2001-01-01"), None);
        assert_eq!(name(["odd", "64500 | | | | GOOD"]).as_deref(), Some("GOOD"));
        assert_eq!(name([&b"1 | | | | a\xff\x1b[2Jb"[..]]).as_deref(), Some("a\u{fffd}[2Jb"));
    }

    proptest! {
        #[test]
        fn a_query_reads_back(v4 in any::<u32>(), v6 in any::<u128>()) {
            let labels = |query: String, zone: &str| -> Vec<String> {
                let labels = query.strip_suffix(zone).unwrap();
                labels.split('.').rev().map(str::to_owned).collect()
            };
            let v4 = Ipv4Addr::from(v4);
            prop_assert_eq!(labels(origin_query(v4.into()), ".origin.asn.cymru.com.").join("."), v4.to_string());
            let digits = labels(origin_query(Ipv6Addr::from(v6).into()), ".origin6.asn.cymru.com.").concat();
            prop_assert_eq!(u128::from_str_radix(&digits, 16), Ok(v6));
        }

        #[test]
        fn any_records_are_read_without_harm(
            records in prop::collection::vec(prop_oneof![any::<Vec<u8>>(), "[0-9 |/{},A-Z\u{202e}\x1b]{0,90}".prop_map(String::into_bytes)], 0..4)
        ) {
            prop_assert_ne!(origin(&records), Some(0));
            if let Some(name) = name(&records) {
                prop_assert!(!name.is_empty() && !name.contains(char::is_control));
            }
        }

        #[test]
        fn a_record_gives_what_was_written(number in 1u32.., length in 0u8..=128, called in "[A-Z][A-Z0-9-]{0,20}") {
            let route = format!("{number} | 2001::/{length} | ZZ | ripencc | 2001-01-01");
            prop_assert_eq!(super::route(route.as_bytes()), Some((number, length)));
            prop_assert_eq!(name([format!("{number} | ZZ | ripencc | 2001-01-01 | {called}")]), Some(called));
        }
    }
}
