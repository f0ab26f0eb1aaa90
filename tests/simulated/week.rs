//! A week of probing on virtual time.
//!
//! ```text
//! cargo test --release --test simulated week -- --ignored --nocapture
//! ```

use std::time::{Duration, SystemTime};

use hopwatch::engine::probe::Flows;
use hopwatch::engine::round::Row;
use hopwatch::engine::span::Span;
use hopwatch::engine::time::{Anchor, Time};
use hopwatch::engine::trace::{Trace, TraceConfig};
use hopwatch::net::simulated::Simulated;

use crate::paths::{TARGET, plain, still};
use crate::play::PACE;

const DAY: Duration = Duration::from_hours(24);
const HOPS: u8 = 10;

/// MiB resident.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("linux");
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4.0 / 1024.0
}

#[test]
#[ignore = "six million probes; half a minute in a release build"]
fn a_week_is_counted_to_the_probe_in_memory_that_stays() {
    let mut hops = plain(HOPS);
    hops[4] = hops[4].clone().loss(0.02).jitter(30.0);
    let mut path = Simulated::new(still(hops));
    let config = TraceConfig { target: TARGET, pace: PACE, count: None, seed: 3, flows: Flows::default() };
    let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
    let mut trace = Trace::new(config, Time::ZERO, anchor);
    let (mut now, mut sent, mut days) = (Time::ZERO, 0_u64, Vec::new());
    for day in 1..=7 {
        let end = Time::ZERO + DAY * day;
        while now < end {
            while let Some(event) = path.poll(now) {
                trace.handle_event(now, event);
            }
            trace.handle_timeout(now);
            while let Some(probe) = trace.poll_transmit(now) {
                sent += 1;
                let outcome = path.send(now, &probe);
                trace.handle_sent(now, probe.no, outcome);
            }
            while trace.poll_record().is_some() {}
            let next = [trace.poll_timeout(), path.poll_timeout()].into_iter().flatten().min();
            now = next.expect("it never ends").max(now);
        }
        let snapshot = trace.snapshot(now);
        let rows = snapshot.table(Span::All).rows;
        let booked: u64 = rows.iter().map(|row| row.counts.sent() + row.counts.not_sent).sum();
        assert_eq!(booked + snapshot.overshoot, sent, "day {day}");
        days.push((snapshot.history.size() as f64 / 1024.0 / 1024.0, resident()));
        println!(
            "day {day}: {sent} probes, {:.2} MiB of history, {:.1} MiB resident",
            days[days.len() - 1].0,
            days[days.len() - 1].1
        );
    }
    let rows = trace.snapshot(now).table(Span::All).rows;
    for row in rows.iter().filter(|row| row.row != Row::Target) {
        let slots = DAY.as_secs() * 7;
        // A change of the order may cost a hop a slot, so that it is asked no sooner than an interval after.
        let sent = row.counts.sent();
        assert!((slots * 99 / 100..=slots + 1).contains(&sent), "TTL {}: {sent} in {slots} s", row.ttl);
        assert_eq!(row.counts.lost > 0, row.ttl >= 5, "TTL {}", row.ttl);
    }
    let (first, last) = (days[1], days[6]);
    assert!(last.0 < 16.0 && last.1 - first.1 < 16.0, "{days:?}");
}
