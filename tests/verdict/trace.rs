//! The made-up rounds against the real thing: the same paths through a trace on virtual time.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use hopwatch::engine::probe::Flows;
use hopwatch::engine::round::Row;
use hopwatch::engine::snapshot::{Pace, Snapshot};
use hopwatch::engine::span::Span;
use hopwatch::engine::time::{Anchor, Time};
use hopwatch::engine::trace::{Trace, TraceConfig};
use hopwatch::engine::verdict::{Finding, Kind};
use hopwatch::net::simulated::Simulated;
use hopwatch::net::simulated::scenario::{Branch, Conduct, Hop, Limit, Scenario};
use hopwatch::wire::icmp::Icmp;

use crate::step::step;

const PACE: Pace = Pace {
    interval: Duration::from_secs(1),
    tries: 3,
    timeout: Duration::from_secs(3),
    first_ttl: 1,
    max_ttl: 30,
};

fn path(length: u8) -> Branch {
    let router = |ttl: u8| Hop::router(IpAddr::from([198, 51, 100, ttl]), f64::from(ttl) * 1.7).jitter(0.8);
    let target = Hop::target(IpAddr::from([203, 0, 113, 9]), f64::from(length) * 1.8);
    (1..length).map(router).chain([target]).collect()
}

fn with(length: u8, ttl: usize, change: impl FnOnce(Hop) -> Hop) -> Branch {
    let mut hops = path(length);
    hops[ttl - 1] = change(hops[ttl - 1].clone());
    hops
}

/// Plays ten minutes.
fn played_out(scenario: Scenario) -> Snapshot {
    let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
    let config =
        TraceConfig { target: scenario.target, pace: PACE, count: None, flows: Flows::Stable, seed: 3 };
    let (mut trace, mut path, mut now) =
        (Trace::new(config, Time::ZERO, anchor), Simulated::new(scenario), Time::ZERO);
    while now < Time::from_millis(600_000) {
        now = step(&mut trace, &mut path, now, |_, _| {});
    }
    trace.snapshot(now)
}

/// Plays ten minutes, and judges them and the moment before the end.
fn played(scenario: Scenario) -> Finding {
    played_out(scenario).verdict(Span::All)
}

/// Judges a path a minute long, with so long between two tries, at every third second.
fn judged(hops: Branch, interval: Duration) -> Vec<Finding> {
    judged_as(Scenario { seed: 45, ..Scenario::still([192, 0, 2, 20], hops) }, interval)
}

fn judged_as(scenario: Scenario, interval: Duration) -> Vec<Finding> {
    judged_at(scenario, interval, (1..=20).map(|third| 3 * third))
}

/// Judges a path at the given seconds.
fn judged_at(scenario: Scenario, interval: Duration, seconds: impl IntoIterator<Item = u64>) -> Vec<Finding> {
    let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
    let pace = Pace { interval, ..PACE };
    let config = TraceConfig { target: scenario.target, pace, count: None, flows: Flows::Stable, seed: 3 };
    let (mut trace, mut path, mut now) =
        (Trace::new(config, Time::ZERO, anchor), Simulated::new(scenario), Time::ZERO);
    let findings = seconds.into_iter().map(|second| {
        while now < Time::from_millis(1_000 * second) {
            now = step(&mut trace, &mut path, now, |_, _| {});
        }
        trace.snapshot(now).verdict(Span::All)
    });
    findings.collect()
}

fn still(hops: Branch) -> Finding {
    played(Scenario { seed: 44, ..Scenario::still([192, 0, 2, 20], hops) })
}

#[test]
fn loss_of_a_real_trace_is_found_on_its_link() {
    for (length, onset, share) in [(6, 1, 0.3), (12, 6, 0.04), (20, 15, 0.12), (9, 8, 0.5), (25, 3, 0.08)] {
        let finding = still(with(length, onset, |hop| hop.loss(share)));
        let (from, to) = finding.between.expect("a place");
        assert_eq!(
            (finding.kind, from < onset as u8, to >= onset as u8),
            (Kind::Loss, true, true),
            "{finding:?}"
        );
        assert!(to - from <= 2, "{finding:?}");
        let [low, high] = finding.ci95.expect("an interval");
        assert!(low < share && share < high, "{finding:?}");
    }
}

