//! Names and addresses: the target's forward lookup, and reverse lookups that nobody waits for.
//!
//! | module | what it owns |
//! | --- | --- |
//! | [`forward`] | the target's address, before the screen opens |
//! | [`again`] | the target's address, asked for again later |
//! | [`reverse`] | which address is looked up when, and what was found; no threads, no clock |
//! | [`resolver`] | the threads that look up, with `reverse` telling them what |

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

pub mod again;
pub mod forward;
pub mod resolver;
pub mod reverse;

/// The names found so far, scrubbed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    found: HashMap<IpAddr, Arc<str>>,
}

impl Names {
    /// The name of an address, if it has one that is known by now.
    pub fn get(&self, address: IpAddr) -> Option<&str> {
        self.found.get(&address).map(AsRef::as_ref)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, &str)> {
        self.found.iter().map(|(address, name)| (*address, name.as_ref()))
    }
}

impl FromIterator<(IpAddr, Arc<str>)> for Names {
    fn from_iter<T: IntoIterator<Item = (IpAddr, Arc<str>)>>(found: T) -> Self {
        Self { found: found.into_iter().collect() }
    }
}
