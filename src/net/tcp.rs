//! TCP SYN probes without privileges: one non-blocking connect(2) a probe, its TTL set before.
//!
//! A router's answer comes by the connecting socket's own error queue, with the kernel's receive stamp; the
//! kernel has checked that it quotes our ports and our sequence number. The target's answer is a SYN-ACK,
//! timed by the kernel's own measure of the handshake (`TCP_INFO`), or a RST, which bears no stamp. Either
//! way the socket is closed at once, an open connection by a RST.
//!
//! Linux sends a SYN again after a second, and an answer to that one would pass for a slow answer to the
//! first. So every probe is given up shortly before; what comes later is lost to TCP. While nothing is answered at
//! all, one connection besides finds out whether this machine drops SYNs (`silence`).
//!
//! **Flow.** TCP allows one connection at a time from a port to the same port of a host, and probes to
//! several hops are under way at once. So each TTL has a source port of its own, which it keeps from try to
//! try: load balancers send all tries of a TTL the same way, but not all TTLs. A TTL changes its port where
//! the target, having answered there before, leaves a try unanswered: a half-open connection may have stayed
//! behind there, which would spoil the next one from the same port. A probe in a flow of its own has a port
//! that the kernel picks.

mod attempts;
mod silence;
mod socket;

use std::collections::HashMap;
use std::io::{
    self,
    ErrorKind::{AddrInUse, AddrNotAvailable},
};
use std::net::IpAddr;
use std::time::Duration;

use socket2::Socket;

use self::attempts::{Attempt, Attempts};
use self::silence::Silence;
use self::socket::Outcome;
use super::channel::ChannelConfig;
use super::clock::Clock;
use super::error_queue::message::{fault_of, rejected};
use super::error_queue::socket::{Extended, Message};
use super::error_queue::source_for;
use super::neighbour;
use crate::engine::probe::{
    self, Answer, Event, LocalFault, Probe, ProbeNo, Reply, SendOutcome, SentAt, Stray,
};
use crate::engine::time::Time;
use crate::wire::extension::Queued;
use crate::wire::icmp::{Family, Icmp};

/// How long an answer is waited for: less than the second after which Linux sends a SYN again (RFC 6298, 2).
const PATIENCE: Duration = Duration::from_millis(950);
/// Ports that the kernel is asked for until it picks a new one, at most.
const PICKS: usize = 8;
/// Sockets open at a time; a faster pace than they allow for is a local fault.
const MOST: usize = 512;

/// The flow of the probes with one TTL.
#[derive(Clone, Copy, Debug)]
struct Flow {
    port: u16,
    /// The target itself answered it last.
    is_targets: bool,
}

/// The open channel.
#[derive(Debug)]
pub struct Tcp {
    config: ChannelConfig,
    clock: Clock,
    source: IpAddr,
    attempts: Attempts,
    /// By TTL.
    flows: HashMap<u8, Flow>,
    /// When the next hop was last found silent on the link.
    next_hop_silent: Option<Time>,
    silence: Silence,
    buffer: Vec<u8>,
    /// Keeps the kernel stamping: it stops where no socket wants stamps, and takes a while to begin again.
    _stamping: Socket,
}

impl Tcp {
    /// Opens the channel; within a tokio runtime. Fails where there is no route to the target.
    pub fn open(config: ChannelConfig, clock: Clock) -> io::Result<Self> {
        let source = source_for(&config)?;
        let stamping = socket::open(&config, 1, None)?;
        Ok(Self {
            config,
            clock,
            source,
            attempts: Attempts::default(),
            flows: HashMap::new(),
            next_hop_silent: None,
            silence: Silence::default(),
            buffer: vec![0; 2_048],
            _stamping: stamping,
        })
    }

    /// The address that probes leave from.
    pub const fn source(&self) -> IpAddr {
        self.source
    }

    /// Probes leave from another address from now on.
    pub const fn follow(&mut self, source: IpAddr) {
        self.source = source;
    }

    /// Sends a probe.
    pub fn send(&mut self, probe: &Probe) -> SendOutcome {
        if self.attempts.len() >= MOST {
            return Err(LocalFault::NoBuffer);
        }
        let kept = self.flows.get(&probe.ttl).filter(|_| probe.flow == probe::Flow::Stable);
        let port = kept.map(|flow| flow.port).filter(|port| self.attempts.of_port(*port).is_none());
        let sent = match (self.connect(*probe, port), port) {
            // Somebody else has taken it in the meantime.
            (Err(error), Some(_)) if matches!(error.kind(), AddrInUse | AddrNotAvailable) => {
                self.connect(*probe, None)
            }
            (outcome, _) => outcome,
        };
        sent.map_err(|error| fault_of(socket::errno(&error)))
    }

    fn connect(&mut self, probe: Probe, port: Option<u16>) -> io::Result<SentAt> {
        let target = self.config.target;
        let socket = self.open_from(probe.ttl, port)?;
        let sent = SentAt { time: self.clock.now(), wall: Clock::wall() };
        let socket = socket::connect(socket, target)?;
        let port = self.attempts.add(socket, probe.no, probe.ttl, sent)?;
        self.flows.entry(probe.ttl).or_insert(Flow { port, is_targets: false }).port = port;
        Ok(sent)
    }

