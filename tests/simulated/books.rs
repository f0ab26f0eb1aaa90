//! What becomes of each probe: late, doubled, unstamped, and what is no answer of ours.

use std::time::Duration;

use hopwatch::engine::path::End;
use hopwatch::engine::probe::{Answer, Event, LocalFault, ProbeNo, Reply, Stray};
use hopwatch::engine::record::Record;
use hopwatch::engine::round::Try;
use hopwatch::engine::time::{Time, Wall};
use hopwatch::net::simulated::scenario::{Conduct, Hop};
use hopwatch::wire::icmp::Icmp;

use crate::paths::{TARGET, plain, router, routers_and, still};
use crate::play::Play;

/// Holds back what hop 3 answers between 10 s and 20 s.
fn delayed(ms: u64) -> Play {
    Play::new(still(plain(6))).bend(move |now, event| match event {
        Event::Reply(mut reply)
            if reply.from == router(3) && (10..20).contains(&(now.as_nanos() / 1_000_000_000)) =>
        {
            let later = now + Duration::from_millis(ms);
            reply.kernel =
                reply.kernel.map(|Wall(nanos)| Wall(nanos + i64::try_from(ms).unwrap_or(0) * 1_000_000));
            vec![(later, Event::Reply(reply))]
        }
        other => vec![(now, other)],
    })
}

#[test]
fn a_late_answer_is_taken_back_out_of_lost_with_its_true_time() {
    for ms in [3_200, 30_000, 59_000] {
        let play = delayed(ms).until_ms(100_000);
        let row = play.hop(3);
        assert_eq!((row.counts.lost, row.counts.late), (0, 10), "{ms}: {row:?}");
        assert!(row.counts.answered >= 85);
        let worst = row.rtt.expect("times").worst;
        assert!((worst - (ms as f64 + 6.0)).abs() < 0.1, "{worst}");
        assert_eq!(play.hop(2).counts.late, 0);
        assert_eq!(play.trace.path().end(), End::Target { ttl: 6, upto: 6 });
    }
}

#[test]
fn it_is_lost_until_the_late_answer_comes() {
    let play = delayed(30_000).until_ms(25_000);
    assert_eq!((play.hop(3).counts.lost, play.hop(3).counts.late), (10, 0));
    let play = play.until_ms(100_000);
    let mended = play.records.iter().filter(|record| matches!(record, Record::Late(_))).count();
    assert_eq!(mended, 10);
    let history = play.snapshot().history;
    let late = history.recent().flat_map(|round| &round.rows).flat_map(|part| &part.tries);
    assert_eq!(late.filter(|outcome| matches!(outcome, Try::Late { .. })).count(), 10);
}

#[test]
fn an_answer_after_a_minute_is_a_stray() {
    let play = delayed(60_100).until_ms(120_000);
    let row = play.hop(3);
    assert_eq!((row.counts.lost, row.counts.late), (10, 0), "{row:?}");
    assert_eq!(play.snapshot().strays[&Stray::Unknown], 10);
}

#[test]
fn a_second_answer_is_counted_and_in_no_statistic() {
    let mut hops = plain(6);
    hops[2].doubled = 1.0;
    hops[5].doubled = 1.0;
    let play = Play::new(still(hops)).until_ms(30_500);
    let (doubled, single) = (play.hop(3), play.hop(2));
    assert_eq!(doubled.counts.duplicates, doubled.counts.answered);
    assert_eq!(doubled.counts.answered, single.counts.answered);
    assert_eq!(doubled.grades.iter().sum::<u64>(), doubled.counts.answered);
    assert!((doubled.rtt.expect("times").worst - 6.0).abs() < 0.01, "{:?}", doubled.rtt);
    assert_eq!(doubled.responders[0].answered, doubled.counts.answered);
    assert!(play.target().counts.duplicates >= play.target().counts.answered);
    assert_eq!(single.counts.duplicates, 0);
    assert!(play.snapshot().strays.is_empty());
}

#[test]
fn a_probe_without_a_stamp_was_not_sent_where_stamps_work() {
    // From 20 s to 30 s nothing reaches the wire, though every send call succeeds.
    let play = Play::new(still(plain(5))).bend(|now, event| {
        let broken = (20..30).contains(&(now.as_nanos() / 1_000_000_000));
        if broken { vec![] } else { vec![(now, event)] }
    });
    let play = play.until_ms(60_000);
    for row in play.rows() {
        assert_eq!(row.counts.lost, 0, "{row:?}");
        assert!((9..=11).contains(&row.counts.not_sent), "{row:?}");
    }
    let kind = play.records.iter().find_map(|record| match record {
        Record::Fault(fault) => Some(fault.kind),
        _ => None,
    });
    assert_eq!(kind, Some(LocalFault::Unstamped));
    assert!(play.snapshot().fault.is_some_and(|fault| fault.until.is_some()));
}

