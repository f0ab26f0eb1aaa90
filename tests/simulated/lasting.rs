//! How long an event that lasts is said to last.

use std::time::Duration;

use hopwatch::engine::probe::Flows;
use hopwatch::engine::span::Span;
use hopwatch::engine::time::{Anchor, Time};
use hopwatch::engine::trace::{Trace, TraceConfig};
use hopwatch::engine::verdict::Kind;
use hopwatch::net::simulated::Simulated;
use hopwatch::net::simulated::scenario::{Branch, Conduct, Hop, Scenario};
use hopwatch::wire::icmp::Icmp;

use crate::play::PACE;
use crate::step::step;

const fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1_000)
}

fn way(change: impl Fn(Hop) -> Hop) -> Branch {
    let router = |n: u8| Hop::router([192, 0, 2, n], f64::from(n));
    vec![router(1), router(2), change(router(3)), router(4), Hop::target([203, 0, 113, 9], 25.0)]
}

/// What an outage of so many seconds, half a second after a try, was said to last meanwhile, and what it came to.
fn lengths(seconds: u64, change: fn(Hop) -> Hop) -> (Vec<Duration>, Duration) {
    let from = Time::from_millis(60_500);
    let scenario = Scenario::still([192, 0, 2, 200], way(|hop| hop))
        .then(from, way(change))
        .then(from + Duration::from_secs(seconds), way(|hop| hop));
    let anchor = Anchor { time: Time::ZERO, wall: std::time::SystemTime::UNIX_EPOCH };
    let config =
        TraceConfig { target: scenario.target, pace: PACE, count: None, seed: 7, flows: Flows::Stable };
    let (mut trace, mut path) = (Trace::new(config, Time::ZERO, anchor), Simulated::new(scenario));
    let (mut now, mut said) = (Time::ZERO, Vec::new());
    while now <= at(120 + seconds) {
        now = step(&mut trace, &mut path, now, |_, _| ());
        let snapshot = trace.snapshot(now);
        let Some(open) = snapshot.journal.outage() else { continue };
        let length = snapshot.length(open);
        let finding = snapshot.verdict(Span::All);
        if let (Kind::Outage, true, Some(since)) = (finding.kind, finding.is_now(), finding.since) {
            let off = finding.span.1.since(since).abs_diff(length);
            assert!(off < PACE.interval, "{length:?} in the list, {off:?} off in the verdict");
        }
        said.push(length);
    }
    let journal = trace.snapshot(now).journal;
    assert_eq!(journal.iter().len(), 1, "{journal:?}");
    (said, journal.iter().next().expect("an outage").length(Time::ZERO))
}

#[test]
fn an_outage_is_never_said_to_last_longer_than_it_does_in_the_end() {
    let lost = |hop: Hop| hop.loss(1.0);
    let refused = |hop: Hop| hop.conduct(Conduct::Block(Icmp::v4(3, 13)));
    for (seconds, change) in [(6, lost as fn(Hop) -> Hop), (20, lost), (45, refused)] {
        let (said, in_the_end) = lengths(seconds, change);
        let [first, most] = [said.first(), said.iter().max()].map(|said| *said.expect("it was in force"));
        assert!(said.is_sorted() && first > Duration::ZERO, "{said:?}");
        assert!(most <= in_the_end, "{most:?} of {in_the_end:?}");
        assert!(in_the_end.abs_diff(most) < 2 * PACE.interval, "{most:?} of {in_the_end:?}");
    }
}
