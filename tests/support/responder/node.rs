//! A node of the made-up path: what it is and what it says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::super::packet::{Code, Probe, Quote};
use super::node_address;

/// What a node says about a probe that ends there.
#[derive(Clone, Debug)]
pub enum Says {
    /// Nothing.
    Nothing,
    /// An ICMP error.
    Error(Code),
    /// The probe's own bytes, by UDP.
    Echo,
    /// Other bytes, by UDP.
    Bytes(Vec<u8>),
}

/// How many answers a node gives: a burst, then a steady rate.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Answers in a row that it may give.
    pub burst: f64,
    /// Answers a second that it gains.
    pub rate: f64,
}

/// A node of the path.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its IPv4 address.
    pub v4: Ipv4Addr,
    /// Its IPv6 address.
    pub v6: Ipv6Addr,
    /// What it says about a probe whose TTL runs out there, or that is for it.
    pub says: Says,
    /// Whether it answers echo requests for it, whatever it says about other probes.
    pub pings: bool,
    /// What it says about probes that should go further; `None` lets them.
    pub beyond: Option<Says>,
    /// How it quotes.
    pub quote: Quote,
    /// Time from a probe's arrival to the answer.
    pub delay: Duration,
    /// Up to this much more than that, evenly spread.
    pub jitter: Duration,
    /// Share of probes that vanish, 0 to 1.
    pub loss: f64,
    /// Answers to one probe.
    pub copies: u8,
    /// How many answers it gives, for each family by itself.
    pub limit: Option<Limit>,
}

impl Node {
    /// A router at a distance, with [`node_address`], that answers at once.
    pub fn router(distance: u8) -> Self {
        let (v4, v6) = node_address(distance);
        Self {
            v4,
            v6,
            says: Says::Error(Code::TIME_EXCEEDED),
            pings: false,
            beyond: None,
            quote: Quote::default(),
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: 0.0,
            copies: 1,
            limit: None,
        }
    }

    /// A target at a distance: port unreachable, a RST, and echo replies.
    pub fn target(distance: u8) -> Self {
        Self { pings: true, ..Self::router(distance).saying(Says::Error(Code::PORT)) }
    }

    /// Routers at the distances from 1, and a target behind them.
    pub fn path(routers: u8) -> Vec<Self> {
        (1..=routers).map(Self::router).chain([Self::target(routers + 1)]).collect()
    }

    /// With other addresses.
    pub fn at(self, v4: Ipv4Addr, v6: Ipv6Addr) -> Self {
        Self { v4, v6, ..self }
    }

    /// Saying something else.
    pub fn saying(self, says: Says) -> Self {
        Self { says, ..self }
    }

    /// Letting nothing pass, and saying this about it.
    pub fn stopping(self, says: Says) -> Self {
        Self { beyond: Some(says), ..self }
    }

    /// Answering after `ms` milliseconds.
    pub fn after_ms(self, ms: f64) -> Self {
        Self { delay: Duration::from_secs_f64(ms / 1e3), ..self }
    }

    /// Answering up to `ms` milliseconds later than that.
    pub fn jitter_ms(self, ms: f64) -> Self {
        Self { jitter: Duration::from_secs_f64(ms / 1e3), ..self }
    }

    /// Losing a share of the probes.
    pub fn losing(self, loss: f64) -> Self {
        Self { loss, ..self }
    }

    /// Answering a burst, then some a second: Linux's own default is 6 and 1.
    pub fn limited(self, burst: u32, rate: f64) -> Self {
        Self { limit: Some(Limit { burst: burst.into(), rate }), ..self }
    }

    /// Answering each probe several times.
    pub fn repeating(self, copies: u8) -> Self {
        Self { copies, ..self }
    }

    /// Quoting in a way of its own.
    pub fn quoting(self, quote: Quote) -> Self {
        Self { quote, ..self }
    }

    /// Its address in the family of `other`.
    pub fn address(&self, other: IpAddr) -> IpAddr {
        if other.is_ipv4() { self.v4.into() } else { self.v6.into() }
    }

    /// The node where a probe ends, how far away it is, and what that node is to say.
    pub fn ending<'a>(path: &'a [Self], probe: &Probe) -> (usize, &'a Says) {
        let last = path.len() - 1;
        let goal = path.iter().position(|node| node.address(probe.destination) == probe.destination);
        // A probe to no node of this path is as good as one to its last.
        let goal = goal.unwrap_or(last);
        let reach = usize::from(probe.ttl.max(1)) - 1;
        let mut before = path.iter().take(goal.min(reach)).enumerate();
        let barrier = before.find_map(|(index, node)| Some((index, node.beyond.as_ref()?)));
        barrier.unwrap_or_else(|| {
            let index = goal.min(reach);
            (index, &path[index].says)
        })
    }

    /// The frame of what it says, from `distance` hops away; `None` for nothing.
    pub fn frame(&self, says: &Says, probe: &Probe, distance: u8) -> Option<Vec<u8>> {
        let from = self.address(probe.destination);
        if probe.is_echo && self.pings && from == probe.destination {
            return Some(probe.echo_reply(distance));
        }
        match says {
            Says::Error(Code::PORT) | Says::Echo | Says::Bytes(_) if probe.is_syn => {
                Some(probe.reset(distance, probe.sequence().wrapping_add(1)))
            }
            Says::Nothing => None,
            Says::Error(code) => Some(probe.error(from, distance, *code, &self.quote)),
            Says::Echo => Some(probe.answer(distance, &probe.payload)),
            Says::Bytes(bytes) => Some(probe.answer(distance, bytes)),
        }
    }
}

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub fn new(limit: Limit, now: Instant) -> Self {
        Self { tokens: limit.burst, at: now }
    }

    /// Takes a token if there is one.
    pub fn take(&mut self, limit: Limit, now: Instant) -> bool {
        self.tokens = (self.tokens + (now - self.at).as_secs_f64() * limit.rate).min(limit.burst);
        self.at = now;
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}