#[test]
fn without_any_stamps_a_silent_probe_is_lost() {
    let mut hops = plain(5);
    hops[2] = hops[2].clone().loss(0.5);
    let play = Play::new(still(hops)).bend(|now, event| match event {
        Event::SendStamp { .. } => vec![],
        other => vec![(now, other)],
    });
    let play = play.until_ms(60_000);
    assert!(play.target().counts.lost > 10);
    assert_eq!(play.target().counts.not_sent, 0);
    assert_eq!(play.hop(1).grades[1], play.hop(1).counts.answered, "user send to kernel receive");
}

#[test]
fn strays_are_counted_by_reason_and_change_nothing() {
    let mut play = Play::new(still(plain(4))).until_ms(10_000);
    let before = play.rows();
    for (count, reason) in (1..).zip(Stray::ALL) {
        for _ in 0..count {
            play = play.event(Event::Stray(reason));
        }
    }
    assert_eq!(play.rows(), before);
    let counts: Vec<u64> = Stray::ALL.iter().map(|reason| play.snapshot().strays[reason]).collect();
    assert_eq!(counts, [1, 2, 3, 4, 5, 6]);
}

fn reply(play: &Play, no: Option<ProbeNo>, answer: Answer) -> Event {
    Event::Reply(Reply::new(no, TARGET, answer, play.now, Wall(0)))
}

#[test]
fn an_answer_to_an_unknown_number_is_a_stray() {
    let mut play = Play::new(still(plain(4))).until_ms(10_000);
    let before = play.rows();
    for no in [ProbeNo(900_000), ProbeNo(u32::MAX)] {
        let event = reply(&play, Some(no), Answer::Icmp(Icmp::v4(3, 3)));
        play = play.event(event);
    }
    assert_eq!(play.rows(), before);
    assert_eq!(play.snapshot().strays[&Stray::Unknown], 2);
}

#[test]
fn a_direct_answer_without_a_number_is_booked_where_only_one_probe_can_be_meant() {
    let play = Play::new(still(routers_and(3, Hop::router(TARGET, 8.0).conduct(Conduct::Direct))));
    let play = play.bend(|now, event| match event {
        // The application behind the target sends nothing of ours back, after the first sight.
        Event::Reply(mut reply) if reply.from == TARGET && now > Time::from_millis(900) => {
            reply.no = None;
            vec![(now, Event::Reply(reply))]
        }
        other => vec![(now, other)],
    });
    let play = play.until_ms(30_600);
    assert!(play.target().counts.answered >= 28, "{:?}", play.target());
    assert_eq!(play.target().counts.lost, 0);
    assert!(play.snapshot().strays.is_empty(), "{:?}", play.snapshot().strays);
    // Between two tries nothing waits: it answers no probe.
    let event = reply(&play, None, Answer::Direct);
    let quiet = play
        .snapshot()
        .open
        .iter()
        .flat_map(|round| &round.rows)
        .all(|row| !row.tries.contains(&Try::InFlight));
    assert!(quiet, "the moment is between two tries");
    let play = play.event(event);
    assert_eq!(play.snapshot().strays[&Stray::Unknown], 1);
}

#[test]
fn a_direct_answer_that_several_probes_may_have_earned_is_ambiguous() {
    // In the first sight every TTL from 4 on reaches the target.
    let play = Play::new(still(routers_and(3, Hop::router(TARGET, 60.0).conduct(Conduct::Direct))));
    let play = play.bend(|now, event| match event {
        Event::Reply(mut reply) if reply.from == TARGET => {
            reply.no = None;
            vec![(now, Event::Reply(reply))]
        }
        other => vec![(now, other)],
    });
    let play = play.until_ms(500);
    assert!(play.snapshot().strays[&Stray::Ambiguous] > 5, "{:?}", play.snapshot().strays);
    assert_eq!(play.target().counts.answered, 0);
}

#[test]
fn from_a_port_that_is_closed_nobody_answers() {
    // One probe waits for the target's word when somebody else claims to be it.
    let play = Play::new(still(routers_and(3, Hop::target(TARGET, 400.0)))).until_ms(10_000);
    let waits = |play: &Play| {
        let open = play.snapshot().open;
        open.iter().flat_map(|round| &round.rows).any(|part| {
            part.row == hopwatch::engine::round::Row::Target && part.tries.contains(&Try::InFlight)
        })
    };
    let at = (10_000..11_500).step_by(50);
    let play = at.fold(play, |play, ms| if waits(&play) { play } else { play.until_ms(ms) });
    assert!(waits(&play));
    let before = play.target().counts;
    let event = reply(&play, None, Answer::Direct);
    let play = play.event(event);
    assert_eq!(play.target().counts, before);
    assert_eq!(play.snapshot().strays[&Stray::Forged], 1);
}
