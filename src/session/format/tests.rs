use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::engine::crosscheck::{Echo, Echoed};
use crate::engine::end::{End, Ending};
use crate::engine::epoch::{Epoch, EpochHop};
use crate::engine::faults::Fault;
use crate::engine::journal::{Entry, What};
use crate::engine::path::{HopView, Seen};
use crate::engine::probe::{Command, Grade, LocalFault, Quoted, Stray};
use crate::engine::record::{Gap, Slowed, Why};
use crate::engine::round::{Late, Responders, Round, RoundRow, Row, Tries, Try};
use crate::engine::strays::Strays;
use crate::engine::time::Anchor;
use crate::wire::extension::Label;
use crate::wire::icmp::Icmp;

fn ip(last: u8) -> IpAddr {
    if last.is_multiple_of(2) {
        IpAddr::from([192, 0, 2, last])
    } else {
        IpAddr::from([last.into(), 0, 0, 0, 0, 0, 0, 1])
    }
}

fn any_grade() -> impl Strategy<Value = Grade> {
    prop_oneof![Just(Grade::Kernel), Just(Grade::Mixed), Just(Grade::User)]
}

fn any_row() -> impl Strategy<Value = Row> {
    prop_oneof![any::<u8>().prop_map(Row::Hop), Just(Row::Target)]
}

fn any_time() -> impl Strategy<Value = Time> {
    any::<u64>().prop_map(Time::from_nanos)
}

fn any_end() -> impl Strategy<Value = End> {
    let icmp = (any::<u8>(), any::<u8>()).prop_map(|(ty, code)| Icmp::v4(ty, code));
    let told = (any::<u8>(), any::<u8>().prop_map(ip), icmp);
    prop_oneof![
        Just(End::Silent),
        Just(End::MaxTtl),
        (any::<u8>(), any::<u8>()).prop_map(|(ttl, upto)| End::Target { ttl, upto }),
        any::<u8>().prop_map(|ttl| End::Loop { ttl }),
        told.clone().prop_map(|(ttl, address, icmp)| End::Other { ttl, address, icmp }),
        told.prop_map(|(ttl, address, icmp)| End::Refused { ttl, address, icmp }),
    ]
}

/// Tries by any of 40 addresses, so that more are met than a path line names.
fn any_part() -> impl Strategy<Value = RoundRow> {
    let outcome = (0u8..12, any::<u32>(), 0u8..40, any_grade());
    (any_row(), any::<u8>(), prop::collection::vec(outcome, 0..6)).prop_map(|(row, ttl, outcomes)| {
        let mut part = RoundRow { row, ttl, responders: Responders::new(), tries: Tries::new() };
        for (kind, us, who, grade) in outcomes {
            let mut by = || {
                let known = part.responders.iter().position(|known| *known == ip(who));
                known.unwrap_or_else(|| {
                    part.responders.push(ip(who));
                    part.responders.len() - 1
                }) as u8
            };
            part.tries.push(match kind {
                0 => Try::InFlight,
                1 => Try::Lost,
                2 => Try::NotSent,
                3 => Try::Skipped,
                4 => Try::Refused { by: by() },
                5 => Try::Late { us, by: by(), grade },
                _ => Try::Answered { us, by: by(), grade },
            });
        }
        part
    })
}

fn any_round() -> impl Strategy<Value = Record> {
    let rows = prop::collection::vec(any_part(), 0..4);
    (any::<u32>(), any_time(), 0u64..9, any_end(), rows, any::<bool>()).prop_map(
        |(number, start, interval, end, rows, open)| {
            let round = Round { number, start, interval: Duration::from_millis(interval), end, rows };
            if open { Record::Open(round) } else { Record::Round(round) }
        },
    )
}

