//! What is due: the first sweep, then every hop once an interval on an absolute schedule.

mod first_sight;
mod order;

use std::collections::VecDeque;
use std::time::Duration;

use self::order::{Distances, order};
use super::path::Path;
use super::random::mix;
use super::snapshot::Pace;
use super::time::Time;

/// The time between two probes of a sweep.
const SWEEP_STEP: Duration = Duration::from_millis(1);
/// How often the TTLs beyond a silent or blocked end are looked at.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Cycles between two permutations of the hops' order.
const SHUFFLE_EVERY: u32 = 60;
/// How soon a Linux target has earned another answer.
const REFILL: Duration = Duration::from_secs(1);
/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Every hop will have been asked once more: a new cycle begins, at this moment.
    Cycle(Time),
    /// Ask this TTL.
    Ask(u8),
    /// Leave this TTL out of the cycle; its responder is asked through another TTL.
    Skip(u8),
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    at: Time,
    ttl: u8,
    skip: bool,
}

/// The schedule.
#[derive(Clone, Debug)]
pub struct Prober {
    pace: Pace,
    /// Cycles to go; `None` goes on for ever.
    left: Option<u32>,
    /// The next TTL of the first sweep and when it is due; `None` when that is over.
    first_sight: Option<(u8, Time)>,
    /// How far the first sweep went, until the path's end is known.
    swept_to: Option<u8>,
    /// The target's TTL, if the first sweep went past it.
    spared: Option<u8>,
    /// The sweep has spent the target's burst: in the first round it is asked once a second at most.
    is_spent: bool,
    cycle: u32,
    base: Time,
    started: bool,
    plan: VecDeque<Slot>,
    distances: Distances,
    /// The cycle in which each TTL was asked last, by TTL.
    asked_in: Vec<Option<u32>>,
    /// The reach of the path when it was last looked at.
    reach: u8,
    /// TTLs that wait to be asked out of turn.
    extra: VecDeque<u8>,
    extra_at: Time,
    /// TTLs beyond the end with a responder that is asked in every cycle: they take its turn once.
    turns: Vec<u8>,
    next_sweep: Time,
    /// A TTL that is asked in one of so many cycles only.
    slowed: Option<(u8, u8)>,
    /// What the order of the hops is shuffled by.
    seed: u64,
}

impl Prober {
    /// A schedule that starts with a sweep at `now`.
    pub fn new(pace: Pace, count: Option<u32>, seed: u64, now: Time) -> Self {
        Self {
            pace,
            left: count,
            first_sight: Some((pace.first_ttl, now)),
            swept_to: None,
            spared: None,
            is_spent: false,
            cycle: 0,
            base: now,
            started: false,
            plan: VecDeque::new(),
            distances: Distances::new(),
            asked_in: vec![None; 256],
            reach: 0,
            extra: VecDeque::new(),
            extra_at: now,
            turns: Vec::new(),
            next_sweep: now + SWEEP_EVERY,
            slowed: None,
            seed,
        }
    }

    /// Changes the time between two tries to the same hop; what was asked before keeps its distance.
    pub fn set_interval(&mut self, now: Time, interval: Duration) {
        let old = std::mem::replace(&mut self.pace.interval, interval);
        self.distances.change(|time| time - old + interval);
        if self.first_sight.is_none() && self.left != Some(0) {
            // The tries of this cycle that are still due move into the new interval.
            let waiting: Vec<Slot> = self.plan.drain(..).collect();
            self.base = now;
            let step = interval / u32::try_from(waiting.len().max(1)).unwrap_or(1);
            for (place, slot) in (0..).zip(waiting) {
                let at = (now + step * place).max(self.distances.own(slot.ttl));
                self.insert(Slot { at, ..slot });
            }
        }
    }

    /// Changes the highest TTL.
    pub const fn set_max_ttl(&mut self, max_ttl: u8) {
        self.pace.max_ttl = max_ttl;
    }

    /// Asks a TTL in one of so many cycles only; `None` asks all as often.
    pub const fn slow(&mut self, slowed: Option<(u8, u8)>) {
        self.slowed = slowed;
    }

    /// How the trace probes.
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// Every try asked for has been handed out.
    pub fn is_done(&self) -> bool {
        matches!(self.left, Some(0)) && self.first_sight.is_none() && self.plan.is_empty()
    }

    /// When [`poll`](Self::poll) has something next; `None` when it is done.
    pub fn poll_timeout(&self) -> Option<Time> {
        if let Some((_, at)) = self.first_sight {
            return Some(if self.started { at } else { self.base });
        }
        if self.is_done() {
            return None;
        }
        let planned = self.plan.front().map_or_else(|| self.next_base(), |slot| slot.at);
        let extra = self.extra.front().map(|_| self.extra_at);
        Some(extra.map_or(planned, |extra| planned.min(extra)))
    }

    /// The next thing that is due by `now`.
    pub fn poll(&mut self, now: Time, path: &Path) -> Option<Due> {
        if !self.started {
            self.started = true;
            self.base = now;
            self.first_sight = Some((self.pace.first_ttl, now));
            return Some(Due::Cycle(now));
        }
        if self.first_sight.is_some() {
            return self.poll_first_sight(now, path);
        }
        if self.is_done() {
            return None;
        }
        self.spare_the_target(path);
        if self.cycle <= u32::from(self.pace.tries) {
            self.follow_the_spared(path);
        }
        self.look_beyond(now, path);
        if let Some(due) = self.poll_extra(now, path) {
            return Some(due);
        }
        self.poll_plan(now, path)
    }

