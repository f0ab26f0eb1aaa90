//! How much is lost, how sure that is, and whether the losses fall into episodes.

use crate::engine::stats::{Z95, wilson};

/// A share of loss and what is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Decided tries.
    pub tries: u32,
    /// Lost ones.
    pub lost: u32,
    /// The share lost, 0 to 1.
    pub rate: f64,
    /// Its 95 % interval, honest about bursts.
    pub ci95: [f64; 2],
    /// Losses come in bursts.
    pub bursty: bool,
    /// The bursts; single lost tries where losses do not come in any.
    pub episodes: Vec<Episode>,
}

/// Losses that belong together, in ms since the evidence began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    /// When the first lost try was due.
    pub from: u32,
    /// When the last was, an interval added.
    pub to: u32,
    /// Lost tries.
    pub lost: u32,
}

/// Bursts are ten seconds long at most in ordinary trouble: blocks of this many ms hardly share one.
const BLOCK: u32 = 20_000;
/// How many standard deviations wider than by chance block sums must spread to speak of bursts.
const BURSTY: f64 = 3.5;

/// Reads the losses of one row: when each try was due and whether it was lost.
///
/// The interval is Wilson's on an effective number of tries: the variance between blocks of 20 s over that of
/// independent tries says how many tries a try is worth, and Student's t on the number of blocks takes the
/// place of the normal quantile.
pub fn spread(losses: &[(u32, bool)], interval: u32) -> Spread {
    let tries = losses.len() as u32;
    let lost = losses.iter().filter(|(_, lost)| *lost).count() as u32;
    if tries == 0 {
        return Spread { ci95: [0.0, 1.0], ..Spread::default() };
    }
    let rate = f64::from(lost) / f64::from(tries);
    let (ratio, blocks) = dispersion(losses, rate, BLOCK.max(interval.saturating_mul(5)));
    let (near, near_blocks) = dispersion(losses, rate, interval.saturating_mul(4));
    let factor = ratio.max(1.0);
    let quantile = student(blocks);
    let ci95 = wilson(rate, f64::from(tries) / factor, if factor > 1.2 { quantile } else { Z95 });
    let is_wide = |(ratio, blocks): (f64, usize)| {
        let each = f64::from(lost) / blocks.max(1) as f64;
        let deviation = ((2.0 + 1.0 / each.max(1e-3)) / blocks.max(1) as f64).sqrt();
        ratio > 1.0 + BURSTY * deviation
    };
    let bursty = is_wide((ratio, blocks)) || is_wide((near, near_blocks));
    let gap = if bursty { interval.saturating_mul(2).saturating_add(interval / 2) } else { interval / 2 };
    Spread { tries, lost, rate, ci95, bursty, episodes: episodes(losses, interval, gap) }
}

/// The variance of block sums over that of independent tries, and how many blocks there were.
fn dispersion(losses: &[(u32, bool)], rate: f64, block: u32) -> (f64, usize) {
    let start = losses.first().map_or(0, |(at, _)| *at);
    let (mut blocks, mut sum) = (0, 0.0);
    let (mut current, mut n, mut x) = (0, 0.0, 0.0);
    let mut close = |n: f64, x: f64| {
        if n > 0.0 {
            blocks += 1;
            sum += (x - n * rate).powi(2);
        }
    };
    for &(at, lost) in losses {
        let number = at.saturating_sub(start) / block.max(1);
        if number != current {
            close(n, x);
            (current, n, x) = (number, 0.0, 0.0);
        }
        n += 1.0;
        x += f64::from(u8::from(lost));
    }
    close(n, x);
    let chance = losses.len() as f64 * rate * (1.0 - rate);
    if blocks < 2 || chance < 0.5 {
        return (1.0, blocks);
    }
    (sum / chance * blocks as f64 / (blocks - 1) as f64, blocks)
}

/// The 97.5 % quantile of Student's t for a variance from so many blocks (Cornish and Fisher's expansion).
fn student(blocks: usize) -> f64 {
    let (z, v) = (Z95, blocks.saturating_sub(1).max(2) as f64);
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    z + (z.powi(3) + z) / (4.0 * v) + second / (v * v)
}

/// Losses no further apart than `gap` ms belong together.
fn episodes(losses: &[(u32, bool)], interval: u32, gap: u32) -> Vec<Episode> {
    let mut episodes: Vec<Episode> = Vec::new();
    for &(at, _) in losses.iter().filter(|(_, lost)| *lost) {
        match episodes.last_mut() {
            Some(last) if at < last.to.saturating_add(gap) => {
                last.to = at.saturating_add(interval);
                last.lost += 1;
            }
            _ => episodes.push(Episode { from: at, to: at.saturating_add(interval), lost: 1 }),
        }
    }
    episodes
}
