//! What history takes of memory and time.

use std::time::{Duration, Instant};

use hopwatch::engine::history::{History, RECENT_ROUNDS};
use hopwatch::engine::record::Record;
use hopwatch::engine::round::{Round, Row};
use hopwatch::engine::span::Span;
use hopwatch::engine::time::Time;

use crate::rounds::{Dice, Watch};

const MIB: usize = 1 << 20;

/// What 30 hops take of memory after a week and after a month, tried once an interval.
fn month(interval: Duration) -> [usize; 2] {
    let days = |days: u64| Time::from_millis(days * 24 * 3_600_000);
    let mut watch = Watch::new(30, interval);
    let mut history = History::default();
    // A thousand different rounds, again and again: to roll every try takes too long.
    let pattern: Vec<Round> = (0..1_000).map(|_| watch.next()).collect();
    let (mut number, mut start) = (0, Time::ZERO);
    [days(7), days(30)].map(|end| {
        while start < end {
            history.push(Round { number, start, ..pattern[number as usize % 1_000].clone() });
            (number, start) = (number + 1, start + interval * 3);
        }
        history.size()
    })
}

#[test]
fn thirty_hops_for_a_month_take_less_than_32_mib() {
    let [week, month] = month(Duration::from_secs(20));
    println!("30 hops every 20 s: {:.1} MiB after a week, {:.1} after a month", mib(week), mib(month));
    assert!(month < 32 * MIB, "{month}");
}

/// Run with `cargo test --release --test simulated -- --ignored --nocapture default_pace`.
#[test]
#[ignore = "folds 78 million tries"]
fn thirty_hops_for_a_month_at_the_default_pace_take_less_than_32_mib() {
    let [week, month] = month(Duration::from_secs(1));
    println!("30 hops every second: {:.1} MiB after a week, {:.1} after a month", mib(week), mib(month));
    assert!(month < 32 * MIB, "{month}");
}

#[test]
fn a_try_every_ten_milliseconds_soon_takes_hardly_more_room() {
    const HOPS: u8 = 11;
    let interval = Duration::from_millis(10);
    let mut watch = Watch::new(HOPS, interval);
    let mut history = History::default();
    let pattern: Vec<Round> = (0..1_000).map(|_| watch.next()).collect();
    let mut start = Time::ZERO;
    let mut sizes = Vec::new();
    for (number, round) in (0..).zip(pattern.iter().cycle()).take(16 * 2_000) {
        history.push(Round { number, start, ..round.clone() });
        start = start + interval * 3;
        if (number + 1) % 2_000 == 0 {
            sizes.push(history.size());
        }
    }
    println!(
        "{HOPS} hops every 10 ms: {:?} KiB minute by minute",
        sizes.iter().map(|b| b / 1024).collect::<Vec<_>>()
    );
    // Slices that may change are large, and none is open for longer than four minutes.
    let most = |minutes: &[usize]| minutes.iter().max().copied().unwrap_or_default();
    let (first, last) = (most(&sizes[3..8]), most(&sizes[11..]));
    assert!(last < first + 8 * usize::from(HOPS) * 1_024, "{sizes:?}");
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / MIB as f64
}

/// Run with `cargo test --release --test simulated -- --ignored --nocapture how_long`.
#[test]
#[ignore = "prints times, which depend on the machine"]
fn how_long_a_week_of_eleven_hops_takes_to_ask() {
    let mut watch = Watch::new(11, Duration::from_secs(1));
    let mut history = History::default();
    let began = Instant::now();
    let week = 7 * 24 * 3_600_u64;
    while watch.now < Time::from_millis(week * 1_000) {
        history.apply(&Record::Round(watch.next()));
    }
    let rounds = watch.number;
    println!("{rounds} rounds folded in {:?}, {:.1} MiB", began.elapsed(), mib(history.size()));
    let mut dice = Dice(1);
    let mut took = Vec::new();
    for _ in 0..500 {
        let [a, b] = [(); 2].map(|()| Time::from_millis(dice.roll(week * 1_000)));
        for span in [Span::Since(a), Span::Between(a.min(b), a.max(b))] {
            let began = Instant::now();
            for ttl in 1..=11 {
                std::hint::black_box(history.totals(Row::Hop(ttl), span, &[]));
            }
            took.push(began.elapsed());
        }
    }
    took.sort_unstable();
    println!("a random span takes {:?} as a rule, the slowest of 1000 {:?}", took[500], took[999]);
    let recent = history.recent().next().expect("rounds").start;
    let began = Instant::now();
    for ttl in 1..=11 {
        std::hint::black_box(history.totals(Row::Hop(ttl), Span::Since(recent), &[]));
    }
    println!("all of {RECENT_ROUNDS} rounds try by try took {:?}", began.elapsed());
    let began = Instant::now();
    let copies: Vec<History> = (0..1_000).map(|_| history.clone()).collect();
    println!("a clone takes {:?}", began.elapsed() / copies.len() as u32);
}
