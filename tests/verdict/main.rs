//! The verdict as a classifier: labelled cases from a seed, judged at every round.

mod chance;
mod cost;
mod events;
mod journal;
mod limit;
mod pace;
mod score;
#[path = "../support/step.rs"]
mod step;
mod strata;
mod trace;
mod week;
mod world;

use std::collections::BTreeMap;
use std::thread;
use std::time::SystemTime;

use hopwatch::engine::history::History;
use hopwatch::engine::journal::Journal;
use hopwatch::engine::random::mix;
use hopwatch::engine::span::Span;
use hopwatch::engine::time::Time;
use hopwatch::engine::verdict::verdict;

use self::chance::Chance;
use self::score::{Mark, Scores, Speed, Tally, mark, realised};
use self::strata::{Stratum, Truth, make};
use self::world::ROUNDS;

/// The seed of the cases that are the same in every run.
const FIXED: u64 = 20_240;

/// Plays one case and judges it at every round.
fn play(stratum: Stratum, seed: u64) -> Scores {
    let mut chance = Chance::new(seed);
    let (mut world, truth) = make(stratum, &mut chance);
    let run = world.run(&mut chance);
    let mut history = History::default();
    let mut tally = Tally::default();
    let mut first = None;
    let shown = std::env::var("CASE").is_ok_and(|case| case == format!("{seed}"));
    for (round, settled) in run.rounds.into_iter().enumerate() {
        for settled in settled {
            history.push(settled);
        }
        let now = Time::from_millis(3_000 * (round as u64 + 1));
        let mut journal = Journal::default();
        run.journal.iter().filter(|entry| entry.start < now).for_each(|entry| journal.take(entry.clone()));
        let finding = verdict(&history, &run.path, &journal, Span::All);
        let found = mark(&finding, &world, truth, round);
        tally.rounds += 1;
        if let Mark::Wrong(why) = found {
            tally.wrong_rounds += 1;
            *tally.faults.entry(why).or_default() += 1;
            if shown || std::env::var("WRONG").is_ok() && tally.wrong_rounds % 40 == 1 {
                println!(
                    "{stratum:?} {seed} round {round} {why} {:?} {:?} of {} realised {:.3} sources {:?}",
                    finding.text(),
                    finding.between,
                    world.length,
                    realised(&world, round),
                    world.sources.iter().map(|s| (s.onset, s.realised(round))).collect::<Vec<_>>()
                );
            }
        }
        if found == Mark::Right && finding.kind.is_alarm() && first.is_none() {
            first = Some(round);
        }
        if round + 1 == ROUNDS {
            tally.end(&finding, &world, truth, round, &found);
            if std::env::var("ENDS").is_ok_and(|kind| stratum.kind.contains(&kind)) && found != Mark::Right {
                println!(
                    "{stratum:?} {seed} end {found:?} {:?} {:?} of {} realised {:.3} sources {:?}",
                    finding.text(),
                    finding.between,
                    world.length,
                    realised(&world, round),
                    world.sources.iter().map(|s| (s.onset, s.realised(round))).collect::<Vec<_>>()
                );
            }
        }
    }
    let mut pace = Speed::default();
    if truth == Truth::Loss {
        pace.push(realised(&world, ROUNDS - 1), first);
    }
    Scores { strata: BTreeMap::from([(stratum, tally)]), speed: pace }
}

/// Plays so many cases of each stratum, on both of the machine's halves.
fn play_all(cases: usize, seed: u64) -> Scores {
    // `STRATA=` takes those of some kinds only, to look at them closely.
    let only = std::env::var("STRATA").unwrap_or_default();
    let strata = strata::all();
    let work: Vec<(Stratum, u64)> = (0..cases)
        .flat_map(|case| {
            strata.iter().enumerate().map(move |(at, stratum)| (*stratum, (case * 1_000 + at) as u64))
        })
        .filter(|(stratum, _)| stratum.kind.contains(&only))
        .map(|(stratum, number)| (stratum, mix(seed ^ mix(number))))
        .collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<Vec<(Stratum, u64)>> =
        (0..threads).map(|part| work.iter().skip(part).step_by(threads).copied().collect()).collect();
    let mut all = Scores::default();
    thread::scope(|scope| {
        let played: Vec<_> = parts
            .iter()
            .map(|part| {
                scope.spawn(move || {
                    let mut scores = Scores::default();
                    for (stratum, seed) in part {
                        scores.add(&play(*stratum, *seed));
                    }
                    scores
                })
            })
            .collect();
        for part in played {
            all.add(&part.join().expect("a case that does not panic"));
        }
    });
    all
}

/// A seed that no run has had before, printed so that it can be had again: `VERDICT_SEED=N`.
fn fresh_seed() -> u64 {
    let given = std::env::var("VERDICT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        mix(now.as_nanos() as u64) >> 16
    });
    println!("fresh seed {seed}");
    seed
}

/// `CASES=` cases of each stratum, or so many.
fn cases_or(usual: usize) -> usize {
    std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// Few cases: bars that chance alone does not break.
#[test]
fn the_verdict_is_right_on_a_few_cases_of_every_kind() {
    for seed in [FIXED, fresh_seed()] {
        let scores = play_all(cases_or(3), seed);
        println!("seed {seed}\n{}", scores.print());
        let all = scores.all();
        assert!(all.wrong_share() < 0.02, "wrong rounds");
        assert!(all.placed_share() > 0.9, "onsets");
        assert!(all.alarms <= 3, "false alarms");
        assert_eq!(all.missed, 0, "called clean in spite of five percent");
        assert!(all.covered() >= 0.9, "intervals");
    }
}

/// The whole bench: `cargo test --release --test verdict -- --ignored --nocapture`, a few minutes.
#[test]
#[ignore = "4,000 cases twice: minutes of CPU"]
fn the_verdict_is_right_on_four_thousand_cases() {
    for seed in [FIXED, fresh_seed()] {
        let scores = play_all(4_000_usize.div_ceil(strata::all().len()), seed);
        println!("seed {seed}\n{}", scores.print());
        let all = scores.all();
        assert!(all.cases >= 4_000);
        assert!(all.wrong_share() < 0.01, "wrong rounds");
        assert!(all.placed_share() >= 0.95, "onsets");
        for (stratum, tally) in scores.strata.iter().filter(|(_, tally)| tally.lossy >= 20) {
            assert!(tally.placed_share() >= 0.85, "onsets of {stratum:?}");
        }
        assert!(f64::from(all.alarms) < 0.01 * f64::from(all.harmless), "false alarms");
        assert_eq!(all.missed, 0, "called clean in spite of five percent");
        assert!(all.covered() >= 0.9, "intervals");
        assert!(scores.unclear_share() < 0.1, "unclear");
    }
}
