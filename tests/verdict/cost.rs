//! What the verdict of a long watch costs.

use std::time::{Duration, Instant};

use hopwatch::engine::history::History;
use hopwatch::engine::journal::{Entry, Journal, What};
use hopwatch::engine::random::mix;
use hopwatch::engine::round::{Row, Try};
use hopwatch::engine::span::Span;
use hopwatch::engine::verdict::verdict;

use crate::week::{DAY, HOUR, answered, at, hits, path_over, watched_over};

/// What a verdict takes at most, of any span.
const PROMISED: Duration = Duration::from_millis(20);
/// Routers; the target is the eleventh hop.
const ROUTERS: u8 = 10;

/// A week in which a try is lost where `is_lost` says so, by second and TTL.
fn week(is_lost: impl Fn(u64, u8) -> bool) -> History {
    let gives = |second, ttl| if is_lost(second, ttl) { Try::Lost } else { answered(second, ttl) };
    watched_over(ROUTERS, 7, gives)
}

/// As many events as a journal holds, all week long.
fn journal() -> Journal {
    let mut journal = Journal::default();
    for number in 0..1_000 {
        let start = u64::from(number) * 600;
        let (row, end) = (Some(Row::Hop(4)), Some(at(start + 20)));
        let what = What::Outage { lost: 20, refused: 0, of: 20, by: None };
        journal.take(Entry { number, start: at(start), end, row, withdrawn: false, what });
    }
    journal
}

/// The whole week and parts of it, the last of which are told try by try.
fn spans() -> Vec<Span> {
    let end = 7 * DAY;
    let lengths = [600, 1_500, 1_900, HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY];
    let last = lengths.iter().map(|length| Span::Since(at(end - length)));
    let moments = (0..40).map(|number| (mix(number) % end, mix(number + 1_000) % end));
    let between = moments.map(|(one, other)| Span::Between(at(one.min(other)), at(one.max(other))));
    [Span::All].into_iter().chain(last).chain(between).collect()
}

/// `cargo test --release --test verdict measure -- --ignored --nocapture`, on an idle machine.
#[test]
#[ignore = "a measurement, of weeks that take seconds to make"]
fn measure_the_verdict_of_a_week_of_eleven_hops() {
    let outage = |second: u64| second % 600 < 20;
    let weeks = [
        ("clean", week(|second, ttl| hits(second, ttl, 0.000_1))),
        ("loss everywhere", week(|second, ttl| hits(second, ttl, 0.2))),
        ("loss past hop 5", week(|second, ttl| ttl > 5 && hits(second, ttl, 0.03))),
        ("outages past hop 3", week(|second, ttl| ttl > 3 && outage(second))),
        ("a target that answers one in two", week(|second, ttl| ttl > ROUTERS && second % 2 == 0)),
    ];
    let (path, none, full) = (path_over(ROUTERS), Journal::default(), journal());
    for (name, history) in weeks {
        for (events, journal) in [("no", &none), ("1,000", &full)] {
            let took = |span: Span| {
                let once = || {
                    let start = Instant::now();
                    (verdict(&history, &path, journal, span).kind.name(), start.elapsed()).1
                };
                // Whatever else the machine does, the quickest of some is near to what it costs.
                (0..5).map(|_| once()).min().unwrap_or_default()
            };
            let times: Vec<(Duration, Span)> = spans().into_iter().map(|span| (took(span), span)).collect();
            let whole = times[0].0;
            let (worst, span) = times.into_iter().max_by_key(|(took, _)| *took).expect("a span");
            println!("{name}, {events} events: all {whole:.2?}, worst {worst:.2?} ({span:?})");
            assert!(worst < PROMISED, "{name}: {worst:?}");
        }
    }
}