#[test]
fn limiters_silence_and_clean_paths_of_a_real_trace_are_no_alarm() {
    let clean = still(path(12));
    assert_eq!((clean.kind, clean.secondary.len()), (Kind::Clean, 0), "{clean:?}");
    let slow = Limit { burst: 4.0, per_second: 0.4 };
    let limited = still(with(12, 5, |hop| hop.limit(slow)));
    assert_eq!(limited.kind, Kind::Clean);
    assert!(limited.is_limited(Row::Hop(5)), "{limited:?}");
    let per_second = limited.secondary[0].per_second.expect("a proof");
    assert!((per_second - 0.4).abs() < 0.02, "{per_second}");
    let silent = still(with(12, 12, |hop| hop.conduct(Conduct::Silent)));
    assert_eq!((silent.kind, silent.silent_target, silent.judged_to), (Kind::Clean, true, 11), "{silent:?}");
    let target = still(with(8, 8, |hop| hop.limit(slow)));
    assert_eq!(target.kind, Kind::TargetLimited, "{target:?}");
}

#[test]
fn hops_that_all_answer_once_a_second_are_no_loss_however_often_they_are_asked() {
    for millis in [110, 300, 550, 800] {
        let linux = Limit { burst: 6.0, per_second: 1.0 };
        let hops = path(9).into_iter().map(|hop| hop.limit(linux)).collect();
        let findings = judged(hops, Duration::from_millis(millis));
        let alarm = findings.iter().find(|finding| finding.kind.is_alarm());
        assert!(alarm.is_none(), "{millis} ms: {alarm:?}");
        let last = findings.last().expect("a verdict");
        assert_eq!(last.kind, Kind::TargetLimited, "{millis} ms: {last:?}");
        assert!((last.per_second.expect("a rate") - 1.0).abs() < 0.05, "{millis} ms: {last:?}");
        assert!((1..9).all(|ttl| last.is_limited(Row::Hop(ttl))), "{millis} ms: {last:?}");
    }
    // Bursts that come as by the clock are even too, but no bucket answers so many in a row.
    let mut bursts = Scenario { seed: 45, ..Scenario::still([192, 0, 2, 20], path(9)) };
    for turn in 0..16 {
        let start = 4_000 * turn + 1_000;
        bursts = bursts.then(Time::from_millis(start), with(9, 3, |hop| hop.loss(1.0)));
        bursts = bursts.then(Time::from_millis(start + 1_500), path(9));
    }
    let finding = judged_as(bursts, Duration::from_millis(200)).pop().expect("a verdict");
    assert!(matches!(finding.kind, Kind::Loss | Kind::Outage), "{finding:?}");
    assert_eq!(finding.between, Some((2, 3)), "{finding:?}");
    let loses = with(9, 1, |hop| hop.loss(0.6));
    let finding = judged(loses, Duration::from_millis(300)).pop().expect("a verdict");
    assert_eq!((finding.kind, finding.between), (Kind::Loss, Some((0, 1))), "{finding:?}");
}

#[test]
fn trouble_of_the_moment_outweighs_the_past() {
    let cut = Scenario::still([192, 0, 2, 20], path(11))
        .then(Time::from_millis(540_000), with(11, 7, |hop| hop.loss(1.0)));
    let finding = played(cut);
    assert_eq!(
        (finding.kind, finding.is_now(), finding.between),
        (Kind::Outage, true, Some((6, 7))),
        "{finding:?}"
    );
    let prohibited = Conduct::Block(Icmp::v4(3, 13));
    let refused = Scenario::still([192, 0, 2, 20], path(11))
        .then(Time::from_millis(540_000), with(11, 6, |hop| hop.conduct(prohibited)));
    let finding = played(refused);
    assert_eq!(finding.kind, Kind::Refused, "{finding:?}");
    // Whom it names, and the hop that it names him at, are one row of the table.
    let (address, _) = finding.by.expect("who");
    let at = finding.by_ttl.expect("where");
    assert_eq!(address, IpAddr::from([198, 51, 100, at]));
    assert!(finding.text().contains(&format!("hop {at}, {address}, says so")), "{}", finding.text());
    let nobody = still(path(5).into_iter().map(|hop| hop.conduct(Conduct::Silent)).collect());
    assert_eq!(nobody.kind, Kind::NoAnswers);
}

