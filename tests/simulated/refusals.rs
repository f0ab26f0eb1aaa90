//! Refusals on the way and at the end, answers in the target's place, and faults of this machine.

use hopwatch::engine::path::End;
use hopwatch::engine::probe::{Event, LocalFault, ProbeNo, Stray};
use hopwatch::engine::record::Record;
use hopwatch::engine::table::RowState;
use hopwatch::engine::time::Time;
use hopwatch::net::simulated::scenario::{Branch, Conduct, Hop, Scenario};
use hopwatch::wire::icmp::Icmp;

use crate::paths::{TARGET, TARGET6, plain, plain6, router, routers, routers_and, still};
use crate::play::Play;

const fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

/// The plain path, of which router `blocker` passes nothing on.
fn blocked(hops: u8, blocker: u8, icmp: Icmp) -> Branch {
    let mut path = plain(hops);
    let hop = &mut path[usize::from(blocker) - 1];
    *hop = hop.clone().conduct(Conduct::Block(icmp));
    path
}

#[test]
fn a_port_unreachable_from_another_address_stands_in_the_targets_place() {
    let other = Hop::router(router(5), 10.0).conduct(Conduct::Answer(Icmp::v4(3, 3)));
    let play = Play::new(still(routers_and(4, other))).until_ms(29_000);
    let end = End::Other { ttl: 5, address: router(5), icmp: Icmp::v4(3, 3) };
    assert_eq!(play.trace.path().end(), end);
    let hop = play.hop(5);
    assert!(hop.counts.answered >= 27 && hop.counts.refused == 0, "{hop:?}");
    assert_eq!(hop.counts.lost, 0);
    let target = play.target();
    let state = RowState::Behind { ttl: 5, address: router(5), icmp: Icmp::v4(3, 3) };
    assert_eq!((target.state, target.counts.answered, target.loss), (state, 0, None));
    assert_eq!(play.trace.path().view().target_ttl, None, "it is not reached");
    assert!(play.path.log.iter().all(|(at, ttl)| *ttl <= 5 || at.as_nanos() < 1_000_000_000));
}

#[test]
fn every_refusal_of_a_router_on_the_way_is_refused_not_lost() {
    for code in [0, 1, 2, 4, 5, 9, 10, 13, 14, 15] {
        let icmp = Icmp::v4(3, code);
        let play = Play::new(still(blocked(9, 4, icmp))).until_ms(61_000);
        let end = End::Refused { ttl: 5, address: router(4), icmp };
        assert_eq!(play.trace.path().end(), end, "code {code}");
        let row = play.hop(5);
        assert!(row.counts.refused >= 25, "code {code}: {row:?}");
        assert_eq!((row.counts.lost, row.counts.answered), (0, 0), "code {code}: {row:?}");
        assert_eq!((row.loss, row.rtt), (None, None), "its time is no statistic");
        assert_eq!(row.hop.refusal, Some(icmp));
        assert_eq!(play.rows().len(), 6, "higher TTLs fold into one row");
        assert_eq!(play.target().state, RowState::Behind { ttl: 5, address: router(4), icmp });
        assert_eq!(play.target().counts.sent(), 0);
        // One address at two hops: by turns, and now and then a look beyond.
        let beyond = play.path.log.iter().filter(|(at, ttl)| *ttl > 5 && at.as_nanos() > 1_000_000_000);
        assert!((1..=3).contains(&beyond.count()), "code {code}");
    }
}

#[test]
fn a_refusal_of_the_target_itself_is_in_its_row() {
    for code in [0, 1, 10, 13] {
        let icmp = Icmp::v4(3, code);
        let last = Hop::router(TARGET, 8.0).conduct(Conduct::Answer(icmp));
        let play = Play::new(still(routers_and(3, last))).until_ms(29_500);
        assert_eq!(play.trace.path().end(), End::Refused { ttl: 4, address: TARGET, icmp });
        let target = play.target();
        assert!(target.counts.refused >= 27, "{target:?}");
        assert_eq!((target.counts.lost, target.rtt, target.ttl), (0, None, 4), "{target:?}");
        assert_eq!(target.hop.refusal, Some(icmp));
        assert_eq!(play.rows().len(), 4);
    }
}

#[test]
fn the_same_refusals_over_ipv6() {
    for icmp in [Icmp::v6(1, 0), Icmp::v6(1, 1), Icmp::v6(1, 3), Icmp::v6(1, 5), Icmp::v6(2, 0)] {
        let mut path = plain6(6);
        path[2] = path[2].clone().conduct(Conduct::Block(icmp));
        let source = std::net::Ipv6Addr::LOCALHOST;
        let play = Play::new(Scenario::still(source, path)).until_ms(20_000);
        let address = crate::paths::router6(3);
        assert_eq!(play.trace.path().end(), End::Refused { ttl: 4, address, icmp });
        assert_eq!(play.hop(4).counts.lost, 0);
        assert_ne!(play.target().hop.current, Some(TARGET6));
    }
}

