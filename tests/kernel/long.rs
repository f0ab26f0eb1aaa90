//! A long real run at a quick pace, counted against the responder's log.
//!
//! ```text
//! cargo test --release --test kernel long -- --ignored --nocapture
//! ```

use crate::report;
use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait, both};

/// Routers on the way.
const ROUTERS: u8 = 10;
/// Minutes, and how often an interval of 10 ms fits into one.
const MINUTES: usize = 10;
const PER_MINUTE: usize = 6_000;

/// From this minute on memory is flat: a probe is remembered for a minute, and a slice of time takes the room of one
/// that may change for up to four.
const FLAT: usize = 5;
/// What may come on top until the end, in KiB: sealed slices take 7 KiB a minute.
const MORE: u64 = 256;

/// KiB resident of a process that are no file's.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
#[ignore = "ten minutes"]
fn ten_minutes_at_ten_milliseconds_are_counted_to_the_packet() {
    lab::inside(|| {
        let mut path = Node::path(ROUTERS);
        path[4] = path[4].clone().losing(0.02);
        let responder = Responder::start(path, Wait::Asleep);
        let count = (MINUTES * PER_MINUTE).to_string();
        let arguments = ["-i", "10ms", "-Z", "1s", "-c", &count];
        let child = report::start_as(lab::privileged_hopwatch(), both(ROUTERS + 1)[0], &arguments);
        let mut sizes = Vec::new();
        for minute in 1..=MINUTES {
            // Half a round before the end, while it still runs.
            let probes = (minute * PER_MINUTE - 50) * usize::from(ROUTERS + 1);
            responder.until("a minute's probes", 60.0, |seen| seen.len() >= probes);
            sizes.push(resident(child.id()));
            println!("minute {minute}: {probes} probes, {} KiB resident", sizes[sizes.len() - 1]);
        }
        let report = report::finish(child);
        let seen = responder.seen();
        report.assert_agrees_with(&seen);
        report.assert_way_out();
        let hops = report.hops();
        let sent: u64 = hops.iter().map(|hop| hop.count("sent")).sum();
        let overshoot = report.at("/overshoot").as_u64().expect("a count");
        assert_eq!(sent + overshoot, seen.len() as u64);
        let others: u64 = hops.iter().map(|hop| hop.count("not_sent") + hop.count("late")).sum();
        println!(
            "{} probes seen, {sent} booked and {overshoot} past the end; {others} late or not sent",
            seen.len()
        );
        assert!(sizes[MINUTES - 1] <= sizes[FLAT - 1] + MORE, "{sizes:?} KiB");
    });
}
