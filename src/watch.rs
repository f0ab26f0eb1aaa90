//! The driver: engine, channel and names in one loop on a thread of its own; publishes views.

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::probe::Command;
use crate::engine::snapshot::Snapshot;
use crate::names::Names;

/// What a front end draws or prints.
#[derive(Clone, Debug)]
pub struct View {
    /// The trace.
    pub snapshot: Arc<Snapshot>,
    /// The names known by now.
    pub names: Arc<Names>,
    /// What this watch is about.
    pub about: Arc<About>,
}

/// What a watch is about: fixed while it runs, but for the source address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The target as the user named it, scrubbed.
    pub target: String,
    /// The target's address; a scoped IPv6 address keeps its zone in `target`.
    pub address: IpAddr,
    /// The address that probes are sent from, while there is one.
    pub source: Option<IpAddr>,
    /// The probes' protocol, as shown: "UDP".
    pub protocol: &'static str,
    /// The destination port.
    pub port: u16,
    /// The channel's name: "error-queue", "raw" or "simulated".
    pub channel: &'static str,
    /// This machine's host name.
    pub host: String,
}

/// What a front end asks of the watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A command to the trace.
    Trace(Command),
    /// Look names up, or stop doing so.
    Names(bool),
    /// Stop.
    Quit,
}

/// What the watch tells a front end, besides views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A new view lies in the slot.
    View,
    /// A signal asks the program to end: its number.
    Signal(i32),
    /// The program is to be suspended (`SIGTSTP`).
    Suspend,
    /// The program goes on after a stop (`SIGCONT`).
    Continued,
    /// The terminal's size changed (`SIGWINCH`).
    Resized,
    /// The watch has ended: every round asked for is settled, or it was told to quit.
    Ended,
}
