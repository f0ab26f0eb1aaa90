//! What is recorded of a watch is all that its report is made of: the document of the live watch and that of its
//! recording are one and the same, field by field.
//!
//! Every play is held against that, whatever it is about; here are those that are about nothing else.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hopwatch::engine::crosscheck::{CrossCheck, Echoes};
use hopwatch::engine::probe::{Event, Flows, Protocol, Stray};
use hopwatch::engine::record::Record;
use hopwatch::engine::round::Row;
use hopwatch::engine::snapshot::Snapshot;
use hopwatch::engine::span::Span;
use hopwatch::engine::time::Time;
use hopwatch::engine::trace::Trace;
use hopwatch::net::simulated::Simulated;
use hopwatch::net::simulated::demos::demo;
use hopwatch::net::simulated::scenario::{Conduct, Hop, Scenario};
use hopwatch::report::json;
use hopwatch::session::format::{Decoded, Decoder, Encoder, SCHEMA};
use hopwatch::session::header::Header;
use hopwatch::session::tape::Tape;
use hopwatch::watch::{About, View};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::paths::{plain, router, routers_and, still};
use crate::play::Play;

/// The header of what is played from 1970 on.
pub fn header(snapshot: &Snapshot) -> Header {
    Header {
        schema: SCHEMA.to_owned(),
        session: "played".to_owned(),
        part: 1,
        version: "0".to_owned(),
        target: "target.example".to_owned(),
        address: snapshot.target,
        source: None,
        protocol: "udp".to_owned(),
        port: None,
        tos: 0,
        flow_per_try: false,
        channel: "simulated".to_owned(),
        host: String::new(),
        pace: snapshot.pace.into(),
        started: SystemTime::UNIX_EPOCH,
        arguments: Vec::new(),
    }
}

fn document(snapshot: Snapshot, echoes: Option<Echoes>) -> Value {
    let about = About {
        target: "target.example".to_owned(),
        address: snapshot.target,
        source: None,
        protocol: Protocol::Udp,
        port: None,
        tos: 0,
        flows: Flows::Stable,
        channel: "simulated",
        host: String::new(),
    };
    let view = View {
        snapshot: Arc::new(snapshot),
        names: Arc::default(),
        origins: Arc::default(),
        naming: false,
        about: Arc::new(about),
        echoes,
        said: None,
        recorded: Arc::default(),
        untold: None,
    };
    let mut text = Vec::new();
    json::write(&mut text, &view, Span::All, &TimeZone::UTC).expect("a vector takes all");
    serde_json::from_slice(&text).expect("a document")
}

/// The records as a file has them, read back.
pub fn tape(header: &Header, records: &[Record]) -> Tape {
    let (mut encoder, mut text) = (Encoder::default(), String::new());
    for record in records {
        encoder.encode(record, None, &mut text);
    }
    let (mut decoder, mut tape) = (Decoder::default(), Tape::new(header, Span::All));
    for line in text.lines() {
        match decoder.decode(line.as_bytes()).expect("a line of ours") {
            Decoded::Record(record) => tape.push(record),
            other => assert_eq!(other, Decoded::Nothing, "{line}"),
        }
    }
    tape
}

/// The watch ends now: what its records make up is what it shows. Gives the document of both.
pub fn check(trace: &Trace, records: &[Record], now: Time, check: Option<&CrossCheck>) -> Value {
    let live = trace.snapshot(now);
    let header = header(&live);
    let live = document(live, check.map(CrossCheck::echoes));
    let (mut ended, mut records) = (trace.clone(), records.to_vec());
    records.extend(check.and_then(|check| check.clone().finish(now)).map(Record::CrossCheck));
    ended.finish(now);
    records.extend(std::iter::from_fn(|| ended.poll_record()));
    let tape = tape(&header, &records);
    let replayed = document(tape.snapshot(), tape.echoes());
    for (key, value) in live.as_object().expect("an object") {
        assert_eq!(&replayed[key], value, "{key} at {now:?}");
    }
    assert_eq!(replayed, live);
    live
}

/// A target that is asked by echo once a second until `now`, with what is recorded of that.
fn cross_checked(target: Hop, now: Time) -> (CrossCheck, Vec<Record>) {
    let second = Duration::from_secs(1);
    let mut check = CrossCheck::new(target.address, second, Echoes::default());
    let mut channel = Simulated::new(Scenario::still([192, 0, 2, 1], vec![target]));
    let mut records = Vec::new();
    let mut at = Time::ZERO;
    while at < now {
        while let Some(event) = channel.poll(at) {
            check.handle_event(event);
        }
        check.handle_timeout(at);
        while let Some(probe) = check.poll_transmit(at, second, true) {
            let outcome = channel.send(at, &probe);
            check.handle_sent(probe.no, outcome);
        }
        records.extend(
            check.poll_record(at, at.as_nanos().is_multiple_of(3_000_000_000)).map(Record::CrossCheck),
        );
        at = at + Duration::from_millis(1);
    }
    (check, records)
}

