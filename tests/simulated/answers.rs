//! Where the path ends: every kind of answer that shows it, and none at all.

use std::time::Duration;

use hopwatch::engine::path::End;
use hopwatch::engine::probe::{Command, Event};
use hopwatch::engine::snapshot::Pace;
use hopwatch::engine::table::RowState;
use hopwatch::engine::time::Time;
use hopwatch::net::simulated::scenario::{Conduct, Hop, Scenario};
use hopwatch::wire::icmp::Icmp;

use crate::paths::{TARGET, TARGET6, plain, plain6, router, routers, routers_and, still};
use crate::play::{PACE, Play};

const fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

fn answered_twice(icmp: Icmp, ttl: u8) -> Hop {
    Hop::router(TARGET, 2.0 * f64::from(ttl)).conduct(Conduct::Answer(icmp))
}

#[test]
fn a_path_that_grows_is_followed_at_once() {
    for more in 1..=6 {
        let scenario = still(plain(5)).then(at(20_500), plain(5 + more));
        let play = Play::new(scenario).until_ms(26_000);
        let ttl = 5 + more;
        assert_eq!(play.trace.path().end(), End::Target { ttl, upto: ttl });
        // The first answer that shows it comes within an interval; each hop behind needs a round trip.
        let grown = play.sent_ms(5).into_iter().find(|&ms| ms > 20_500).expect("hop 5 is asked again");
        for new in 6..=ttl {
            let first = play.sent_ms(new).into_iter().find(|&ms| ms >= 20_500).expect("a new hop is asked");
            assert!(first <= grown + 150, "{more} more: hop {new} at {first}, seen from {grown} on");
        }
        assert_eq!(play.hop(5).hop.current, Some(router(5)));
        assert_eq!(play.target().counts.lost, 0, "{:?}", play.target());
    }
}

#[test]
fn an_older_answer_that_comes_later_does_not_shrink_a_grown_path() {
    // The target's last answer at hop 5 is held back until the router there has answered a later probe.
    let mut held = Vec::new();
    let play = Play::new(still(plain(5)).then(at(20_000), plain(8))).bend(move |now, event| match event {
        Event::Reply(ref reply)
            if reply.from == TARGET && (19_000..20_000).contains(&(now.as_nanos() / 1_000_000)) =>
        {
            held.push(now);
            vec![(at(21_900), event)]
        }
        other => vec![(now, other)],
    });
    let play = play.until_ms(21_800);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 8, upto: 8 });
    let play = play.until_ms(24_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 8, upto: 8 });
    assert_eq!(play.hop(5).hop.current, Some(router(5)));
}

#[test]
fn time_exceeded_from_the_targets_own_address_is_marked_and_no_end() {
    let hops = vec![
        Hop::router(router(1), 1.0),
        Hop::router(router(2), 2.0),
        Hop::router(TARGET, 3.0),
        Hop::target(TARGET, 4.0),
    ];
    let play = Play::new(still(hops)).until_ms(40_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 4, upto: 4 });
    assert!(play.hop(3).hop.by_target);
    assert!(play.hop(3).counts.answered > 5);
    assert!(play.target().counts.answered > 5);
    assert!(play.hop(3).counts.skipped > 5, "one address, asked by turns: {:?}", play.hop(3).counts);
    assert_eq!(play.hop(3).counts.lost + play.target().counts.lost, 0);
}

#[test]
fn time_exceeded_from_the_target_alone_is_an_end() {
    let all_target = (4..=30).map(|ttl| Hop::router(TARGET, 2.0 * f64::from(ttl)));
    let hops = routers(3).into_iter().chain(all_target).collect();
    let play = Play::new(still(hops)).until_ms(30_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 4, upto: 4 });
    assert_eq!(play.rows().len(), 4);
    assert!(play.target().counts.answered >= 25, "{:?}", play.target());
    assert_eq!(play.target().counts.lost, 0);
    assert!(play.sent_ms(5).iter().all(|&ms| ms < 1_000), "{:?}", play.sent_ms(5));
}

