//! Measurements of the whole program, printed; they pass if they meet what was promised.
//!
//! ```text
//! cargo test --release --test pty -- --ignored --nocapture --test-threads=1 measure
//! ```

use std::process::Command;
use std::time::{Duration, Instant};

use crate::start::shows_a_hop;
use crate::support::lab;
use crate::support::responder::{Node, Responder, Seen, Wait, both};
use crate::support::terminal::{Terminal, processor_time};

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

/// A running program and its share of the probes: those with that cookie, or all others.
struct Runner {
    terminal: Terminal,
    cookie: Option<u64>,
    ours: bool,
}

impl Runner {
    fn probes(&self, seen: &[Seen]) -> usize {
        seen.iter().filter(|probe| (probe.cookie == self.cookie) == self.ours).count()
    }

    /// Probes so far, processor time so far.
    fn so_far(&self, responder: &Responder) -> (usize, Duration) {
        (self.probes(&responder.seen()), processor_time(self.terminal.pid()))
    }
}

/// Processor time for 1,000 probes between two readings.
fn cost(from: (usize, Duration), to: (usize, Duration)) -> Duration {
    to.1.saturating_sub(from.1) * 1000 / u32::try_from(to.0 - from.0).expect("few")
}

#[test]
#[ignore = "a measurement of a minute; mtr beside it where there is one"]
fn measure_what_a_full_screen_costs() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(10), Wait::Asleep);
        let target = both(11)[0].to_string();
        let terminal = Terminal::open(&lab::hopwatch(&["-n", &target]), 120, 30);
        terminal.until("the first hop", shows_a_hop);
        let cookie = responder.seen()[0].cookie;
        let hopwatch = Runner { terminal, cookie, ours: true };
        let mtr = Command::new("mtr").arg("-v").output().is_ok().then(|| {
            let mut command = Command::new("mtr");
            command.args(["-u", "-n", &target]);
            let terminal = Terminal::open(&command, 120, 30);
            terminal.until_text("10.0.10.1");
            Runner { terminal, cookie, ours: false }
        });
        let reading = || {
            let runners = [Some(&hopwatch), mtr.as_ref()];
            (
                hopwatch.terminal.drawn().frames,
                Instant::now(),
                runners.map(|runner| Some(runner?.so_far(&responder))),
            )
        };
        let rounds =
            |seen: &[Seen]| seen.iter().filter(|probe| probe.ttl == 1 && probe.cookie == cookie).count();
        let start = rounds(&responder.seen());
        let (frames, began, [ours, others]) = reading();
        responder.until("sixty rounds", 20.0, |seen| rounds(seen) >= start + 60);
        let (frames_at_last, ended, [ours_at_last, others_at_last]) = reading();
        let frames = (frames_at_last - frames) as f64 / (ended - began).as_secs_f64();
        let ours = cost(ours.expect("it runs"), ours_at_last.expect("it runs"));
        let pid = hopwatch.terminal.pid();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        let resident: u32 = resident.trim().trim_end_matches(" kB").parse().expect("a number");
        println!(
            "{frames:.2} frames a second, {ours:?} of processor time per 1,000 probes, {resident} KiB resident"
        );
        assert!(frames <= 4.0 && resident < 15 * 1024);
        if let Some((others, at_last)) = others.zip(others_at_last) {
            let others = cost(others, at_last);
            println!("mtr: {others:?} of processor time per 1,000 probes");
            assert!(cfg!(debug_assertions) || ours < others * 3 / 2, "more than one and a half times mtr's");
        }
    });
}
