//! The first sight: one quick sweep until the path's end is known, and what the target is spared after it.

use super::{Due, Path, Prober, REFILL, SWEEP_STEP, Time};

/// Sweep probes past the end after which a Linux target's burst of six is taken to be spent.
const BURST_SPENT: u8 = 4;

impl Prober {
    /// The next probe of the sweep, if it is due; what follows the sweep, once that is over.
    pub(super) fn poll_first_sight(&mut self, now: Time, path: &Path) -> Option<Due> {
        let (ttl, at) = self.first_sight?;
        if ttl > self.pace.max_ttl || ttl < self.pace.first_ttl || path.is_ended() {
            self.end_first_sight(ttl, path);
            return self.poll(now, path);
        }
        if now < at {
            return None;
        }
        // The step counts from the slot, so that a late wake-up does not slow the sweep down.
        let next = (at + SWEEP_STEP).max(now - SWEEP_STEP * 4);
        self.first_sight = Some((ttl.wrapping_add(1), next));
        Some(self.ask(ttl, now))
    }

    fn end_first_sight(&mut self, next_ttl: u8, path: &Path) {
        self.first_sight = None;
        self.swept_to = Some(next_ttl.saturating_sub(1));
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.cycle = 1;
        self.reach = path.reach();
    }

    /// Once the end is known, leaves it time to recover from what the first sweep asked of it.
    pub(super) fn spare_the_target(&mut self, path: &Path) {
        let Some(swept_to) = self.swept_to.filter(|_| path.is_ended()) else { return };
        self.swept_to = None;
        let end = path.reach();
        let overshoot = swept_to.saturating_sub(end);
        if overshoot == 0 {
            return;
        }
        // Each of those probes was answered by the target, out of a burst that may be spent.
        let interval = self.pace.interval;
        let is_spent = overshoot >= BURST_SPENT;
        let pause = if is_spent { interval.max(REFILL) } else { interval };
        let last = self.distances.own(swept_to) - interval;
        self.is_spent = is_spent;
        self.spared = Some(end);
        self.distances.set(end, self.distances.own(end).max(last + pause + pause / 4));
    }

    /// Answers may overtake each other, and the end turn out to be lower than it first seemed: what the
    /// target was spared goes with it.
    pub(super) fn follow_the_spared(&mut self, path: &Path) {
        let end = path.reach();
        if let Some(spared) = self.spared.filter(|&spared| spared != end && path.is_ended()) {
            self.spared = Some(end);
            self.distances.set(end, self.distances.own(end).max(self.distances.own(spared)));
        }
    }
}
