//! Answers that name no probe: quotes of eight bytes, and an application that sends bytes of its own.
//!
//! Every hop has one address and one exact round-trip time, so that an answer taken for another probe's shows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hopwatch::engine::path::End;
use hopwatch::engine::probe::{Event, Flow, Reply, Stray};
use hopwatch::engine::random::mix;
use hopwatch::engine::round::Row;
use hopwatch::engine::snapshot::Pace;
use hopwatch::engine::table::RowState;
use hopwatch::engine::time::{Time, Wall};
use hopwatch::net::simulated::scenario::{Branch, Conduct, Hop, Scenario};
use proptest::prelude::*;

use crate::paths::{SOURCE, TARGET, TARGET6, plain, plain6, router, routers_and, still};
use crate::play::{PACE, Play};

/// The path with the hops at these TTLs naming no probe.
fn bare(mut path: Branch, ttls: &[u8]) -> Branch {
    for &ttl in ttls {
        let hop = &mut path[usize::from(ttl) - 1];
        *hop = hop.clone().bare();
    }
    path
}

/// Holds an answer back, its arrival at this machine included.
fn held(event: Event, by: Duration) -> Event {
    let later = |reply: Reply| Reply {
        kernel: reply.kernel.map(|Wall(at)| Wall(at + i64::try_from(by.as_nanos()).expect("a short time"))),
        ..reply
    };
    match event {
        Event::Reply(reply) => Event::Reply(later(reply)),
        Event::Bare { flow, reply } => Event::Bare { flow, reply: later(reply) },
        other => other,
    }
}

/// Every time of every try is its hop's, or later by one of `delays`.
fn assert_true(play: &Play, hops: &Branch, delays: &[Duration]) {
    let known: BTreeMap<IpAddr, (u8, Duration)> =
        (1..).zip(hops).map(|(ttl, hop)| (hop.address, (ttl, hop.rtt))).collect();
    let snapshot = play.snapshot();
    for part in snapshot.history.recent().chain(&snapshot.open).flat_map(|round| &round.rows) {
        for outcome in &part.tries {
            let Some(us) = outcome.us() else { continue };
            let (hopwatch::engine::round::Try::Answered { by, .. }
            | hopwatch::engine::round::Try::Late { by, .. }) = *outcome
            else {
                continue;
            };
            let (ttl, rtt) = known[&part.responders[usize::from(by)]];
            match part.row {
                Row::Hop(row) => assert_eq!(row, ttl, "{part:?}"),
                Row::Target => assert_eq!(usize::from(ttl), hops.len(), "{part:?}"),
            }
            let may = |delay: &Duration| (rtt + *delay).as_micros() == u128::from(us);
            assert!(delays.iter().any(may), "{us} µs in {part:?}");
        }
    }
}

/// The flows that a TTL was asked in from a number of probes on.
fn flows(play: &Play, ttl: u8, from: usize) -> BTreeSet<Flow> {
    play.probes[from..].iter().filter(|probe| probe.ttl == ttl).map(|probe| probe.flow).collect()
}

#[test]
fn every_hop_that_quotes_eight_bytes_is_found_and_no_other_is_marked() {
    for ttls in [&[1][..], &[4], &[9], &[3, 4, 7], &[1, 2, 3, 4, 5, 6, 7, 8, 9]] {
        for path in [plain(9), plain6(9)] {
            let hops = bare(path, ttls);
            let mut play = Play::new(Scenario::still(hops[0].address, hops.clone())).until_ms(10_000);
            let before = play.probes.len();
            play = play.until_ms(45_000);
            assert_true(&play, &hops, &[Duration::ZERO]);
            assert_eq!(play.trace.path().end(), End::Target { ttl: 9, upto: 9 });
            let mut all = BTreeSet::new();
            for (ttl, row) in (1..).zip(play.rows()) {
                assert_eq!(
                    (row.counts.lost, row.hop.other_flow),
                    (0, ttls.contains(&ttl)),
                    "{ttls:?}: {row:?}"
                );
                assert!((40..=46).contains(&row.counts.answered), "{ttls:?}: {row:?}");
                let flows = flows(&play, ttl, before);
                if ttls.contains(&ttl) {
                    assert_eq!(flows.len(), 2, "{ttls:?}: hop {ttl} in {flows:?}");
                    assert!(!flows.contains(&Flow::Stable));
                    all.extend(flows);
                } else {
                    assert_eq!(flows, BTreeSet::from([Flow::Stable]));
                }
            }
            assert_eq!(all.len(), 2 * ttls.len(), "no two TTLs share a flow");
        }
    }
}