fn any_echo() -> impl Strategy<Value = Echo> {
    prop_oneof![
        any::<u32>().prop_map(Echo::Answered),
        any::<u32>().prop_map(Echo::Late),
        Just(Echo::Refused),
        Just(Echo::RefusedLate),
        Just(Echo::Lost),
        Just(Echo::NotSent),
        Just(Echo::Duplicate),
        Just(Echo::InFlight),
    ]
}

fn any_hop() -> impl Strategy<Value = HopView> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let label = (0u32..1 << 20, 0u8..8, any::<bool>(), any::<u8>());
    let label = label.prop_map(|(label, tc, bottom, ttl)| Label { label, tc, bottom, ttl });
    let labels = prop::collection::vec(label, 0..3);
    let told = prop::option::of((any::<u8>(), any::<u32>()));
    (prop::option::of(any::<u8>()), labels, flags, told).prop_map(
        |(current, labels, (by_target, rewritten, other_flow), told)| HopView {
            current: current.map(ip),
            labels,
            refusal: told.map(|(code, _)| Icmp::v4(3, code)),
            by_target,
            rewritten,
            reply_ttl: told.map(|(ttl, _)| ttl),
            other_flow,
            mtu: told.map(|(last, mtu)| (ip(last), mtu)),
            quoted: told.map(|(ttl, _)| Quoted { ttl, tos: ttl }),
        },
    )
}

/// What is recorded beside rounds and events.
fn any_beside() -> impl Strategy<Value = Record> {
    let counts = (any::<u64>(), any::<u64>(), any::<u64>());
    let echoes = prop::collection::vec((any::<u32>(), any_echo()), 0..5);
    prop_oneof![
        (any_time(), any_row(), any_hop()).prop_map(|(at, row, hop)| Record::Hop(Seen { at, row, hop })),
        (any_time(), counts).prop_map(|(at, (foreign, forged, overshoot))| {
            let messages = [(Stray::Foreign, foreign), (Stray::Forged, forged)].into_iter().collect();
            Record::Strays(at, Strays { messages, overshoot })
        }),
        (any_time(), echoes).prop_map(|(at, echoes)| {
            let (ago, us) = echoes.into_iter().unzip();
            Record::CrossCheck(Echoed { at, us, ago })
        }),
        (any_time(), any::<u8>()).prop_map(|(at, last)| Record::Source(at, ip(last))),
        (any_time(), any_end(), prop::option::of(any::<u8>()), any::<u8>()).prop_map(
            |(at, end, target_ttl, last_hop)| Record::End(Ending { at, end, target_ttl, last_hop })
        ),
    ]
}

fn any_other() -> impl Strategy<Value = Record> {
    let late = (any::<u32>(), any_row(), any::<u8>(), any::<bool>(), any::<u32>(), any_grade());
    let fault = (any_time(), prop::option::of(any_time()), any::<u64>());
    prop_oneof![
        late.prop_map(|(round, row, index, refused, us, grade)| {
            Record::Late(Late { round, row, index, refused, us, grade, from: ip(index) })
        }),
        any_row().prop_map(Record::Duplicate),
        fault.prop_map(|(since, until, not_sent)| {
            Record::Fault(Fault { kind: LocalFault::TooBig(1_400), since, until, not_sent })
        }),
        (any_time(), any::<u8>()).prop_map(|(at, ttl)| Record::Command(at, Command::MaxTtl(ttl))),
        (any_time(), 0u64..1 << 50)
            .prop_map(|(at, nanos)| Record::Command(at, Command::Interval(Duration::from_nanos(nanos)))),
        (any_time(), any_time(), any::<Option<bool>>()).prop_map(|(from, to, slept)| Record::Gap(Gap {
            from,
            to,
            why: Why::Resumed,
            slept
        })),
        (any_time(), 0u64..1 << 60).prop_map(|(time, nanos)| {
            let wall = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos);
            Record::ClockStep(Anchor { time, wall })
        }),
        any::<u8>().prop_map(|last| Record::Name(ip(last), format!("r{last}.\"example\"\\.org"))),
        (any_time(), any_row(), any::<u8>()).prop_map(|(at, row, every)| Record::Slowed(Slowed {
            at,
            row,
            every
        })),
        (any::<u32>(), any_time(), any::<u8>()).prop_map(|(number, start, ttl)| {
            let hops = vec![EpochHop { ttl, responders: vec![ip(ttl), ip(1)] }];
            Record::Epoch(Epoch { number, start, hops, again: Some(number) })
        }),
        (any::<u32>(), any_time(), prop::option::of(any_row())).prop_map(|(number, start, row)| {
            let what = What::Outage { lost: number, refused: 1, of: 9, by: Some((ip(9), Icmp::v4(3, 1))) };
            Record::Journal(Entry { number, start, end: None, row, withdrawn: true, what })
        }),
    ]
}

