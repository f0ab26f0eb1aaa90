//! Origins from a file in MaxMind's database format, as GeoLite2-ASN and its likes are published in.
//!
//! The file is read whole, some 10 MB, and may be replaced or removed while in use.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use maxminddb::geoip2::Asn;
use maxminddb::{MaxMindDbError, Reader, WithinOptions};
use thiserror::Error;

use crate::scrub;

/// How many of its networks are looked at to tell whether a file has numbers at all.
const SAMPLE: usize = 1_000;

/// An open database.
#[derive(Debug)]
pub struct Database {
    reader: Reader<Vec<u8>>,
}

/// Why a file is none that can be used. Each displays as one line.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// It is a directory, a device or the like.
    #[error("it is not a plain file")]
    NotAFile,
    /// Its format is another, or it is damaged.
    #[error("it is not in MaxMind's format, or damaged: {}", scrub::text(.0.to_string()))]
    Foreign(#[from] MaxMindDbError),
    /// It tells other things about addresses.
    #[error("it has no AS numbers, its type is \"{}\"", scrub::text(.0))]
    NoNumbers(String),
}

impl Database {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        // Not so for a pipe or a device, whose end might never come.
        if !fs::metadata(path)?.is_file() {
            return Err(DatabaseError::NotAFile);
        }
        Self::from_bytes(fs::read(path)?)
    }

    /// Takes what a file holds.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, DatabaseError> {
        let reader = Reader::from_source(bytes)?;
        let mut sample = reader.networks(WithinOptions::default())?.take(SAMPLE).flatten();
        let has_numbers = sample.any(|network| {
            network
                .decode::<Asn>()
                .is_ok_and(|asn| asn.is_some_and(|asn| asn.autonomous_system_number.is_some()))
        });
        if has_numbers {
            Ok(Self { reader })
        } else {
            Err(DatabaseError::NoNumbers(reader.metadata().database_type.clone()))
        }
    }

    /// The origin of the route to an address, and its name if the file has one.
    pub fn origin(&self, address: IpAddr) -> Option<(u32, Option<String>)> {
        // Part of a file may be damaged: that is as good as nothing known.
        let found: Asn = self.reader.lookup(address).ok()?.decode().ok()??;
        let number = found.autonomous_system_number.filter(|number| *number != 0)?;
        Some((number, found.autonomous_system_organization.and_then(super::name)))
    }
}

#[cfg(test)]
#[path = "../../tests/support/mmdb.rs"]
mod mmdb;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written() -> Vec<u8> {
        mmdb::write(
            "GeoLite2-ASN",
            &[
                ("9.0.0.0/8", 64_500, "EXAMPLE Networks"),
                ("9.1.0.0/16", 64_501, "\x1b[31mEVIL\u{202e}"),
                ("2001:4860::/32", 4_200_000_000, "Long-haul Example Carrier of the Northern Seas and Lakes"),
                ("11.0.0.1/32", 64_502, ""),
            ],
        )
    }

    fn origin(address: &str) -> Option<(u32, Option<String>)> {
        Database::from_bytes(written()).unwrap().origin(address.parse().unwrap())
    }

    #[test]
    fn what_was_written_is_read_back() {
        assert_eq!(origin("9.0.0.1"), Some((64_500, Some("EXAMPLE Networks".to_owned()))));
        assert_eq!(origin("9.255.0.1"), Some((64_500, Some("EXAMPLE Networks".to_owned()))));
        assert_eq!(
            origin("9.1.2.3"),
            Some((64_501, Some("[31mEVIL".to_owned()))),
            "the longest match, scrubbed"
        );
        assert_eq!(origin("11.0.0.1"), Some((64_502, None)));
        let long = "Long-haul Example Carrier of the Northern Seas a".to_owned();
        assert_eq!(origin("2001:4860::8888"), Some((4_200_000_000, Some(long))));
    }

    #[test]
    fn nothing_is_known_outside_its_networks() {
        for address in ["8.255.255.255", "10.0.0.0", "11.0.0.2", "2001:4861::", "::1"] {
            assert_eq!(origin(address), None, "{address}");
        }
    }

    #[test]
    fn a_file_that_will_not_do_is_told_in_one_line() {
        let error = |bytes: Vec<u8>| Database::from_bytes(bytes).unwrap_err().to_string();
        assert!(error(vec![]).starts_with("it is not in MaxMind's format"), "{}", error(vec![]));
        assert!(error(b"hello".repeat(999)).starts_with("it is not in MaxMind's format"));
        assert_eq!(error(mmdb::write("City\n\x1b", &[])), "it has no AS numbers, its type is \"City\"");
        let directory = tempfile::tempdir().unwrap();
        let open = |path: &Path| Database::open(path).unwrap_err().to_string();
        assert_eq!(open(directory.path()), "it is not a plain file");
        assert_eq!(open(Path::new("/dev/zero")), "it is not a plain file");
        assert_eq!(open(&directory.path().join("none")), "No such file or directory (os error 2)");
    }

    proptest! {
        #[test]
        fn a_damaged_file_harms_nobody(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
            cut in any::<prop::sample::Index>(),
            address in any::<u128>(),
        ) {
            let mut bytes = written();
            for (at, value) in damage {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            for bytes in [bytes.clone(), bytes[..cut.index(bytes.len())].to_vec()] {
                if let Ok(database) = Database::from_bytes(bytes) {
                    for address in ["9.0.0.1", "9.1.2.3", "11.0.0.1", "2001:4860::1"] {
                        database.origin(address.parse().unwrap());
                    }
                    database.origin(IpAddr::V6(address.into()));
                }
            }
        }
    }
}