#[test]
fn every_answer_of_the_target_is_its_row() {
    let closed = [Icmp::v4(3, 3), Icmp::v4(3, 2), Icmp::v4(0, 0)];
    let last = closed.map(|icmp| answered_twice(icmp, 4)).into_iter();
    for last in last.chain([Hop::router(TARGET, 8.0).conduct(Conduct::Direct)]) {
        let play = Play::new(still(routers_and(3, last))).until_ms(30_500);
        assert_eq!(play.trace.path().end(), End::Target { ttl: 4, upto: 4 });
        let target = play.target();
        assert!(target.counts.answered >= 28, "{target:?}");
        assert_eq!((target.counts.lost, target.state, target.ttl), (0, RowState::Ordinary, 4));
        assert_eq!(target.responders.len(), 1);
    }
}

#[test]
fn the_target_next_door_is_the_only_row() {
    let play = Play::new(still(plain(1))).until_ms(10_500);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 1, upto: 1 });
    assert_eq!(play.rows().len(), 1);
    assert_eq!(play.target().counts.lost, 0);
}

#[test]
fn a_lower_ttl_moves_the_target_only_after_two_tries() {
    let play = Play::new(still(plain(9)).then(at(20_500), plain(6)));
    let mut play = play.until_ms(20_400);
    let mut moved = None;
    for ms in (20_500..30_000).step_by(5) {
        play = play.until_ms(ms);
        if play.trace.path().end() != (End::Target { ttl: 9, upto: 9 }) {
            moved = Some(ms);
            break;
        }
    }
    let moved = moved.expect("the path shrinks");
    assert_eq!(play.trace.path().end(), End::Target { ttl: 6, upto: 6 });
    let tries = play.sent_ms(6).into_iter().filter(|ms| (20_500..=moved).contains(ms)).count();
    assert_eq!(tries, 2, "moved at {moved}: {:?}", play.sent_ms(6));
    assert!(moved < 24_000);
    let play = play.until_ms(40_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 6, upto: 6 });
    assert_eq!(play.rows().len(), 6);
    assert_eq!(play.target().counts.lost, 0);
    assert!(play.sent_ms(7).iter().all(|&ms| ms < moved));
}

#[test]
fn branches_of_unequal_length_fold_into_one_row() {
    let scenario = Scenario { stages: vec![(Time::ZERO, vec![plain(11), plain(12)])], ..still(plain(11)) };
    for seed in 1..=8 {
        let mut play = Play::new(Scenario { seed, ..scenario.clone() }).until_ms(20_000);
        let mut folded = 0;
        for second in 21..=120 {
            play = play.until_ms(second * 1_000);
            folded += u32::from(play.trace.path().end() == (End::Target { ttl: 11, upto: 12 }));
        }
        // Chance alone may make one branch look like the only one for a moment.
        assert!(folded >= 90, "seed {seed}: {folded}");
        let rows = play.rows();
        let target = play.target();
        assert_eq!((target.upto, rows.len()), (12, 12), "seed {seed}");
        assert!(rows.iter().all(|row| row.counts.lost == 0), "seed {seed}: {rows:?}");
        assert!(target.counts.answered > 90, "seed {seed}: {target:?}");
        assert!(play.sent_ms(13).iter().all(|&ms| ms < 1_000));
    }
}

#[test]
fn a_silent_target_has_its_row_from_the_first_moment() {
    let mut play = Play::new(still(routers_and(5, Hop::target(TARGET, 12.0).conduct(Conduct::Silent))));
    for ms in [0, 1, 3, 6, 10, 20, 3_100, 10_000, 29_000] {
        play = play.until_ms(ms);
        let target = play.target();
        assert_eq!((target.state, target.loss, target.rtt), (RowState::SilentTarget, None, None), "{ms} ms");
    }
    assert_eq!(play.trace.path().end(), End::Silent);
    assert_eq!(play.rows().len(), 6);
    assert_eq!(play.target().ttl, 6);
    // The window: four TTLs past the last responder in every cycle, nothing above.
    for ttl in 6..=9 {
        assert!(play.sent_ms(ttl).len() >= 28, "hop {ttl}: {:?}", play.sent_ms(ttl));
    }
    assert_eq!(play.sent_ms(10).len(), 1);
    assert!(play.target().counts.sent() >= 25);
    assert_eq!(play.hop(5).counts.lost, 0);
    // A full sweep every thirty seconds.
    let play = play.until_ms(125_000);
    for ttl in 10..=30 {
        assert_eq!(play.sent_ms(ttl).len(), 5, "hop {ttl}: {:?}", play.sent_ms(ttl));
    }
    let sweep: Vec<u64> = (10..=30).map(|ttl| play.sent_ms(ttl)[1]).collect();
    assert!(sweep.windows(2).all(|pair| pair[1] - pair[0] <= 4), "{sweep:?}");
}

