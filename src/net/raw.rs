//! The channel for those who have `CAP_NET_RAW`: answers are read from a raw ICMP socket, raw(7).
//!
//! Probes leave as they do without privileges, by a channel that also tells send stamps, local faults and the
//! target's own answers. What the raw socket adds is the whole quoted packet: the UDP checksum names the
//! probe where a router quotes only eight bytes, and TTL and TOS show what became of the packet on its way.
//! Of SYNs it tells only these, since the kernel alone knows their sequence numbers: that an answer is to one
//! of ours is told by the connecting socket.
//!
//! A raw socket sees every ICMP message that reaches this machine. The kernel keeps all but errors about our
//! own probes from it; of what it cannot judge, what quotes no probe of ours is counted and dropped.

pub mod matching;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};

use nix::errno::Errno;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use self::matching::{Found, Matching};
use super::channel::ChannelConfig;
use super::clock::Clock;
use super::error_queue::ErrorQueue;
use super::error_queue::socket::receive;
use super::filter::{self, Key, Ours};
use super::raw_sockets::{Purpose, RawSockets};
use super::tcp::Tcp;
use crate::engine::probe::{Answer, Event, Probe, ProbeNo, Protocol, Quoted, Reply, SendOutcome, Stray};
use crate::engine::time::Time;
use crate::wire::icmp::Family;
use crate::wire::message::{Message, checksum_ok};
use crate::wire::quote;

/// Errors in a row that one reading passes over.
const ERRORS: u32 = 8;
/// Quotes of SYNs that wait for what the connecting sockets tell.
const WAITING: usize = 64;

/// The open channel.
#[derive(Debug)]
pub struct Raw {
    sender: Sender,
    /// Raw, and nothing but its readiness is left to the runtime.
    socket: UdpSocket,
    matching: Matching,
    family: Family,
    clock: Clock,
    /// Read, but not given out before the sender has told all that came first.
    held: Option<Event>,
    /// What was quoted of SYNs, oldest first.
    quoted: VecDeque<(ProbeNo, Quoted)>,
    buffer: Vec<u8>,
}

/// How probes leave.
#[derive(Debug)]
enum Sender {
    Datagrams(ErrorQueue),
    Syns(Tcp),
}

impl Raw {
    /// Opens the channel over a raw socket opened before; within a tokio runtime. Fails where there is no
    /// route to the target.
    pub fn open(config: &ChannelConfig, sockets: &RawSockets, clock: Clock) -> io::Result<Self> {
        let target = config.target.ip();
        let family = Family::of(target);
        let socket = sockets.of(family, Purpose::Errors)?;
        let (sender, source, port) = match config.protocol {
            Protocol::Udp | Protocol::Icmp => {
                let sender = ErrorQueue::open(config, clock)?;
                let (source, port) = (sender.source(), sender.port()?);
                (Sender::Datagrams(sender), source, port)
            }
            Protocol::Tcp => {
                let sender = Tcp::open(config.clone(), clock)?;
                let source = sender.source();
                (Sender::Syns(sender), source, 0)
            }
        };
        let key = match config.protocol {
            Protocol::Udp => Some(Key::port(port)),
            Protocol::Icmp => Some(Key::id(port)),
            Protocol::Tcp => None,
        };
        SockRef::from(&socket).attach_filter(&filter::errors(Ours { target, key }))?;
        Ok(Self {
            sender,
            socket: UdpSocket::from_std(socket)?,
            matching: Matching::new(config, SocketAddr::new(source, port)),
            family,
            clock,
            held: None,
            quoted: VecDeque::new(),
            buffer: vec![0; 1 << 16],
        })
    }

    /// The address that probes leave from.
    pub const fn source(&self) -> IpAddr {
        match &self.sender {
            Sender::Datagrams(sender) => sender.source(),
            Sender::Syns(sender) => sender.source(),
        }
    }

    /// Probes leave from another address from now on.
    pub fn follow(&mut self, source: IpAddr) {
        match &mut self.sender {
            Sender::Datagrams(sender) => sender.follow(source),
            Sender::Syns(sender) => sender.follow(source),
        }
        self.matching.follow(source);
    }

    /// Sends a probe.
    pub fn send(&mut self, probe: &Probe) -> SendOutcome {
        let outcome = match &mut self.sender {
            Sender::Datagrams(sender) => sender.send(probe),
            Sender::Syns(sender) => sender.send(probe),
        };
        if outcome.is_ok() {
            self.matching.sent(probe);
        }
        outcome
    }

    /// The next event that has arrived.
    pub fn poll(&mut self) -> Option<Event> {
        match &self.sender {
            Sender::Datagrams(_) => self.poll_datagrams(),
            Sender::Syns(_) => self.poll_syns(),
        }
    }

    /// When [`poll`](Self::poll) has work though nothing arrives.
    pub fn poll_timeout(&self) -> Option<Time> {
        match &self.sender {
            Sender::Datagrams(_) => None,
            Sender::Syns(sender) => sender.poll_timeout(),
        }
    }

    fn poll_datagrams(&mut self) -> Option<Event> {
        loop {
            let Sender::Datagrams(sender) = &mut self.sender else { return None };
            match sender.poll() {
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

    /// The kernel hands an error to raw sockets before it hands it to the connection, so that what was quoted
    /// is known when the answer is.
    fn poll_syns(&mut self) -> Option<Event> {
        while let Some(event) = self.receive() {
            match event {
                Event::Reply(Reply { no: Some(no), quoted: Some(quoted), .. }) => {
                    if self.quoted.len() == WAITING {
                        self.quoted.pop_front();
                    }
                    self.quoted.push_back((no, quoted));
                }
                other => return Some(other),
            }
        }
        let Sender::Syns(sender) = &mut self.sender else { return None };
        let mut event = sender.poll()?;
        if let Event::Reply(reply) = &mut event {
            let place = self.quoted.iter().position(|(no, _)| Some(*no) == reply.no);
            reply.quoted = place.and_then(|place| self.quoted.remove(place)).map(|(_, quoted)| quoted);
        }
        Some(event)
    }

    /// Waits until something may have arrived since [`poll`](Self::poll) last gave nothing.
    pub async fn ready(&self) {
        let sender = async {
            match &self.sender {
                Sender::Datagrams(sender) => sender.ready().await,
                Sender::Syns(sender) => sender.ready().await,
            }
        };
        tokio::select! {
            () = sender => {}
            readable = self.socket.readable() => if readable.is_ok() {
                let _ = self.socket.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            }
        }
    }

    /// The probe that a quote is of.
    fn find(&self, quote: &quote::Quote) -> Result<Found, Stray> {
        self.matching.find(quote, |port| match &self.sender {
            Sender::Datagrams(_) => Err(Stray::Foreign),
            Sender::Syns(sender) => sender.under_way(port),
        })
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
            // What this machine itself refuses is told by the sender, also from an address that it had until now.
            let is_own = from == self.source() || Some(from) == message.own;
            if is_own && from != self.matching.target() {
                continue;
            }
            let data = self.buffer.get(..message.len).unwrap_or(&self.buffer);
            let matched = self.read(data).and_then(|icmp| {
                let quote = icmp.quote.as_ref().ok_or(Stray::Malformed)?;
                Ok((self.find(quote)?, icmp))
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
