//! Ten minutes of a real watch with known events: the journal lists each of them, and nothing else.
//!
//! ```text
//! cargo test --release --test session day -- --ignored --nocapture
//! ```

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait, both};
use crate::watch::{Watch, place, report, text};

/// Routers on the way.
const ROUTERS: u8 = 6;
/// A round, and how far a start or an end may be off: in seconds, at three tries half a second apart.
const ROUND: f64 = 1.5;

fn path() -> Vec<Node> {
    let far = |node: Node, ms: f64| node.after_ms(ms).jitter_ms(1.0);
    (0..).zip(Node::path(ROUTERS)).map(|(place, node)| far(node, 2.0 + 3.0 * f64::from(place))).collect()
}

fn cut(ttl: usize) -> Vec<Node> {
    (1..).zip(path()).map(|(at, node)| if at >= ttl { node.losing(1.0) } else { node }).collect()
}

fn slower(ttl: usize, ms: u64) -> Vec<Node> {
    let slow = |mut node: Node| {
        node.delay += Duration::from_millis(ms);
        node
    };
    (1..).zip(path()).map(|(at, node)| if at >= ttl { slow(node) } else { node }).collect()
}

/// By another router at hop 4.
fn detour() -> Vec<Node> {
    let other = |node: Node| node.at([10, 9, 9, 9].into(), [0xfd00, 9, 9, 9, 9, 9, 9, 9].into());
    (1..).zip(path()).map(|(at, node)| if at == 4 { other(node) } else { node }).collect()
}

fn seconds_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

/// An event as it was made: kind, first hop, start, and end where it has a length of its own.
type Made = (&'static str, Option<u64>, f64, Option<f64>);

#[test]
#[ignore = "ten minutes, nearly all of them asleep"]
fn ten_minutes_with_known_events_are_listed_event_by_event_and_nothing_else() {
    lab::inside(|| {
        let (_directory, file) = place();
        let responder = Responder::start(path(), Wait::Asleep);
        let mut command = lab::hopwatch(&["--headless", "--jsonl", "--record", text(&file)]);
        command.args(["-n", "-i", "500ms", "-Z", "1s"]).arg(both(ROUTERS + 1)[0].to_string());
        let watch = Watch::start(command);
        let began = Instant::now();
        // The script's own clock: nothing here waits for the program.
        let at = |second: u64| {
            std::thread::sleep(
                (began + Duration::from_secs(second)).saturating_duration_since(Instant::now()),
            );
            seconds_now()
        };
        let mut made: Vec<Made> = Vec::new();
        let mut played = |kind, hop, from: u64, to: u64, during: Vec<Node>| {
            let start = at(from);
            responder.set_path(during);
            let end = at(to);
            responder.set_path(path());
            made.push((kind, hop, start, Some(end)));
        };
        played("outage", Some(3), 60, 72, cut(3));
        played("outage", Some(7), 120, 126, cut(7));
        played("latency", Some(5), 170, 215, slower(5, 40));
        played("outage", Some(1), 260, 265, cut(1));
        let there = at(310);
        responder.set_path(detour());
        let back = at(350);
        responder.set_path(path());
        made.extend([("route_change", Some(4), there, None), ("route_change", Some(4), back, None)]);
        let start = at(400);
        lab::run(&["ip", "route", "del", "default"]);
        let end = at(420);
        lab::run(&["ip", "route", "add", "default", "via", "10.0.1.1"]);
        made.push(("local", None, start, Some(end)));
        let start = at(470);
        watch.signal(Signal::SIGSTOP);
        let end = at(485);
        watch.signal(Signal::SIGCONT);
        made.push(("suspend", None, start, Some(end)));
        let start = at(530);
        responder.set_path(slower(2, 60));
        let end = at(575);
        responder.set_path(path());
        made.push(("latency", Some(2), start, Some(end)));
        at(600);
        watch.signal(Signal::SIGTERM);
        let (status, _, said) = watch.ended();
        assert!(status.success(), "{said}");
        let document = report(&file, &[]);
        let journal = document["journal"].as_array().expect("a list");
        println!("{journal:#?}");
        let moment = |value: &Value| {
            let text = value.as_str()?;
            let moment: jiff::Timestamp = text.parse().expect("a moment");
            Some(moment.as_second() as f64)
        };
        assert_eq!(journal.len(), made.len(), "made: {made:#?}");
        for (entry, (kind, hop, start, end)) in journal.iter().zip(&made) {
            assert_eq!((entry["kind"].as_str(), entry["hop"].as_u64()), (Some(*kind), *hop), "{entry:#}");
            // Reports tell whole seconds.
            let near = |found: Option<f64>, wanted: f64| {
                found.is_some_and(|found| (found + 0.5 - wanted).abs() <= ROUND + 0.5)
            };
            assert!(near(moment(&entry["start"]), *start), "{start}: {entry:#}");
            let found = moment(&entry["end"]);
            assert!(near(found, end.unwrap_or(*start)), "{end:?}: {entry:#}");
        }
    });
}
