//! How evenly answers come: a token bucket gives them at a constant rate per second, chance does not.
//!
//! The count of answers out of a token bucket that is asked more often than it fills keeps to a straight line in
//! clock time within an answer or two, however unevenly it is asked; independent tries stray from theirs by the
//! root of their number. The statistic is the range of that bridge (Kuiper 1960) over its scale.

/// Below this scale (that of the bridge, in answers) nothing about evenness is known.
const LEAST: f64 = 2.4;

/// How many standard deviations fewer runs than by chance make bursts.
const CLUSTERED: f64 = 4.0;

/// How evenly answers come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evenness {
    /// Tries that it is seen in.
    pub tries: usize,
    /// The share of them that was lost.
    pub share: f64,
    /// By how much the count of answers would stray from a straight line by chance.
    pub scale: f64,
    /// Answers a second.
    pub per_second: f64,
    /// How far the count of answers strays from a straight line, in units of what it would by chance: rarely
    /// below 0.8 for independent tries, hardly above 0.3 for a token bucket.
    pub range: f64,
    /// At most how likely so small a range is by chance.
    pub chance: f64,
    /// How many more runs of answers and losses there are than by chance, and the variance of that number.
    pub runs: (f64, f64),
    /// No token bucket gives such runs, however chance would have it.
    pub is_ruled_out: bool,
}

impl Evenness {
    /// Answers come as evenly as out of a token bucket, which chance hardly ever brings about.
    pub fn is_proven(&self) -> bool {
        let is_even = self.scale >= LEAST && self.range < 0.42 && self.chance < 5e-4;
        self.tries >= 50 && is_even && !is_clustered(self.runs)
    }

    /// There are too few tries yet to rule a token bucket out.
    pub fn is_possible(&self) -> bool {
        let is_open = self.range < 0.85 || self.scale < LEAST;
        self.tries < 120 && is_open && !self.is_ruled_out && !is_clustered(self.runs)
    }
}

/// Losses follow losses more often than by chance: bursts, which may come evenly too, but out of no token bucket.
pub fn is_clustered((more, variance): (f64, f64)) -> bool {
    more < -CLUSTERED * variance.max(1.0).sqrt()
}

/// How evenly the answers of a row come, where some are missing: each try's time in ms and whether it was lost.
///
/// `paces` are the moments at which the interval changed. A stretch at a pace that the row kept up with tells
/// nothing of how it rations, and neither does what a full bucket gives before its first loss.
pub fn evenness(losses: &[(u32, bool)], paces: &[u32]) -> Option<Evenness> {
    let stretches = stretches(losses, paces);
    let n = stretches.iter().map(|stretch| stretch.tries.len()).sum::<usize>() as f64;
    let tries = stretches.iter().flat_map(|stretch| stretch.tries);
    let kept = tries.filter(|(_, lost)| !lost).count() as f64;
    let time = stretches.iter().map(|stretch| length(stretch.tries)).sum::<f64>();
    let rate = kept / n.max(1.0);
    let scale = (n * rate * (1.0 - rate)).sqrt();
    if scale < 1.0 || time <= 0.0 {
        return None;
    }
    let (mut sum, mut before, mut least, mut most) = (0.0, 0.0, 0.0_f64, 0.0_f64);
    for Stretch { tries: stretch, .. } in &stretches {
        let (first, step) = (stretch[0].0, length(stretch) / stretch.len() as f64);
        for &(at, lost) in *stretch {
            sum += f64::from(u8::from(!lost));
            let off = sum - kept / time * (before + f64::from(at.saturating_sub(first)) + step);
            (least, most) = (least.min(off), most.max(off));
        }
        before += length(stretch);
    }
    // Steps of one make the range of a bridge look wider than it is; to be sure it is taken to be wider still.
    let (range, wide) = ((most - least - 0.5).max(0.0) / scale, (most - least + 0.55) / scale);
    let per_second = 1_000.0 * kept / time.max(1_000.0);
    let runs = stretches.iter().map(|stretch| more_runs(stretch.tries));
    let runs = runs.fold((0.0, 0.0), |sum, (more, variance)| (sum.0 + more, sum.1 + variance));
    Some(Evenness {
        tries: n as usize,
        share: 1.0 - rate,
        scale,
        per_second,
        range,
        chance: below(wide),
        runs,
        is_ruled_out: stretches.iter().any(Stretch::is_no_bucket),
    })
}

