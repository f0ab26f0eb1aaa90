//! Flags, judged and merged once into what each part needs.

mod alerts;
mod duration;
mod merge;
mod moment;
mod privilege;
mod probing;
mod size;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::UsageError;
use crate::engine::probe::{Flows, Protocol};
use crate::net::channel::{ChannelChoice, Egress, header_len};
use crate::wire::icmp::Family;
use crate::wire::payload;

pub use duration::parse_duration;
pub use moment::parse_moment;
pub use privilege::privileged;
pub use size::parse_size;

/// The least time between two tries to the same hop without privileges, as with ping and mtr.
pub const FLOOR: Duration = Duration::from_millis(100);
/// The least that the privileged may ask for.
pub const PRIVILEGED_FLOOR: Duration = Duration::from_millis(1);

/// The largest packet that may be asked for, IP header included, in bytes.
pub const MAX_SIZE: u16 = 65_000;

/// What this run is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which front end.
    pub mode: Mode,
    /// What to probe.
    pub target: Target,
    /// How to probe.
    pub probing: Probing,
    /// How often the target's name is looked up again; never by itself if `None`.
    pub reresolve: Option<Duration>,
    /// How names are shown, and so whether they are looked up.
    pub hosts: Hosts,
    /// Whether MPLS labels are shown.
    pub labels: bool,
    /// Whether origins are shown, and so looked up.
    pub origins: bool,
    /// The columns of figures asked for, by their letters.
    pub order: Option<String>,
    /// The file that origins are looked up in; by DNS without one.
    pub asn_db: Option<PathBuf>,
    /// Where the watch is recorded, if it is.
    pub record: Option<RecordTo>,
    /// Bytes that recordings may take.
    pub record_limit: u64,
    /// The command that is told of events.
    pub on_event: Option<String>,
    /// Whether the screen rings the bell when an event starts.
    pub bell: bool,
}

/// Where a watch is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordTo {
    /// In a new file in the user's directory for such.
    Directory,
    /// In this new file.
    File(PathBuf),
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
    /// Nothing but the recording.
    Headless {
        /// Records are printed as they come.
        jsonl: bool,
    },
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probing {
    /// What probes are made of.
    pub protocol: Protocol,
    /// Which way to the network is wanted.
    pub channel: ChannelChoice,
    /// How probes leave this machine.
    pub egress: Egress,
    /// Time between two tries to the same hop.
    pub interval: Duration,
    /// The least that this may be set to, by the privileges that the program was started with.
    pub floor: Duration,
    /// Tries a round, 1 to 10.
    pub tries: u8,
    /// Tries per hop after which to stop; `None` goes on for ever.
    pub count: Option<u32>,
    /// The first TTL probed, from 1.
    pub first_ttl: u8,
    /// The last TTL that may be probed.
    pub max_ttl: u8,
    /// The destination port; `None` for a protocol without ports.
    pub port: Option<u16>,
    /// In which flows probes are sent.
    pub flows: Flows,
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

impl Probing {
    /// Whether the packet is large enough for the headers and our payload in this family.
    ///
    /// A target that is a name shows its family only once it is looked up, so a driver asks again then.
    pub fn check_size(&self, family: Family) -> Result<(), UsageError> {
        let least = min_size(family);
        if self.size >= least {
            return Ok(());
        }
        let name = match family {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        };
        let why = format!("must be at least {least} for {name}");
        Err(UsageError::Value { flag: "-s", given: self.size.to_string(), why })
    }
}

/// The smallest whole packet: the IP header, 8 bytes of UDP or ICMP and 16 of payload.
pub const fn min_size(family: Family) -> u16 {
    (header_len(family) + payload::LEN) as u16
}