#[test]
fn a_target_that_answers_at_last_is_found_behind_silent_hops() {
    // Eight silent hops lie beyond the window: the sweep finds it.
    let silent = (3..=10).map(|ttl| Hop::router(router(ttl), 5.0).conduct(Conduct::Silent));
    let path = |last: Hop| routers(2).into_iter().chain(silent.clone()).chain([last]).collect::<Vec<_>>();
    let dead = path(Hop::target(TARGET, 22.0).conduct(Conduct::Silent));
    let scenario = still(dead).then(at(10_000), path(Hop::target(TARGET, 22.0)));
    let play = Play::new(scenario).until_ms(29_000);
    assert_eq!(play.trace.path().end(), End::Silent);
    let play = play.until_ms(45_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 11, upto: 11 });
    let target = play.target();
    assert_eq!(target.state, RowState::Ordinary);
    assert!(target.loss.is_some() && target.counts.answered >= 12, "{target:?}");
    assert_eq!(play.hop(7).state, RowState::NoAnswer);
}

#[test]
fn nobody_answers_at_all() {
    let nobody = vec![Hop::router(router(1), 1.0).loss(1.0)];
    let play = Play::new(still(nobody)).until_ms(30_500);
    assert_eq!(play.trace.path().end(), End::Silent);
    assert_eq!(play.rows().len(), 1);
    assert_eq!(play.target().state, RowState::SilentTarget);
    assert!(play.target().counts.lost > 20);
}

#[test]
fn the_window_starts_at_the_first_ttl() {
    let silent: Vec<Hop> =
        (1..=9).map(|ttl| Hop::router(router(ttl), 5.0).conduct(Conduct::Silent)).collect();
    let pace = Pace { first_ttl: 6, ..PACE };
    let play = Play::with(still(silent), pace, None).until_ms(20_000);
    assert!(play.path.log.iter().all(|(_, ttl)| *ttl >= 6));
    assert!(play.sent_ms(6).len() >= 18, "{:?}", play.sent_ms(6));
    assert!(play.target().counts.sent() >= 18, "{:?}", play.target());
}

#[test]
fn a_known_end_stays_through_an_outage() {
    let dead: Vec<Hop> = (1..=8).map(|ttl| Hop::router(router(ttl), 2.0).loss(1.0)).collect();
    let scenario = still(plain(8)).then(at(30_500), dead).then(at(630_500), plain(8));
    let play = Play::new(scenario).until_ms(30_400);
    let before = play.target().counts;
    let play = play.until_ms(630_400);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 8, upto: 8 });
    assert_eq!(play.rows().len(), 8);
    let during = play.sent_ms(8).into_iter().filter(|ms| (30_500..630_500).contains(ms)).count();
    assert!((595..=600).contains(&during), "{during}");
    assert!(play.path.log.iter().all(|(at, ttl)| *ttl <= 8 || at.as_nanos() < 1_000_000_000));
    let lost = play.target().counts.lost - before.lost;
    assert!((590..=600).contains(&lost), "{lost}");
    let play = play.until_ms(640_000);
    assert!(play.target().counts.answered >= before.answered + 9);
    assert_eq!(play.target().counts.bursts, 1);
}

#[test]
fn a_loop_is_recognised_not_probed_to_the_end_and_dissolves() {
    let circle =
        (3..=30).map(|ttl| Hop::router(router(if ttl % 2 == 1 { 3 } else { 4 }), 2.0 * f64::from(ttl)));
    let looping: Vec<Hop> = routers(2).into_iter().chain(circle).collect();
    let scenario = still(plain(9)).then(at(10_500), looping).then(at(100_500), plain(9));
    let play = Play::new(scenario).until_ms(20_000);
    assert_eq!(play.trace.path().end(), End::Loop { ttl: 6 });
    assert_eq!(play.target().state, RowState::BehindLoop { ttl: 6 });
    assert_eq!(play.rows().len(), 7);
    let play = play.until_ms(100_400);
    assert_eq!(play.trace.path().end(), End::Loop { ttl: 6 });
    let above = |play: &Play| {
        let log = play.path.log.iter();
        log.filter(|(at, ttl)| *ttl > 6 && (20_000..100_500).contains(&(at.as_nanos() / 1_000_000))).count()
    };
    assert!((2..=4).contains(&above(&play)), "now and then one: {}", above(&play));
    let play = play.until_ms(106_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 9, upto: 9 });
    assert_eq!(play.target().state, RowState::Ordinary);
}

