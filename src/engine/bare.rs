//! Answers that do not name their probe: which TTLs are asked in flows of their own, so that the flow does.
//!
//! A router that quotes eight bytes returns nothing of ours but the ports, and an application of the
//! target's may answer with bytes of its own. In the stable flow such an answer says no more than that
//! somebody gives them. From then on every TTL that answers nothing, and every TTL where that address is known
//! to stand, is asked by turns in the stable flow and in one of its own, until the address has
//! answered there: that TTL keeps to flows of its own.
//!
//! Where all ports but the application's are filtered, flows of their own are never answered. Then at most one
//! probe that may reach the target is on its way at a time: the nearest TTL that it may stand at is asked alone,
//! twice, then the next one, and once it is found it waits for each answer, or until none is believed any more.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::collector::Collector;
use super::path::Path;
use super::probe::{Answer, Flow, Reply};
use super::snapshot::Pace;
use super::time::Time;

/// How long an address is looked for.
const SOUGHT: Duration = Duration::from_mins(1);
/// The most addresses looked for at once; anybody may forge some.
const MOST: usize = 64;
/// The least time from an answer until its flow is used again, since the answer may come twice.
const REST: Duration = Duration::from_secs(1);
/// Answers in a row that name their probe, after which a TTL returns to the stable flow.
const NAMED: u32 = 60;

/// Tries in flows of their own without an answer after which those are taken to be filtered.
const OWN_TRIES: usize = 2;
/// The least time that each of these is given.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long TTLs are asked alone without a word from the application.
const ALONE_FOR: Duration = Duration::from_mins(5);
/// Tries in a row at one TTL that is asked alone, before the next one is.
const ALONE: u8 = 2;

/// An address that gives such answers, at a TTL not known yet.
#[derive(Clone, Copy, Debug)]
struct Sought {
    /// When the first of them came.
    since: Time,
    /// When the latest came.
    latest: Time,
    /// The application gave it.
    is_direct: bool,
}

/// The TTL that is asked alone while the target's is not known, and how often it was.
#[derive(Clone, Copy, Debug)]
struct Alone {
    ttl: u8,
    tries: u8,
    /// When the application answered last.
    heard: Time,
}

/// What is known of such answers.
#[derive(Clone, Debug, Default)]
pub struct Bare {
    /// Who gives them.
    sought: BTreeMap<IpAddr, Sought>,
    /// The target's application answers in the stable flow, and nothing of the target's in any other.
    alone: Option<Alone>,
    /// TTLs asked by turns whose latest turn was a flow of their own.
    turned: BTreeSet<u8>,
    /// Answers in a row that named their probe, by TTL with flows of its own.
    named: BTreeMap<u8, u32>,
}

impl Bare {
    /// An answer came at `now` that nothing tells the probe of.
    pub fn seek(&mut self, now: Time, reply: &Reply, path: &Path) {
        let is_known = path.is_in_other_flow(reply.from);
        if !is_known && (self.sought.len() < MOST || self.sought.contains_key(&reply.from)) {
            let is_direct = reply.answer == Answer::Direct;
            if let Some(alone) = self.alone.as_mut().filter(|_| is_direct) {
                alone.heard = now;
                return;
            }
            let since = self.sought.get(&reply.from).map_or(now, |sought| sought.since);
            self.sought.insert(reply.from, Sought { since, latest: now, is_direct });
        }
    }

    /// Whether a probe of `ttl` has to wait at `now`, since another that may reach the target is on its way or
    /// has its turn.
    pub fn holds(&mut self, now: Time, ttl: u8, pace: Pace, path: &Path, collector: &Collector) -> bool {
        self.sought.retain(|_, sought| now.since(sought.latest) <= SOUGHT);
        let is_filtered = self.sought.get(&path.target()).is_some_and(|sought| {
            let patience = pace.timeout.max(PATIENCE);
            sought.is_direct && collector.unanswered_own(now, sought.since, patience, path) >= OWN_TRIES
        });
        if is_filtered {
            self.sought.remove(&path.target());
            self.alone = Some(Alone { ttl: 0, tries: 0, heard: now });
        }
        self.alone = self.alone.filter(|alone| now.since(alone.heard) <= ALONE_FOR);
        let Some(alone) = &mut self.alone else { return false };
        if !path.may_reach(ttl) {
            return false;
        }
        let is_due = collector.is_direct_due(now, path);
        if path.is_ended() || is_due {
            return is_due;
        }
        if alone.ttl < path.nearest() || alone.ttl > path.reach() {
            (alone.ttl, alone.tries) = (path.nearest(), 0);
        } else if alone.tries >= ALONE {
            let next = if alone.ttl < path.reach() { alone.ttl + 1 } else { path.nearest() };
            (alone.ttl, alone.tries) = (next, 0);
        }
        let is_turn = alone.ttl == ttl;
        alone.tries += u8::from(is_turn);
        !is_turn
    }

    /// The flow for a probe of `ttl` at `now`.
    pub fn flow(&mut self, now: Time, ttl: u8, pace: Pace, path: &Path, collector: &Collector) -> Flow {
        let own = || collector.own_flow(now, ttl, pace.interval.max(REST));
        if path.is_other_flow(ttl) {
            return own();
        }
        if self.alone.is_some() && path.may_reach(ttl) {
            return Flow::Stable;
        }
        let is_sought = |address| self.sought.contains_key(&address);
        let may_be = path.address(ttl).is_some_and(is_sought)
            || collector.is_mute(now, ttl, pace.timeout.max(pace.interval * 2));
        if self.sought.is_empty() || !may_be || self.turned.remove(&ttl) {
            return Flow::Stable;
        }
        self.turned.insert(ttl);
        own()
    }

    /// A probe of `ttl` in `flow` was answered, by an answer that named it or by a bare one.
    pub fn answered(&mut self, ttl: u8, flow: Flow, reply: &Reply, path: &mut Path) {
        if flow == Flow::Stable {
            if let Some(alone) = self.alone.as_mut().filter(|_| reply.answer == Answer::Direct) {
                alone.heard = reply.received;
            }
            return;
        }
        // An application answers at the stable flow's port alone; at others the target itself speaks.
        let is_of_application = self.sought.remove(&reply.from).is_some_and(|sought| sought.is_direct);
        if reply.no.is_none() || is_of_application {
            path.set_other_flow(ttl, true);
            self.named.remove(&ttl);
        } else if path.is_other_flow(ttl) {
            let named = self.named.entry(ttl).or_default();
            *named += 1;
            if *named >= NAMED {
                path.set_other_flow(ttl, false);
                self.named.remove(&ttl);
            }
        }
    }
}
