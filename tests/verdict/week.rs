//! Verdicts of spans whose tries are no longer told apart.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use hopwatch::engine::history::History;
use hopwatch::engine::journal::{Entry, Journal, What};
use hopwatch::engine::path::{End, HopView, PathView};
use hopwatch::engine::probe::Grade;
use hopwatch::engine::random::mix;
use hopwatch::engine::round::{Round, RoundRow, Row, Try};
use hopwatch::engine::span::Span;
use hopwatch::engine::time::Time;
use hopwatch::engine::verdict::{Finding, Kind, verdict};

pub const HOUR: u64 = 3_600;
pub const DAY: u64 = 24 * HOUR;
/// Routers; the target follows.
const ROUTERS: u8 = 5;

pub fn address(ttl: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, ttl])
}

pub fn path() -> PathView {
    path_over(ROUTERS)
}

/// A path over so many routers.
pub fn path_over(routers: u8) -> PathView {
    let hop = |ttl| HopView { current: Some(address(ttl)), ..HopView::default() };
    PathView {
        end: End::Target { ttl: routers + 1, upto: routers + 1 },
        target_ttl: Some(routers + 1),
        last_hop: routers,
        hops: (1..=routers).map(hop).collect(),
        target: hop(routers + 1),
    }
}

/// So many days of it; `is_lost` says of a second and a TTL whether the try is lost.
pub fn watched(days: u64, is_lost: impl Fn(u64, u8) -> bool) -> History {
    watched_as(days, |second, ttl| if is_lost(second, ttl) { Try::Lost } else { answered(second, ttl) })
}

/// What a try of a second and a TTL gives where all is well.
pub fn answered(second: u64, ttl: u8) -> Try {
    let us = 1_000 * u32::from(ttl) + (mix(second) % 200) as u32;
    Try::Answered { us, by: 0, grade: Grade::Kernel }
}

/// The same; `gives` says what a try gives.
pub fn watched_as(days: u64, gives: impl Fn(u64, u8) -> Try) -> History {
    watched_over(ROUTERS, days, gives)
}

/// The same over so many routers.
pub fn watched_over(routers: u8, days: u64, gives: impl Fn(u64, u8) -> Try) -> History {
    let mut history = History::default();
    for number in 0..days * DAY / 3 {
        let part = |ttl: u8| {
            let tries = (0..3).map(|index| gives(3 * number + index, ttl));
            let row = if ttl > routers { Row::Target } else { Row::Hop(ttl) };
            RoundRow { row, ttl, responders: [address(ttl)].into(), tries: tries.collect() }
        };
        history.push(Round {
            number: number as u32,
            start: Time::from_millis(3_000 * number),
            interval: Duration::from_secs(1),
            end: End::Target { ttl: routers + 1, upto: routers + 1 },
            rows: (1..=routers + 1).map(part).collect(),
        });
    }
    history
}

pub fn judged(history: &History, journal: &Journal, span: Span) -> Finding {
    let judged = || {
        let start = Instant::now();
        let finding = verdict(history, &path(), journal, span);
        (start.elapsed(), finding)
    };
    // Whatever else the machine does, the quickest of some is near to what it costs.
    let (took, finding) = (0..5).map(|_| judged()).min_by_key(|(took, _)| *took).expect("a verdict");
    println!("{:.1} ms: {}", 1_000.0 * took.as_secs_f64(), finding.text());
    finding
}

pub fn at(second: u64) -> Time {
    Time::from_millis(1_000 * second)
}

/// By chance, a share of the tries.
pub fn hits(second: u64, ttl: u8, share: f64) -> bool {
    (mix(second ^ mix(ttl.into())) >> 11) as f64 / (1u64 << 53) as f64 <= share
}

