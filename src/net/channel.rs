//! The seam between the watch and the ways to the network: an enum, since they are few and known.

use std::net::IpAddr;

use super::error_queue::ErrorQueue;
use super::simulated::Simulated;
use crate::engine::probe::{Event, Probe, SendOutcome};
use crate::engine::time::Time;

/// A way to send probes and to hear what becomes of them.
#[derive(Debug)]
pub enum Channel {
    /// UDP without privileges, ICMP errors by the kernel's error queue.
    ErrorQueue(Box<ErrorQueue>),
    /// A path that plays by rule.
    Simulated(Box<Simulated>),
}

impl Channel {
    /// Its name, as in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ErrorQueue(_) => "error-queue",
            Self::Simulated(_) => "simulated",
        }
    }

    /// The address that probes leave from.
    pub fn source(&self) -> IpAddr {
        match self {
            Self::ErrorQueue(channel) => channel.source(),
            Self::Simulated(channel) => channel.scenario().source,
        }
    }

    /// Sends a probe at `now`.
    pub fn send(&mut self, now: Time, probe: &Probe) -> SendOutcome {
        match self {
            Self::ErrorQueue(channel) => channel.send(probe),
            Self::Simulated(channel) => channel.send(now, probe),
        }
    }

    /// The next event that has arrived by `now`.
    pub fn poll(&mut self, now: Time) -> Option<Event> {
        match self {
            Self::ErrorQueue(channel) => channel.poll(),
            Self::Simulated(channel) => channel.poll(now),
        }
    }

    /// When the next event is known to arrive; sockets tell by [`ready`](Self::ready) instead.
    pub fn poll_timeout(&self) -> Option<Time> {
        match self {
            Self::ErrorQueue(_) => None,
            Self::Simulated(channel) => channel.poll_timeout(),
        }
    }

    /// Waits until something may have arrived.
    pub async fn ready(&self) {
        match self {
            Self::ErrorQueue(channel) => channel.ready().await,
            Self::Simulated(_) => std::future::pending().await,
        }
    }
}