    /// Hops that came into reach are asked at once; those beyond it now and then.
    fn look_beyond(&mut self, now: Time, path: &Path) {
        let before = std::mem::replace(&mut self.reach, path.reach());
        for ttl in (before.max(self.pace.first_ttl - 1)..self.reach).map(|ttl| ttl + 1) {
            let is_asked = self.asked_in[usize::from(ttl)] == Some(self.cycle);
            if !is_asked && self.plan.iter().all(|slot| slot.ttl != ttl) {
                self.extra.push_back(ttl);
            }
        }
        if now >= self.next_sweep {
            self.next_sweep = now + SWEEP_EVERY.max(self.pace.interval);
            let in_turn = |ttl: &u8| {
                let address = path.address(*ttl);
                address.is_some() && (1..=self.reach).any(|other| path.address(other) == address)
            };
            let (turns, extra): (Vec<u8>, Vec<u8>) = path.beyond().partition(in_turn);
            self.turns = turns;
            self.extra.extend(extra);
        }
    }

    fn poll_extra(&mut self, now: Time, path: &Path) -> Option<Due> {
        if now < self.extra_at {
            return None;
        }
        while let Some(ttl) = self.extra.pop_front() {
            let wanted = ttl <= path.reach() || path.beyond().contains(&ttl);
            if wanted && now >= self.distances.ready(ttl, path) {
                self.extra_at = now + SWEEP_STEP;
                return Some(self.ask(ttl, now));
            }
        }
        None
    }

    fn poll_plan(&mut self, now: Time, path: &Path) -> Option<Due> {
        loop {
            let Some(slot) = self.plan.front().copied() else {
                if self.left == Some(0) || now < self.next_base() {
                    return None;
                }
                return Some(self.begin_cycle(now, path));
            };
            if now < slot.at {
                return None;
            }
            self.plan.pop_front();
            let own = self.distances.own(slot.ttl);
            if slot.ttl > path.reach() || now.since(slot.at) >= self.pace.interval {
                // Out of reach by now, or missed: the next cycle asks it, nothing is caught up.
                continue;
            }
            let waits = |(ttl, every): (u8, u8)| slot.ttl == ttl && !self.cycle.is_multiple_of(every.into());
            if slot.skip || self.slowed.is_some_and(waits) {
                return Some(Due::Skip(slot.ttl));
            }
            if now < own {
                self.insert(Slot { at: own, ..slot });
                continue;
            }
            if now < self.distances.ready(slot.ttl, path) {
                return Some(Due::Skip(slot.ttl));
            }
            let address = path.address(slot.ttl);
            let same = |ttl: &u8| address.is_some() && path.address(*ttl) == address;
            if let Some(place) = self.turns.iter().position(same) {
                self.plan.push_front(Slot { skip: true, ..slot });
                let ttl = self.turns.swap_remove(place);
                return Some(self.ask(ttl, now));
            }
            return Some(self.ask(slot.ttl, now));
        }
    }

    /// The start of the next cycle, if nothing keeps it waiting.
    fn next_base(&self) -> Time {
        let interval = self.pace.interval;
        // A second try at a quick pace waits for the first sight, or it would hit the target many times.
        let waits = self.cycle == 1 && self.swept_to.is_some();
        self.base + if waits { interval.max(REFILL) } else { interval }
    }

    fn begin_cycle(&mut self, now: Time, path: &Path) -> Due {
        let interval = self.pace.interval;
        // After a stall the schedule goes on in step, without the cycles that were missed.
        let due = self.next_base();
        let missed = now.since(due).as_nanos() / interval.as_nanos().max(1);
        self.base = due + interval * u32::try_from(missed).unwrap_or(u32::MAX);
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.cycle = self.cycle.wrapping_add(1);
        let slots = self.order(path);
        let step = interval / u32::try_from(slots.len().max(1)).unwrap_or(1);
        let offsets = (0u32..).map(|place| step * place);
        // A new order, or a target that needs a pause, moves the whole cycle back, so that every hop
        // keeps its distance and its place. A burst that is spent makes the target alone wait.
        let wait = |offset: Duration, ttl: u8| {
            let late = self.distances.ready(ttl, path).since(self.base + offset);
            if late > interval { Duration::ZERO } else { late }
        };
        let asked = slots.iter().zip(offsets.clone()).filter(|((_, skip), _)| !skip);
        self.base = self.base + asked.map(|(&(ttl, _), offset)| wait(offset, ttl)).max().unwrap_or_default();
        let base = self.base;
        self.plan = slots
            .into_iter()
            .zip(offsets)
            .map(|((ttl, skip), offset)| Slot { at: base + offset, ttl, skip })
            .collect();
        Due::Cycle(base)
    }

    /// The TTLs of a cycle in their present order, and which of them to leave out.
    fn order(&self, path: &Path) -> Vec<(u8, bool)> {
        let era = u64::from(self.cycle / SHUFFLE_EVERY);
        let shuffle = if era == 0 { 0 } else { mix(self.seed ^ era) };
        order((self.pace.first_ttl..=path.reach()).collect(), shuffle, &self.distances, path)
    }

    fn ask(&mut self, ttl: u8, now: Time) -> Due {
        let interval = self.pace.interval;
        let gap = if self.is_spent && self.spared == Some(ttl) && self.cycle <= u32::from(self.pace.tries) {
            interval.max(REFILL)
        } else {
            interval
        };
        // Timers wake a little late; without this the absolute schedule would slip by that much.
        let slack = (interval / 20).min(Duration::from_millis(5));
        self.distances.set(ttl, now + gap - slack);
        self.asked_in[usize::from(ttl)] = Some(self.cycle.max(1));
        Due::Ask(ttl)
    }

    fn insert(&mut self, slot: Slot) {
        let at = self.plan.partition_point(|other| other.at <= slot.at);
        self.plan.insert(at, slot);
    }
}
