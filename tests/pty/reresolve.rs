//! The target's name looked up again while the watch runs, and resolvers that take their time: nobody waits.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::start::{restored, shows_a_hop};
use crate::support::dns::DnsServer;
use crate::support::lab;
use crate::support::patience::deadline;
use crate::support::responder::{Node, Responder, Wait, node_address};
use crate::support::terminal::Terminal;

const NAME: &str = "place.lab";
const WHOLE: &str = "target at 4";

fn v4(distance: u8) -> Ipv4Addr {
    node_address(distance).0
}

/// The host is the fourth node; by and by it is to become the third.
fn at_the_fourth() -> (Responder, lab::Hosts) {
    let hosts = lab::hosts([(v4(4), NAME)]);
    (Responder::start(Node::path(3), Wait::Asleep), hosts)
}

/// The host is the third node now, wherever that is written.
fn to_the_third(responder: &Responder) {
    responder.set_path(Node::path(2));
}

fn hopwatch(flags: &[&str], state: &tempfile::TempDir) -> Command {
    let mut command = lab::hopwatch(flags);
    command.env("XDG_STATE_HOME", state.path());
    command
}

/// Waits until so many frames more were drawn.
fn goes_on(terminal: &Terminal) {
    let before = terminal.drawn().frames;
    terminal.until_drawn("more frames", |drawn| drawn.frames > before + 2);
}

#[test]
fn by_the_key_a_name_is_followed_to_its_new_address() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\n");
        let _server = DnsServer::start([]);
        let state = tempfile::tempdir().expect("a directory");
        let (responder, hosts) = at_the_fourth();
        let flags = ["-n", "-i", "200ms", NAME];
        for channel in [&["-u"][..], &["-T"]] {
            hosts.set([(v4(4), NAME)]);
            responder.set_path(Node::path(3));
            let mut terminal = Terminal::open(&hopwatch(&[channel, &flags].concat(), &state), 140, 30);
            terminal.until("the first hop", shows_a_hop);
            terminal.until_text(WHOLE);
            terminal.keys("R");
            terminal.until_text("place.lab is still 10.0.4.1");
            to_the_third(&responder);
            hosts.set([(v4(3), NAME)]);
            terminal.keys("R");
            terminal.until_text("place.lab was 10.0.4.1, is 10.0.3.1 now; statistics restarted");
            terminal.until_text("target at 3");
            hosts.set([(v4(1), "another.lab")]);
            terminal.keys("R");
            terminal.until_text("10.0.3.1 stays watched: cannot resolve \"place.lab\": no such name");
            goes_on(&terminal);
            terminal.keys("q");
            assert_eq!(terminal.ended().exit_code(), 0);
            terminal.until("the terminal restored", restored);
        }
        let recorded = std::fs::read_dir(state.path().join("hopwatch")).expect("recordings").count();
        assert_eq!(recorded, 4, "one for each address");
    });
}

#[test]
fn an_address_has_no_name_to_look_up() {
    lab::inside(|| {
        let state = tempfile::tempdir().expect("a directory");
        let _responder = at_the_fourth();
        let mut terminal = Terminal::open(&hopwatch(&["-n", "10.0.4.1"], &state), 120, 30);
        terminal.until_text(WHOLE);
        terminal.keys("R");
        terminal.until_text("10.0.4.1 is an address: there is no name to look up");
        terminal.keys("q");
        assert_eq!(terminal.ended().exit_code(), 0);
    });
}

#[test]
fn at_a_period_a_watch_without_a_screen_follows_a_name_too() {
    lab::inside(|| {
        let state = tempfile::tempdir().expect("a directory");
        let (responder, hosts) = at_the_fourth();
        let flags = ["--headless", "--jsonl", "-n", "-i", "200ms", "--reresolve", "1", NAME];
        let mut command = hopwatch(&flags, &state);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let start = Instant::now();
        let mut header = |address: &str| {
            let wanted = format!("\"address\":\"{address}\"");
            // Rounds come all the time, so that a wait ends at the deadline.
            let is_it = |line: &String| {
                assert!(start.elapsed() < deadline(20.0), "no header with {address}");
                line.contains("\"schema\"") && line.contains(&wanted)
            };
            lines.by_ref().map(|line| line.expect("text")).find(is_it).expect("a header");
        };
        header("10.0.4.1");
        to_the_third(&responder);
        hosts.set([(v4(3), NAME)]);
        header("10.0.3.1");
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).expect("it runs");
        for line in lines {
            line.expect("text");
        }
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("place.lab was 10.0.4.1, is 10.0.3.1 now; statistics restarted\n"), "{said}");
        let recorded = std::fs::read_dir(state.path().join("hopwatch")).expect("recordings").count();
        assert_eq!(recorded, 2, "one for each address: {said}");
    });
}

