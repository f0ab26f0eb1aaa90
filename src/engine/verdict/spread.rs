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
    /// Nearly all losses fall into stretches that are too long for bursts, or into slices that lost nearly all.
    pub is_outage: bool,
}

/// A stretch of time whose tries are not told apart, in ms since the evidence began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// When it begins.
    pub from: u32,
    /// The first ms after it.
    pub to: u32,
    /// Decided tries.
    pub tries: u32,
    /// Lost ones.
    pub lost: u32,
    /// The median of its round-trip times, in µs.
    pub median: Option<f64>,
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

/// A stretch of loss of this many ms is an outage, not a burst.
pub const LONG: u32 = 15_000;
/// The share of losses that must lie in outages, or in events, to speak of those alone.
pub const MOST: f64 = 0.8;
/// A slice that lost this share or more was cut off.
const CUT: f64 = 0.9;

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
    let ci95 = interval_of(rate, f64::from(tries), ratio, blocks as f64);
    let is_wide = |(ratio, blocks): (f64, usize)| is_wide(ratio, f64::from(lost), blocks as f64);
    let bursty = is_wide((ratio, blocks)) || is_wide((near, near_blocks));
    let gap = if bursty { interval.saturating_mul(2).saturating_add(interval / 2) } else { interval / 2 };
    let episodes = episodes(losses, interval, gap);
    let long = episodes.iter().filter(|one| one.to.saturating_sub(one.from) >= LONG);
    let long: u32 = long.map(|one| one.lost).sum();
    let is_outage = bursty && f64::from(long) >= MOST * f64::from(lost);
    Spread { tries, lost, rate, ci95, bursty, episodes, is_outage }
}

/// The 95 % interval of a share, where sums of `blocks` blocks vary `ratio` times as much as by chance.
fn interval_of(rate: f64, tries: f64, ratio: f64, blocks: f64) -> [f64; 2] {
    let factor = ratio.max(1.0);
    wilson(rate, tries / factor, if factor > 1.2 { student(blocks) } else { Z95 })
}

/// Block sums vary by so much more than by chance that losses come in bursts.
fn is_wide(ratio: f64, lost: f64, blocks: f64) -> bool {
    let blocks = blocks.max(1.0);
    let deviation = ((2.0 + blocks / lost.max(1e-3)) / blocks).sqrt();
    ratio > 1.0 + BURSTY * deviation
}

/// Batches that a span is cut into for the interval: what lasts longer than one of them is no chance of its own.
const BATCHES: u32 = 32;

/// The same of a row whose tries are not told apart.
///
/// The variance of a share over batches of blocks, of whatever size each, is that of a ratio of sums; how many
/// batches it rests on is their effective number. Bursts are runs of blocks that lose more than the rest.
pub fn of_blocks(blocks: &[Block], length: u32) -> Spread {
    let sum = |value: fn(&Block) -> u32| blocks.iter().map(value).fold(0u32, u32::saturating_add);
    let (tries, lost) = (sum(|block| block.tries), sum(|block| block.lost));
    if tries == 0 {
        return Spread { ci95: [0.0, 1.0], ..Spread::default() };
    }
    let rate = f64::from(lost) / f64::from(tries);
    let batch = BLOCK.max(length / BATCHES);
    let same = |a: &Block, b: &Block| a.from / batch == b.from / batch;
    let batches: Vec<(f64, f64)> = blocks.chunk_by(same).map(totals).collect();
    let each: Vec<(f64, f64)> = blocks.iter().map(|block| totals(std::slice::from_ref(block))).collect();
    let (ratio, number) = ratio(&batches, rate);
    let (near, many) = self::ratio(&each, rate);
    let ci95 = interval_of(rate, f64::from(tries), ratio, number);
    let bursty = is_wide(ratio, f64::from(lost), number) || is_wide(near, f64::from(lost), many);
    let gathered = bursts(blocks);
    let bursty = bursty && gathered.iter().map(|burst| burst.lost).sum::<u32>() >= lost - lost / 3;
    let cut = blocks.iter().filter(|block| f64::from(block.lost) >= CUT * f64::from(block.tries));
    let is_outage = bursty
        && f64::from(cut.map(|block| block.lost).sum::<u32>()) >= MOST * f64::from(lost)
        && gathered.iter().any(|burst| burst.to.saturating_sub(burst.from) >= LONG);
    let episodes = if bursty { gathered } else { from_first_to_last(blocks) };
    Spread { tries, lost, rate, ci95, bursty, episodes, is_outage }
}

fn totals(blocks: &[Block]) -> (f64, f64) {
    blocks
        .iter()
        .fold((0.0, 0.0), |sum, block| (sum.0 + f64::from(block.tries), sum.1 + f64::from(block.lost)))
}

/// How much more than by chance sums of tries and losses vary, and how many of them that rests on.
fn ratio(sums: &[(f64, f64)], rate: f64) -> (f64, f64) {
    let tries: f64 = sums.iter().map(|(tries, _)| tries).sum();
    let number = tries.powi(2) / sums.iter().map(|(tries, _)| tries.powi(2)).sum::<f64>().max(1.0);
    let chance = tries * rate * (1.0 - rate);
    if number < 2.0 || chance < 0.5 {
        return (1.0, number);
    }
    let off: f64 = sums.iter().map(|(tries, lost)| (lost - tries * rate).powi(2)).sum();
    (off / chance * number / (number - 1.0), number)
}

/// Runs of blocks that lose more than is usual.
fn bursts(blocks: &[Block]) -> Vec<Episode> {
    let mut shares: Vec<f64> =
        blocks.iter().map(|block| f64::from(block.lost) / f64::from(block.tries.max(1))).collect();
    let middle = shares.len() / 2;
    let usual = *shares.select_nth_unstable_by(middle, f64::total_cmp).1;
    let stands_out = |block: &&Block| {
        let expected = usual * f64::from(block.tries);
        block.lost >= 2 && f64::from(block.lost) > expected + 3.0 * expected.sqrt()
    };
    let mut bursts: Vec<Episode> = Vec::new();
    for block in blocks.iter().filter(stands_out) {
        match bursts.last_mut() {
            Some(last) if block.from <= last.to => {
                last.to = block.to;
                last.lost += block.lost;
            }
            _ => bursts.push(Episode { from: block.from, to: block.to, lost: block.lost }),
        }
    }
    bursts
}

fn from_first_to_last(blocks: &[Block]) -> Vec<Episode> {
    let mut lossy = blocks.iter().filter(|block| block.lost > 0);
    let Some(first) = lossy.next() else { return Vec::new() };
    let end = lossy.next_back().unwrap_or(first);
    let lost = blocks.iter().map(|block| block.lost).fold(0, u32::saturating_add);
    vec![Episode { from: first.from, to: end.to, lost }]
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
fn student(blocks: f64) -> f64 {
    let (z, v) = (Z95, (blocks - 1.0).max(2.0));
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
