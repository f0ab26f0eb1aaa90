//! A day at the default pace with known events: the journal lists each of them, and nothing else.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hopwatch::engine::epoch::Epochs;
use hopwatch::engine::journal::{Entry, Journal, What};
use hopwatch::engine::probe::{Flows, LocalFault};
use hopwatch::engine::record::Record;
use hopwatch::engine::round::{Row, Try};
use hopwatch::engine::time::{Anchor, Time};
use hopwatch::engine::trace::{Trace, TraceConfig};
use hopwatch::net::simulated::Simulated;
use hopwatch::net::simulated::scenario::{Branch, Conduct, Hop, Limit, Scenario};
use hopwatch::wire::icmp::Icmp;

use crate::play::PACE;
use crate::step::step;

const HOUR: u64 = 3_600;
const ROUND: Duration = Duration::from_secs(3);

const fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1_000)
}

/// Eight hops: one that limits its answers, a silent one, and a target 25 ms away.
fn way() -> Branch {
    let router = |n: u8, ms: f64| Hop::router([192, 0, 2, n], ms).jitter(1.5);
    vec![
        router(1, 0.6),
        router(2, 4.0),
        router(3, 6.0).limit(Limit { burst: 3.0, per_second: 0.5 }),
        router(4, 9.0).conduct(Conduct::Silent),
        router(5, 12.0),
        router(6, 15.0),
        router(7, 20.0),
        Hop::target([203, 0, 113, 9], 25.0).jitter(3.0),
    ]
}

/// The same with hop `ttl` changed.
fn with(mut hops: Branch, ttl: usize, change: impl FnOnce(Hop) -> Hop) -> Branch {
    hops[ttl - 1] = change(hops[ttl - 1].clone());
    hops
}

/// The same with every hop from `ttl` on further away.
fn slower(mut hops: Branch, ttl: usize, ms: u64) -> Branch {
    for hop in &mut hops[ttl - 1..] {
        hop.rtt += Duration::from_millis(ms);
    }
    hops
}

/// The same by other routers from hop 5 to 6, and one more of them.
fn detour() -> Branch {
    let mut hops = way();
    let other = |n: u8, ms: f64| Hop::router([198, 51, 100, n], ms).jitter(1.5);
    hops.splice(4..6, [other(5, 12.0), other(6, 13.0), other(7, 16.0)]);
    hops
}

/// What came of a watch.
struct Watched {
    journal: Arc<Journal>,
    epochs: Arc<Epochs>,
    /// Records of events and routes: what goes to disk for them.
    told: usize,
}

/// Watches `scenario` for so many seconds, asleep from one moment to another.
fn watch(scenario: Scenario, seconds: u64, sleep: Option<(u64, u64)>) -> Watched {
    let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
    let config =
        TraceConfig { target: scenario.target, pace: PACE, count: None, seed: 7, flows: Flows::Stable };
    let mut trace = Trace::new(config, Time::ZERO, anchor);
    let mut path = Simulated::new(scenario);
    let (mut told, mut now, mut sleep) = (0, Time::ZERO, sleep);
    while now <= at(seconds) {
        now = step(&mut trace, &mut path, now, |_, record| {
            told += usize::from(matches!(record, Record::Journal(_) | Record::Epoch(_)));
        });
        if let Some((from, to)) = sleep.filter(|(from, _)| now >= at(*from)) {
            assert!(now < at(from + 1));
            now = at(to);
            sleep = None;
        }
    }
    let snapshot = trace.snapshot(now);
    Watched { journal: snapshot.journal, epochs: snapshot.epochs, told }
}

/// What an entry is, in short, and where.
fn short(entry: &Entry) -> (&'static str, Option<u8>) {
    let ttl = entry.row.map(|row| if let Row::Hop(ttl) = row { ttl } else { 0 });
    (entry.what.kind(), ttl)
}

#[track_caller]
fn assert_near(found: Option<Time>, wanted: u64, what: &Entry) {
    let found = found.unwrap_or_else(|| panic!("still open: {what:?}"));
    let off = found.since(at(wanted)).max(at(wanted).since(found));
    assert!(off <= ROUND, "{off:?} off {wanted} s: {what:?}");
}

