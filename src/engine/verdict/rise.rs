//! Whether round-trip times moved to a higher level, since when, and from which hop on.

use super::evidence::RowEvidence;

/// A rise of the round-trip times that the last answering row has kept since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rise {
    /// Since when, in ms since the evidence began.
    pub since: u32,
    /// The median before and since, in µs.
    pub medians: (u32, u32),
    /// The rows, by place among those given, from the last one without the rise to the first with it.
    pub within: (Option<usize>, usize),
}

/// Answers a block: their median stands for them.
const BLOCK: usize = 8;
/// Blocks that each side needs.
const SIDE: usize = 3;
/// The least rise worth a word, in µs, and as a share of the level.
const LEAST: f64 = 2_000.0;
const SHARE: f64 = 0.05;

/// Two levels of a row's round-trip times, the second the higher.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// When the second begins, in ms since the evidence did.
    pub since: u32,
    /// The median of each, in µs.
    pub medians: (f64, f64),
}

impl Level {
    const fn size(&self) -> f64 {
        self.medians.1 - self.medians.0
    }
}

/// Looks for a rise at the last of `rows`, which are those that answer, by TTL.
pub fn rise(rows: &[&RowEvidence]) -> Option<Rise> {
    let times: Vec<(u32, u32)> = rows.last()?.times().collect();
    let blocks: Vec<(u32, f64)> = times
        .chunks_exact(BLOCK)
        .map(|block| (block[0].0, f64::from(median(block.iter().map(|(_, us)| *us).collect()))))
        .collect();
    let level = level(&blocks)?;
    let shift = |row: &&RowEvidence| {
        let part = |after: bool| {
            let times: Vec<u32> =
                row.times().filter(|(at, _)| (*at >= level.since) == after).map(|(_, us)| us).collect();
            (times.len() >= 5).then(|| f64::from(median(times)))
        };
        Some(part(true)? - part(false)?)
    };
    let shifts: Vec<Option<f64>> = rows.iter().map(shift).collect();
    found(&level, &shifts)
}

/// Looks for a rise in a series of medians.
pub fn level(blocks: &[(u32, f64)]) -> Option<Level> {
    let split = best_split(blocks)?;
    let (before, after) = (&blocks[..split], &blocks[split..]);
    let middle = |part: &[(u32, f64)]| f64::from(median(part.iter().map(|(_, us)| *us as u32).collect()));
    let (low, high) = (middle(before), middle(after));
    let noise = |part: &[(u32, f64)], centre: f64| {
        let off = part.iter().map(|(_, us)| (us - centre).abs() as u32);
        f64::from(median(off.collect()))
    };
    let noise = noise(before, low).max(noise(after, high));
    // Most of what follows may be higher, and the rise be over: the latest blocks must be as high.
    if middle(&blocks[blocks.len() - SIDE..]) <= f64::midpoint(low, high) {
        return None;
    }
    let level = Level { since: blocks[split].0, medians: (low, high) };
    let size = level.size();
    (size >= LEAST && size >= SHARE * low && size >= 6.0 * noise).then_some(level)
}

/// The rise to a level, by how much each row's times moved with it.
pub fn found(level: &Level, shifts: &[Option<f64>]) -> Option<Rise> {
    let (low, high) = level.medians;
    let shifts: Vec<Option<bool>> =
        shifts.iter().map(|shift| shift.map(|shift| shift > level.size() / 2.0)).collect();
    Some(Rise { since: level.since, medians: (low as u32, high as u32), within: onset(&shifts)? })
}

/// The split of a series into two levels that leaves least apart from them; the second the higher.
fn best_split(blocks: &[(u32, f64)]) -> Option<usize> {
    let n = blocks.len();
    if n < 2 * SIDE {
        return None;
    }
    // One bad block must not pull a level: values are taken on a log scale.
    let values: Vec<f64> = blocks.iter().map(|(_, us)| us.max(1.0).ln()).collect();
    let total: f64 = values.iter().sum();
    let mut sum: f64 = values[..SIDE].iter().sum();
    let mut best = (0.0, None);
    for (split, value) in values.iter().enumerate().take(n - SIDE + 1).skip(SIDE) {
        let (left, right) = (split as f64, (n - split) as f64);
        let shift = (total - sum) / right - sum / left;
        let gain = shift * shift * left * right / n as f64;
        if shift > 0.0 && gain > best.0 {
            best = (gain, Some(split));
        }
        sum += value;
    }
    best.1
}

/// Between which rows the rise begins: those behind have at least half of it, those before have not.
fn onset(shifts: &[Option<bool>]) -> Option<(Option<usize>, usize)> {
    // One that stands out must not move the place: the split that puts the fewest on the wrong side.
    let wrong = |at: usize| {
        let before = shifts[..at].iter().filter(|shift| **shift == Some(true)).count();
        before + shifts[at..].iter().filter(|shift| **shift == Some(false)).count()
    };
    let least = (0..shifts.len()).map(wrong).min()?;
    let fitting: Vec<usize> = (0..shifts.len()).filter(|&at| wrong(at) == least).collect();
    let end = *fitting.last()?;
    let first = *fitting.first()?;
    Some(((0..first).rev().find(|&at| shifts[at].is_some()), end))
}

fn median(mut values: Vec<u32>) -> u32 {
    if values.is_empty() {
        return 0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_over_is_no_rise_however_much_of_the_time_it_took() {
        let series = |parts: &[(u32, f64)]| {
            let values = parts.iter().flat_map(|(count, ms)| (0..*count).map(move |at| (at, 1_000.0 * ms)));
            let times = (0..).map(|number| 8_000 * number);
            let blocks: Vec<(u32, f64)> =
                times.zip(values).map(|(time, (at, us))| (time, us + f64::from(at % 3) * 50.0)).collect();
            level(&blocks)
        };
        let stays = series(&[(40, 10.0), (60, 30.0)]).expect("a rise");
        assert_eq!(stays.since, 320_000);
        assert_eq!(series(&[(40, 10.0), (42, 30.0), (18, 10.0)]), None);
        assert_eq!(series(&[(40, 10.0), (57, 30.0), (3, 10.0)]), None);
        assert!(series(&[(40, 10.0), (58, 30.0), (1, 10.0)]).is_some(), "one block may be low");
    }

    #[test]
    fn a_rise_is_told_from_a_twentieth_of_the_level_on() {
        let series = |ms: f64| {
            let us = |at: u32| 1_000.0 * if at < 40 { 100.0 } else { 100.0 + ms } + f64::from(at % 3) * 50.0;
            level(&(0..75).map(|at| (8_000 * at, us(at))).collect::<Vec<_>>())
        };
        assert!(series(6.6).is_some_and(|level| level.since == 320_000));
        assert_eq!(series(4.0), None);
    }
}
