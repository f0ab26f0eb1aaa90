//! Whether hops ration their answers, each by itself and all of them together.
//!
//! With less than a second between two tries every Linux router on the way answers one a second: the shares that
//! are lost look like loss on the first link. What tells them apart is that each hop's answers come evenly. For
//! one hop that takes many tries to prove; where most of them come more evenly than chance would have it, few do.

use crate::engine::even::{Evenness, is_clustered};

/// The share of the rows with losses that must be even.
const MOST: f64 = 0.75;
/// Fewer rows than this prove nothing together.
const ROWS: usize = 3;
/// How unlikely it must be that chance makes so many rows so even.
const PROOF: f64 = 1e-5;
/// How many standard deviations more runs of answers and losses there must be than by chance, all rows together.
const ALTERNATING: f64 = 5.0;
/// Less even than this a row is not one of those that ration together.
const EVEN: f64 = 0.4;
/// Below this scale, squared, a row tells too little to say that it does not ration.
const KNOWN: f64 = 9.0;

/// What is known of how the rows ration.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// Each row's answers, where they are proven to come evenly.
    pub even: Vec<Option<Evenness>>,
    /// The last one may ration as well: too little is known to say that it does not.
    pub is_possible: bool,
}

impl Together {
    /// Judges rows by how evenly their answers come, where that is known; `is_quick` if they are asked more often
    /// than Linux answers.
    pub fn of(rows: &[Option<Evenness>], is_quick: bool) -> Self {
        // Hops that are proven each by itself say nothing of the others, since what those lose may be lost on a
        // link; but where everyone is asked too often and loses, it is likely for one reason.
        let all: Vec<Evenness> = rows.iter().filter_map(|even| *even).collect();
        let is_one = is_quick && all.len() == rows.len();
        let known: Vec<Evenness> = all.iter().filter(|even| is_one || !even.is_proven()).copied().collect();
        let are_most = 4 * all.iter().filter(|even| even.is_proven()).count() >= 3 * all.len();
        let most = (MOST * known.len() as f64).ceil() as usize;
        let mut chances: Vec<f64> = known.iter().map(|even| even.chance).collect();
        chances.sort_by(f64::total_cmp);
        let middle = most.checked_sub(1).map_or(1.0, |at| chances[at]);
        let chance = tail(known.len(), most, middle);
        // A bucket that others take from as well gives no even share, but seldom two answers one after the other.
        let (more, variance) =
            known.iter().fold((0.0, 0.0), |sum, even| (sum.0 + even.runs.0, sum.1 + even.runs.1));
        let alternating = more / f64::max(variance, 1.0).sqrt();
        let is_clustered = is_clustered((more, variance));
        let is_proven = known.len() >= ROWS && !is_clustered && (chance < PROOF || alternating > ALTERNATING);
        let alternates = |even: &Evenness| even.runs.0 > 0.0 && alternating > ALTERNATING;
        let rations =
            |even: &Evenness| even.is_proven() || is_proven && (even.chance < EVEN || alternates(even));
        let is_open = |even: &Evenness| {
            even.scale.powi(2) < KNOWN
                || chance < 0.02
                || alternating > 2.0
                || (is_proven || are_most) && even.tries < 120
        };
        let is_possible = !is_clustered
            && rows.last().is_some_and(|last| last.is_none_or(|last| is_open(&last) && !rations(&last)));
        Self { even: rows.iter().map(|even| even.filter(rations)).collect(), is_possible }
    }
}

/// How likely at least `least` of `n` are hit, each with a chance `share`.
fn tail(n: usize, least: usize, share: f64) -> f64 {
    // Else the first of the sums below, from which all others come, would be nothing.
    if share >= 1.0 {
        return 1.0;
    }
    // The chance of each number of hits from that of the one before.
    let odds = share / (1.0 - share).max(1e-9);
    let mut exactly = (1.0 - share).max(1e-9).powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut sum = 0.0;
    for hits in 0..=n {
        sum += if hits >= least { exactly } else { 0.0 };
        exactly *= odds * (n - hits) as f64 / (hits + 1) as f64;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_for_certain_does_so_however_many_there_are() {
        for n in [3, 36, 60] {
            assert!((tail(n, n * 3 / 4, 1.0) - 1.0).abs() < 1e-9, "{n}");
        }
        assert!((tail(60, 0, 0.3) - 1.0).abs() < 1e-6);
        assert!((tail(2, 1, 0.5) - 0.75).abs() < 1e-9);
    }

    fn even(chance: f64) -> Evenness {
        Evenness {
            tries: 30,
            share: 0.5,
            scale: 2.5,
            per_second: 1.0,
            range: 0.7,
            chance,
            runs: (0.0, 2.0),
            is_ruled_out: false,
        }
    }

    #[test]
    fn many_rows_prove_what_one_cannot() {
        let rows = |count, chance| vec![Some(even(chance)); count];
        assert!(Together::of(&rows(8, 0.02), false).even.iter().all(Option::is_some));
        assert!(Together::of(&rows(2, 0.02), false).even.iter().all(Option::is_none));
        assert!(Together::of(&rows(8, 0.7), false).even.iter().all(Option::is_none));
        let turns = Some(Evenness { runs: (4.0, 2.0), ..even(0.7) });
        assert!(Together::of(&[turns; 8], false).even.iter().all(Option::is_some));
    }

    #[test]
    fn rows_proven_each_by_itself_prove_nothing_of_the_target() {
        let proven = Evenness { tries: 300, scale: 8.0, range: 0.2, ..even(1e-9) };
        let target = Evenness { tries: 300, scale: 8.0, ..even(0.3) };
        let found = |first, target, is_quick| {
            let rows = [first, Some(proven), Some(proven), Some(proven), Some(proven), Some(target)];
            let found = Together::of(&rows, is_quick);
            (found.even[5].is_some(), found.is_possible)
        };
        assert_eq!(found(Some(proven), target, false), (false, false));
        let few = Evenness { tries: 90, ..target };
        assert_eq!(found(Some(proven), few, false), (false, true), "there are few tries yet");
        assert_eq!(found(None, target, true), (false, false), "one loses nothing");
        assert_eq!(
            found(Some(proven), target, true),
            (true, false),
            "all are asked more often than Linux answers"
        );
    }
}