#[test]
fn a_day_with_known_events_is_listed_event_by_event_and_nothing_else() {
    let cut = |ttl: usize| with(way(), ttl, |hop| hop.loss(1.0));
    let refused = with(way(), 6, |hop| hop.conduct(Conduct::Block(Icmp::v4(3, 13))));
    // From when to when, in seconds; what; and the hop, 0 for the target.
    let target = Some(0);
    let events = [
        (HOUR, HOUR + 60, "outage", Some(6)),
        (2 * HOUR + 7, 2 * HOUR + 11, "outage", target),
        (3 * HOUR + 1, 4 * HOUR + 2, "latency", Some(5)),
        (5 * HOUR, 5 * HOUR, "route_change", Some(5)),
        (6 * HOUR + 2, 6 * HOUR + 2, "route_change", Some(5)),
        (7 * HOUR, 7 * HOUR + 40, "local", None),
        (8 * HOUR, 10 * HOUR, "suspend", None),
        (11 * HOUR, 11 * HOUR + 300, "outage", Some(7)),
        (12 * HOUR, 12 * HOUR + 120, "latency", Some(7)),
        (13 * HOUR, 13 * HOUR + 25, "local", None),
        (14 * HOUR, 15 * HOUR, "outage", Some(1)),
        (16 * HOUR, 16 * HOUR + 600, "loss_burst", Some(7)),
        (20 * HOUR + 1, 20 * HOUR + 31, "outage", Some(2)),
    ];
    let paths = [
        cut(6),
        cut(8),
        slower(way(), 5, 30),
        detour(),
        way(),
        way(),
        way(),
        refused,
        slower(way(), 7, 8),
        way(),
        cut(1),
        with(way(), 7, |hop| hop.loss(0.35)),
        cut(2),
    ];
    let mut scenario = Scenario::still([192, 0, 2, 200], way());
    for ((from, to, kind, _), path) in events.into_iter().zip(paths) {
        scenario = scenario.then(at(from), path);
        match kind {
            "local" => scenario.faults.push((at(from), at(to), LocalFault::NoRoute)),
            "route_change" => {}
            _ => scenario = scenario.then(at(to), way()),
        }
    }
    let Watched { journal, epochs, told } = watch(scenario, 24 * HOUR, Some((8 * HOUR, 10 * HOUR)));
    let list: Vec<&Entry> = journal.iter().collect();
    let found: Vec<_> = list.iter().map(|entry| short(entry)).collect();
    let wanted: Vec<_> = events.iter().map(|(_, _, kind, row)| (*kind, *row)).collect();
    assert_eq!(found, wanted, "{list:#?}");
    for (entry, (from, to, kind, _)) in list.into_iter().zip(events) {
        // The first loss of a burst, and the last, come when chance has it.
        let slack = if kind == "loss_burst" { 12 } else { 0 };
        assert_near(
            Some(entry.start),
            (entry.start.as_nanos() / 1_000_000_000).clamp(from, from + slack),
            entry,
        );
        let end = entry.end.unwrap_or(Time::FAR).as_nanos() / 1_000_000_000;
        assert_near(entry.end, end.clamp(to - slack, to), entry);
    }
    let routes: Vec<_> = epochs.iter().map(|epoch| (epoch.number, epoch.hops.len(), epoch.again)).collect();
    // Hop 4 is silent, and the detour is one hop longer.
    assert_eq!(routes, [(0, 7, None), (1, 8, None), (2, 7, Some(0))], "{epochs:?}");
    assert!(told < 150, "{told} records of {} events", journal.iter().len());
}

