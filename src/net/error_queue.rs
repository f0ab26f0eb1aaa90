//! The channel that needs no privileges: a UDP or ping socket whose ICMP errors the kernel queues for us.
//! Where ping sockets are closed to us but a raw socket was opened before, echo requests leave by that.
//!
//! Linux `IP_RECVERR` and `IPV6_RECVERR`, ip(7). The kernel has checked the ICMP checksum and that the
//! quoted packet names our socket; what it hands on is the quoted destination, what was quoted of what we
//! sent, who sent the error and what it says. The quoted TTL, TOS, IP ID and checksum are not to be had this way.

pub mod format;
pub mod message;
pub(super) mod socket;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};

use nix::errno::Errno;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use self::format::Format;
use self::message::Context;
pub use self::socket::{permits_echo, source_for};
use super::channel::ChannelConfig;
use super::clock::Clock;
use super::filter;
use super::ports::Ports;
use super::raw_sockets::Purpose;
use super::stamps::SendStamps;
use crate::engine::probe::{Event, LocalFault, Probe, Protocol, SendOutcome, SentAt};
use crate::wire::icmp::Family;

/// How often a send is tried again after an error that an earlier probe had left pending: answers that come in a rush
/// leave one each time.
const RETRIES: u32 = 256;
/// Errors that one reading passes over.
const ERRORS: u32 = 8;
/// Large enough for the largest frame that is looped back with its send stamp.
const BUFFER: usize = 65_536 + 128;

/// The open channel.
#[derive(Debug)]
pub struct ErrorQueue {
    /// A ping socket is one of datagrams too, and nothing but its readiness is left to the runtime.
    socket: UdpSocket,
    context: Context,
    stamps: SendStamps,
    source: IpAddr,
    /// The identifier of echo requests on a raw socket.
    id: Option<u16>,
    /// What was read from the error queue while sending.
    events: VecDeque<Event>,
    buffer: Vec<u8>,
}

impl ErrorQueue {
    /// Opens the socket; within a tokio runtime. Fails where there is no route to the target.
    pub fn open(config: &ChannelConfig, clock: Clock) -> io::Result<Self> {
        let source = source_for(config)?;
        let (socket, id) = open_socket(config)?;
        let stamps = SendStamps::enable(&socket)?;
        let format = Format::new(config);
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            context: Context {
                target: config.target,
                format: id.map_or(format, |id| format.with_id(id)),
                last: None,
                clock,
                source,
            },
            stamps,
            source,
            id,
            events: VecDeque::new(),
            buffer: vec![0; BUFFER],
        })
    }

    /// The address that probes leave from.
    pub const fn source(&self) -> IpAddr {
        self.source
    }

    /// Probes leave from another address from now on.
    pub const fn follow(&mut self, source: IpAddr) {
        self.source = source;
        self.context.source = source;
    }

    /// The port that probes leave from, or the identifier of echo requests.
    pub fn port(&self) -> io::Result<u16> {
        self.id.map_or_else(|| Ok(self.socket.local_addr()?.port()), Ok)
    }

    /// Sends a probe.
    ///
    /// Each ICMP error also leaves an error pending on the socket, which the next send returns instead of
    /// sending. So a failed send drains the queue and is tried again; an error that persists is this
    /// machine's own. Once with nothing in the queue does not make it so: the kernel queues what it has to tell
    /// before it leaves the error, and that may have been read in between.
    pub fn send(&mut self, probe: &Probe) -> SendOutcome {
        let bytes = self.context.format.build(probe.no);
        let target = self.context.target;
        // Echo requests have no ports, and so a single flow.
        let ports = Ports::new(target.port(), self.context.format.cookie());
        let port = if target.port() == 0 { 0 } else { ports.port(probe.flow) };
        let to = with_port(target, port);
        let mut was_empty = false;
        for _ in 0..=RETRIES {
            let sent = SentAt { time: self.context.clock.now(), wall: Clock::wall() };
            match socket::send(&self.socket, &bytes, to, probe.ttl) {
                Ok(_) => {
                    self.context.last = Some(probe.no);
                    self.stamps.sent(probe.no);
                    return Ok(sent);
                }
                Err(Errno::EAGAIN | Errno::ENOBUFS) => return Err(LocalFault::NoBuffer),
                Err(Errno::EINTR) => {}
                Err(error) => {
                    let is_empty = self.drain_errors() == 0;
                    // No ICMP error leaves EPERM.
                    if (is_empty && was_empty) || error == Errno::EPERM {
                        return Err(message::fault_of(error));
                    }
                    was_empty = is_empty;
                }
            }
        }
        // It is the flood that keeps it from leaving, and no fault of the way.
        Err(LocalFault::NoBuffer)
    }

    /// The next event that has arrived.
    pub fn poll(&mut self) -> Option<Event> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        // Errors first: a send stamp must be known before the answer that it times.
        for is_error in [true, false] {
            for _ in 0..=ERRORS {
                match socket::receive(&self.socket, is_error, &mut self.buffer) {
                    Ok(message) => {
                        if let Some(event) = self.context.read(&message, &self.buffer, &self.stamps) {
                            return Some(event);
                        }
                    }
                    Err(Errno::EAGAIN) => break,
                    // A pending error that an entry of the error queue had left; it is no message, and the
                    // next call is rid of it. One that stays is met again at the next wake-up.
                    Err(_) => {}
                }
            }
        }
        None
    }

    /// Waits until something may have arrived since [`poll`](Self::poll) last gave nothing.
    pub async fn ready(&self) {
        // Never for WRITABLE, which an error leaves set for ever. Fails only with the runtime gone.
        if self.socket.ready(Interest::READABLE | Interest::ERROR).await.is_ok() {
            // Reading goes past the runtime, so it is told here that all will be read: one interest at a
            // time, since for a sum of them it clears nothing.
            for interest in [Interest::READABLE, Interest::ERROR] {
                let _ = self.socket.try_io(interest, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            }
        }
    }

    /// Reads all that is queued; gives how much that was.
    fn drain_errors(&mut self) -> usize {
        let mut count = 0;
        while let Ok(message) = socket::receive(&self.socket, true, &mut self.buffer) {
            count += 1;
            self.events.extend(self.context.read(&message, &self.buffer, &self.stamps));
        }
        count
    }
}

/// The socket that every user may have, or else a raw one for echo requests, if there is one; with the
/// identifier that is to be used on that.
fn open_socket(config: &ChannelConfig) -> io::Result<(std::net::UdpSocket, Option<u16>)> {
    let target = config.target.ip();
    match (socket::open(config), &config.raw) {
        (Err(error), Some(sockets))
            if config.protocol == Protocol::Icmp && error.kind() == io::ErrorKind::PermissionDenied =>
        {
            let socket = sockets.of(Family::of(target), Purpose::Echo)?;
            let id = config.cookie.0 as u16;
            let as_any = SockRef::from(&socket);
            socket::prepare(&as_any, config)?;
            as_any.attach_filter(&filter::replies(target, id))?;
            Ok((socket, Some(id)))
        }
        (opened, _) => Ok((opened?, None)),
    }
}

fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}
