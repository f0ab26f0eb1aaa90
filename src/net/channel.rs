//! The seam between the watch and the ways to the network: an enum, since they are few and known.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::clock::Clock;
use super::error_queue::ErrorQueue;
use super::open_error::OpenError;
use super::raw::Raw;
use super::raw_sockets::RawSockets;
use super::simulated::Simulated;
use super::tcp::Tcp;
use crate::engine::probe::{Event, Probe, Protocol, SendOutcome};
use crate::engine::time::Time;
use crate::wire::icmp::Family;
use crate::wire::payload::{self, Cookie};

/// How packets leave this machine; left out, as the kernel likes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Egress {
    /// The type of service (RFC 2474's DS field and ECN) or the traffic class.
    pub tos: u8,
    /// The source address.
    pub source: Option<IpAddr>,
    /// The interface, by name.
    pub interface: Option<String>,
    /// The UDP source port.
    pub local_port: Option<u16>,
}

/// What to send, and where to.
#[derive(Clone, Debug)]
pub struct ChannelConfig {
    /// What probes are made of.
    pub protocol: Protocol,
    /// The target and the destination port, which is 0 for a protocol without ports.
    pub target: SocketAddr,
    /// Bytes of payload, [`payload::LEN`] at least. TCP's SYNs carry none.
    pub payload_len: usize,
    /// What marks our probes.
    pub cookie: Cookie,
    /// Raw sockets opened before, for the channel that reads from them, and for echo requests where every
    /// user's sockets do not permit them.
    pub raw: Option<Arc<RawSockets>>,
    /// How they leave.
    pub egress: Egress,
}

/// Bytes of a probe before its payload: the IP header, and eight of UDP or ICMP.
pub const fn header_len(family: Family) -> usize {
    match family {
        Family::V4 => 20 + 8,
        Family::V6 => 40 + 8,
    }
}

impl ChannelConfig {
    /// The smallest probes of `protocol` to `target`.
    pub fn new(protocol: Protocol, target: SocketAddr, cookie: Cookie) -> Self {
        Self { protocol, target, payload_len: payload::LEN, cookie, egress: Egress::default(), raw: None }
    }
}

/// Which channel is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelChoice {
    /// Whichever does what is asked for with the least privileges.
    #[default]
    Auto,
    /// The error queue, which needs none.
    ErrorQueue,
    /// Raw sockets.
    Raw,
}

impl ChannelChoice {
    /// Every choice, in the order of the help.
    pub const ALL: [Self; 3] = [Self::Auto, Self::ErrorQueue, Self::Raw];

    /// Its name, as given to `--channel`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::ErrorQueue => "error-queue",
            Self::Raw => "raw",
        }
    }
}

/// A way to send probes and to hear what becomes of them.
#[derive(Debug)]
pub enum Channel {
    /// UDP or ICMP echo, ICMP errors by the kernel's error queue.
    ErrorQueue(Box<ErrorQueue>),
    /// TCP SYNs without privileges, each by a connection attempt of its own.
    Tcp(Box<Tcp>),
    /// Any protocol, ICMP errors by a raw socket.
    Raw(Box<Raw>),
    /// A path that plays by rule.
    Simulated(Box<Simulated>),
}

impl Channel {
    /// Opens the channel that does what `config` asks for, within a tokio runtime.
    pub fn open(config: &ChannelConfig, choice: ChannelChoice, clock: Clock) -> Result<Self, OpenError> {
        let opened = match (choice, config.protocol) {
            (ChannelChoice::Raw, _) => {
                let sockets = config.raw.as_ref().ok_or(OpenError::NoRaw)?;
                Raw::open(config, sockets, clock).map(|channel| Self::Raw(Box::new(channel)))
            }
            (_, Protocol::Tcp) => {
                Tcp::open(config.clone(), clock).map(|channel| Self::Tcp(Box::new(channel)))
            }
            (_, Protocol::Udp | Protocol::Icmp) => {
                ErrorQueue::open(config, clock).map(|channel| Self::ErrorQueue(Box::new(channel)))
            }
        };
        opened.map_err(|error| OpenError::of(error, config))
    }

    /// Its name, as in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ErrorQueue(_) | Self::Tcp(_) => "error-queue",
            Self::Raw(_) => "raw",
            Self::Simulated(_) => "simulated",
        }
    }

    /// The address that probes leave from.
    pub fn source(&self) -> IpAddr {
        match self {
            Self::ErrorQueue(channel) => channel.source(),
            Self::Tcp(channel) => channel.source(),
            Self::Raw(channel) => channel.source(),
            Self::Simulated(channel) => channel.scenario().source,
        }
    }

    /// Probes leave from another address from now on: the kernel chose it, or it came back.
    pub fn follow(&mut self, source: IpAddr) {
        match self {
            Self::ErrorQueue(channel) => channel.follow(source),
            Self::Tcp(channel) => channel.follow(source),
            Self::Raw(channel) => channel.follow(source),
            Self::Simulated(_) => {}
        }
    }

    /// Sends a probe at `now`.
    pub fn send(&mut self, now: Time, probe: &Probe) -> SendOutcome {
        match self {
            Self::ErrorQueue(channel) => channel.send(probe),
            Self::Tcp(channel) => channel.send(probe),
            Self::Raw(channel) => channel.send(probe),
            Self::Simulated(channel) => channel.send(now, probe),
        }
    }

    /// The next event that has arrived by `now`.
    pub fn poll(&mut self, now: Time) -> Option<Event> {
        match self {
            Self::ErrorQueue(channel) => channel.poll(),
            Self::Tcp(channel) => channel.poll(),
            Self::Raw(channel) => channel.poll(),
            Self::Simulated(channel) => channel.poll(now),
        }
    }

    /// When [`poll`](Self::poll) has work though nothing arrives: a simulated event, a socket to be closed.
    pub fn poll_timeout(&self) -> Option<Time> {
        match self {
            Self::ErrorQueue(_) => None,
            Self::Tcp(channel) => channel.poll_timeout(),
            Self::Raw(channel) => channel.poll_timeout(),
            Self::Simulated(channel) => channel.poll_timeout(),
        }
    }

    /// Waits until something may have arrived.
    pub async fn ready(&self) {
        match self {
            Self::ErrorQueue(channel) => channel.ready().await,
            Self::Tcp(channel) => channel.ready().await,
            Self::Raw(channel) => channel.ready().await,
            Self::Simulated(_) => std::future::pending().await,
        }
    }
}
