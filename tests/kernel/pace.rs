//! When the binary asks whom: read off the responder's log.

use std::time::Instant;

use nix::unistd::Pid;

use crate::report;
use crate::support::lab;
use crate::support::responder::{Fate, Node, Responder, Seen, Wait, both};
use crate::support::terminal::processor_time;

/// Ten routers and a target, the last node `ms` away.
fn long_path(ms: f64, target: impl Fn(Node) -> Node) -> Vec<Node> {
    let mut path: Vec<Node> = Node::path(10)
        .into_iter()
        .zip(1..)
        .map(|(node, far)| node.after_ms(ms * f64::from(far) / 11.0))
        .collect();
    let last = path.pop().expect("a target");
    path.push(target(last));
    path
}

fn of_ttl(seen: &[Seen], ttl: u8) -> Vec<&Seen> {
    seen.iter().filter(|probe| probe.ttl == ttl).collect()
}

fn ms(nanos: i64) -> f64 {
    nanos as f64 / 1e6
}

#[test]
fn the_path_is_known_a_round_trip_after_the_first_probe() {
    lab::inside(|| {
        let responder = Responder::start(long_path(80.0, |target| target), Wait::Asleep);
        for target in both(11) {
            let report = report::run(target, &["-c", "1"]);
            assert_eq!(report.at("/end/ttl"), 11);
            let seen: Vec<Seen> =
                responder.seen().into_iter().filter(|probe| probe.destination == target).collect();
            let start = seen[0].received;
            let known = (1..=11).filter_map(|ttl| of_ttl(&seen, ttl)[0].sent).max().expect("answers");
            assert!(ms(known - start) < 80.0 + 60.0, "{} ms", ms(known - start));
        }
    });
}

#[test]
fn nobody_is_asked_twice_within_an_interval_nor_beyond_the_known_end() {
    lab::inside(|| {
        let responder = Responder::start(long_path(80.0, |target| target), Wait::Asleep);
        let report = report::run(both(11)[0], &["-c", "5", "-i", "500ms"]);
        report.assert_clean(5);
        let seen = responder.seen();
        for ttl in 1..=10 {
            for pair in of_ttl(&seen, ttl).windows(2) {
                let gap = ms(pair[1].received - pair[0].received);
                assert!(gap > 495.0, "TTL {ttl} again after {gap} ms");
            }
        }
        let swept = of_ttl(&seen, 11)[0].sent.expect("an answer");
        let beyond: Vec<&Seen> =
            seen.iter().filter(|probe| probe.ttl > 11 && probe.received > swept + 5_000_000).collect();
        assert!(beyond.is_empty(), "{beyond:#?}");
        assert_eq!(report.at("/overshoot"), seen.iter().filter(|probe| probe.ttl > 11).count());
    });
}

#[test]
fn a_report_does_not_spin() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(10), Wait::Asleep);
        let start = Instant::now();
        let child = report::start(both(11)[0], &["-c", "4"]);
        responder.until("three rounds", 3.0, |seen| of_ttl(seen, 11).len() >= 3);
        let used = processor_time(Pid::from_raw(i32::try_from(child.id()).expect("a process")));
        assert!(used < start.elapsed() / 10, "{used:?} in {:?}", start.elapsed());
        report::finish(child);
    });
}

fn limited_target_loses_nothing(count: u64) {
    let responder = Responder::start(long_path(80.0, |target| target.limited(6, 1.0)), Wait::Asleep);
    let children = both(11).map(|target| report::start(target, &["-c", &count.to_string()]));
    for report in children.map(report::finish) {
        report.assert_clean(count);
    }
    let limited = responder.seen().iter().filter(|probe| probe.fate == Fate::Limit).count();
    assert!(limited > 0, "the first sweep overshoots by more than the target's burst, or this tests nothing");
}

#[test]
fn a_far_target_that_limits_its_answers_shows_no_loss() {
    lab::inside(|| limited_target_loses_nothing(6));
}

#[test]
#[ignore = "takes three minutes"]
fn a_far_target_that_limits_its_answers_shows_no_loss_for_three_minutes() {
    lab::inside(|| limited_target_loses_nothing(180));
}