#[test]
fn what_is_in_force_at_the_end_has_all_that_was_lost_on_the_screen_and_on_disk() {
    let cut = with(way(), 6, |hop| hop.loss(1.0));
    let scenario = Scenario::still([192, 0, 2, 200], way()).then(at(60), cut);
    let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
    let config =
        TraceConfig { target: scenario.target, pace: PACE, count: None, seed: 7, flows: Flows::Stable };
    let mut trace = Trace::new(config, Time::ZERO, anchor);
    let mut path = Simulated::new(scenario);
    let (mut records, mut now) = (Vec::new(), Time::ZERO);
    // Between two of the doublings at which it is told.
    while now <= at(81) {
        now = step(&mut trace, &mut path, now, |_, record| records.push(record));
    }
    let told = |records: &[Record]| {
        let mut entries = records.iter().filter_map(|record| match record {
            Record::Journal(entry) => Some(entry.clone()),
            _ => None,
        });
        entries.next_back().expect("an outage")
    };
    let lost = |entry: &Entry| match entry.what {
        What::Outage { lost, .. } => lost as usize,
        _ => panic!("{entry:?}"),
    };
    let settled = |records: &[Record], start: Time| {
        let rounds = records.iter().filter_map(|record| match record {
            Record::Round(round) => Some(round),
            _ => None,
        });
        let since = rounds.filter(|round| round.start + ROUND > start);
        let tries = since.flat_map(|round| round.row(Row::Target).expect("its row").tries.iter());
        tries.filter(|one| matches!(one, Try::Lost)).count()
    };
    let before = told(&records);
    let shown = trace.snapshot(now).journal.iter().last().expect("an outage").clone();
    assert!(shown.is_open() && lost(&before) < lost(&shown), "{before:?}, {shown:?}");
    assert_eq!(lost(&shown), settled(&records, shown.start));
    trace.finish(now);
    records.extend(std::iter::from_fn(|| trace.poll_record()));
    assert_eq!(told(&records), shown);
}

#[test]
fn jitter_rare_loss_and_hops_that_limit_their_answers_are_no_events() {
    let hops = with(way(), 6, |hop| hop.loss(0.01).jitter(60.0));
    let mut hops = with(hops, 2, |hop| hop.limit(Limit { burst: 6.0, per_second: 0.7 }));
    hops.last_mut().expect("a target").jitter = Duration::from_millis(40);
    let watched = watch(Scenario::still([192, 0, 2, 200], hops), 24 * HOUR, None);
    let list: Vec<&Entry> = watched.journal.iter().collect();
    // Three losses in a row come about once in ten days at this rate.
    assert!(list.len() <= 1, "{list:#?}");
}

#[test]
fn a_path_that_loses_a_third_of_all_is_one_burst_while_that_lasts() {
    let lossy = with(way(), 6, |hop| hop.loss(0.33));
    let scenario = Scenario::still([192, 0, 2, 200], way()).then(at(600), lossy).then(at(2_400), way());
    let watched = watch(scenario, HOUR, None);
    let list: Vec<&Entry> = watched.journal.iter().collect();
    assert_eq!(
        list.iter().map(|entry| short(entry)).collect::<Vec<_>>(),
        [("loss_burst", Some(6))],
        "{list:#?}"
    );
    let What::LossBurst { lost, of } = list[0].what else { panic!("{list:?}") };
    assert!((500..700).contains(&lost) && (1_700..1_810).contains(&of), "{lost} of {of}");
}

#[test]
fn a_link_that_flaps_is_one_outage_that_tells_how_much_was_lost() {
    let mut scenario = Scenario::still([192, 0, 2, 200], way());
    for turn in 0..30 {
        let cut = with(way(), 7, |hop| hop.loss(1.0));
        scenario = scenario.then(at(600 + 20 * turn), cut).then(at(610 + 20 * turn), way());
    }
    let watched = watch(scenario, HOUR, None);
    let list: Vec<&Entry> = watched.journal.iter().collect();
    assert_eq!(list.iter().map(|entry| short(entry)).collect::<Vec<_>>(), [("outage", Some(7))], "{list:#?}");
    assert_near(list[0].end, 1_190, list[0]);
    let What::Outage { lost, of, .. } = list[0].what else { panic!("{list:?}") };
    assert!(lost.abs_diff(300) < 20 && of.abs_diff(590) < 20, "{lost} of {of}");
}

#[test]
fn where_the_target_is_silent_the_last_hop_that_answers_stands_in() {
    let silent = |hops: Branch| with(hops, 8, |hop| hop.conduct(Conduct::Silent));
    let cut = with(silent(way()), 6, |hop| hop.loss(1.0));
    let scenario =
        Scenario::still([192, 0, 2, 200], silent(way())).then(at(900), cut).then(at(960), silent(way()));
    let watched = watch(scenario, HOUR, None);
    let list: Vec<&Entry> = watched.journal.iter().collect();
    assert_eq!(list.iter().map(|entry| short(entry)).collect::<Vec<_>>(), [("outage", Some(6))], "{list:#?}");
    assert_near(Some(list[0].start), 900, list[0]);
    assert_near(list[0].end, 960, list[0]);
}

