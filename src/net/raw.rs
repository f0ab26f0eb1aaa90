//! The channel for those who have `CAP_NET_RAW`: answers are read from a raw ICMP socket, raw(7).
//!
//! Probes leave by the same socket as without privileges, which also tells send stamps, local faults and the
//! target's own answers. What the raw socket adds is the whole quoted packet: the UDP checksum names the
//! probe where a router quotes only eight bytes, and TTL and TOS show what became of the packet on its way.
//!
//! A raw socket sees every ICMP message that reaches this machine. The kernel keeps all but errors from it
//! (`ICMP_FILTER`, `ICMP6_FILTER`); of these, what quotes no probe of ours is counted and dropped.

pub mod matching;
mod sockets;

use std::io;
use std::net::{IpAddr, SocketAddr};

use nix::errno::Errno;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use self::matching::Matching;
pub use self::sockets::RawSockets;
use super::channel::ChannelConfig;
use super::clock::Clock;
use super::error_queue::ErrorQueue;
use super::error_queue::socket::receive;
use crate::engine::probe::{Answer, Event, Probe, Reply, SendOutcome, Stray};
use crate::wire::icmp::Family;
use crate::wire::message::{Message, checksum_ok};
use crate::wire::quote;

/// Errors in a row that one reading passes over.
const ERRORS: u32 = 8;

/// The open channel.
#[derive(Debug)]
pub struct Raw {
    sender: ErrorQueue,
    /// Raw, and nothing but its readiness is left to the runtime.
    socket: UdpSocket,
    matching: Matching,
    family: Family,
    clock: Clock,
    /// Read, but not given out before the sender has told all that came first.
    held: Option<Event>,
    buffer: Vec<u8>,
}

impl Raw {
    /// Opens the channel over a raw socket opened before; within a tokio runtime. Fails where there is no
    /// route to the target.
    pub fn open(config: &ChannelConfig, sockets: &RawSockets, clock: Clock) -> io::Result<Self> {
        let family = Family::of(config.target.ip());
        let socket = UdpSocket::from_std(sockets.of(family)?)?;
        let sender = ErrorQueue::open(config, clock)?;
        let source = SocketAddr::new(sender.source(), sender.port()?);
        let matching = Matching::new(config, source);
        Ok(Self { sender, socket, matching, family, clock, held: None, buffer: vec![0; 1 << 16] })
    }

    /// The address that probes leave from.
    pub const fn source(&self) -> IpAddr {
        self.sender.source()
    }

    /// Sends a probe.
    pub fn send(&mut self, probe: &Probe) -> SendOutcome {
        let outcome = self.sender.send(probe);
        if outcome.is_ok() {
            self.matching.sent(probe.no);
        }
        outcome
    }

    /// The next event that has arrived.
    pub fn poll(&mut self) -> Option<Event> {
        loop {
            match self.sender.poll() {
                // The same answer comes by the raw socket, and with it more.
                Some(
                    Event::Reply(Reply { answer: Answer::Icmp(_), .. })
                    | Event::Bare { reply: Reply { answer: Answer::Icmp(_), .. }, .. }
                    | Event::Stray(_),
                ) => {}
                Some(event) => return Some(event),
                None => match self.held.take() {
                    // A send stamp must be known before the answer that it times.
                    Some(event) => return Some(event),
                    None => self.held = Some(self.receive()?),
                },
            }
        }
    }

    /// Waits until something may have arrived since [`poll`](Self::poll) last gave nothing.
    pub async fn ready(&self) {
        tokio::select! {
            () = self.sender.ready() => {}
            readable = self.socket.readable() => if readable.is_ok() {
                let _ = self.socket.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            }
        }
    }

    fn receive(&mut self) -> Option<Event> {
        let mut errors = 0;
        loop {
            let message = match receive(&self.socket, false, &mut self.buffer) {
                Ok(message) => message,
                Err(Errno::EAGAIN) => return None,
                // An error that stays is met again at the next wake-up.
                Err(_) if errors > ERRORS => return None,
                Err(_) => {
                    errors += 1;
                    continue;
                }
            };
            let received = self.clock.now();
            let Some(from) = message.address.map(|from| from.ip()) else { continue };
            // What this machine itself refuses is told by the sender.
            if from == self.sender.source() && from != self.matching.target() {
                continue;
            }
            let data = self.buffer.get(..message.len).unwrap_or(&self.buffer);
            let matched = self.read(data).and_then(|icmp| {
                let quote = icmp.quote.as_ref().ok_or(Stray::Malformed)?;
                Ok((self.matching.find(quote)?, icmp))
            });
            return Some(match matched {
                Ok((found, icmp)) => Event::Reply(Reply {
                    no: Some(found.no),
                    from,
                    answer: Answer::Icmp(icmp.icmp),
                    received,
                    kernel: message.stamp,
                    wall: Clock::wall(),
                    measured: None,
                    reply_ttl: message.ttl,
                    labels: icmp.labels,
                    rewritten: found.rewritten,
                    mtu: icmp.mtu,
                    quoted: Some(found.quoted),
                }),
                Err(reason) => Event::Stray(reason),
            });
        }
    }

    /// The ICMP message in what a raw socket gave: over IPv4 it has its IP header before it.
    fn read<'a>(&self, data: &'a [u8]) -> Result<Message<'a>, Stray> {
        let icmp = match self.family {
            Family::V6 => data,
            Family::V4 => {
                quote::behind_header(data).filter(|icmp| checksum_ok(icmp)).ok_or(Stray::Malformed)?
            }
        };
        Message::parse(self.family, icmp).ok_or(Stray::Malformed)
    }
}
