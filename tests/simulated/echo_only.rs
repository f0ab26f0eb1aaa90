//! Silence of the whole path while echo requests to the target are answered, and an outage that takes both.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hopwatch::engine::crosscheck::{CrossCheck, Echoes};
use hopwatch::engine::journal::{Entry, Journal, What};
use hopwatch::engine::probe::Flows;
use hopwatch::engine::record::Record;
use hopwatch::engine::snapshot::Snapshot;
use hopwatch::engine::span::Span;
use hopwatch::engine::time::{Anchor, Time};
use hopwatch::engine::trace::{Trace, TraceConfig};
use hopwatch::engine::verdict::{Doubt, Finding, Kind};
use hopwatch::net::simulated::Simulated;
use hopwatch::net::simulated::scenario::{Branch, Conduct, Hop, Scenario};

use crate::play::PACE;
use crate::{replayed, step::step};

const HOPS: u8 = 5;

const fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1_000)
}

/// What the path is from a moment on.
#[derive(Clone, Copy)]
enum Now {
    Well,
    /// Nobody answers, but packets pass.
    Mute,
    /// Nothing passes the second link.
    Cut,
}

fn way(now: Now) -> Branch {
    let router = |n: u8| Hop::router([192, 0, 2, n], f64::from(n) * 4.0).jitter(1.0);
    let target = Hop::target([203, 0, 113, 9], 25.0).jitter(2.0);
    let hops = (1..HOPS).map(router).chain([target]).enumerate();
    hops.map(|(before, hop)| match now {
        Now::Mute => hop.conduct(Conduct::Silent),
        Now::Cut if before == 1 => hop.loss(1.0),
        _ => hop,
    })
    .collect()
}

/// A watch, and the cross-check beside it.
struct Watch {
    trace: Trace,
    check: CrossCheck,
    records: Vec<Record>,
    now: Time,
    /// Verdicts by the second.
    said: Vec<(u64, Finding)>,
}

impl Watch {
    /// Watches what is so from each of these seconds on until another one.
    fn of(stages: &[(u64, Now)], seconds: u64) -> Self {
        Self::asking(stages, seconds, true)
    }

    /// The same, asking a silent target by echo or not.
    fn asking(stages: &[(u64, Now)], seconds: u64, asks: bool) -> Self {
        let scenario = |ways: Vec<(Time, Vec<Branch>)>| Scenario {
            stages: ways,
            ..Scenario::still([192, 0, 2, 200], way(Now::Well))
        };
        let seen: Vec<_> = stages.iter().map(|(from, now)| (at(*from), vec![way(*now)])).collect();
        // Whoever is mute still answers echo requests.
        let by_echo = stages.iter().map(|(from, now)| {
            let now = if matches!(now, Now::Mute) { Now::Well } else { *now };
            (at(*from), vec![way(now)])
        });
        let by_echo = scenario(by_echo.collect()).asked_by_echo();
        let scenario = scenario(seen);
        let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
        let flows = Flows::Stable;
        let config = TraceConfig { target: scenario.target, pace: PACE, count: None, seed: 7, flows };
        let mut watch = Self {
            trace: Trace::new(config, Time::ZERO, anchor),
            check: CrossCheck::new(scenario.target, PACE.timeout, Echoes::default()),
            records: Vec::new(),
            now: Time::ZERO,
            said: Vec::new(),
        };
        let (mut path, mut echo) = (Simulated::new(scenario), Simulated::new(by_echo));
        while watch.now < at(seconds) {
            watch.step(&mut path, &mut echo, asks);
        }
        watch
    }

    /// As the driver of a watch does it.
    fn step(&mut self, path: &mut Simulated, echo: &mut Simulated, asks: bool) {
        let Self { trace, check, now, .. } = self;
        while let Some(event) = path.poll(*now) {
            trace.handle_event(*now, event);
        }
        trace.handle_timeout(*now);
        while let Some(event) = echo.poll(*now) {
            check.handle_event(event);
        }
        check.handle_timeout(*now);
        let is_wanted = asks && trace.is_target_silent(*now);
        while let Some(probe) = check.poll_transmit(*now, PACE.interval, is_wanted) {
            let outcome = echo.send(*now, &probe);
            check.handle_sent(probe.no, outcome);
        }
        if let Some(echoed) = check.poll_record(*now, trace.has_records()) {
            trace.handle_echoed(echoed);
        }
        let next = step(trace, path, *now, |_, record| self.records.push(record));
        let others = [check.poll_timeout(), echo.poll_timeout()].into_iter().flatten();
        let until_silent = *now + Duration::from_millis(100);
        let next = others.fold(next.min(until_silent), Time::min).max(*now);
        if next.as_nanos() / 1_000_000_000 > now.as_nanos() / 1_000_000_000 {
            let second = now.as_nanos() / 1_000_000_000;
            self.said.push((second, self.snapshot().verdict(Span::All)));
        }
        self.now = next;
    }

    fn snapshot(&self) -> Snapshot {
        self.trace.snapshot(self.now)
    }

    fn verdict(&self) -> Finding {
        self.snapshot().verdict(Span::All)
    }

