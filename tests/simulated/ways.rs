//! Paths that are not simple: balanced hops, and one address at several of them.

use hopwatch::engine::path::End;
use hopwatch::engine::time::Time;
use hopwatch::net::simulated::scenario::{Hop, Scenario};

use crate::paths::{TARGET, plain, router, still};
use crate::play::Play;

#[test]
fn balanced_hops_hold_every_responder_and_lose_nothing() {
    let way = |third: u8| {
        let mut path = plain(7);
        path[3].address = router(third);
        path[4].address = router(third + 1);
        path
    };
    let scenario =
        Scenario { stages: vec![(Time::ZERO, vec![way(40), way(50), way(60)])], ..still(plain(7)) };
    let play = Play::new(scenario).until_ms(120_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 7, upto: 7 });
    for ttl in 1..=6 {
        let row = play.hop(ttl);
        let ways = if ttl == 4 || ttl == 5 { 3 } else { 1 };
        assert_eq!((row.responders.len(), row.counts.lost), (ways, 0), "{row:?}");
        let shares: u64 = row.responders.iter().map(|responder| responder.answered).sum();
        assert_eq!(shares, row.counts.answered, "each answer is one responder's: {row:?}");
    }
    assert!(play.probes.iter().all(|probe| probe.ttl <= 7 || play.sent_ms(probe.ttl).len() == 1));
}

#[test]
fn a_nat_that_gives_its_routers_the_targets_address_hides_no_hop() {
    let mut path = plain(6);
    for hop in &mut path[2..5] {
        hop.address = TARGET;
    }
    let play = Play::new(still(path)).until_ms(121_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 6, upto: 6 });
    let rows = play.rows();
    assert_eq!(rows.len(), 6);
    for row in &rows[2..5] {
        assert!(row.hop.by_target, "{row:?}");
    }
    // One address at four TTLs is asked once an interval, at each of them by turns.
    for row in &rows[2..] {
        assert_eq!(row.counts.lost, 0, "{row:?}");
        assert!((25..=33).contains(&row.counts.answered), "{row:?}");
    }
}

#[test]
fn a_way_of_many_refusing_ttls_is_asked_at_one() {
    let refusal = hopwatch::net::simulated::scenario::Conduct::Block(hopwatch::wire::icmp::Icmp::v4(3, 1));
    let mut path = plain(25);
    path[2] = Hop::router(router(3), 6.0).conduct(refusal);
    let play = Play::new(still(path)).until_ms(29_500);
    assert!(matches!(play.trace.path().end(), End::Refused { ttl: 4, .. }));
    assert_eq!(play.rows().len(), 5, "three routers, the refusal, and the target behind it");
    let beyond = play.probes.iter().filter(|probe| probe.ttl > 4).count();
    assert!(beyond <= 10, "the first sweep is a round trip ahead, and nothing follows: {beyond}");
}
