//! Pace, first sight, limits: who is asked when.

use std::net::Ipv4Addr;

use hopwatch::engine::path::End;
use hopwatch::engine::probe::Command;
use hopwatch::engine::snapshot::Pace;
use hopwatch::net::simulated::scenario::{Hop, Limit, Scenario};

use crate::play::{PACE, Play};

const SOURCE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

fn path_of(hops: u8, ms: f64) -> Vec<Hop> {
    let router = |ttl: u8| Hop::router(Ipv4Addr::new(192, 0, 2, ttl), ms * f64::from(ttl) / f64::from(hops));
    (1..hops).map(router).chain([Hop::target(Ipv4Addr::new(203, 0, 113, 1), ms)]).collect()
}

#[test]
fn a_clean_path_has_every_hop_and_no_loss() {
    let play = Play::new(Scenario::still(SOURCE, path_of(11, 40.0))).until_ms(180_500);
    let rows = play.rows();
    assert_eq!(rows.len(), 11);
    assert_eq!(play.trace.path().end(), End::Target { ttl: 11, upto: 11 });
    for row in rows {
        assert_eq!(row.counts.lost, 0, "{row:?}");
        assert!((175..=182).contains(&row.counts.answered), "{row:?}");
        assert_eq!(row.grades[0], row.counts.answered);
    }
}

#[test]
fn the_whole_path_is_known_one_round_trip_after_the_first_probe() {
    let play = Play::new(Scenario::still(SOURCE, path_of(11, 80.0))).until_ms(80 + 60);
    assert_eq!(play.rows().iter().filter(|row| row.rtt.is_some()).count(), 11);
}

#[test]
fn nothing_past_the_known_end_is_asked_after_the_first_sweep() {
    let play = Play::new(Scenario::still(SOURCE, path_of(11, 80.0))).until_ms(60_000);
    let late = play.path.log.iter().filter(|(at, ttl)| *ttl > 11 && at.as_nanos() > 200_000_000);
    assert_eq!(late.count(), 0);
    assert_eq!(play.snapshot().overshoot, 19);
}

#[test]
fn a_far_target_that_answers_six_then_one_a_second_shows_no_loss() {
    let mut hops = path_of(11, 80.0);
    hops[10] = hops[10].clone().limit(Limit::LINUX);
    let play = Play::new(Scenario::still(SOURCE, hops)).until_ms(180_000);
    assert_eq!(play.target().counts.lost, 0, "{:?}", play.target());
}

#[test]
fn linux_routers_all_along_show_no_loss() {
    for hops in 1..=20 {
        let limited = path_of(hops, 30.0).into_iter().map(|hop| hop.limit(Limit::LINUX)).collect();
        let play = Play::new(Scenario::still(SOURCE, limited)).until_ms(400_000);
        for row in play.rows() {
            assert_eq!(row.counts.lost, 0, "{hops} hops: {row:?}");
        }
    }
}

#[test]
fn no_hop_is_asked_sooner_than_an_interval_after_the_last_time() {
    let play = Play::new(Scenario::still(SOURCE, path_of(11, 30.0))).until_ms(400_000);
    for ttl in 1..=11 {
        let sent = play.sent_ms(ttl);
        let least = sent.windows(2).map(|pair| pair[1] - pair[0]).min();
        assert!(least >= Some(995), "hop {ttl}: {least:?}");
        let most = sent.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(most <= Some(2_100), "hop {ttl}: {most:?}");
    }
}

#[test]
fn the_order_of_hops_changes_now_and_then() {
    let play = Play::new(Scenario::still(SOURCE, path_of(8, 5.0))).until_ms(200_000);
    let order = |from_ms: u64| -> Vec<u8> {
        let later = play.path.log.iter().filter(|(at, _)| at.as_nanos() >= from_ms * 1_000_000);
        later.map(|(_, ttl)| *ttl).take(8).collect()
    };
    let sorted = |mut ttls: Vec<u8>| {
        ttls.sort_unstable();
        ttls
    };
    let orders: std::collections::BTreeSet<_> = (2..190).map(|s| order(s * 1_000)).collect();
    assert!(orders.iter().any(|o| sorted(o.clone()) == (1..=8).collect::<Vec<_>>()));
    assert!(orders.len() >= 3, "{orders:?}");
}

