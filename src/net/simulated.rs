//! A path that plays by rule on time that is passed in: for tests, and for `--demo`.

pub mod demos;
pub mod scenario;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use self::scenario::{Conduct, Hop, Scenario};
use crate::engine::probe::{Answer, Event, Probe, Reply, SendOutcome, SentAt};
use crate::engine::random::mix;
use crate::engine::time::{Time, Wall};
use crate::wire::icmp::Icmp;

/// What the simulated wall clock shows at the session's start.
const EPOCH: i64 = 1_700_000_000_000_000_000;

/// A simulated path.
#[derive(Debug)]
pub struct Simulated {
    scenario: Scenario,
    random: u64,
    /// What is on its way, by arrival and then by order of sending.
    coming: BinaryHeap<Reverse<(Time, u64)>>,
    events: HashMap<u64, Event>,
    order: u64,
    /// Tokens left and when they were last counted, by responder.
    buckets: HashMap<IpAddr, (f64, Time)>,
    /// Every probe that was sent, when and with which TTL, if it was asked to keep that.
    pub log: Vec<(Time, u8)>,
    is_logged: bool,
}

impl Simulated {
    /// A path that plays `scenario`.
    pub fn new(scenario: Scenario) -> Self {
        Self {
            random: mix(scenario.seed),
            scenario,
            coming: BinaryHeap::new(),
            events: HashMap::new(),
            order: 0,
            buckets: HashMap::new(),
            log: Vec::new(),
            is_logged: false,
        }
    }

    /// The same, keeping a log of what was sent, which grows without end.
    #[must_use]
    pub fn logged(self) -> Self {
        Self { is_logged: true, ..self }
    }

    /// What it plays.
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Sends a probe at `now`.
    pub fn send(&mut self, now: Time, probe: &Probe) -> SendOutcome {
        if let Some((_, _, fault)) =
            self.scenario.faults.iter().find(|(from, to, _)| (*from..*to).contains(&now))
        {
            return Err(*fault);
        }
        if self.is_logged {
            self.log.push((now, probe.ttl));
        }
        self.deliver(now, Event::SendStamp { no: probe.no, kernel: wall(now) });
        if let Some((place, hop, icmp)) = self.walk(now, probe.ttl) {
            self.answer(now, probe, place, &hop, icmp);
        }
        Ok(SentAt { time: now, wall: wall(now) })
    }

    /// The next event that has arrived by `now`.
    pub fn poll(&mut self, now: Time) -> Option<Event> {
        let Reverse((at, order)) = *self.coming.peek()?;
        if at > now {
            return None;
        }
        self.coming.pop();
        self.events.remove(&order)
    }

    /// When the next event arrives.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.coming.peek().map(|Reverse((at, _))| *at)
    }

    /// Lets anything else arrive at `at`: a message of another program, a forged one.
    pub fn deliver(&mut self, at: Time, event: Event) {
        self.order += 1;
        self.coming.push(Reverse((at, self.order)));
        self.events.insert(self.order, event);
    }

    /// At which place, who answers a probe of `ttl`, and with what; `None` if it is lost or ignored.
    fn walk(&mut self, now: Time, ttl: u8) -> Option<(u8, Hop, Option<Icmp>)> {
        let branches = self.scenario.branches(now);
        let count = branches.len();
        let chosen = (self.chance() * count as f64) as usize;
        let hops = self.scenario.branches(now).get(chosen)?.clone();
        for (place, hop) in (1..=u8::MAX).zip(hops) {
            if hop.loss > 0.0 && self.chance() < hop.loss {
                return None;
            }
            let exceeded = if hop.address.is_ipv4() { Icmp::v4(11, 0) } else { Icmp::v6(3, 0) };
            match hop.conduct {
                Conduct::Answer(icmp) => return Some((place, hop, Some(icmp))),
                Conduct::Direct => return Some((place, hop, None)),
                Conduct::Silent if place == ttl => return None,
                _ if place == ttl => return Some((place, hop, Some(exceeded))),
                Conduct::Block(icmp) => return Some((place, hop, Some(icmp))),
                Conduct::Pass | Conduct::Silent => {}
            }
        }
        None
    }

    fn answer(&mut self, now: Time, probe: &Probe, place: u8, hop: &Hop, icmp: Option<Icmp>) {
        let way_out = hop.rtt / 2;
        if !self.allowed(now + way_out, hop) {
            return;
        }
        let jitter = hop.jitter.mul_f64(self.chance().powi(2));
        let at = now + hop.rtt + jitter;
        let reply = Reply {
            kernel: Some(wall(at)),
            reply_ttl: Some(reply_ttl(place, hop)),
            labels: hop.labels.clone(),
            ..Reply::new(
                (!hop.bare).then_some(probe.no),
                hop.address,
                icmp.map_or(Answer::Direct, Answer::Icmp),
                at,
                wall(at),
            )
        };
        let event = if hop.bare { Event::Bare { flow: probe.flow, reply } } else { Event::Reply(reply) };
        if hop.doubled > 0.0 && self.chance() < hop.doubled {
            self.deliver(at + Duration::from_micros(10), event.clone());
        }
        self.deliver(at, event);
    }

    fn allowed(&mut self, at: Time, hop: &Hop) -> bool {
        if hop.deaf > 0.0 && self.chance() < hop.deaf {
            return false;
        }
        let Some(limit) = hop.limit else { return true };
        let (tokens, since) = self.buckets.get(&hop.address).copied().unwrap_or((limit.burst, at));
        let tokens = (tokens + at.since(since).as_secs_f64() * limit.per_second).min(limit.burst);
        // What others ask in the meantime is served first.
        let others = at.since(since).as_secs_f64() * hop.rivals;
        let taken = if others > 0.0 { others * 2.0 * self.chance() } else { 0.0 };
        let tokens = (tokens - taken).max(0.0);
        let is_allowed = tokens >= 1.0;
        self.buckets.insert(hop.address, (if is_allowed { tokens - 1.0 } else { tokens }, at));
        is_allowed
    }

    /// A random number from 0 to below 1.
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(1);
        (mix(self.random) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What is left of an answer's TTL when it comes back the way the probe went: routers begin with 255, the
/// target as Linux does.
fn reply_ttl(place: u8, hop: &Hop) -> u8 {
    let is_end = matches!(hop.conduct, Conduct::Answer(_) | Conduct::Direct);
    let initial: u8 = if is_end { 64 } else { 255 };
    initial.saturating_sub(place.saturating_sub(1))
}

fn wall(time: Time) -> Wall {
    Wall(EPOCH + i64::try_from(time.as_nanos()).unwrap_or(i64::MAX - EPOCH))
}
