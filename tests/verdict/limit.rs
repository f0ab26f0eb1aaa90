//! How routers and targets ration their answers.

use crate::chance::{Chance, LENGTH, Loss};

/// A limiter and its state.
#[derive(Clone, Debug)]
pub enum Limit {
    /// A token bucket.
    Bucket { tokens: f64, burst: f64, per_second: f64, since: f64 },
    /// A share of the probes goes unanswered.
    Share(f64),
    /// A policer that others use too, more or less in turn: from each moment on this share is lost.
    Policer { levels: Vec<(f64, f64)>, at: usize },
    /// A policer that others drain now and then: nothing is left for us meanwhile, and all is answered between.
    Drained(Loss),
    /// A bucket of six and one a second, which a second prober asks as well.
    Shared { tokens: f64, since: f64, other: f64, pace: f64 },
}

impl Limit {
    pub fn bucket(burst: f64, per_second: f64) -> Self {
        Self::Bucket { tokens: burst, burst, per_second, since: 0.0 }
    }

    pub fn policer(chance: &mut Chance) -> Self {
        let (mut levels, mut now) = (Vec::new(), 0.0);
        while now < LENGTH {
            levels.push((now, chance.between(0.0, 0.8)));
            now += chance.between(5.0, 90.0);
        }
        Self::Policer { levels, at: 0 }
    }

    pub fn shared(pace: f64) -> Self {
        Self::Shared { tokens: 6.0, since: 0.0, other: 0.4, pace }
    }

    /// Whether it answers a probe at `now`.
    pub fn allows(&mut self, now: f64, chance: &mut Chance) -> bool {
        match self {
            Self::Bucket { tokens, burst, per_second, since } => {
                take(tokens, since, now, *burst, *per_second)
            }
            Self::Share(share) => !chance.is(*share),
            Self::Policer { levels, at } => {
                while levels.get(*at + 1).is_some_and(|(from, _)| *from <= now) {
                    *at += 1;
                }
                !chance.is(levels[*at].1)
            }
            Self::Drained(others) => !others.hits(now, chance),
            Self::Shared { tokens, since, other, pace } => {
                while *other < now {
                    let at = *other;
                    take(tokens, since, at, 6.0, 1.0);
                    *other += *pace * chance.between(0.5, 1.5);
                }
                take(tokens, since, now, 6.0, 1.0)
            }
        }
    }
}

fn take(tokens: &mut f64, since: &mut f64, now: f64, burst: f64, per_second: f64) -> bool {
    *tokens = (*tokens + (now - *since).max(0.0) * per_second).min(burst);
    *since = since.max(now);
    let is_there = *tokens >= 1.0;
    if is_there {
        *tokens -= 1.0;
    }
    is_there
}