#[test]
fn trouble_of_days_ago_is_placed_and_dated_from_slices() {
    // An hour of loss past hop 3 three days ago, and an outage past hop 1 the day before that.
    let (loss, outage) = (4 * DAY + 5 * HOUR, 3 * DAY + HOUR);
    let history = watched(7, |second, ttl| {
        let is_cut = ttl >= 2 && (outage..outage + 400).contains(&second);
        is_cut || ttl >= 4 && (loss..loss + HOUR).contains(&second) && hits(second, ttl, 0.2)
    });
    let none = Journal::default();
    let around = Span::Between(at(loss - 20 * HOUR), at(loss + 20 * HOUR));
    let finding = judged(&history, &none, around);
    assert_eq!((finding.kind, finding.between), (Kind::Loss, Some((3, 4))), "{finding:?}");
    let since = finding.since.expect("since when").as_nanos() / 1_000_000_000;
    assert!(since <= loss && loss - since <= 600, "{since} for {loss}");
    assert!((600..840).contains(&finding.lost), "{finding:?}");
    // With the journal's times an outage is one, to the second.
    let mut journal = Journal::default();
    let what = What::Outage { lost: 400, refused: 0, of: 400, by: None };
    let (start, row) = (at(outage), Some(Row::Hop(2)));
    journal.take(Entry { number: 0, start, end: Some(at(outage + 400)), row, withdrawn: false, what });
    let finding = judged(&history, &journal, Span::Between(at(2 * DAY), at(4 * DAY)));
    assert_eq!((finding.kind, finding.between, finding.since), (Kind::Outage, Some((1, 2)), Some(start)));
    // A week with both names the one that lost more, whatever the last half hour is like.
    let finding = judged(&history, &none, Span::All);
    assert!(matches!(finding.kind, Kind::Loss | Kind::Outage), "{finding:?}");
    assert!(matches!(finding.between, Some((3, 4) | (1, 2))), "{finding:?}");
    let clean = judged(&history, &none, Span::Between(at(5 * DAY), at(7 * DAY)));
    assert_eq!((clean.kind, clean.lost), (Kind::Clean, 0), "{clean:?}");
}

#[test]
fn a_clean_week_has_a_bound_of_its_own() {
    let history = watched(7, |second, ttl| hits(second, ttl, 0.000_05));
    let finding = judged(&history, &Journal::default(), Span::All);
    assert_eq!(finding.kind, Kind::Clean, "{finding:?}");
    assert_eq!(u64::from(finding.samples), 7 * DAY);
    let [_, high] = finding.ci95.expect("a bound");
    assert!((0.000_05..0.000_12).contains(&high), "{high}");
}

#[test]
fn loss_all_week_long_has_a_share_and_a_place() {
    let history = watched(3, |second, ttl| ttl >= 3 && hits(second, ttl, 0.03));
    let finding = judged(&history, &Journal::default(), Span::All);
    assert_eq!((finding.kind, finding.between), (Kind::Loss, Some((2, 3))), "{finding:?}");
    let [low, high] = finding.ci95.expect("an interval");
    assert!(low < 0.03 && 0.03 < high && high - low < 0.004, "{finding:?}");
    // Where answers from behind come back another way, all of that way is in question.
    let mut path = path();
    assert!(finding.ways_back.is_none() && !finding.text().contains("anywhere"), "{}", finding.text());
    for (ttl, hop) in (1u8..).zip(&mut path.hops) {
        hop.reply_ttl = Some(65 - ttl - if ttl >= 3 { 4 } else { 0 });
    }
    let finding = verdict(&history, &path, &Journal::default(), Span::All);
    assert_eq!((finding.between, finding.ways_back), (Some((2, 3)), Some((2, 7))), "{finding:?}");
    assert!(finding.text().contains("anywhere on the way back"), "{}", finding.text());
}

#[test]
fn slices_with_too_few_tries_say_nothing_and_such_as_sent_none_say_so() {
    let (seldom, unsent) = (22 * HOUR, 21 * HOUR);
    let history = watched_as(1, |second, ttl| match second {
        _ if (unsent..unsent + 60).contains(&second) => Try::NotSent,
        _ if (seldom..seldom + 60).contains(&second) && second % 5 > 0 => Try::Skipped,
        _ => answered(second, ttl),
    });
    let judged = |from, to| judged(&history, &Journal::default(), Span::Between(at(from), at(to)));
    let few = judged(seldom, seldom + 30);
    assert_eq!((few.kind, few.samples), (Kind::Gathering, 6), "{few:?}");
    assert_eq!(judged(seldom, seldom + 60).kind, Kind::Clean);
    let none = judged(unsent, unsent + 60);
    assert_eq!((none.kind, none.since), (Kind::Local, Some(at(unsent))), "{none:?}");
}
