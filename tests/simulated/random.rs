//! Random paths, random commands, and events that come doubled, delayed, or from nowhere.
//!
//! [`Play`] asserts at every step what must always hold: the books, the distances, the replay.

use std::time::Duration;

use hopwatch::engine::probe::{Answer, Command, Event, LocalFault, ProbeNo, Reply, Stray};
use hopwatch::engine::random::mix;
use hopwatch::engine::snapshot::Pace;
use hopwatch::engine::time::{Time, Wall};
use hopwatch::net::simulated::scenario::{Branch, Conduct, Hop, Limit, Scenario};
use hopwatch::wire::icmp::Icmp;
use proptest::prelude::*;

use crate::paths::{SOURCE, TARGET, router};
use crate::play::{PACE, Play};

fn conduct() -> impl Strategy<Value = Conduct> {
    let code = prop::sample::select(vec![0u8, 1, 2, 3, 4, 10, 13, 15]);
    prop_oneof![
        20 => Just(Conduct::Pass),
        5 => Just(Conduct::Silent),
        1 => code.clone().prop_map(|code| Conduct::Block(Icmp::v4(3, code))),
        1 => code.prop_map(|code| Conduct::Answer(Icmp::v4(3, code))),
        1 => Just(Conduct::Direct),
    ]
}

/// A hop: now and then a responder that stands at other hops too, the target among them.
fn hop() -> impl Strategy<Value = Hop> {
    let address =
        prop_oneof![30 => (1u8..60).prop_map(router), 3 => (1u8..4).prop_map(router), 1 => Just(TARGET)];
    let loss = prop_oneof![6 => Just(0.0), 2 => 0.0f64..0.5, 1 => Just(1.0)];
    let jitter = prop_oneof![4 => Just(0.0), 2 => 0.0f64..80.0, 1 => 0.0f64..9_000.0];
    let limit = prop_oneof![3 => Just(None), 1 => Just(Some(Limit::LINUX))];
    let doubled = prop_oneof![5 => Just(0.0), 1 => 0.0f64..0.5];
    (address, 0.1f64..400.0, loss, jitter, conduct(), limit, doubled).prop_map(
        |(address, ms, loss, jitter, conduct, limit, doubled)| Hop {
            limit,
            doubled,
            ..Hop::router(address, ms).loss(loss).jitter(jitter).conduct(conduct)
        },
    )
}

fn branch() -> impl Strategy<Value = Branch> {
    let last = prop_oneof![4 => Just(None), 1 => conduct().prop_map(Some)];
    (prop::collection::vec(hop(), 0..20), 1.0f64..300.0, last).prop_map(|(mut hops, ms, last)| {
        let target = Hop::target(TARGET, ms);
        hops.push(match last {
            Some(conduct) => target.conduct(conduct),
            None => target,
        });
        hops
    })
}

fn fault() -> impl Strategy<Value = (Time, Time, LocalFault)> {
    (0u64..60_000, 1u64..20_000).prop_map(|(from, long)| {
        (Time::from_millis(from), Time::from_millis(from + long), LocalFault::NoRoute)
    })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let stage = (0u64..60_000, prop::collection::vec(branch(), 1..3));
    let stages = prop::collection::vec(stage, 0..3);
    let first = prop::collection::vec(branch(), 1..3);
    (first, stages, prop::collection::vec(fault(), 0..2), any::<u64>()).prop_map(
        |(first, mut stages, faults, seed)| {
            stages.sort_by_key(|(at, _)| *at);
            let later = stages.into_iter().map(|(at, branches)| (Time::from_millis(at), branches));
            let stages = std::iter::once((Time::ZERO, first)).chain(later).collect();
            Scenario {
                source: SOURCE.into(),
                target: TARGET,
                stages,
                period: None,
                faults,
                echo: false,
                seed,
            }
        },
    )
}