#[test]
fn labels_strays_and_the_cross_check_are_replayed_as_they_were_live() {
    let play = Play::new(demo("mpls").expect("a demo")).until_ms(20_000);
    let play = [Stray::Foreign, Stray::Forged, Stray::Foreign]
        .into_iter()
        .fold(play, |play, reason| play.event(Event::Stray(reason)))
        .until_ms(100_700);
    // Some answer in time, some late, some never, and the last are open at the end.
    let target = Hop::target([198, 51, 100, 1], 900.0).conduct(Conduct::Direct).jitter(300.0).loss(0.2);
    let (echo, told) = cross_checked(target, play.now);
    assert!((25..=35).contains(&told.len()), "one a round: {}", told.len());
    let records = [play.records.clone(), told].concat();
    let document = check(&play.trace, &records, play.now, Some(&echo));
    let labelled = document["hops"].as_array().expect("hops").iter().flat_map(|hop| {
        let responders = hop["responders"].as_array().expect("responders");
        responders
            .iter()
            .filter(|responder| responder["mpls"].as_array().is_some_and(|mpls| !mpls.is_empty()))
    });
    assert!(labelled.count() >= 2, "{document:#}");
    assert_eq!((&document["strays"]["foreign"], &document["strays"]["forged"]), (&2.into(), &1.into()));
    assert!(document["overshoot"].as_u64() > Some(0));
    let became = |what: &str| document["cross_check"][what].as_u64().expect("a count");
    assert!(
        ["answered", "late", "lost", "in_flight"].map(became).iter().all(|count| *count > 0),
        "{document:#}"
    );
}

#[test]
fn who_never_said_that_it_ended_has_told_most_of_it() {
    let play = Play::new(demo("mpls").expect("a demo")).until_ms(5_000);
    let play = play.event(Event::Stray(Stray::Foreign)).until_ms(100_000);
    let live = play.snapshot();
    let replayed = tape(&header(&live), &play.records).snapshot();
    assert_eq!((replayed.path.clone(), replayed.strays), (live.path, live.strays));
    assert!(replayed.path.hops.iter().any(|hop| !hop.labels.is_empty()));
}

#[test]
fn what_changes_with_every_answer_is_recorded_once_a_minute() {
    let mut turn = false;
    let play = Play::new(still(plain(6))).bend(move |now, event| match event {
        Event::Reply(mut reply) if reply.from == router(3) => {
            turn = !turn;
            reply.reply_ttl = Some(60 + u8::from(turn));
            vec![(now, Event::Reply(reply))]
        }
        other => vec![(now, other)],
    });
    let play = play.until_ms(600_000);
    let told = |ttl| {
        let of = |record: &&Record| matches!(record, Record::Hop(seen) if seen.row == Row::Hop(ttl));
        play.records.iter().filter(of).count()
    };
    assert_eq!(told(2), 1);
    assert!((2..=11).contains(&told(3)), "{}", told(3));
}

#[test]
fn a_part_of_a_recording_has_the_strays_of_its_time() {
    let mut play =
        Play::new(still(routers_and(3, Hop::router([203, 0, 113, 1], 8.0).conduct(Conduct::Silent))));
    for ms in [30_000, 150_000, 270_000] {
        play = play.until_ms(ms).event(Event::Stray(Stray::Foreign));
    }
    let play = play.until_ms(400_000);
    let at = Time::from_millis;
    let header = header(&play.snapshot());
    let strays = |span| {
        let mut tape = Tape::new(&header, span);
        play.records.iter().for_each(|record| tape.push(record.clone()));
        let snapshot = tape.snapshot();
        (snapshot.strays.get(&Stray::Foreign).copied().unwrap_or_default(), snapshot.overshoot)
    };
    let parts = [
        Span::Between(Time::ZERO, at(120_000)),
        Span::Between(at(120_000), at(240_000)),
        Span::Between(at(240_000), Time::FAR),
    ];
    let parts = parts.map(strays);
    assert_eq!(parts.map(|(foreign, _)| foreign), [1, 1, 1]);
    assert_eq!(parts.iter().map(|(_, overshoot)| overshoot).sum::<u64>(), strays(Span::All).1);
}
