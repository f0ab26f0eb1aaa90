//! Answers that do not name their probe: which TTLs are asked in flows of their own, so that the flow does.
//!
//! A router that quotes eight bytes returns nothing of ours but the ports, and an application of the
//! target's may answer with bytes of its own. In the stable flow such an answer says no more than that
//! somebody gives them. From then on every TTL that answers nothing, and every TTL where that address is known
//! to stand, is asked by turns in the stable flow and in one of its own, until the address has
//! answered there: that TTL keeps to flows of its own.

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

/// What is known of such answers.
#[derive(Clone, Debug, Default)]
pub struct Bare {
    /// Who gives them, at a TTL not known yet, when the latest came, and whether an application gave it.
    sought: BTreeMap<IpAddr, (Time, bool)>,
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
            self.sought.insert(reply.from, (now, reply.answer == Answer::Direct));
        }
    }

    /// The flow for a probe of `ttl` at `now`.
    pub fn flow(&mut self, now: Time, ttl: u8, pace: Pace, path: &Path, collector: &Collector) -> Flow {
        let own = || collector.own_flow(now, ttl, pace.interval.max(REST));
        if path.is_other_flow(ttl) {
            return own();
        }
        self.sought.retain(|_, (at, _)| now.since(*at) <= SOUGHT);
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
            return;
        }
        // An application answers at the stable flow's port alone; at others the target itself speaks.
        let is_of_application = self.sought.remove(&reply.from).is_some_and(|(_, is_direct)| is_direct);
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
