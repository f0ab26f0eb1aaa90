//! Random numbers from a seed, and the processes that lose packets in clock time.

use hopwatch::engine::random::mix;

/// How long every case lasts, in seconds.
pub const LENGTH: f64 = 600.0;

/// Numbers that follow from a seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(1);
        (mix(self.0) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Evenly on a log scale.
    pub fn log_between(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    /// A whole number, both ends among them.
    pub fn whole(&mut self, low: usize, high: usize) -> usize {
        low + (self.unit() * (high - low + 1) as f64) as usize
    }

    pub fn is(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// So much on average.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

/// When packets are lost, as one link and direction realises it.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The stretches in which it loses, in seconds.
    bad: Vec<(f64, f64)>,
    /// The share lost within them.
    share: f64,
    /// The first stretch that is not over.
    at: usize,
}

impl Loss {
    /// Each packet for itself.
    pub fn independent(share: f64) -> Self {
        Self { bad: vec![(0.0, f64::INFINITY)], share, at: 0 }
    }

    /// A two-state process: bursts of `length` seconds on average, a share `share` of all packets lost.
    pub fn bursts(chance: &mut Chance, share: f64, length: f64) -> Self {
        let within: f64 = if chance.is(0.5) { 1.0 } else { chance.between(0.6, 1.0) };
        let time_bad = (share / within).min(0.9);
        let good = length * (1.0 - time_bad) / time_bad;
        let mut bad = Vec::new();
        let mut now = if chance.is(time_bad) { 0.0 } else { chance.exponential(good) };
        while now < LENGTH {
            // A burst is at least a fifth of a second, and none is longer than ten.
            let end = now + chance.exponential(length).clamp(0.2, 10.0);
            bad.push((now, end));
            now = end + chance.exponential(good);
        }
        Self { bad, share: within, at: 0 }
    }

    /// Everything from `from` to `to`.
    pub fn cut(from: f64, to: f64) -> Self {
        Self { bad: vec![(from, to)], share: 1.0, at: 0 }
    }

    /// Only up to `to`, or only from `from` on.
    pub fn within(mut self, from: f64, to: f64) -> Self {
        for (start, end) in &mut self.bad {
            (*start, *end) = (start.max(from), end.min(to));
        }
        self.bad.retain(|(start, end)| start < end);
        self
    }

    /// Whether a packet at `now` is lost; `now` hardly ever goes back.
    pub fn hits(&mut self, now: f64, chance: &mut Chance) -> bool {
        while self.bad.get(self.at).is_some_and(|(_, end)| *end <= now - 1.0) {
            self.at += 1;
        }
        let mut ahead = self.bad[self.at.min(self.bad.len())..].iter().take_while(|(start, _)| *start <= now);
        ahead.any(|(_, end)| now < *end) && chance.is(self.share)
    }
}