#[test]
fn while_the_resolver_takes_its_time_the_watch_goes_on_and_follows_the_late_answer() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n");
        let state = tempfile::tempdir().expect("a directory");
        let (responder, hosts) = at_the_fourth();
        let server = DnsServer::leading_late([(NAME, v4(3))]);
        let open = || Terminal::open(&hopwatch(&["-n", "-i", "200ms", NAME], &state), 120, 30);
        let mut terminals = [open(), open()];
        for terminal in &terminals {
            terminal.until_text(WHOLE);
        }
        // From now on the name is the server's.
        hosts.set([(v4(1), "another.lab")]);
        for terminal in &mut terminals {
            terminal.keys("R");
            terminal.until_text("looking place.lab up again");
            goes_on(terminal);
            terminal.keys("?");
            terminal.until_text("quit, whatever is open");
            terminal.keys("\x1b");
            terminal.until_text(WHOLE);
        }
        let [mut left, mut stays] = terminals;
        let start = Instant::now();
        left.keys("q");
        assert_eq!(left.ended().exit_code(), 0);
        assert!(start.elapsed() < deadline(1.0), "{:?} for quitting", start.elapsed());
        server.until_asked(4);
        to_the_third(&responder);
        server.release();
        stays.until_text("place.lab was 10.0.4.1, is 10.0.3.1 now; statistics restarted");
        stays.until_text("target at 3");
        stays.keys("q");
        assert_eq!(stays.ended().exit_code(), 0);
    });
}

#[test]
fn before_the_screen_opens_a_slow_resolver_can_be_left_and_can_be_waited_for() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n");
        let state = tempfile::tempdir().expect("a directory");
        let _responder = Responder::start(Node::path(3), Wait::Asleep);
        let server = DnsServer::leading_late([(NAME, v4(4))]);
        let open = || Terminal::open(&hopwatch(&["-n", NAME], &state), 120, 30);
        let (mut left, mut stays) = (open(), open());
        server.until_asked(4); // for both families each
        let start = Instant::now();
        left.keys("\x03");
        assert_eq!(left.ended().signal(), Some("Interrupt"));
        assert!(start.elapsed() < deadline(1.0), "{:?} for leaving", start.elapsed());
        server.release();
        stays.until_text(WHOLE);
        stays.keys("q");
        assert_eq!(stays.ended().exit_code(), 0);
    });
}

#[test]
fn hosts_names_that_come_late_are_shown_late_and_hold_up_nothing() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n");
        let state = tempfile::tempdir().expect("a directory");
        let _responder = Responder::start(Node::path(3), Wait::Asleep);
        let name = |distance| [&[2, b'r', b'0' + distance][..], b"\x07example\0"].concat();
        let server = DnsServer::pointing_late((1..=4).map(|distance| (v4(distance), name(distance))));
        let open = || Terminal::open(&hopwatch(&["10.0.4.1"], &state), 120, 30);
        let (mut left, mut stays) = (open(), open());
        for terminal in [&mut left, &mut stays] {
            terminal.until_text(WHOLE);
            goes_on(terminal);
            assert!(!terminal.screen().contents().contains("example"));
        }
        server.until_asked(8); // each for every hop
        let start = Instant::now();
        left.keys("q");
        assert_eq!(left.ended().exit_code(), 0);
        assert!(start.elapsed() < deadline(1.0), "{:?} for quitting", start.elapsed());
        server.release();
        for distance in 1..=4 {
            stays.until_text(&format!("r{distance}.example"));
        }
        stays.keys("q");
        assert_eq!(stays.ended().exit_code(), 0);
    });
}
