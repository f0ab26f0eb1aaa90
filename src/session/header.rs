//! The first line of every part of a session: what was watched, how, and since when.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::format::SCHEMA;
use crate::engine::snapshot::Pace;
use crate::engine::time::{Anchor, Time};
use crate::scrub;

/// What a session is of.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Header {
    /// The format's name and version.
    pub schema: String,
    /// What all parts of one session have in common, and no other session has.
    pub session: String,
    /// Which part this is, from 1.
    pub part: u32,
    /// The version of the program that wrote it.
    pub version: String,
    /// The target as the user named it.
    pub target: String,
    /// The target's address.
    pub address: IpAddr,
    /// The address that probes were sent from.
    pub source: Option<IpAddr>,
    /// The probes' protocol: "udp", "icmp" or "tcp".
    pub protocol: String,
    /// The destination port, where the protocol has ports.
    pub port: Option<u16>,
    /// The type of service or traffic class.
    pub tos: u8,
    /// Probes were sent in a flow each.
    pub flow_per_try: bool,
    /// The way to the network.
    pub channel: String,
    /// The name of the machine that watched.
    pub host: String,
    /// How it probed at first.
    pub pace: WrittenPace,
    /// What the wall clock says to the session's time 0.
    #[serde(with = "rfc3339")]
    pub started: SystemTime,
    /// The command line, for going on.
    pub arguments: Vec<String>,
}

/// How a trace probes, as it is written. Times in ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct WrittenPace {
    interval: u64,
    tries: u8,
    timeout: u64,
    first_ttl: u8,
    max_ttl: u8,
}

impl From<Pace> for WrittenPace {
    fn from(pace: Pace) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let Pace { tries, first_ttl, max_ttl, .. } = pace;
        Self { interval: nanos(pace.interval), tries, timeout: nanos(pace.timeout), first_ttl, max_ttl }
    }
}

impl From<WrittenPace> for Pace {
    fn from(pace: WrittenPace) -> Self {
        let WrittenPace { interval, tries, timeout, first_ttl, max_ttl } = pace;
        let (interval, timeout) = (Duration::from_nanos(interval), Duration::from_nanos(timeout));
        Self { interval, tries, timeout, first_ttl, max_ttl }
    }
}

impl Header {
    /// The line, without its end.
    pub fn line(&self) -> String {
        // Strings and numbers cannot fail to be written to a string.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the line; `None` if it is no header of a version known here. Text in it is scrubbed.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let header: Self = serde_json::from_slice(line).ok()?;
        let clean = Self {
            target: scrub::text(&header.target),
            channel: scrub::text(&header.channel),
            host: scrub::text(&header.host),
            version: scrub::text(&header.version),
            ..header
        };
        (clean.schema == SCHEMA).then_some(clean)
    }

    /// What the wall clock says to the session's times.
    pub const fn anchor(&self) -> Anchor {
        Anchor { time: Time::ZERO, wall: self.started }
    }
}

/// A moment as RFC 3339 in UTC, to the nanosecond; the nearest that has a name if it is off the calendar.
pub fn stamp(wall: SystemTime) -> String {
    let nearest = if wall < SystemTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::try_from(wall).unwrap_or(nearest).to_string()
}

/// Wall-clock moments as RFC 3339.
pub mod rfc3339 {
    use super::{Deserialize, Deserializer, Serializer, SystemTime, Timestamp, stamp};

    /// Writes one.
    pub fn serialize<S: Serializer>(wall: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&stamp(*wall))
    }

    /// Reads one.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse::<Timestamp>().map(SystemTime::from).map_err(serde::de::Error::custom)
    }
}