#[test]
fn a_path_of_such_hops_alone_is_known_a_moment_after_the_second_round_begins() {
    let hops = bare(plain(12), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let play = Play::new(still(hops)).until_ms(2_500);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 12, upto: 12 });
    assert!(play.rows().iter().all(|row| row.rtt.is_some()), "{:?}", play.rows());
}

#[test]
fn what_is_lost_there_is_what_is_lost_on_the_way() {
    for pace in [PACE, Pace { interval: Duration::from_millis(100), ..PACE }] {
        let mut hops = bare(plain(6), &[2, 3, 5]);
        for ttl in [2, 5] {
            hops[ttl - 1] = hops[ttl - 1].clone().loss(0.3);
        }
        let answered = Arc::new(Mutex::new(BTreeMap::<IpAddr, u64>::new()));
        let count = Arc::clone(&answered);
        let play = Play::with(still(hops.clone()), pace, None).bend(move |now, event| {
            if let Event::Bare { flow: Flow::Own(_), reply } = &event {
                *count.lock().expect("one thread").entry(reply.from).or_default() += 1;
            }
            vec![(now, event)]
        });
        let tries = 120;
        let play = play.until_ms(pace.interval.as_millis() as u64 * tries);
        assert_true(&play, &hops, &[Duration::ZERO]);
        for ttl in [2, 3, 5] {
            let row = play.hop(ttl);
            let asked =
                play.probes.iter().filter(|probe| probe.ttl == ttl && probe.flow != Flow::Stable).count();
            let came = answered.lock().expect("one thread")[&router(ttl)];
            assert_eq!(row.counts.answered, came, "{row:?}");
            let lost = row.counts.lost + row.counts.in_flight;
            // What was asked in the stable flow before anything was known may have been called lost.
            assert!((asked as u64 - came..=asked as u64 - came + 3).contains(&lost), "{asked}: {row:?}");
        }
    }
}

#[test]
fn late_answers_are_late_by_what_they_are() {
    let delays = [2_345, 4_370, 11_810, 47_003].map(Duration::from_millis);
    let hops = bare(plain(6), &[2, 4, 6]);
    let turn = AtomicU64::new(0);
    let play = Play::new(still(hops.clone())).bend(move |now, event| {
        let by = delays
            .get(mix(turn.fetch_add(1, Relaxed)) as usize % 12)
            .filter(|_| matches!(event, Event::Bare { .. }) && now < Time::from_millis(180_000));
        vec![by.map_or((now, event.clone()), |by| (now + *by, held(event, *by)))]
    });
    let play = play.until_ms(240_000);
    assert_true(&play, &hops, &[&delays[..], &[Duration::ZERO]].concat());
    for ttl in [2, 4] {
        let counts = play.hop(ttl).counts;
        assert!(counts.late > 20 && counts.answered > 120, "{counts:?}");
        assert_eq!(counts.lost, 0, "what is lost is late in the end: {counts:?}");
    }
    assert_eq!(play.trace.path().end(), End::Target { ttl: 6, upto: 6 });
}

#[test]
fn a_second_answer_is_a_duplicate_and_one_after_a_minute_nobodys() {
    let mut hops = bare(plain(5), &[3]);
    hops[2].doubled = 1.0;
    let play = Play::new(still(hops)).until_ms(30_500);
    let counts = play.hop(3).counts;
    assert!(counts.answered > 25 && counts.duplicates == counts.answered, "{counts:?}");
    let minute = Duration::from_secs(61);
    let play = Play::new(still(bare(plain(5), &[3]))).bend(move |now, event| match event {
        Event::Bare { flow: Flow::Own(_), .. }
            if (20_000..30_000).contains(&(now.as_nanos() / 1_000_000)) =>
        {
            vec![(now + minute, held(event, minute))]
        }
        other => vec![(now, other)],
    });
    let play = play.until_ms(120_000);
    assert_eq!(play.snapshot().strays[&Stray::Unknown], 10);
    assert_eq!((play.hop(3).counts.lost, play.hop(3).counts.late), (10, 0));
}

