//! Which autonomous system originates the route to an address: its number, and what it is called.
//!
//! | module | what it owns |
//! | --- | --- |
//! | [`finder`] | the driver: asks whoever knows, hands what is found to `lookup` |
//! | [`dns`] | asks the zones of `cymru`, on the watch's own runtime |
//! | [`database`] | a file in MaxMind's format, for use without a network |
//! | [`lookup`] | what is asked when, and what was found; no sockets, no clock |
//! | [`cymru`] | the names to ask for, and what their TXT records say |
//! | [`public`] | the addresses that anyone may be asked about |

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::scrub;

pub mod cymru;
pub mod database;
pub mod dns;
pub mod finder;
pub mod lookup;
pub mod public;

/// The most characters of a name that are kept.
const MAX_NAME: usize = 48;

/// An autonomous system (RFC 1930).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Origin<'a> {
    /// Its number, up to 32 bits (RFC 6793).
    pub number: u32,
    /// What it is called, scrubbed, if that is known by now.
    pub name: Option<&'a str>,
}

/// The number as mtr and whois write it: `AS64500` (RFC 5396, asplain).
impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AS{}", self.number)
    }
}

/// The origins found so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origins {
    numbers: HashMap<IpAddr, u32>,
    names: HashMap<u32, Arc<str>>,
    trouble: Option<Arc<str>>,
}

impl Origins {
    /// The origin of the route to an address, if it is known by now.
    pub fn get(&self, address: IpAddr) -> Option<Origin<'_>> {
        let number = *self.numbers.get(&address)?;
        Some(Origin { number, name: self.names.get(&number).map(AsRef::as_ref) })
    }

    /// The same with a reason why no more can be found.
    #[cfg(test)]
    #[must_use]
    pub fn with_trouble(self, why: Option<&str>) -> Self {
        Self { trouble: why.map(Into::into), ..self }
    }

    /// Why none can be found at present, in one line.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

impl<'a> FromIterator<(IpAddr, Origin<'a>)> for Origins {
    fn from_iter<T: IntoIterator<Item = (IpAddr, Origin<'a>)>>(found: T) -> Self {
        let mut origins = Self::default();
        for (address, origin) in found {
            origins.numbers.insert(address, origin.number);
            if let Some(name) = origin.name {
                origins.names.insert(origin.number, name.into());
            }
        }
        origins
    }
}

/// A system's name, scrubbed and short; `None` if nothing is left of it.
fn name(text: impl AsRef<[u8]>) -> Option<String> {
    let kept: String = scrub::text(text).chars().take(MAX_NAME).collect();
    let kept = kept.trim_end();
    (!kept.is_empty()).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_scrubbed_and_short() {
        assert_eq!(
            name("EXAMPLE-AS Example \x1b[31m\u{202e}Networks, US"),
            Some("EXAMPLE-AS Example [31mNetworks, US".into())
        );
        assert_eq!(name("é".repeat(500)).unwrap().chars().count(), MAX_NAME);
        assert_eq!(name(" \n\u{200b}"), None);
        let spaced = format!("{} tail", "x".repeat(MAX_NAME - 1));
        assert_eq!(name(spaced), Some("x".repeat(MAX_NAME - 1)), "the cut leaves no space at the end");
    }

    #[test]
    fn an_origin_reads_as_whois_writes_it() {
        assert_eq!(Origin { number: u32::MAX, name: None }.to_string(), "AS4294967295");
    }
}
