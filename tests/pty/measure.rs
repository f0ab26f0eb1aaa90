//! Measurements of the whole program, printed; they pass if they meet what was promised.
//!
//! ```text
//! cargo test --release --test pty -- --ignored --nocapture --test-threads=1 measure
//! ```

use std::time::{Duration, Instant};

use crate::start::shows_a_hop;
use crate::support::lab;
use crate::support::responder::{Node, Responder, Seen, Wait, both};
use crate::support::terminal::{Drawn, Terminal, processor_time};

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
#[ignore = "a measurement"]
fn measure_the_first_frame() {
    lab::inside(|| {
        let _responder = Responder::start(Node::path(10), Wait::Asleep);
        let target = both(11)[0].to_string();
        let times = (0..20).map(|_| {
            let start = Instant::now();
            let terminal = Terminal::open(&lab::hopwatch(&["-n", &target]), 120, 30);
            let drawn = terminal.until_drawn("a frame", |drawn| drawn.frames > 0);
            drawn.last.expect("a frame") - start
        });
        let median = median(times.collect());
        println!("first frame after {median:?}, median of 20");
        assert!(median < Duration::from_millis(60));
    });
}

#[test]
#[ignore = "a measurement of a minute"]
fn measure_what_a_full_screen_costs() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(10), Wait::Asleep);
        let target = both(11)[0].to_string();
        let terminal = Terminal::open(&lab::hopwatch(&["-n", &target]), 120, 30);
        terminal.until("the first hop", shows_a_hop);
        let measure =
            || (terminal.drawn(), responder.seen().len(), processor_time(terminal.pid()), Instant::now());
        let rounds = |seen: &[Seen]| seen.iter().filter(|probe| probe.ttl == 1).count();
        let (before, probes, used, start) = measure();
        responder.until("sixty rounds", 20.0, |seen| rounds(seen) >= 60);
        let (after, all, used_in_all, end) = measure();
        let seconds = (end - start).as_secs_f64();
        let frames = (after.frames - before.frames) as f64 / seconds;
        let cost = (used_in_all - used) / u32::try_from(all - probes).expect("few") * 1000;
        let status = std::fs::read_to_string(format!("/proc/{}/status", terminal.pid())).expect("it runs");
        let resident = status.lines().find(|line| line.starts_with("VmRSS")).expect("a size").to_owned();
        println!("{frames:.2} frames a second, {cost:?} of processor time per 1,000 probes, {resident}");
        assert!(frames <= 4.0);
    });
}

#[test]
#[ignore = "a measurement"]
fn measure_that_nothing_is_drawn_when_nothing_changes() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        let target = both(4)[0].to_string();
        let mut terminal = Terminal::open(&lab::hopwatch(&["-n", &target]), 120, 30);
        terminal.until("the first hop", shows_a_hop);
        terminal.keys("p");
        terminal.until("frozen", |screen| screen.contents().to_lowercase().contains("frozen"));
        let seen = responder.seen().len();
        let frozen: Drawn = terminal.drawn();
        responder.until("four rounds more", 5.0, |now| now.len() >= seen + 16);
        let frames = terminal.drawn().frames - frozen.frames;
        println!("{frames} frames in four rounds of a frozen view");
    });
}