#[test]
fn a_silent_hop_and_a_silent_target_are_asked_as_ever_once_all_are_found() {
    let mut hops = bare(routers_and(6, Hop::target(TARGET, 14.0).conduct(Conduct::Silent)), &[2]);
    hops[3] = hops[3].clone().conduct(Conduct::Silent);
    let play = Play::new(still(hops)).until_ms(5_000);
    let before = play.probes.len();
    let play = play.until_ms(60_000);
    for ttl in [4, 7, 8] {
        assert_eq!(flows(&play, ttl, before), BTreeSet::from([Flow::Stable]), "hop {ttl}");
    }
    assert!(play.hop(2).hop.other_flow && play.hop(2).counts.lost == 0);
    assert_eq!(play.target().state, RowState::SilentTarget);
}

#[test]
fn a_router_that_takes_the_place_of_another_is_found_either_way() {
    let scenario = still(plain(6)).then(Time::from_millis(30_500), bare(plain(6), &[3]));
    let play = Play::new(scenario.then(Time::from_millis(90_500), plain(6))).until_ms(60_000);
    let row = play.hop(3);
    assert!(row.hop.other_flow && row.counts.answered >= 50, "{row:?}");
    let lost = row.counts.lost;
    assert!(lost <= 5, "until it is known that the answers are its: {row:?}");
    let play = play.until_ms(180_000);
    let row = play.hop(3);
    assert!(!row.hop.other_flow && row.counts.lost == lost, "{row:?}");
}

#[test]
fn an_application_that_sends_bytes_of_its_own_is_the_target_without_loss() {
    for ms in [8.0, 60.0, 700.0, 1_700.0] {
        let hops = routers_and(3, Hop::router(TARGET, ms).conduct(Conduct::Direct).bare());
        let play = Play::new(still(hops.clone())).until_ms(60_000);
        assert_true(&play, &hops, &[Duration::ZERO]);
        assert_eq!(play.trace.path().end(), End::Target { ttl: 4, upto: 4 });
        let target = play.target();
        assert!(target.counts.lost == 0 && target.counts.answered >= 50, "{ms} ms: {target:?}");
    }
}

/// Nothing reaches the target but what is for the application's port.
fn filtered(now: Time, event: Event) -> Vec<(Time, Event)> {
    match event {
        Event::Bare { flow: Flow::Own(_), .. } => vec![],
        other => vec![(now, other)],
    }
}

#[test]
fn an_application_at_the_one_port_that_is_not_filtered_is_the_target() {
    for (ms, silent) in [(8.0, 0), (60.0, 0), (60.0, 1), (1_700.0, 0)] {
        let mut hops = routers_and(3 + silent, Hop::router(TARGET, ms).conduct(Conduct::Direct).bare());
        for hop in &mut hops[3..3 + usize::from(silent)] {
            hop.conduct = Conduct::Silent;
        }
        let ttl = 4 + silent;
        let found = 75_000 + 122_000 * u64::from(silent);
        let play = Play::new(still(hops.clone())).bend(filtered).until_ms(found);
        assert_eq!(play.trace.path().end(), End::Target { ttl, upto: ttl }, "{ms} ms");
        let before = play.target().counts;
        let play = play.until_ms(found + 60_000);
        assert_true(&play, &hops, &[Duration::ZERO]);
        let counts = play.target().counts;
        let least = if ms > 1_000.0 { 25 } else { 58 };
        assert!(counts.answered >= before.answered + least, "{ms} ms: {before:?}, then {counts:?}");
        assert_eq!(counts.lost, before.lost, "{ms} ms: {before:?}, then {counts:?}");
    }
}

