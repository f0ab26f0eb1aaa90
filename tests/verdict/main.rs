//! The verdict as a classifier: labelled cases from a seed, judged at every round.

mod chance;
mod limit;
mod score;
mod strata;
mod world;

use std::collections::BTreeMap;
use std::thread;

use hopwatch::engine::history::History;
use hopwatch::engine::random::mix;
use hopwatch::engine::time::Time;
use hopwatch::engine::verdict::verdict;

use self::chance::Chance;
use self::score::{Mark, Scores, Speed, Tally, mark, realised};
use self::strata::{Stratum, Truth, make};
use self::world::ROUNDS;

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
        history.push(settled);
        let now = Time::from_millis(3_000 * (round as u64 + 1));
        let journal: Vec<_> = run.journal.iter().filter(|entry| entry.start < now).cloned().collect();
        let finding = verdict(&history, &run.path, &journal, (Time::ZERO, Time::FAR));
        let found = mark(&finding, &world, truth, round);
        tally.rounds += 1;
        if let Mark::Wrong(why) = found {
            tally.wrong_rounds += 1;
            *tally.faults.entry(why).or_default() += 1;
            if shown || std::env::var("WRONG").is_ok() && tally.wrong_rounds % 40 == 1 {
                println!("{stratum:?} {seed} round {round} {why} {:?} {:?} of {} realised {:.3} sources {:?}",
                    finding.kind, finding.between, world.length, realised(&world, round),
                    world.sources.iter().map(|s| (s.onset, s.realised(round))).collect::<Vec<_>>());
                if shown {
                    for hop in &finding.hops { println!("   {:?} {:?} {:?}", hop.row, hop.standing, hop.spread.as_ref().map(|s| (s.tries, s.lost))); }
                }
            }
        }
        if found == Mark::Right && finding.kind.is_alarm() && first.is_none() {
            first = Some(round);
        }
        if round + 1 == ROUNDS {
            tally.end(&finding, &world, truth, round, &found);
            if std::env::var("ENDS").is_ok_and(|kind| stratum.kind.contains(&kind)) && found != Mark::Right {
                println!("{stratum:?} {seed} end {found:?} {:?} {:?} of {} realised {:.3} sources {:?}",
                    finding.kind, finding.between, world.length, realised(&world, round),
                    world.sources.iter().map(|s| (s.onset, s.realised(round))).collect::<Vec<_>>());
            }
        }
    }
    let mut speed = Speed::default();
    if truth == Truth::Loss {
        speed.push(realised(&world, ROUNDS - 1), first);
    }
    Scores { strata: BTreeMap::from([(stratum, tally)]), speed }
}

/// Plays so many cases of each stratum, on both of the machine's halves.
fn play_all(cases: usize, seed: u64) -> Scores {
    let strata = strata::all();
    let work: Vec<(Stratum, u64)> = (0..cases)
        .flat_map(|case| strata.iter().enumerate().map(move |(at, stratum)| (*stratum, (case * 1_000 + at) as u64)))
        .map(|(stratum, number)| (stratum, mix(seed ^ mix(number))))
        .collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<Vec<(Stratum, u64)>> = (0..threads)
        .map(|part| work.iter().skip(part).step_by(threads).copied().collect())
        .collect();
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

#[test]
fn a_few_of_each_kind() {
    let cases = std::env::var("CASES").map_or(4, |n| n.parse().unwrap());
    let seed = std::env::var("SEED").map_or(11, |n| n.parse().unwrap());
    let began = std::time::Instant::now();
    let scores = play_all(cases, seed);
    println!("{}", scores.print());
    println!("{:?}", began.elapsed());
}