    /// A socket from `port`, or else from one that the kernel picks: it may well pick one again that was given back
    /// a moment ago.
    fn open_from(&self, ttl: u8, port: Option<u16>) -> io::Result<Socket> {
        let open = || socket::open(&self.config, ttl, port);
        let mut socket = open()?;
        for _ in 0..PICKS {
            let picked = socket.local_addr()?.as_socket().map(|own| own.port()).filter(|_| port.is_none());
            if picked.is_none_or(|picked| self.under_way(picked) == Err(Stray::Foreign)) {
                break;
            }
            socket = open()?;
        }
        Ok(socket)
    }

    /// The probe under way from a source port, or whether one was not long ago.
    pub fn under_way(&self, port: u16) -> Result<ProbeNo, Stray> {
        self.attempts
            .of_port(port)
            .ok_or_else(|| if self.attempts.was_of(port) { Stray::Unknown } else { Stray::Foreign })
    }

    /// The next event that has arrived.
    pub fn poll(&mut self) -> Option<Event> {
        while let Some(attempt) = self.attempts.pop_ready() {
            if let Some(event) = self.read(&attempt) {
                if matches!(event, Event::Reply(_)) {
                    self.silence.end(self.clock.now(), attempt.ttl);
                }
                return Some(event);
            }
        }
        // Whatever came in time has been read.
        let now = self.clock.now();
        while let Some(attempt) = self.attempts.pop_older(now, PATIENCE) {
            if let Some(fault) = self.kept_back(&attempt) {
                return Some(Event::Local { no: Some(attempt.no), fault });
            }
            if self.flows.get(&attempt.ttl).is_some_and(|flow| flow.is_targets && flow.port == attempt.port) {
                self.flows.remove(&attempt.ttl);
            }
            self.silence.given_up(now, &attempt, &self.config);
        }
        let no = self.silence.poll(now)?;
        Some(Event::Local { no: Some(no), fault: LocalFault::Firewall })
    }

    /// When [`poll`](Self::poll) has work though nothing arrives.
    pub fn poll_timeout(&self) -> Option<Time> {
        let given_up = self.attempts.first_sent().map(|sent| sent + PATIENCE);
        [given_up, self.silence.poll_timeout()].into_iter().flatten().min()
    }

    /// Waits until something may have arrived since [`poll`](Self::poll) last gave nothing.
    pub async fn ready(&self) {
        self.attempts.ready().await;
    }

    /// What came of an attempt; its socket closes with it.
    fn read(&mut self, attempt: &Attempt) -> Option<Event> {
        let target = self.config.target.ip();
        let received = self.clock.now();
        match socket::outcome(&attempt.stream, &mut self.buffer) {
            Outcome::Icmp(message, error) => Some(self.icmp(attempt.no, &message, error, received)),
            Outcome::Established(measured) => {
                self.answered(attempt);
                let reply = Self::reply(attempt.no, target, Answer::Direct, received);
                Some(Event::Reply(Reply { measured: Some(measured), ..reply }))
            }
            // It has no stamp, so that nothing but its time of reading tells it from a later SYN's answer.
            Outcome::Refused if received.since(attempt.sent.time) > PATIENCE => None,
            Outcome::Refused => {
                self.answered(attempt);
                Some(Event::Reply(Self::reply(attempt.no, target, Answer::Direct, received)))
            }
            Outcome::Failed(error) => Some(Event::Local { no: Some(attempt.no), fault: fault_of(error) }),
            Outcome::Nothing => None,
        }
    }

    /// What kept a SYN in this machine, as far as it can be known of one that nothing came of: it has no send stamp,
    /// and the kernel gives the next hop up only later. What waits for that may be dropped at its end.
    fn kept_back(&mut self, attempt: &Attempt) -> Option<LocalFault> {
        if neighbour::is_silent(&self.config) {
            self.next_hop_silent = Some(self.clock.now());
        }
        if self.next_hop_silent >= Some(attempt.sent.time) {
            return Some(LocalFault::Neighbour);
        }
        socket::met_a_full_queue(&attempt.stream).then_some(LocalFault::NoBuffer)
    }

    fn answered(&mut self, attempt: &Attempt) {
        if let Some(flow) = self.flows.get_mut(&attempt.ttl) {
            flow.is_targets = true;
        }
    }

    fn icmp(&self, no: ProbeNo, message: &Message, error: Extended, received: Time) -> Event {
        let target = self.config.target.ip();
        let (family, begin) = match target {
            IpAddr::V4(_) => (Family::V4, 20),
            IpAddr::V6(_) => (Family::V6, 40),
        };
        let Some(offender) = error.offender.filter(|_| !message.is_cut) else {
            return Event::Stray(Stray::Malformed);
        };
        let icmp = Icmp { family, ty: error.err.ee_type, code: error.err.ee_code };
        let is_own = offender == self.source || Some(offender) == message.own;
        if is_own && offender != target {
            return Event::Local { no: Some(no), fault: rejected(icmp) };
        }
        let data = self.buffer.get(..message.len).unwrap_or(&self.buffer);
        Event::Reply(Reply {
            kernel: message.stamp,
            reply_ttl: message.ttl,
            labels: Queued::parse(begin, data, 0, error.err.ee_data).labels,
            ..Self::reply(no, offender, Answer::Icmp(icmp), received)
        })
    }

    fn reply(no: ProbeNo, from: IpAddr, answer: Answer, received: Time) -> Reply {
        Reply::new(Some(no), from, answer, received, Clock::wall())
    }
}
