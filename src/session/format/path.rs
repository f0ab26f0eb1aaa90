//! The line that says what the rounds behind it have in common.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::engine::end::End;
use crate::engine::round::Row;

/// What rounds have in common.
#[derive(Clone, Debug, Deserialize)]
pub struct Path {
    interval: u64,
    /// Where it ends.
    pub end: End,
    /// The rows asked, with the TTL and the addresses that may have answered.
    pub rows: Vec<(Row, u8, Vec<IpAddr>)>,
}

impl Path {
    /// The time between two tries to the same hop.
    pub const fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval)
    }
}
