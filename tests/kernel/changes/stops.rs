//! A program that is stopped, as a machine that sleeps stops all of them.

use std::time::SystemTime;

use hopwatch::engine::record::Gap;
use nix::sys::signal::Signal;

use super::watch::{By, INTERVAL, ROUND, Watch};
use super::{chain, everywhere, judge, settled};
use crate::support::lab;
use crate::support::stalls::Stalls;

/// Rounds that a stop lasts: more than the two seconds that make it a gap.
const ROUNDS: usize = 3;

#[test]
fn one_that_goes_on_has_a_gap_and_no_loss() {
    lab::inside(|| {
        let _chain = chain();
        let stalls = Stalls::watch();
        let (watches, awake) = (everywhere(&[]), Watch::start(By::Udp, 0, &[]));
        settled(&watches);
        let stopped = SystemTime::now();
        for watch in &watches {
            watch.signal(Signal::SIGSTOP);
            watch.until_stopped();
        }
        let stop = (stopped, SystemTime::now());
        let before = awake.until(1.0, "anything", |_| true).rounds.len();
        awake.until(8.0, "three rounds", |told| told.rounds.len() > before + ROUNDS);
        let on = SystemTime::now();
        for watch in &watches {
            watch.signal(Signal::SIGCONT);
        }
        let on = (on, SystemTime::now());
        let mut wrong = Vec::new();
        for watch in &watches {
            let told = watch.until(4.0, "a whole round after it", |told| told.is_whole_after(on.1));
            let forgiven = stalls.forgiven();
            wrong.extend(judge(watch, &told, &[], (stop, on), forgiven));
            let covers = |gap: &&Gap| {
                let (from, to) = (told.wall(gap.from), told.wall(gap.to));
                let (earliest, latest) = (stop.0 - INTERVAL - forgiven, on.1 + ROUND + forgiven);
                from >= earliest && from <= stop.1 && to >= on.0 && to <= latest
            };
            if told.gaps.iter().filter(covers).count() != 1 || told.gaps.len() > 1 && forgiven < ROUND {
                wrong.push(format!("{}: from {stop:?} to {on:?}: {:?}", watch.name(), told.gaps));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}