fn any_record() -> impl Strategy<Value = Record> {
    prop_oneof![2 => any_round(), 1 => any_other(), 1 => any_beside()]
}

fn read(text: &str) -> Vec<Record> {
    let mut decoder = Decoder::default();
    let records = text.lines().filter_map(|line| match decoder.decode(line.as_bytes()) {
        Ok(Decoded::Record(record)) => Some(record),
        Ok(Decoded::Nothing) => None,
        other => panic!("{other:?}: {line}"),
    });
    records.collect()
}

fn answered(us: u32) -> Try {
    Try::Answered { us, by: 0, grade: Grade::Kernel }
}

fn round(number: u32, tries: &[Try]) -> Record {
    let part = |row, ttl| RoundRow { row, ttl, responders: [ip(2)].into(), tries: tries.into() };
    Record::Round(Round {
        number,
        start: Time::from_millis(3_000 * u64::from(number)),
        interval: Duration::from_secs(1),
        end: End::Target { ttl: 2, upto: 2 },
        rows: vec![part(Row::Hop(1), 1), part(Row::Target, 2)],
    })
}

#[test]
fn what_the_lines_look_like() {
    let (mut encoder, mut text) = (Encoder::default(), String::new());
    let mut write = |record: &Record, time| encoder.encode(record, time, &mut text);
    write(&round(0, &[answered(1_234), Try::Lost, Try::NotSent]), None);
    let by = 0;
    write(&round(1, &[Try::Refused { by }, Try::Late { us: 5, by, grade: Grade::User }, Try::Skipped]), None);
    write(&Record::Command(Time::from_millis(1), Command::MaxTtl(9)), Some("2023-11-14T22:13:20Z"));
    let at = Time::from_millis(9_000);
    let labels = vec![Label { label: 16_001, tc: 0, bottom: true, ttl: 1 }];
    let hop = HopView { current: Some(ip(2)), labels, reply_ttl: Some(63), ..HopView::default() };
    write(&Record::Hop(Seen { at, row: Row::Hop(1), hop }), None);
    write(&Record::Strays(at, Strays { messages: [(Stray::Foreign, 3)].into(), overshoot: 19 }), None);
    let us = vec![Echo::Answered(12_300), Echo::Lost, Echo::Late(3_000_000), Echo::InFlight];
    write(&Record::CrossCheck(Echoed { at, us, ago: vec![1_012, 5_000, 4_000, 1_000] }), None);
    write(&Record::Source(at, ip(8)), None);
    let Record::Round(open) = round(2, &[answered(9), Try::InFlight]) else { unreachable!() };
    write(&Record::Open(open), None);
    let end = End::Target { ttl: 2, upto: 2 };
    write(&Record::End(Ending { at, end, target_ttl: Some(2), last_hop: 1 }), None);
    insta::assert_snapshot!(text);
}

