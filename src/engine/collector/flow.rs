//! Which flow tells a probe from all others, and which probe an answer means that tells nothing but its flow.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Collector;
use super::entry::{Entry, State};
use crate::engine::path::Path;
use crate::engine::probe::{Answer, Flow, ProbeNo, Reply, Stray};
use crate::engine::round::{LATE, Row};
use crate::engine::time::Time;

impl Collector {
    /// A flow in which the answer to a probe of `ttl` can be no other's, sent at `now`.
    ///
    /// That is one in which no answer is due, nor has come within `rest`, since it may come twice. A TTL keeps
    /// to the flows that it has, the lowest first and never the same twice running: two of them while all is
    /// answered within an interval, one more for each answer that is still due. Where all flows wait
    /// it is the stable one, in which a probe without an answer counts nowhere.
    pub fn own_flow(&self, now: Time, ttl: u8, rest: Duration) -> Flow {
        let mut fit: BTreeMap<u16, bool> = BTreeMap::new();
        let mut latest = None;
        for entry in self.since(now) {
            let Flow::Own(number) = entry.flow else { continue };
            let is_latest = entry.ttl == ttl && *latest.get_or_insert(number) == number;
            let is_free = match entry.answered {
                Some(at) => now >= at + rest,
                None => entry.sent.is_none(),
            };
            let is_fit = entry.ttl == ttl && !is_latest && is_free;
            fit.entry(number).and_modify(|before| *before &= is_fit).or_insert(is_fit);
        }
        let kept = fit.iter().find(|(_, is_fit)| **is_fit).map(|(number, _)| *number);
        let new = || (0..Flow::OWN).find(|number| !fit.contains_key(number));
        kept.or_else(new).map_or(Flow::Stable, Flow::Own)
    }

    /// The flow of the next probe, where each has one of its own.
    pub fn next_flow(&self) -> Flow {
        Flow::Own((self.next().0 % u32::from(Flow::OWN)) as u16)
    }

    /// The one probe that an answer can mean which tells its flow alone; else why there is none.
    pub fn only_candidate(&self, flow: Flow, reply: &Reply, path: &Path) -> Result<ProbeNo, Stray> {
        if flow == Flow::Stable && reply.answer != Answer::Direct {
            // Every TTL has probes in it, and any router may have answered.
            return Err(Stray::Truncated);
        }
        let reaches = |entry: &Entry| path.row(entry.ttl, None).is_none_or(|row| row == Row::Target);
        let numbered = (self.base.0..).map(ProbeNo).zip(&self.entries);
        let (mut open, mut closed) = (None, None);
        for (no, entry) in numbered.filter(|(_, entry)| entry.flow == flow) {
            let Some(sent) = entry.sent else { continue };
            // Also one that is thought not to have left, or is not judged: if it did leave, its answer may come.
            let waits = entry.answered.is_none() && (flow != Flow::Stable || reaches(entry));
            if reply.received.since(sent.time) > self.horizon() {
                continue;
            }
            if !waits {
                closed = Some(no);
            } else if open.replace(no).is_some() {
                return Err(Stray::Ambiguous);
            }
        }
        // Without a probe that waits, it is a second answer; of which one, only an own flow can tell.
        open.or(closed.filter(|_| flow != Flow::Stable)).ok_or(Stray::Unknown)
    }

    /// How many probes that may have reached the target, sent in flows of their own from `from` on, have not been
    /// answered within `patience`.
    pub fn unanswered_own(&self, now: Time, from: Time, patience: Duration, path: &Path) -> usize {
        let is_own = |entry: &&Entry| matches!(entry.flow, Flow::Own(_)) && entry.created >= from;
        let is_over = |entry: &&Entry| entry.sent.is_some_and(|sent| now.since(sent.time) > patience);
        let own = self.since(now).filter(is_own).filter(is_over);
        own.filter(|entry| entry.is_unanswered() && path.may_reach(entry.ttl)).count()
    }

    /// Whether an application's answer in the stable flow may still be due at `now`.
    pub fn is_direct_due(&self, now: Time, path: &Path) -> bool {
        let may = |entry: &Entry| {
            entry.flow == Flow::Stable && entry.answered.is_none() && path.may_reach(entry.ttl)
        };
        let is_believed =
            |entry: &Entry| entry.sent.is_some_and(|sent| now.since(sent.time) <= self.horizon());
        self.since(now).any(|entry| may(entry) && is_believed(entry))
    }

    /// Neither the latest probe of `ttl` that left was answered nor any other within `window` before it.
    pub fn is_mute(&self, now: Time, ttl: u8, window: Duration) -> bool {
        let left = |entry: &&Entry| entry.sent.is_some() && entry.state != State::NotSent;
        let mut sent = self.since(now).filter(|entry| entry.ttl == ttl).filter(left);
        sent.next().is_some_and(|latest| {
            let mut others = sent.take_while(|entry| entry.created + window >= latest.created);
            latest.answered.is_none() && others.all(|entry| entry.answered.is_none())
        })
    }

    /// How long after sending an answer is believed.
    fn horizon(&self) -> Duration {
        LATE.max(self.timeout)
    }

    /// The probes that an answer may still be believed for at `now`, the latest first.
    fn since(&self, now: Time) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev().take_while(move |entry| entry.created + self.horizon() >= now)
    }
}