#[test]
fn routers_that_take_turns_are_one_path() {
    let twin = |n: u8| with(way(), 5, |_| Hop::router([192, 0, 2, 50 + n], 12.0).jitter(1.5));
    for branches in [2, 3, 16] {
        for seed in 0..5 {
            let mut scenario = Scenario::still([192, 0, 2, 200], way());
            scenario.stages[0].1 = (0..branches).map(twin).collect();
            scenario.seed = seed;
            let watched = watch(scenario, HOUR, None);
            let epoch = watched.epochs.last().expect("an epoch");
            assert_eq!(
                (watched.epochs.count(), watched.journal.iter().len()),
                (1, 0),
                "{:?}",
                watched.journal
            );
            let hop = epoch.hops.iter().find(|hop| hop.ttl == 5).expect("a hop");
            assert_eq!(hop.responders.len(), usize::from(branches));
        }
    }
}

#[test]
fn a_route_that_flaps_for_ever_is_a_few_entries_and_a_bounded_list_of_epochs() {
    let scenario =
        Scenario::still([192, 0, 2, 200], way()).then(at(45), detour()).every(Duration::from_secs(90));
    let watched = watch(scenario, 6 * HOUR, None);
    assert_eq!(watched.epochs.count(), 6 * 80);
    assert_eq!(watched.epochs.iter().count(), hopwatch::engine::epoch::MAX_EPOCHS);
    let wrong = watched.epochs.iter().skip(2).find(|epoch| epoch.again != Some(epoch.number % 2));
    assert_eq!(wrong, None);
    let list: Vec<&Entry> = watched.journal.iter().collect();
    assert!(list.len() < 8 && list.iter().all(|entry| entry.what.kind() == "route_change"), "{list:#?}");
}

#[test]
fn answers_that_come_late_shorten_an_outage_or_take_it_back() {
    // The link holds everything back for some seconds and then lets it go.
    let slow = slower(way(), 8, 20_000);
    let scenario = Scenario::still([192, 0, 2, 200], way()).then(at(300), slow).then(at(310), way());
    let watched = watch(scenario, 600, None);
    let list: Vec<&Entry> = watched.journal.iter().collect();
    assert!(list.is_empty(), "{list:#?}");
    assert!(watched.told > 2, "it was listed before the answers came");
}

/// The way to a target that answers so often a second at most, as Linux does once.
fn rationed(per_second: f64) -> Branch {
    with(way(), 8, |hop| hop.limit(Limit { burst: 6.0, per_second }))
}

#[test]
fn a_target_that_rations_its_answers_makes_no_events() {
    for per_second in [0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.85] {
        let scenario = Scenario::still([192, 0, 2, 200], rationed(per_second));
        let watched = watch(scenario, HOUR, None);
        let list: Vec<&Entry> = watched.journal.iter().collect();
        assert!(list.is_empty(), "{per_second} a second: {list:#?}");
        assert!(watched.told < 30, "{per_second} a second: {} records", watched.told);
    }
}

#[test]
fn an_outage_of_a_target_that_rations_its_answers_is_one_and_ends() {
    for per_second in [0.25, 0.4, 0.6, 0.75] {
        let cut = with(rationed(per_second), 6, |hop| hop.loss(1.0));
        let scenario = Scenario::still([192, 0, 2, 200], rationed(per_second))
            .then(at(900), cut)
            .then(at(1_020), rationed(per_second));
        let watched = watch(scenario, HOUR, None);
        let list: Vec<&Entry> = watched.journal.iter().collect();
        let [outage] = list[..] else { panic!("{per_second} a second: {list:#?}") };
        assert!(matches!(outage.what, What::Outage { .. }), "{per_second} a second: {outage:?}");
        // How soon the target misses an answer is up to how seldom it gives one.
        let start = outage.start.as_nanos() / 1_000_000_000;
        assert!((898..=930).contains(&start), "{per_second} a second: {outage:?}");
        assert_near(outage.end, 1_020, outage);
    }
}