/// Parts below which nothing about evenness is known.
const PARTS: usize = 24;

/// A stretch of time whose tries are not told apart.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its length in seconds.
    pub seconds: f64,
    /// Decided tries.
    pub tries: f64,
    /// Answered ones.
    pub answered: f64,
}

/// The same of a row whose tries are not told apart: how little the answers of parts of the time differ.
pub fn of_parts(parts: &[Part]) -> Option<Evenness> {
    // The first and the last may have been asked for a part of their time only.
    let [_, whole @ .., _] = parts else { return None };
    let sum = |value: fn(&Part) -> f64| whole.iter().map(value).sum::<f64>();
    let (n, answered) = (sum(|part| part.tries), sum(|part| part.answered));
    let per_second = answered / sum(|part| part.seconds).max(1.0);
    let rate = answered / n.max(1.0);
    let chance = n * rate * (1.0 - rate);
    if whole.len() < PARTS || chance < 1.0 {
        return None;
    }
    let off: f64 = whole.iter().map(|part| (part.answered - per_second * part.seconds).powi(2)).sum();
    // The rate is from the same parts, which takes one of the sum of squares' degrees of freedom (Wilson and
    // Hilferty's approximation).
    let free = whole.len() as f64 - 1.0;
    let ratio = off / chance * whole.len() as f64 / free;
    let spread = 2.0 / (9.0 * free);
    let z = (ratio.cbrt() - (1.0 - spread)) / spread.sqrt();
    Some(Evenness {
        tries: n as usize,
        share: 1.0 - rate,
        scale: chance.sqrt(),
        per_second,
        range: ratio.sqrt(),
        chance: if z < 0.0 { (-z * z / 2.0).exp() } else { 1.0 },
        runs: (0.0, 0.0),
        is_ruled_out: false,
    })
}

/// How many more runs there are than by chance, and the variance of that number (Wald and Wolfowitz 1940).
fn more_runs(stretch: &[(u32, bool)]) -> (f64, f64) {
    let n = stretch.len() as f64;
    let lost = stretch.iter().filter(|(_, lost)| *lost).count() as f64;
    let runs = 1.0 + stretch.windows(2).filter(|pair| pair[0].1 != pair[1].1).count() as f64;
    let mean = 1.0 + 2.0 * lost * (n - lost) / n;
    (runs - mean, ((mean - 1.0) * (mean - 2.0) / (n - 1.0).max(1.0)).max(0.0))
}

/// The tries of a pace from the first loss on.
struct Stretch<'a> {
    tries: &'a [(u32, bool)],
    /// Answers in a row at this pace before.
    before: usize,
}

/// Losses, or answers, in a row that a bucket which is asked regularly gives of one kind only.
const RUN: usize = 3;
/// No router's bucket holds more answers, if it fills no faster than it is asked: Linux' holds six.
const LARGEST: f64 = 20.0;

impl Stretch<'_> {
    /// An empty bucket gives either its answers one by one or its losses, and a large one empties slowly.
    fn is_no_bucket(&self) -> bool {
        let longest = |lost: bool| {
            let runs = self.tries.chunk_by(|a, b| a.1 == b.1).filter(|run| run[0].1 == lost);
            runs.map(<[_]>::len).max().unwrap_or_default()
        };
        let (lost, answered) = (longest(true), longest(false));
        let held = self.before as f64 * (1.0 - 1.0 / lost.max(1) as f64);
        lost >= RUN && (answered >= RUN || held > LARGEST)
    }
}

/// The tries from each pace's first loss on.
fn stretches<'a>(losses: &'a [(u32, bool)], paces: &[u32]) -> Vec<Stretch<'a>> {
    let mut rest = losses;
    let mut stretches = Vec::with_capacity(paces.len() + 1);
    for &end in paces.iter().chain([&u32::MAX]) {
        let (stretch, behind) = rest.split_at(rest.partition_point(|(at, _)| *at < end));
        rest = behind;
        // A single loss may be left from the pace before.
        let mut lost = (0..stretch.len()).filter(|&at| stretch[at].1);
        if let (Some(first), Some(_)) = (lost.next(), lost.next()) {
            stretches.push(Stretch { tries: &stretch[first..], before: first });
        }
    }
    stretches
}

