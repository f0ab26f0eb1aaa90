use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::engine::path::Path;
use crate::engine::probe::{Answer, LocalFault, SentAt};
use crate::engine::round::Try;
use crate::wire::icmp::Icmp;

const TARGET: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));
const TIMEOUT: Duration = Duration::from_secs(3);

const fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

/// A table with one round of three probes of TTL 1, sent at 0, 1 and 2 s.
fn three() -> Collector {
    let mut collector = Collector::new(TIMEOUT);
    collector.open_round(0, Time::ZERO, Duration::from_secs(1));
    for ms in [0, 1_000, 2_000] {
        let no = collector.create(at(ms), 1, Flow::Stable);
        collector.handle_sent(no, Ok(SentAt { time: at(ms), wall: Wall(0) }));
    }
    collector
}

/// No probe was kept back.
const fn never(_: ProbeNo, _: Time) -> bool {
    false
}

fn take(collector: &mut Collector, path: &mut Path, no: u32, ms: u64) -> Taken {
    let answer = Answer::Icmp(Icmp::v4(3, 3));
    let reply = Reply::new(Some(ProbeNo(no)), TARGET, answer, at(ms), Wall(0));
    let taken = collector.handle_reply(ProbeNo(no), &reply, Meaning::Target);
    if matches!(taken, Taken::Decided | Taken::Late(_)) {
        path.observe(ProbeNo(no), 1, &reply);
    }
    taken
}

#[test]
fn a_round_settles_once_all_is_decided_and_no_more_comes() {
    let (mut collector, mut path) = (three(), Path::new(TARGET, 1, 30));
    assert_eq!(take(&mut collector, &mut path, 0, 20), Taken::Decided);
    assert_eq!(take(&mut collector, &mut path, 0, 21), Taken::Duplicate(None));
    assert_eq!(take(&mut collector, &mut path, 2, 2_020), Taken::Decided);
    assert_eq!(collector.poll_timeout(), Some(at(4_000)));
    assert_eq!(collector.settle(&path, true), None, "one is in flight");
    assert_eq!(collector.handle_timeout(at(4_000), never), Overdue { unsent: None, lost: Some(ProbeNo(1)) });
    assert_eq!(collector.settle(&path, false), None, "its round may go on");
    let round = collector.settle(&path, true).unwrap();
    let tries = &round.row(Row::Target).unwrap().tries;
    assert!(matches!(tries[..], [Try::Answered { us: 20_000, .. }, Try::Lost, Try::Answered { .. }]));
    assert!(collector.is_quiet());
}

#[test]
fn the_silence_of_what_was_kept_back_is_no_loss() {
    let (mut collector, mut path) = (three(), Path::new(TARGET, 1, 30));
    take(&mut collector, &mut path, 0, 20);
    let kept_back = |no, since| (no, since) == (ProbeNo(1), at(1_000));
    assert_eq!(collector.handle_timeout(at(9_000), kept_back).lost, Some(ProbeNo(2)));
    let round = collector.settle(&path, true).unwrap();
    let tries = &round.row(Row::Target).unwrap().tries;
    assert!(matches!(tries[..], [Try::Answered { .. }, Try::NotSent, Try::Lost]), "{tries:?}");
}

#[test]
fn at_any_pace_it_takes_hardly_more_room_than_a_minute_needs() {
    for interval in [1, 20, 1_000] {
        let (mut collector, path) = (Collector::new(TIMEOUT), Path::new(TARGET, 1, 30));
        for number in 0..120_000 / interval as u32 {
            let now = at(u64::from(number) * interval);
            collector.open_round(number, now, Duration::from_millis(interval));
            let no = collector.create(now, 1, Flow::Stable);
            collector.handle_sent(no, Ok(SentAt { time: now, wall: Wall(0) }));
            collector.handle_timeout(now, never);
            while collector.settle(&path, false).is_some() {}
        }
        let needed = ((LATE + TIMEOUT).as_millis() as u64 / interval) as usize;
        let (held, room) = (collector.entries.len(), collector.entries.capacity());
        assert!((needed..=needed + 2).contains(&held), "every {interval} ms: {held}");
        assert!(room <= FEW.max(needed + needed / 4 + 2), "every {interval} ms: room for {room}");
    }
}

#[test]
fn a_late_answer_mends_the_settled_try_once() {
    let (mut collector, mut path) = (three(), Path::new(TARGET, 1, 30));
    take(&mut collector, &mut path, 0, 20);
    collector.handle_timeout(at(5_000), never);
    assert!(collector.settle(&path, true).is_some());
    let Taken::Late(late) = take(&mut collector, &mut path, 1, 6_000) else { panic!("late") };
    assert_eq!((late.round, late.row, late.index, late.us), (0, Row::Target, 1, 5_000_000));
    assert_eq!(take(&mut collector, &mut path, 1, 6_001), Taken::Duplicate(Some(Row::Target)));
    assert_eq!(take(&mut collector, &mut path, 2, 62_001), Taken::Stray(Stray::Unknown));
}

#[test]
fn what_was_never_sent_has_no_answer_and_no_row_in_sent() {
    let (mut collector, mut path) = (three(), Path::new(TARGET, 1, 30));
    let refused = collector.create(at(3_000), 1, Flow::Stable);
    collector.handle_sent(refused, Err(LocalFault::NoRoute));
    assert_eq!(take(&mut collector, &mut path, refused.0, 3_020), Taken::Stray(Stray::Unknown));
    assert_eq!(collector.handle_local(ProbeNo(1)), Some(true));
    assert_eq!(collector.handle_local(ProbeNo(1)), Some(false), "no news the second time");
    assert_eq!(collector.handle_local(ProbeNo(2)), Some(true));
    assert_eq!(collector.handle_local(ProbeNo(77)), None);
    take(&mut collector, &mut path, 0, 20);
    assert_eq!(collector.handle_local(ProbeNo(0)), None, "it was answered");
    let round = collector.settle(&path, true).unwrap();
    let tries = &round.row(Row::Target).unwrap().tries;
    assert!(matches!(tries[..], [Try::Answered { .. }, Try::NotSent, Try::NotSent, Try::NotSent]));
}

#[test]
fn only_where_stamps_come_does_a_missing_one_tell() {
    let mut collector = three();
    assert!(collector.handle_stamp(ProbeNo(0), Wall(1)));
    assert!(!collector.handle_stamp(ProbeNo(3), Wall(1)));
    assert_eq!(
        collector.handle_timeout(at(9_000), never),
        Overdue { unsent: Some((2, at(1_000))), lost: Some(ProbeNo(0)) }
    );
    assert_eq!(three().handle_timeout(at(9_000), never), Overdue { unsent: None, lost: Some(ProbeNo(2)) });
}

#[test]
fn an_answer_that_names_its_flow_alone_may_be_to_a_probe_that_is_not_judged() {
    let (mut collector, path) = (three(), Path::new(TARGET, 1, 30));
    let direct = |ms| Reply::new(None, TARGET, Answer::Direct, at(ms), Wall(0));
    collector.handle_timeout(at(3_500), |no, _| no == ProbeNo(0));
    collector.handle_timeout(at(4_500), never);
    let candidate = collector.only_candidate(Flow::Stable, &direct(4_600), &path);
    assert_eq!(candidate, Err(Stray::Ambiguous));
    let candidate = collector.only_candidate(Flow::Stable, &direct(61_500), &path);
    assert_eq!(candidate, Ok(ProbeNo(2)), "too late for the others");
}
