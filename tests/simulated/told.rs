//! Who is told of events, and what a resumed trace goes on from, on virtual time.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, SystemTime};

use hopwatch::engine::end::End;
use hopwatch::engine::epoch::Epoch;
use hopwatch::engine::probe::{Flows, Protocol};
use hopwatch::engine::record::{Record, Why};
use hopwatch::engine::round::Row;
use hopwatch::engine::time::{Anchor, Time};
use hopwatch::engine::trace::{Past, Trace, TraceConfig};
use hopwatch::net::simulated::Simulated;
use hopwatch::net::simulated::scenario::{Branch, Hop, Scenario};
use hopwatch::watch::{About, EventLink, Events, Happened};

use crate::paths::{TARGET, plain, router, still};
use crate::play::PACE;
use crate::replayed;
use crate::step::step;

const fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1_000)
}

fn trace(now: Time) -> Trace {
    let config = TraceConfig { target: TARGET, pace: PACE, count: None, seed: 7, flows: Flows::Stable };
    Trace::new(config, now, Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH })
}

/// Plays a trace over a path from one moment to another; gives what it records to `each`.
fn play(
    trace: &mut Trace,
    scenario: Scenario,
    (from, to): (Time, Time),
    mut each: impl FnMut(&Trace, Time, Record),
) {
    let mut path = Simulated::new(scenario);
    let mut now = from;
    while now <= to {
        now = step(trace, &mut path, now, |trace, record| each(trace, now, record));
    }
}

fn cut(ttl: usize) -> Branch {
    let mut hops = plain(6);
    hops[ttl - 1] = hops[ttl - 1].clone().loss(1.0);
    hops
}

/// By another router at hop 3.
fn detour() -> Branch {
    let mut hops = plain(6);
    hops[2] = Hop::router([198, 51, 100, 3], 6.0);
    hops
}

fn held_back(ms: u64) -> Branch {
    let mut hops = plain(6);
    hops[5].rtt += Duration::from_millis(ms);
    hops
}

fn about() -> About {
    About {
        target: "example.org".to_owned(),
        address: TARGET,
        source: None,
        protocol: Protocol::Udp,
        port: Some(33_434),
        tos: 0,
        flows: Flows::Stable,
        channel: "simulated",
        host: "here".to_owned(),
    }
}

#[test]
fn each_event_is_told_once_at_its_start_and_once_at_its_end() {
    let scenario = still(plain(6))
        .then(at(300), cut(4))
        .then(at(330), plain(6))
        .then(at(600), detour())
        .then(at(900), plain(6))
        // Everything is held back for a while and then let go.
        .then(at(1_200), held_back(20_000))
        .then(at(1_210), plain(6));
    let (queue, news) = sync_channel(64);
    let mut events = Events::new(EventLink { queue, status: Arc::default() }, None);
    let about = Arc::new(about());
    let mut trace = trace(Time::ZERO);
    play(&mut trace, scenario, (Time::ZERO, at(1_500)), |trace, now, record| {
        if let Record::Journal(entry) = record {
            events.push(&entry, || (Arc::new(trace.snapshot(now)), Arc::clone(&about)));
        }
    });
    drop(events);
    let told: Vec<_> = news
        .iter()
        .map(|news| (news.happened, news.entry.what.kind(), news.snapshot.now.since(Time::ZERO).as_secs()))
        .collect();
    let short: Vec<_> = told.iter().map(|(happened, kind, _)| (*happened, *kind)).collect();
    assert_eq!(
        short,
        [
            (Happened::Start, "outage"),
            (Happened::End, "outage"),
            (Happened::Once, "route_change"),
            (Happened::Once, "route_change"),
            (Happened::Start, "outage"),
            (Happened::End, "outage"),
            (Happened::Withdrawn, "outage"),
        ],
        "{told:?}"
    );
    // Two rounds decide a start: six seconds, and three more until the last of them is no longer waited for.
    let (start, end) = (told[0].2, told[1].2);
    assert!((300..=309).contains(&start) && (330..=339).contains(&end), "{told:?}");
}

#[test]
fn a_resumed_trace_goes_on_with_numbers_events_and_routes() {
    let mut records = Vec::new();
    let mut first = trace(Time::ZERO);
    let scenario = still(plain(6)).then(at(100), cut(2)).then(at(130), plain(6)).then(at(280), cut(2));
    play(&mut first, scenario, (Time::ZERO, at(300)), |_, _, record| records.push(record));
    let before = first.snapshot(at(300));
    assert_eq!(before.journal.iter().len(), 2);
    assert!(before.journal.outage().is_some());
    let rounds = records.iter().filter(|record| matches!(record, Record::Round(_))).count() as u32;
    first.finish(at(300));
    records.extend(std::iter::from_fn(|| first.poll_record()));
    let open = records.iter().filter(|record| matches!(record, Record::Open(_))).count() as u32;
    let rounds = rounds + open;
    let past: Past = replayed::tape(&replayed::header(&before), &records).past();
    let mut second = trace(at(4_000));
    second.resume(at(4_000), past);
    let before = std::mem::take(&mut records);
    // Elsewhere meanwhile, and then as before.
    let scenario =
        still(detour()).then(at(4_300), plain(6)).then(at(4_600), cut(5)).then(at(4_630), plain(6));
    play(&mut second, scenario, (at(4_000), at(4_900)), |_, _, record| records.push(record));
    let (first_news, gap) = (&records[0], &records[1]);
    assert!(
        matches!(first_news, Record::Journal(entry) if entry.number == 1 && entry.end == Some(at(300))),
        "{first_news:?}"
    );
    assert!(
        matches!(gap, Record::Gap(gap) if (gap.from, gap.to, gap.why) == (at(300), at(4_000), Why::Resumed)),
        "{gap:?}"
    );
    let round =
        records.iter().find_map(|record| if let Record::Round(round) = record { Some(round) } else { None });
    let round = round.expect("a round");
    assert_eq!((round.number, round.end), (rounds, End::Target { ttl: 6, upto: 6 }));
    let all = [before, records].concat();
    replayed::check(&second, &all, at(4_900), None);
    let after = second.snapshot(at(4_900));
    let list: Vec<_> = after
        .journal
        .iter()
        .map(|entry| (entry.number, entry.what.kind(), entry.row, entry.is_open()))
        .collect();
    assert_eq!(
        list,
        [
            (0, "outage", Some(Row::Hop(2)), false),
            (1, "outage", Some(Row::Hop(2)), false),
            (2, "route_change", Some(Row::Hop(3)), false),
            (3, "route_change", Some(Row::Hop(3)), false),
            (4, "outage", Some(Row::Hop(5)), false),
        ]
    );
    let third = |epoch: &Epoch| epoch.hops.iter().find(|hop| hop.ttl == 3).map(|hop| hop.responders.clone());
    let routes: Vec<_> = after.epochs.iter().map(|epoch| (epoch.number, epoch.again, third(epoch))).collect();
    let (here, there) = (Some(vec![router(3)]), Some(vec![[198, 51, 100, 3].into()]));
    assert_eq!(routes, [(0, None, here.clone()), (1, None, there), (2, Some(0), here)]);
    assert!(
        after.table(hopwatch::engine::span::Span::All).rows[0].counts.sent() > 1_000,
        "both watches count"
    );
    // From 0 to 4,900 s but for 3,700 s.
    let finding = after.verdict(hopwatch::engine::span::Span::All);
    assert_eq!(finding.unwatched, Duration::from_secs(3_700));
    assert!((1_190..=1_200).contains(&finding.watched().as_secs()), "{finding:?}");
}