fn pace() -> impl Strategy<Value = Pace> {
    let millis = Duration::from_millis;
    (100u64..2_000, 1u8..11, 100u64..6_000, 1u8..6, 6u8..40).prop_map(
        move |(interval, tries, timeout, first_ttl, max_ttl)| Pace {
            interval: millis(interval),
            tries,
            timeout: millis(timeout),
            first_ttl,
            max_ttl,
        },
    )
}

/// What happens from outside, and how long after the thing before.
#[derive(Clone, Debug)]
enum Act {
    Command(Command),
    Stall(u64),
    Event(Event),
}

fn foreign() -> impl Strategy<Value = Event> {
    let no = prop_oneof![3 => (0u32..600).prop_map(|no| Some(ProbeNo(no))), 1 => Just(Some(ProbeNo(u32::MAX))), 1 => Just(None)];
    let from = prop_oneof![(1u8..60).prop_map(router), Just(TARGET)];
    let icmp = prop_oneof![
        Just(Icmp::v4(11, 0)),
        Just(Icmp::v4(3, 3)),
        Just(Icmp::v4(3, 13)),
        (any::<u8>(), any::<u8>()).prop_map(|(ty, code)| Icmp::v4(ty, code)),
    ];
    let answer = prop_oneof![4 => icmp.prop_map(Answer::Icmp), 1 => Just(Answer::Direct)];
    let reply = (no.clone(), from, answer, any::<Option<i64>>()).prop_map(|(no, from, answer, kernel)| {
        Event::Reply(Reply { kernel: kernel.map(Wall), ..Reply::new(no, from, answer, Time::ZERO, Wall(0)) })
    });
    prop_oneof![
        6 => reply,
        2 => no.prop_map(|no| Event::Local { no, fault: LocalFault::Neighbour }),
        1 => (0u32..900, any::<i64>()).prop_map(|(no, at)| Event::SendStamp { no: ProbeNo(no), kernel: Wall(at) }),
        1 => prop::sample::select(Stray::ALL.to_vec()).prop_map(Event::Stray),
    ]
}

fn acts() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let interval = (100u64..3_000).prop_map(Duration::from_millis);
    let act = prop_oneof![
        1 => (1u8..40).prop_map(|ttl| Act::Command(Command::MaxTtl(ttl))),
        1 => interval.prop_map(|interval| Act::Command(Command::Interval(interval))),
        1 => prop_oneof![1u64..8_000, 1u64..600_000].prop_map(Act::Stall),
        8 => foreign().prop_map(Act::Event),
    ];
    prop::collection::vec((0u64..4_000, act), 0..40)
}

/// Doubles, delays and drops some of what arrives.
fn mischief(seed: u64) -> impl FnMut(Time, Event) -> Vec<(Time, Event)> {
    let mut state = mix(seed);
    move |now, event| {
        state = mix(state);
        let later = now + Duration::from_millis(state >> 8 & 0x0fff);
        let much_later = now + Duration::from_millis(state >> 8 & 0xffff);
        match state % 32 {
            0 => vec![],
            1 => vec![(now, event.clone()), (later, event)],
            2..5 => vec![(later, event)],
            5 => vec![(much_later, event)],
            _ => vec![(now, event)],
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_path_is_the_books_balance(
        scenario in scenario(), pace in pace(), count in prop::option::of(1u32..40),
    ) {
        let play = Play::with(scenario, pace, count).until_ms(90_000);
        prop_assert!(count.is_none() || play.trace.is_finished() || play.now >= Time::from_millis(90_000));
    }

    #[test]
    fn whatever_happens_the_books_balance(scenario in scenario(), acts in acts(), seed in any::<u64>()) {
        let mut play = Play::with(scenario, PACE, None).bend(mischief(seed));
        for (wait, act) in acts {
            let then = play.now.as_nanos() / 1_000_000 + wait;
            play = play.until_ms(then);
            play = match act {
                Act::Command(command) => play.command(command),
                Act::Stall(ms) => play.stall_ms(ms),
                Act::Event(event) => play.event(event),
            };
        }
        let end = play.now.as_nanos() / 1_000_000 + 70_000;
        let play = play.until_ms(end);
        prop_assert!(!play.trace.is_finished());
    }
}
