//! What the journal adds to the verdict of a span whose tries are no longer told apart.

use std::time::Duration;

use hopwatch::engine::journal::{Entry, Journal, What};
use hopwatch::engine::round::{Row, Try};
use hopwatch::engine::span::Span;
use hopwatch::engine::verdict::{Finding, Kind};
use hopwatch::wire::icmp::Icmp;

use crate::week::{DAY, HOUR, address, answered, at, hits, judged, watched, watched_as};

fn entry(number: u32, (from, to): (u64, u64), row: Row, what: What) -> Entry {
    Entry { number, start: at(from), end: Some(at(to)), row: Some(row), withdrawn: false, what }
}

const fn outage(lost: u32) -> What {
    What::Outage { lost, refused: 0, of: lost, by: None }
}

#[test]
fn a_few_route_changes_in_days_are_no_flapping() {
    let history = watched(2, |_, _| false);
    let changes = |times: [u64; 4]| {
        let mut journal = Journal::default();
        for (number, time) in (0..).zip(times) {
            let what = What::RouteChange { from: number, to: number + 1 };
            journal.take(entry(number, (time, time), Row::Hop(3), what));
        }
        judged(&history, &journal, Span::All)
    };
    let seldom = changes([6 * HOUR, 14 * HOUR, 30 * HOUR, 47 * HOUR]);
    assert_eq!((seldom.kind, seldom.changes), (Kind::Clean, 4), "{seldom:?}");
    let before = changes([600, 900, 1_200, 1_500]);
    assert_eq!((before.kind, before.changes), (Kind::Clean, 4), "{before:?}");
    let often = changes([1_500, 1_100, 700, 300].map(|ago| 2 * DAY - ago));
    assert_eq!((often.kind, often.changes), (Kind::Flapping, 4), "{often:?}");
}

#[test]
fn of_an_event_at_the_edge_of_a_span_only_the_part_within_counts() {
    let start = DAY + HOUR;
    let history = watched(2, |second, ttl| ttl >= 2 && (start..start + 420).contains(&second));
    let mut journal = Journal::default();
    journal.take(entry(0, (start, start + 420), Row::Hop(2), outage(420)));
    let spans = [(start - 6 * HOUR, start + 240, 240), (start + 120, start + 6 * HOUR, 300)];
    for (from, to, lost) in spans {
        let finding = judged(&history, &journal, Span::Between(at(from), at(to)));
        assert_eq!((finding.kind, finding.lost), (Kind::Outage, lost), "{finding:?}");
        let [event] = finding.episodes[..] else { panic!("{finding:?}") };
        assert_eq!((event.to - event.from, event.lost), (1_000 * lost, lost), "{finding:?}");
        assert!(u64::from(event.to) <= 1_000 * (to - from), "{finding:?}");
        assert_eq!(finding.since, Some(at(start.max(from))));
    }
    // A file may say anything.
    for number in 1..4 {
        journal.take(entry(number, (start + 9, start), Row::Hop(2), outage(u32::MAX)));
    }
    let finding = judged(&history, &journal, Span::Between(at(start - HOUR), at(start + HOUR)));
    assert_eq!(finding.kind, Kind::Outage, "{finding:?}");
}

#[test]
fn a_refusal_of_a_day_ago_is_no_clean_path() {
    let start = 20 * HOUR;
    let (until, refused) = (start + 300, Try::Refused { by: 0 });
    let history = watched_as(2, |second, ttl| {
        if ttl >= 3 && (start..until).contains(&second) { refused } else { answered(second, ttl) }
    });
    let by = (address(3), Icmp::v4(3, 13));
    let what = What::Outage { lost: 0, refused: 300, of: 300, by: Some(by) };
    let mut journal = Journal::default();
    journal.take(entry(0, (start, until), Row::Hop(3), what));
    let finding = judged(&history, &journal, Span::All);
    assert_eq!((finding.kind, finding.between, finding.by), (Kind::Outage, Some((2, 3)), Some(by)));
    assert_eq!(finding.since, Some(at(start)), "{finding:?}");
    let later = Span::Between(at(start) + Duration::from_secs(HOUR), at(2 * DAY));
    assert_eq!(judged(&history, &journal, later).kind, Kind::Clean);
}

#[test]
fn what_is_told_beside_a_verdict_has_its_hop_also_where_that_is_the_target() {
    let history = watched(2, |_, _| false);
    let mut journal = Journal::default();
    let step = What::Latency { before: 6_000, after: 46_000 };
    journal.take(entry(0, (DAY, DAY + 600), Row::Target, step));
    let finding = judged(&history, &journal, Span::All);
    assert_eq!(finding.secondary.iter().map(Finding::ttl).collect::<Vec<_>>(), [Some(6)], "{finding:?}");
}

#[test]
fn a_clean_route_does_not_hide_what_was_lost_on_the_one_before() {
    let change = DAY - 800;
    let found = |share: f64| {
        let history = watched(1, |second, ttl| ttl == 6 && second < change && hits(second, ttl, share));
        let mut journal = Journal::default();
        journal.take(entry(0, (change, change), Row::Hop(3), What::RouteChange { from: 0, to: 1 }));
        judged(&history, &journal, Span::Since(at(DAY - 1_500)))
    };
    let lossy = found(0.2);
    assert_eq!((lossy.kind, lossy.until_change), (Kind::Unclear, Some(at(change))), "{lossy:?}");
    let stray = found(0.004);
    assert!(stray.lost <= 8 && stray.kind == Kind::Clean, "{stray:?}");
}