#[test]
fn a_lost_answer_of_such_an_application_spoils_none_that_follow() {
    let hops = routers_and(3, Hop::router(TARGET, 60.0).conduct(Conduct::Direct).bare());
    let play = Play::new(still(hops.clone())).bend(|now, event| {
        let is_lost = (100_000..101_000).contains(&(now.as_nanos() / 1_000_000));
        match event {
            Event::Bare { .. } if is_lost => vec![],
            other => filtered(now, other),
        }
    });
    let play = play.until_ms(99_000);
    let lost = play.target().counts.lost;
    let play = play.until_ms(165_000);
    let before = play.target().counts;
    assert_eq!(before.lost, lost + 1);
    let play = play.until_ms(225_000);
    assert_true(&play, &hops, &[Duration::ZERO]);
    let counts = play.target().counts;
    assert!(counts.answered >= before.answered + 58, "{before:?}, then {counts:?}");
    assert_eq!(counts.lost, lost + 1, "{before:?}, then {counts:?}");
}

#[test]
fn a_forged_one_moves_nothing() {
    let mut play = Play::new(still(plain(6))).until_ms(10_000);
    for number in 0..200 {
        let reply = Reply::new(
            None,
            router(number),
            hopwatch::engine::probe::Answer::Icmp(hopwatch::wire::icmp::Icmp::v4(11, 0)),
            play.now,
            Wall(0),
        );
        let flow = if number % 2 == 0 { Flow::Stable } else { Flow::Own(number.into()) };
        play = play.event(Event::Bare { flow, reply });
    }
    let play = play.until_ms(30_000);
    for row in play.rows() {
        assert!(!row.hop.other_flow && row.counts.lost == 0 && row.responders.len() == 1, "{row:?}");
    }
    assert_eq!(play.target().hop.current, Some(TARGET));
    assert_ne!(play.target().hop.current, Some(TARGET6));
}

fn hop(ttl: u8) -> impl Strategy<Value = Hop> {
    let conduct = prop_oneof![6 => Just(Conduct::Pass), 1 => Just(Conduct::Silent)];
    let loss = prop_oneof![3 => Just(0.0), 1 => 0.0f64..0.5];
    (1u32..400_000, loss, conduct, any::<bool>(), any::<bool>()).prop_map(
        move |(us, loss, conduct, bare, is_doubled)| Hop {
            bare,
            doubled: if is_doubled { 0.2 } else { 0.0 },
            rtt: Duration::from_micros(us.into()),
            ..Hop::router(router(ttl), 0.0).loss(loss).conduct(conduct)
        },
    )
}

fn path() -> impl Strategy<Value = Branch> {
    let routers = (0u8..12).prop_flat_map(|count| (1..=count).map(hop).collect::<Vec<_>>());
    let last = prop_oneof![Just(None), Just(Some(Conduct::Direct)), Just(Some(Conduct::Silent))];
    (routers, 1u32..400_000, last, any::<bool>()).prop_map(|(mut hops, us, last, bare)| {
        let target = Hop::target(TARGET, f64::from(us) / 1_000.0);
        let target = last.map_or(target.clone(), |conduct| target.conduct(conduct));
        hops.push(Hop { bare, ..target });
        hops
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_is_ever_taken_for_another_probes(
        hops in path(), interval in prop_oneof![Just(1_000u64), 300u64..2_500], seed in any::<u64>(),
    ) {
        let delays = [1_437, 3_331, 9_973, 58_111].map(Duration::from_millis);
        let (mut state, mut before) = (seed, Time::ZERO);
        let pace = Pace { interval: Duration::from_millis(interval), ..PACE };
        let scenario = Scenario { target: TARGET, seed, ..Scenario::still(SOURCE, hops.clone()) };
        let play = Play::with(scenario, pace, None).bend(move |now, event| {
            // Both copies of a doubled answer fare alike: no network holds one of them back for a second.
            if now.since(before) > Duration::from_micros(10) {
                state = mix(state);
            }
            before = now;
            match (&event, delays.get(state as usize % 24)) {
                (Event::Reply(_) | Event::Bare { .. }, Some(by)) => vec![(now + *by, held(event, *by))],
                _ if (state >> 32).is_multiple_of(16) => vec![],
                _ => vec![(now, event)],
            }
        });
        let play = play.until_ms(90_000);
        assert_true(&play, &hops, &[&delays[..], &[Duration::ZERO]].concat());
    }
}
