//! A machine that sleeps, loses its link or has its clock set: none of that is loss on the path.

use std::time::Duration;

use hopwatch::engine::probe::{Event, Grade, LocalFault, Reply};
use hopwatch::engine::record::{Gap, Record, Why};
use hopwatch::engine::round::Try;
use hopwatch::engine::time::{Anchor, Time, Wall};
use hopwatch::net::simulated::scenario::Scenario;

use crate::paths::{plain, still};
use crate::play::Play;

fn gaps(play: &Play) -> Vec<Gap> {
    play.records
        .iter()
        .filter_map(|record| if let Record::Gap(gap) = record { Some(*gap) } else { None })
        .collect()
}

/// Drops every answer from `from` ms on, up to `to`: the network card sleeps too.
fn deaf(from: u64, to: u64) -> Play {
    deaf_with(from, to, Vec::new())
}

fn deaf_with(from: u64, to: u64, faults: Vec<(Time, Time, LocalFault)>) -> Play {
    Play::new(Scenario { faults, ..still(plain(6)) }).bend(move |now, event| {
        let is_deaf = now >= Time::from_millis(from) && now < Time::from_millis(to);
        if is_deaf && matches!(event, Event::Reply(_)) { Vec::new() } else { vec![(now, event)] }
    })
}

#[test]
fn a_sleep_is_a_gap_and_no_loss() {
    // The answers that come while it sleeps are gone.
    let play = deaf(9_000, 9_000 + 8 * 3_600_000).until_ms(9_500).stall_ms(8 * 3_600_000);
    let woken = play.now;
    let play = play.until_ms(9_500 + 8 * 3_600_000 + 20_000);
    let gaps = gaps(&play);
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].to, gaps[0].why), (woken, Why::Suspend));
    assert!(woken.since(gaps[0].from) >= Duration::from_hours(8), "{gaps:?}");
    for row in play.rows() {
        assert_eq!((row.counts.lost, row.counts.late), (0, 0), "{row:?}");
        assert!(row.counts.not_sent <= 1, "at its edge, not judged: {row:?}");
        // 10 s before and 20 s after: nothing is caught up.
        assert!((26..=30).contains(&row.counts.answered), "{row:?}");
    }
    assert!(play.rows().iter().any(|row| row.counts.not_sent == 1), "some were on their way");
    let after = play.sent_ms(3).into_iter().find(|ms| Time::from_millis(*ms) >= woken);
    let after = after.expect("probes after it") - woken.as_nanos() / 1_000_000;
    assert!(after <= 1_100, "probing goes on in step: {after} ms after");
}

#[test]
fn a_sleep_and_a_stand_still_are_told_apart_by_the_clocks() {
    let hours = Duration::from_hours;
    for (before, after, slept) in [
        (Some(hours(1)), Some(hours(9)), Some(true)),
        (Some(hours(1)), Some(hours(1)), Some(false)),
        (None, None, None),
    ] {
        let told = |mut play: Play, slept: Option<Duration>| {
            if let Some(slept) = slept {
                play.trace.handle_slept(slept);
            }
            play
        };
        let play = told(Play::new(still(plain(6))).until_ms(9_000), before).until_ms(9_500);
        let play = told(play, after).stall_ms(8 * 3_600_000).until_ms(8 * 3_600_000 + 20_000);
        let slepts: Vec<_> = gaps(&play).iter().map(|gap| gap.slept).collect();
        assert_eq!(slepts, [slept]);
    }
}

#[test]
fn a_busy_machine_that_comes_late_is_no_gap() {
    let play = Play::new(still(plain(6))).until_ms(9_500).stall_ms(1_500).until_ms(30_000);
    assert_eq!(gaps(&play), []);
    for row in play.rows() {
        assert_eq!((row.counts.lost, row.counts.not_sent), (0, 0), "{row:?}");
    }
}

#[test]
fn what_was_on_its_way_when_the_link_went_is_not_loss() {
    let down = (Time::from_millis(9_650), Time::from_millis(15_000), LocalFault::LinkDown);
    let mut play = deaf_with(9_600, 15_000, vec![down]).until_ms(9_650);
    play.trace.handle_fault(play.now, LocalFault::LinkDown);
    let play = play.until_ms(30_000);
    let faults: Vec<_> = play
        .records
        .iter()
        .filter_map(|record| if let Record::Fault(fault) = record { Some(*fault) } else { None })
        .collect();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert_eq!((faults[0].since, faults[0].until), (Time::from_millis(9_650), None));
    let ended = faults[1].until.expect("it ended");
    assert!(ended.since(Time::from_millis(15_000)) <= Duration::from_secs(1), "{faults:?}");
    for row in play.rows() {
        assert_eq!((row.counts.lost, row.counts.late), (0, 0), "{row:?}");
        assert!((5..=7).contains(&row.counts.not_sent), "{row:?}");
    }
}