#[test]
fn an_outage_that_is_over_is_named_from_its_first_answer_on() {
    for (before, length, at) in [(40, 12, 7), (120, 8, 7), (120, 12, 3), (600, 5, 7), (600, 31, 2)] {
        let scenario = Scenario { seed: 44, ..Scenario::still([192, 0, 2, 20], path(11)) }
            .then(Time::from_millis(1_000 * before), with(11, at, |hop| hop.loss(1.0)))
            .then(Time::from_millis(1_000 * (before + length)), path(11));
        // A try is judged lost once the timeout has passed, and counts with its round: six seconds.
        let seconds = before + 11..before + length + 60;
        for (second, finding) in seconds.clone().zip(judged_at(scenario, PACE.interval, seconds)) {
            let after = second - before;
            let what = format!("{before}, {length} s at {at}, after {after} s: {}", finding.text());
            assert!(matches!(finding.kind, Kind::Outage | Kind::Loss), "{what}");
            let (from, to) = finding.between.expect("a place");
            assert!(usize::from(from) < at && usize::from(to) == at && to - from <= 2, "{what}");
        }
    }
}

#[test]
fn a_hop_that_rations_unevenly_is_put_to_the_test_and_harmed_by_nothing_else() {
    let crowded = Limit { burst: 10.0, per_second: 1.0 };
    let finding = still(with(12, 5, |hop| Hop { limit: Some(crowded), rivals: 0.55, ..hop }));
    assert_eq!(finding.kind, Kind::Clean, "{finding:?}");
    let own = &finding.secondary[0];
    let test = own.experiment.expect("an experiment");
    assert!(test.is_proof && test.slowly > test.before + 0.2, "{own:?}");
    assert!(own.per_second.is_some());
    let deaf = still(with(12, 5, |hop| Hop { deaf: 0.4, ..hop }));
    let test = deaf.secondary[0].experiment.expect("an experiment");
    assert!(!test.is_proof, "a share proves nothing: {test:?}");
    assert_eq!(deaf.secondary[0].per_second, None);
}

#[test]
fn each_event_has_a_verdict_of_its_own() {
    let whole = |from: u64, to: u64, at: usize| {
        let cut = with(11, at, |hop| hop.loss(1.0));
        [(Time::from_millis(from), cut), (Time::from_millis(to), path(11))]
    };
    let mut scenario = Scenario { seed: 44, ..Scenario::still([192, 0, 2, 20], path(11)) };
    for (at, hops) in [whole(200_000, 231_000, 7), whole(400_000, 404_000, 3)].concat() {
        scenario = scenario.then(at, hops);
    }
    let snapshot = played_out(scenario);
    let found: Vec<Finding> =
        snapshot.journal.iter().filter_map(|entry| snapshot.event_verdict(entry)).collect();
    assert_eq!(found.len(), 2, "{:?}", snapshot.journal);
    for (finding, at) in found.iter().zip([7, 3]) {
        let (from, to) = finding.between.expect("a place");
        assert!(from < at && at <= to && to - from <= 2, "{finding:?}");
        assert!(!finding.text().is_empty());
    }
    assert_eq!(found[0].kind, Kind::Outage);
}

#[test]
fn a_step_of_latency_that_is_over_is_told_beside_the_verdict() {
    let slow = path(11);
    let slow = slow
        .into_iter()
        .enumerate()
        .map(|(at, hop)| if at < 3 { hop } else { Hop { rtt: hop.rtt + Duration::from_millis(40), ..hop } });
    let slow: Branch = slow.collect();
    let scenario = Scenario { seed: 44, ..Scenario::still([192, 0, 2, 20], path(11)) }
        .then(Time::from_millis(150_000), slow)
        .then(Time::from_millis(350_000), path(11));
    let finding = played(scenario);
    assert_eq!(finding.kind, Kind::Clean, "{finding:?}");
    let step = finding.secondary.iter().find(|other| other.until.is_some()).expect("a step that is over");
    let seconds = |time: Option<Time>| time.expect("a time").as_nanos() / 1_000_000_000;
    assert!(
        (140..175).contains(&seconds(step.since)) && (340..375).contains(&seconds(step.until)),
        "{step:?}"
    );
    let (before, after) = step.medians.expect("two levels");
    assert!((35_000..45_000).contains(&(after - before)), "{step:?}");
    assert!(finding.text().contains("ms slower for"), "{}", finding.text());
}