/// The time in ms that a stretch stands for: the last try's as long as the others' on average.
fn length(stretch: &[(u32, bool)]) -> f64 {
    let [first, .., last] = stretch else { return 0.0 };
    let n = stretch.len() as f64;
    f64::from(last.0.saturating_sub(first.0)) * n / (n - 1.0)
}

/// How likely a Brownian bridge's range is at most `range` (Kuiper's distribution, in the form that converges
/// where it is small).
fn below(range: f64) -> f64 {
    if range > 2.5 {
        return 1.0;
    }
    let term = |k: f64| k * k * (-(std::f64::consts::PI * k / range).powi(2) / 2.0).exp();
    let sum: f64 = (1..=6).map(|k| term(f64::from(k))).sum();
    (std::f64::consts::TAU.sqrt() * std::f64::consts::PI.powi(2) / range.powi(3) * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::mix;

    /// Tries at `times`, answered while a bucket of `rate` a second has a token.
    fn bucket(times: impl IntoIterator<Item = u32>, rate: f64) -> Vec<(u32, bool)> {
        let (mut tokens, mut since) = (1.0_f64, 0.0);
        let asked = times.into_iter().map(|at| {
            tokens = (tokens + rate * (f64::from(at) - since) / 1_000.0).min(6.0);
            since = f64::from(at);
            let lost = tokens < 1.0;
            tokens -= if lost { 0.0 } else { 1.0 };
            (at, lost)
        });
        asked.collect()
    }

    #[test]
    fn a_bucket_is_even_in_clock_time_however_it_is_asked() {
        let uneven = (0..150u32).map(|n| 700 * n + (mix(n.into()) % 600) as u32);
        let faster = (0..60).map(|n| 800 * n).chain((0..120).map(|n| 48_000 + 300 * n));
        let slower = (0..100).map(|n| 500 * n).chain((0..60).map(|n| 50_000 + 3_000 * n));
        for (tries, pace) in [
            (bucket(uneven, 0.6), vec![]),
            (bucket(faster, 0.5), vec![48_000]),
            (bucket(slower, 0.6), vec![50_000]),
        ] {
            let even = evenness(&tries, &pace).unwrap();
            assert!(even.is_proven(), "{even:?}");
        }
    }

    #[test]
    fn chance_is_hardly_ever_even() {
        let (mut rare, mut proven) = (0, 0);
        for seed in 0..4_000u64 {
            let tries = 20 + seed % 100;
            let share = 0.1 + 0.8 * (seed % 17) as f64 / 17.0;
            let lost = |n: u64| (mix(seed ^ mix(n)) >> 11) as f64 / (1u64 << 53) as f64 >= share;
            let losses: Vec<(u32, bool)> = (0..tries).map(|n| (1_000 * n as u32, lost(n))).collect();
            let Some(even) = evenness(&losses, &[]) else { continue };
            rare += u32::from(even.chance < 0.05);
            proven += u32::from(even.is_proven());
        }
        assert!(rare <= 240 && proven == 0, "{rare} {proven}");
    }

    #[test]
    fn runs_that_no_bucket_gives_rule_it_out_at_once() {
        let series = |runs: &[(u32, bool)]| {
            let tries = runs.iter().flat_map(|&(count, lost)| (0..count).map(move |_| lost));
            let tries: Vec<(u32, bool)> = (0..).map(|n| 1_000 * n).zip(tries).collect();
            evenness(&tries, &[]).unwrap()
        };
        assert!(series(&[(20, false), (3, true), (3, false)]).is_ruled_out);
        assert!(series(&[(120, false), (8, true), (2, false)]).is_ruled_out, "it would have held a hundred");
        assert!(!series(&[(6, false), (8, true), (1, false), (8, true), (1, false)]).is_ruled_out);
        assert!(!series(&[(200, false), (1, true), (19, false), (1, true), (19, false)]).is_ruled_out);
        for rate in [0.15, 0.3, 0.5, 0.66, 0.8, 0.95] {
            let uneven = (0..600u32).map(|n| 1_000 * n + (mix(n.into()) % 300) as u32);
            assert!(!evenness(&bucket(uneven, rate), &[]).unwrap().is_ruled_out, "{rate}");
        }
    }
}