#[test]
fn a_loop_in_first_sight_stops_the_sweep() {
    let circle = (3..=30).map(|ttl| Hop::router(router(if ttl % 2 == 1 { 3 } else { 4 }), 2.0));
    let play = Play::new(still(routers(2).into_iter().chain(circle).collect())).until_ms(5_000);
    assert_eq!(play.trace.path().end(), End::Loop { ttl: 6 });
    assert!(play.path.log.iter().all(|(_, ttl)| *ttl <= 14), "{:?}", play.path.log.iter().map(|l| l.1).max());
}

#[test]
fn a_path_longer_than_the_highest_ttl_ends_there() {
    let pace = Pace { max_ttl: 6, ..PACE };
    let play = Play::with(still(plain(12)), pace, None).until_ms(40_000);
    assert_eq!(play.trace.path().end(), End::MaxTtl);
    assert_eq!(play.target().state, RowState::BeyondMaxTtl);
    assert_eq!(play.target().loss, None);
    assert_eq!(play.rows().len(), 7);
    assert!(play.path.log.iter().all(|(_, ttl)| *ttl <= 6));
    let play = play.command(Command::MaxTtl(12)).until_ms(42_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 12, upto: 12 });
}

#[test]
fn the_same_holds_over_ipv6() {
    let source = std::net::Ipv6Addr::LOCALHOST;
    let scenario = Scenario::still(source, plain6(6)).then(at(20_500), plain6(9));
    let play = Play::new(scenario).until_ms(20_400);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 6, upto: 6 });
    let play = play.until_ms(30_000);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 9, upto: 9 });
    assert!(play.rows().iter().all(|row| row.counts.lost == 0));
    assert_eq!(play.target().hop.current, Some(TARGET6));
}

#[test]
fn a_responder_at_several_hops_is_asked_once_an_interval() {
    let mut hops = plain(8);
    for same in [3, 4, 5] {
        hops[same].address = router(4);
    }
    let play = Play::new(still(hops)).until_ms(91_000);
    let mut sent: Vec<u64> = [4, 5, 6].into_iter().flat_map(|ttl| play.sent_ms(ttl)).collect();
    sent.sort_unstable();
    let settled: Vec<u64> = sent.into_iter().filter(|&ms| ms > 500).collect();
    assert!(settled.windows(2).all(|pair| pair[1] - pair[0] >= 995), "{settled:?}");
    assert!(settled.len() >= 85, "its turn comes in every cycle: {}", settled.len());
    for ttl in [4, 5, 6] {
        let row = play.hop(ttl);
        assert!((28..=32).contains(&row.counts.answered), "{row:?}");
        assert!((57..=62).contains(&row.counts.skipped), "{row:?}");
        assert_eq!(row.counts.lost, 0);
    }
    assert!(play.hop(3).counts.answered >= 88, "no other hop waits for it");
}

#[test]
fn slots_missed_in_a_stall_are_skipped_not_caught_up() {
    for stall in [5_000, 600_000] {
        let play = Play::new(still(plain(8))).until_ms(20_250).stall_ms(stall);
        let resumed = 20_250 + stall;
        let play = play.until_ms(resumed + 10_000);
        for ttl in 1..=8 {
            let after: Vec<u64> = play.sent_ms(ttl).into_iter().filter(|&ms| ms >= resumed).collect();
            assert!((9..=11).contains(&after.len()), "hop {ttl}: {after:?}");
        }
        assert!(play.rows().iter().all(|row| row.counts.sent() < 40));
    }
}

#[test]
fn a_late_wake_up_shifts_no_later_slot() {
    let mut play = Play::new(still(plain(4)));
    for _ in 0..200 {
        let late = play.now + Duration::from_millis(37);
        play = play.until_ms(late.as_nanos() / 1_000_000);
    }
    assert!((7..=9).contains(&play.sent_ms(2).len()), "{:?}", play.sent_ms(2));
}
