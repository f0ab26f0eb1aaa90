//! A terminal that takes no bytes stops drawing, not probing.

use nix::sys::signal::Signal;

use crate::start::{restored, shows_a_hop};
use crate::support::lab;
use crate::support::responder::{Node, Responder, Seen, Wait, both};
use crate::support::terminal::Terminal;

fn tries(seen: &[Seen]) -> usize {
    seen.iter().filter(|probe| probe.ttl == 1).count()
}

#[test]
fn probing_goes_on_while_the_terminal_is_not_read() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        let target = both(4)[0].to_string();
        let mut terminal = Terminal::open(&lab::hopwatch(&["-n", "-i", "100ms", &target]), 200, 60);
        // Past the first round, whose tries may wait for the target's burst to be earned again.
        responder.until("five tries", 5.0, |seen| tries(seen) >= 5);
        terminal.until("the first hop", shows_a_hop);
        terminal.stop_reading();
        // More than a terminal's buffer holds, whatever a frame takes.
        for _ in 0..40 {
            terminal.keys("\x0c");
        }
        let before = tries(&responder.seen());
        let seen = responder.until("thirty more tries", 6.0, |seen| tries(seen) >= before + 30);
        let asked: Vec<&Seen> = seen.iter().filter(|probe| probe.ttl == 1).skip(before).collect();
        for pair in asked.windows(2) {
            let gap = pair[1].received - pair[0].received;
            assert!(gap < 1_000_000_000, "no try for {gap} ns");
        }
        terminal.read_on();
        terminal.keys("q");
        assert_eq!(terminal.ended().exit_code(), 0);
        terminal.until("the terminal restored", restored);
    });
}

#[test]
fn a_terminal_that_is_not_read_does_not_keep_it_from_ending() {
    lab::inside(|| {
        let _responder = Responder::start(Node::path(3), Wait::Asleep);
        let target = both(4)[1].to_string();
        let mut terminal = Terminal::open(&lab::hopwatch(&["-n", "-i", "100ms", &target]), 200, 60);
        terminal.until("the first hop", shows_a_hop);
        terminal.stop_reading();
        for _ in 0..40 {
            terminal.keys("\x0c");
        }
        terminal.signal(Signal::SIGTERM);
        terminal.ended();
    });
}
