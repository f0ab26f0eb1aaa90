//! Route epochs: stretches of time on one path.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::time::Time;

/// A stretch of time on one path, from its start to the next epoch's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Epoch {
    /// Its number, from 0.
    pub number: u32,
    /// When the path was first seen this way.
    pub start: Time,
    /// Who answered at each hop, by TTL; hops that nobody answered at are left out.
    pub hops: Vec<EpochHop>,
    /// The earlier epoch with the same path, if there is one: the route came back.
    pub again: Option<u32>,
}

/// A hop of an epoch's path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct EpochHop {
    /// Its TTL.
    pub ttl: u8,
    /// Who answers there: several where traffic is balanced, in order of address.
    pub responders: Vec<IpAddr>,
}