#[test]
fn a_counted_run_gives_every_hop_that_many_tries_and_ends() {
    let play = Play::with(Scenario::still(SOURCE, path_of(7, 20.0)), PACE, Some(10)).until_ms(600_000);
    assert!(play.trace.is_finished());
    assert_eq!(play.trace.poll_timeout(), None);
    for row in play.rows() {
        assert_eq!(row.counts.answered, 10, "{row:?}");
    }
}

#[test]
fn one_quick_round_of_a_limited_path_shows_no_loss() {
    let pace = Pace { interval: std::time::Duration::from_millis(100), ..PACE };
    for ms in [1.0, 25.0, 80.0, 200.0] {
        for hops in [1, 2, 5, 11] {
            let limited = path_of(hops, ms).into_iter().map(|hop| hop.limit(Limit::LINUX)).collect();
            let play = Play::with(Scenario::still(SOURCE, limited), pace, Some(3)).until_ms(60_000);
            for row in play.rows() {
                assert_eq!(row.counts.answered, 3, "{hops} hops, {ms} ms: {row:?}");
            }
        }
    }
}

#[test]
fn a_quick_round_shows_no_loss_where_answers_overtake_each_other() {
    let pace = Pace { interval: std::time::Duration::from_millis(100), ..PACE };
    for seed in 0..20 {
        let limited = path_of(11, 80.0).into_iter().map(|hop| hop.limit(Limit::LINUX).jitter(5.0)).collect();
        let scenario = Scenario { seed, ..Scenario::still(SOURCE, limited) };
        let play = Play::with(scenario, pace, Some(3)).until_ms(60_000);
        for row in play.rows() {
            assert_eq!(row.counts.answered, 3, "seed {seed}: {row:?}");
        }
    }
}

#[test]
fn a_new_interval_holds_at_once_and_keeps_every_distance() {
    let play = Play::new(Scenario::still(SOURCE, path_of(5, 10.0))).until_ms(10_300);
    let play = play
        .command(Command::Interval(std::time::Duration::from_millis(250)))
        .until_ms(20_000)
        .command(Command::Interval(std::time::Duration::from_secs(2)))
        .until_ms(60_000);
    for ttl in 1..=5 {
        let sent = play.sent_ms(ttl);
        let gaps = |from: u64, to: u64| -> Vec<u64> {
            let within = sent.windows(2).filter(|pair| (from..to).contains(&pair[0]));
            within.map(|pair| pair[1] - pair[0]).collect()
        };
        assert!(
            gaps(10_300, 19_500).iter().all(|gap| (237..=520).contains(gap)),
            "{:?}",
            gaps(10_300, 19_500)
        );
        assert!(gaps(20_001, 58_000).iter().all(|gap| (1_995..=4_400).contains(gap)), "{sent:?}");
        assert!(gaps(10_300, 19_500).len() >= 30);
        assert!(gaps(20_001, 58_000).len() >= 15);
    }
}

#[test]
fn the_reach_follows_the_highest_ttl() {
    let play = Play::new(Scenario::still(SOURCE, path_of(11, 10.0))).until_ms(5_000);
    let play = play.command(Command::MaxTtl(4)).until_ms(20_000);
    assert_eq!(play.trace.path().end(), End::MaxTtl);
    assert_eq!(play.rows().len(), 5);
    assert!(play.sent_ms(6).iter().all(|&ms| ms < 5_000));
    let play = play.command(Command::MaxTtl(30)).until_ms(21_500);
    assert_eq!(play.rows().len(), 11);
    assert!(play.sent_ms(6).last() >= Some(&20_000), "{:?}", play.sent_ms(6));
}
