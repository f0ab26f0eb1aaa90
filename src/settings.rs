//! Flags and environment, merged once into what each part needs.

use std::time::Duration;

use crate::wire::icmp::Family;

/// What this run is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which front end.
    pub mode: Mode,
    /// What to probe.
    pub target: Target,
    /// How to probe.
    pub probing: Probing,
    /// How names are shown, and so whether they are looked up.
    pub hosts: Hosts,
}

/// Which front end a run gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The full screen.
    Screen,
    /// One round in traceroute's form.
    Once,
    /// A table at the end; whether host names keep their full width.
    Report {
        /// `-w`: no cut in the host column.
        wide: bool,
    },
    /// A JSON document at the end.
    Json,
}

/// What to probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A name or an address literal on the real network, and the family asked for.
    Host(String, Option<Family>),
    /// A simulated path, by the scenario's name.
    Demo(String),
}

/// How to probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probing {
    /// Time between two tries to the same hop.
    pub interval: Duration,
    /// Tries a round, 1 to 10.
    pub tries: u8,
    /// Tries per hop after which to stop; `None` goes on for ever.
    pub count: Option<u32>,
    /// The first TTL probed, from 1.
    pub first_ttl: u8,
    /// The last TTL that may be probed.
    pub max_ttl: u8,
    /// The destination port.
    pub port: u16,
    /// The whole packet's size in bytes, IP header included.
    pub size: u16,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

/// How a host is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    /// Its name, or its address while that is unknown.
    #[default]
    Names,
    /// Its address alone; names are not looked up.
    Addresses,
    /// Both.
    Both,
}