#[test]
fn an_answer_that_comes_in_spite_of_a_fault_counts() {
    let mut play = Play::new(still(plain(6))).until_ms(9_650);
    play.trace.handle_fault(play.now, LocalFault::AddressGone);
    let play = play.until_ms(30_000);
    for row in play.rows() {
        assert_eq!((row.counts.lost, row.counts.not_sent), (0, 0), "{row:?}");
    }
}

/// Plays with a wall clock that is off by what `off_ns` says from 10 s on.
fn with_wall(off_ns: fn(Time) -> i64) -> Play {
    let off = move |now: Time| if now >= Time::from_millis(10_000) { off_ns(now) } else { 0 };
    let mut play = Play::new(still(plain(6))).bend(move |now, event| {
        let shift = |wall: Wall| Wall(wall.0 + off(now));
        vec![(
            now,
            match event {
                Event::SendStamp { no, kernel } => Event::SendStamp { no, kernel: shift(kernel) },
                Event::Reply(reply) => {
                    let (kernel, wall) = (reply.kernel.map(shift), shift(reply.wall));
                    Event::Reply(Reply { kernel, wall, ..reply })
                }
                other => other,
            },
        )]
    });
    play = play.until_ms(10_000);
    let anchor = play.trace.anchor();
    let time = play.now;
    let off = off_ns(time);
    let by = Duration::from_nanos(off.unsigned_abs());
    let wall = if off < 0 { anchor.wall(time) - by } else { anchor.wall(time) + by };
    let now = Anchor { time, wall };
    if anchor.is_outdated_by(&now) {
        play.trace.handle_clock_step(now);
    }
    play.until_ms(40_000)
}

#[test]
fn a_wall_clock_that_is_set_or_slewed_changes_no_time_and_no_pace() {
    const HOUR: i64 = 3_600_000_000_000;
    let plain = with_wall(|_| 0);
    assert!(!plain.records.iter().any(|record| matches!(record, Record::ClockStep(_))));
    let slewed = with_wall(|now| i64::try_from(now.as_nanos() / 2_000).unwrap_or(0) - 5_000_000);
    for (play, steps) in [(with_wall(|_| HOUR), 1), (with_wall(|_| -HOUR), 1), (slewed, 0)] {
        let told = play.records.iter().filter(|record| matches!(record, Record::ClockStep(_))).count();
        assert_eq!(told, steps);
        for (row, before) in play.rows().iter().zip(plain.rows()) {
            assert_eq!(row.counts, before.counts);
            assert_eq!(play.sent_ms(2), plain.sent_ms(2));
            let (rtt, expected) = (row.rtt.expect("times"), before.rtt.expect("times"));
            assert!((rtt.worst - expected.worst).abs() < 0.1, "{rtt:?}, {expected:?}");
            assert!((rtt.best - expected.best).abs() < 0.1, "{rtt:?}, {expected:?}");
        }
    }
}

#[test]
fn what_a_step_makes_absurd_falls_back_and_is_marked() {
    // Each send stamp is from before the step, each receive stamp from after it.
    for off in [3_600_000_000_000_i64, -3_600_000_000_000] {
        let play = Play::new(still(plain(6))).bend(move |now, event| match event {
            Event::Reply(reply) if (10_000..11_000).contains(&(now.as_nanos() / 1_000_000)) => {
                let kernel = reply.kernel.map(|Wall(nanos)| Wall(nanos + off));
                vec![(now, Event::Reply(Reply { kernel, ..reply }))]
            }
            other => vec![(now, other)],
        });
        let play = play.until_ms(20_000);
        let graded = |wanted| {
            let tries =
                play.snapshot().history.recent().flat_map(|round| round.rows.clone()).collect::<Vec<_>>();
            tries
                .iter()
                .flat_map(|row| &row.tries)
                .filter(|one| matches!(one, Try::Answered { grade, .. } if *grade == wanted))
                .count()
        };
        assert!((5..=7).contains(&graded(Grade::User)), "one a hop: {}", graded(Grade::User));
        for row in play.rows() {
            assert_eq!(row.counts.lost, 0);
            assert!(row.rtt.expect("times").worst < 20.0);
        }
    }
}