    /// What a recording shows is what the watch showed.
    fn assert_replayed(&self) {
        replayed::check(&self.trace, &self.records, self.now, Some(&self.check));
    }

    /// Every event that was ever told, withdrawn or not.
    fn told(&self) -> impl Iterator<Item = &Entry> {
        self.records.iter().filter_map(|record| match record {
            Record::Journal(entry) => Some(entry),
            _ => None,
        })
    }

    /// The events that are listed: kind, start and end in seconds.
    fn events(&self) -> Vec<(&'static str, u64, Option<u64>)> {
        let journal: Arc<Journal> = self.snapshot().journal;
        let seconds = |time: Time| (time.as_nanos() + 500_000_000) / 1_000_000_000;
        journal.iter().map(|one| (one.what.kind(), seconds(one.start), one.end.map(seconds))).collect()
    }
}

fn assert_says(finding: &Finding, what: &str) {
    let text = finding.text();
    assert!(text.contains(what), "{text}");
}

#[test]
fn silence_while_echo_is_answered_is_no_outage_and_calls_nobody() {
    let watch = Watch::of(&[(0, Now::Well), (60, Now::Mute), (140, Now::Well)], 200);
    assert!(watch.told().all(|entry| !matches!(entry.what, What::Outage { .. })), "not even for a moment");
    assert!(watch.told().all(|entry| !entry.what.calls()));
    assert_eq!(watch.events(), [("echo_only", 60, Some(140))]);
    for (second, finding) in &watch.said {
        let kinds =
            if *second < 64 { &[Kind::Gathering, Kind::Clean][..] } else { &[Kind::Clean, Kind::Unclear] };
        assert!(kinds.contains(&finding.kind), "{second}: {}", finding.text());
    }
    let during = &watch.said.iter().find(|(second, _)| *second == 130).expect("a verdict").1;
    assert_eq!((during.kind, during.doubt), (Kind::Unclear, Doubt::EchoOnly));
    let text = during.text();
    let told = "The target answers ICMP echo alone for 1 min 6 s: packets get there and back;";
    assert!(text.starts_with(told), "{text}");
    let finding = watch.verdict();
    assert_eq!((finding.kind, finding.lost), (Kind::Clean, 0), "{}", finding.text());
    assert_says(&finding, "the target answered ICMP echo alone for 1 min 20 s, until 5");
    let hops = watch.snapshot().hop_evidence(&finding);
    assert!(hops.iter().all(|hop| hop.spread.as_ref().is_some_and(|spread| spread.lost == 0)));
    watch.assert_replayed();
}

#[test]
fn an_outage_that_takes_echo_as_well_is_told_as_ever() {
    let stages = [(0, Now::Well), (60, Now::Cut), (140, Now::Well)];
    let watch = Watch::of(&stages, 200);
    assert_eq!(watch.events(), [("outage", 60, Some(140))]);
    assert!(watch.told().all(|entry| !entry.withdrawn && matches!(entry.what, What::Outage { .. })));
    let plain = Watch::asking(&stages, 200, false);
    assert_eq!(watch.events(), plain.events());
    let texts = |watch: &Watch| {
        watch.said.iter().map(|(second, finding)| (*second, finding.text())).collect::<Vec<_>>()
    };
    assert_eq!(texts(&watch), texts(&plain), "every second of it");
    assert_eq!((watch.verdict().kind, watch.verdict().between), (Kind::Outage, Some((1, 2))));
    watch.assert_replayed();
}

#[test]
fn either_becomes_the_other_when_the_echo_says_so() {
    let stages = [(0, Now::Well), (60, Now::Mute), (120, Now::Cut), (200, Now::Mute), (260, Now::Well)];
    let watch = Watch::of(&stages, 320);
    let events = watch.events();
    let kinds: Vec<&str> = events.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(kinds, ["echo_only", "outage", "echo_only"], "{events:?}");
    for ((_, from, to), [wanted_from, wanted_to]) in events.iter().zip([[60, 120], [120, 200], [200, 260]]) {
        let to = to.expect("it is over");
        assert!(from.abs_diff(wanted_from) <= 4 && to.abs_diff(wanted_to) <= 4, "{events:?}");
    }
    let finding = watch.verdict();
    assert_eq!((finding.kind, finding.between), (Kind::Outage, Some((1, 2))), "{}", finding.text());
    let lasted: u32 = finding.episodes.iter().map(|one| one.to - one.from).sum();
    assert!((74_000..=84_000).contains(&lasted), "{lasted}");
    watch.assert_replayed();
}

#[test]
fn a_span_whose_tries_are_not_told_apart_any_more_says_the_same() {
    let watch = Watch::of(&[(0, Now::Well), (600, Now::Mute), (700, Now::Well)], 2_700);
    let snapshot = watch.snapshot();
    assert!(!snapshot.history.has_tries(Span::All));
    let finding = watch.verdict();
    assert_eq!((finding.kind, finding.lost), (Kind::Clean, 0), "{}", finding.text());
    assert_says(&finding, "the target answered ICMP echo alone for 1 min 40 s");
    assert!(
        snapshot.hop_evidence(&finding).iter().all(|hop| hop.spread.as_ref().is_some_and(|it| it.lost == 0))
    );
    watch.assert_replayed();
}