#[test]
fn an_unknown_kind_is_told_apart_from_a_wrong_line() {
    let decode = |line: &str| Decoder::default().decode(line.as_bytes());
    for unknown in [r#"{"weather":{"rain":true}}"#, "{}", r#"{"time":"2023-11-14T22:13:20Z","x":1}"#] {
        assert_eq!(decode(unknown), Ok(Decoded::Unknown), "{unknown}");
    }
    let path = r#"{"path":{"interval":1,"end":"silent","rows":[[1,1,[]]]}}"#;
    for (line, why) in [
        ("", "EOF while parsing a value"),
        ("[1]", "invalid type: sequence, expected a record"),
        (r#"{"round":{"n":1,"at":0,"us":[]}}"#, "a round before any path"),
        ("{\"\u{1b}[2J\"", "control character (\\u0000-\\u001F) found while parsing a string"),
    ] {
        assert_eq!(decode(line).unwrap_err().to_string(), why, "{line}");
    }
    let mut decoder = Decoder::default();
    for (us, why) in [
        ("[]", "a round of another path"),
        ("[[],[]]", "a round of another path"),
        ("[[7]]", "an answer by nobody"),
        ("[[4294967296]]", "a time of more than an hour"),
        (r#"[["5z"]]"#, "a try that means nothing"),
    ] {
        assert_eq!(decoder.decode(path.as_bytes()), Ok(Decoded::Nothing));
        let line = format!(r#"{{"round":{{"n":1,"at":0,"us":{us}}}}}"#);
        assert_eq!(decoder.decode(line.as_bytes()).unwrap_err().to_string(), why);
    }
}

#[test]
fn a_path_is_said_again_now_and_then() {
    let (mut encoder, mut text) = (Encoder::default(), String::new());
    (0..1_000)
        .for_each(|number| encoder.encode(&crate::session::testing::round(number % 2 + 1), None, &mut text));
    let lines: Vec<&str> = text.lines().collect();
    let paths: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("{\"path\"")).collect();
    assert!(paths.len() <= 10 && paths.windows(2).all(|pair| pair[1] - pair[0] <= 201), "{paths:?}");
    assert_eq!(read(&text).len(), 1_000);
}

proptest! {
    #[test]
    fn what_is_written_is_read(records in prop::collection::vec(any_record(), 0..12), timed: bool) {
        let (mut encoder, mut text) = (Encoder::default(), String::new());
        let time = timed.then_some("2023-11-14T22:13:20Z");
        for record in &records {
            encoder.encode(record, time, &mut text);
        }
        prop_assert_eq!(read(&text), records);
    }

    #[test]
    fn a_round_is_read_the_same_whether_quickly_or_as_any_json(
        round in any_round(), change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let (mut encoder, mut text) = (Encoder::default(), String::new());
        encoder.encode(&round, None, &mut text);
        let (before, line) = text.trim_end().split_once('\n').unwrap();
        let mut line = line.as_bytes().to_vec();
        if let Some((at, byte)) = change {
            *at.get_mut(&mut line) = byte;
        }
        let mut decoder = Decoder::default();
        decoder.decode(before.as_bytes()).unwrap();
        let quickly = decoder.path.as_ref().and_then(|path| quick::round(&line, path));
        prop_assert!(change.is_some() || quickly == Some(round));
        let at_length = decoder.decode(&[b" ", &line[..]].concat());
        prop_assert!(quickly.is_none_or(|round| at_length == Ok(Decoded::Record(round))));
    }

    #[test]
    fn any_line_is_read_or_refused(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4)) {
        let mut decoder = Decoder::default();
        for line in lines {
            let _ = decoder.decode(&line);
        }
    }

    #[test]
    fn a_line_with_a_byte_changed_is_read_or_refused(
        records in prop::collection::vec(any_record(), 1..4), at: prop::sample::Index, byte: u8,
    ) {
        let (mut encoder, mut text) = (Encoder::default(), String::new());
        for record in &records {
            encoder.encode(record, None, &mut text);
        }
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut decoder = Decoder::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            if let Err(error) = decoder.decode(line) {
                prop_assert!(!error.to_string().contains(char::is_control));
            }
        }
    }
}