#[test]
fn a_block_that_comes_and_goes_is_followed_at_once() {
    let icmp = Icmp::v4(3, 13);
    let scenario = still(plain(9)).then(at(20_500), blocked(9, 4, icmp)).then(at(80_500), plain(9));
    let play = Play::new(scenario).until_ms(24_000);
    assert_eq!(play.trace.path().end(), End::Refused { ttl: 5, address: router(4), icmp });
    let play = play.until_ms(80_400);
    assert_eq!(play.trace.path().end(), End::Refused { ttl: 5, address: router(4), icmp });
    assert!(play.rows().iter().all(|row| row.counts.lost == 0), "{:?}", play.rows());
    let play = play.until_ms(83_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 9, upto: 9 });
    assert_eq!(play.hop(5).hop.refusal, None);
    let answered = play.target().counts.answered;
    let play = play.until_ms(93_000);
    assert!(play.target().counts.answered >= answered + 9);
    assert!(play.rows().iter().all(|row| row.counts.lost == 0));
}

#[test]
fn a_silent_hop_does_not_hide_that_a_block_is_gone() {
    // Behind the block stands a router that never answers: only the periodic look beyond can tell.
    let icmp = Icmp::v4(3, 10);
    let mut free = plain(8);
    free[4] = free[4].clone().conduct(Conduct::Silent);
    let scenario = still(blocked(8, 4, icmp)).then(at(40_500), free);
    let play = Play::new(scenario).until_ms(40_400);
    assert_eq!(play.trace.path().end(), End::Refused { ttl: 5, address: router(4), icmp });
    let play = play.until_ms(75_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 8, upto: 8 });
}

#[test]
fn a_send_error_is_a_local_fault_with_a_start_and_an_end() {
    let faults = vec![(at(20_500), at(40_500), LocalFault::NoRoute)];
    let play = Play::new(Scenario { faults, ..still(plain(7)) }).until_ms(30_000);
    let fault = play.snapshot().fault.expect("a fault in force");
    assert_eq!((fault.kind, fault.until), (LocalFault::NoRoute, None));
    let play = play.until_ms(60_000);
    let faults: Vec<_> = play
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Fault(fault) => Some(*fault),
            _ => None,
        })
        .collect();
    let [began, ended] = faults[..] else { panic!("{faults:?}") };
    assert_eq!((began.kind, began.until), (LocalFault::NoRoute, None));
    assert!(ended.since >= at(20_500) && ended.since < at(20_700), "{ended:?}");
    assert!(ended.until.is_some_and(|until| until >= at(40_500) && until < at(40_700)), "{ended:?}");
    for row in play.rows() {
        assert_eq!(row.counts.lost, 0, "{row:?}");
        assert!((19..=21).contains(&row.counts.not_sent), "{row:?}");
    }
    let not_sent: u64 = play.rows().iter().map(|row| row.counts.not_sent).sum();
    assert_eq!(ended.not_sent, not_sent);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 7, upto: 7 });
}

#[test]
fn an_unreachable_from_our_own_address_is_a_local_fault_even_after_the_timeout() {
    // The next hop does not answer on the link: told 3.1 s after the send, and no stamp ever comes.
    let play = Play::new(still(plain(5))).bend(|now, event| {
        let broken = (20_000_000_000..40_000_000_000).contains(&now.as_nanos());
        match event {
            Event::SendStamp { no, .. } if broken => {
                vec![(
                    now + std::time::Duration::from_millis(3_100),
                    Event::Local { no: Some(no), fault: LocalFault::Neighbour },
                )]
            }
            Event::Reply(_) if broken => vec![],
            other => vec![(now, other)],
        }
    });
    let play = play.until_ms(60_000);
    for row in play.rows() {
        assert_eq!(row.counts.lost, 0, "{row:?}");
        assert!((19..=21).contains(&row.counts.not_sent), "{row:?}");
    }
    let told = |kind: LocalFault| {
        let faults = play.records.iter();
        faults.filter(|record| matches!(record, Record::Fault(fault) if fault.kind == kind)).count()
    };
    assert!(told(LocalFault::Neighbour) >= 2);
    assert!(play.snapshot().fault.is_some_and(|fault| fault.until.is_some()));
}

#[test]
fn a_local_fault_that_names_no_probe_of_ours_is_a_stray() {
    let play = Play::new(still(plain(3))).until_ms(5_000);
    let event = Event::Local { no: Some(ProbeNo(4_000_000)), fault: LocalFault::Firewall };
    let play = play.event(event).until_ms(8_000);
    assert_eq!(play.snapshot().fault, None);
    assert_eq!(play.snapshot().strays[&Stray::Unknown], 1);
}

#[test]
fn a_fault_from_the_first_probe_on_ends() {
    let faults = vec![(at(0), at(10_000), LocalFault::LinkDown)];
    let play = Play::new(Scenario { faults, ..still(routers(3)) }).until_ms(9_000);
    assert!(play.snapshot().fault.is_some_and(|fault| fault.since == at(0) && fault.until.is_none()));
    assert_eq!(play.target().counts.lost + play.target().counts.in_flight, 0);
    let play = play.until_ms(50_000);
    assert!(play.snapshot().fault.is_some_and(|fault| fault.until.is_some()));
    assert_eq!(play.hop(3).hop.current, Some(router(3)));
}
