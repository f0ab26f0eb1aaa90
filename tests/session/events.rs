//! Who is told of events: a command, the bell.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait, both};
use crate::support::terminal::Terminal;
use crate::watch::{QUICK, Watch, lines, place, text, until};

/// The path with everything behind its first router lost.
fn cut() -> Vec<Node> {
    let mut path = Node::path(3);
    path.iter_mut().skip(1).for_each(|node| node.loss = 1.0);
    path
}

fn watch(more: &[&str]) -> Watch {
    let mut command = lab::hopwatch(&["--headless", "--jsonl", "--no-record"]);
    command.args(QUICK).args(more).arg(both(4)[0].to_string());
    Watch::start(command)
}

fn happened(file: &Path) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines(file).iter().map(|news| (text(&news["happened"]), text(&news["event"]["kind"]))).collect()
}

#[test]
fn a_command_is_told_of_start_and_end_on_its_standard_input_alone() {
    lab::inside(|| {
        let (directory, file) = place();
        let open = directory.path().join("open");
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        let command = format!(
            "cat >> '{}'; ls -l /proc/self/fd /proc/$$/fd >> '{}'; echo noise; echo noise >&2",
            file.display(),
            open.display()
        );
        let watch = watch(&["--on-event", &command]);
        watch.until_round(5);
        responder.set_path(cut());
        until("the start", 10.0, || lines(&file).len() == 1);
        responder.set_path(Node::path(3));
        until("the end", 10.0, || lines(&file).len() == 2);
        watch.signal(Signal::SIGTERM);
        let (status, _, said) = watch.ended();
        assert!(status.success());
        assert_eq!(
            said,
            "noise\nnoise\n".repeat(2),
            "what it prints is on standard error, and nothing else is"
        );
        let told = lines(&file);
        assert_eq!(
            happened(&file),
            [("start", "outage"), ("end", "outage")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(told[0]["target"], serde_json::json!({"name": "10.0.4.1", "address": "10.0.4.1"}));
        assert!(told[0]["event"]["end"].is_null() && told[1]["event"]["end"].is_string(), "{told:#?}");
        assert_eq!((&told[1]["event"]["hop"], &told[1]["event"]["number"]), (&2.into(), &0.into()));
        let open = std::fs::read_to_string(open).expect("a file");
        for ours in ["socket:", "anon_inode", "/dev/p"] {
            assert!(!open.contains(ours), "a command has a {ours} of ours: {open}");
        }
    });
}

/// The capability sets that a command told of an outage has: permitted, effective and ambient.
fn capabilities(mut command: Command, channel: &str) -> Vec<u64> {
    let (_directory, file) = place();
    let responder = Responder::start(Node::path(3), Wait::Asleep);
    let told = format!("exec grep -E 'Cap(Prm|Eff|Amb)' /proc/self/status > '{}'", file.display());
    command.args(["--headless", "--jsonl", "--no-record", "--channel", channel, "--on-event", &told]);
    let watch = Watch::start({
        command.args(QUICK).arg(both(4)[0].to_string());
        command
    });
    watch.until_round(5);
    responder.set_path(cut());
    let read = || std::fs::read_to_string(&file).unwrap_or_default();
    until("the command", 10.0, || read().lines().count() == 3);
    let sets = read();
    let sets = sets.lines().filter_map(|line| u64::from_str_radix(line.split_whitespace().nth(1)?, 16).ok());
    sets.collect()
}

#[test]
fn a_command_of_root_runs_as_root_and_one_of_anybody_else_without_capabilities() {
    /// As far as programs are started, this user is not root any more.
    const ORDINARY: &str = "--securebits=+noroot,+noroot_locked";
    lab::inside(|| {
        let directory = tempfile::tempdir().expect("a directory");
        // A file with a capability, as an administrator makes it for ordinary users.
        let capable = directory.path().join("hopwatch");
        std::fs::copy(env!("CARGO_BIN_EXE_hopwatch"), &capable).expect("room");
        lab::run(&["setcap", "cap_net_raw+ep", text(&capable)]);
        for channel in ["raw", "error-queue"] {
            let sets = capabilities(lab::privileged_hopwatch(), channel);
            assert!(sets[0] != 0 && sets[1] != 0, "{channel}: root's own choice: {sets:x?}");
            let mut command = Command::new("setpriv");
            command.args([
                ORDINARY,
                "--bounding-set=-all,+net_raw",
                "--inh-caps=-all",
                "--ambient-caps=-all",
                "--",
            ]);
            command.arg(&capable);
            assert_eq!(capabilities(command, channel), [0, 0, 0], "{channel}: of the file");
            let mut command = Command::new("setpriv");
            command.args([ORDINARY, "--inh-caps=+net_raw", "--ambient-caps=+net_raw", "--"]);
            command.arg(env!("CARGO_BIN_EXE_hopwatch"));
            assert_eq!(capabilities(command, channel), [0, 0, 0], "{channel}: ambient");
        }
    });
}

#[test]
fn a_command_that_fails_or_is_none_is_said_and_the_watch_goes_on() {
    lab::inside(|| {
        for (command, why) in [
            ("/no/such/command --x", "the command cannot be started (status 127)"),
            ("exit 3", "the command ended with status 3"),
        ] {
            let responder = Responder::start(Node::path(3), Wait::Asleep);
            let watch = watch(&["--on-event", command]);
            watch.until_round(5);
            responder.set_path(cut());
            watch.until("the outage", 5.0, |record| record["journal"].is_object());
            let last = watch.until("a round after", 5.0, |record| record["round"].is_object());
            let last = last.last().expect("a round")["round"]["n"].as_u64().expect("a number");
            watch.until_round(last + 3);
            watch.signal(Signal::SIGTERM);
            let (status, _, said) = watch.ended();
            assert!(status.success());
            assert_eq!(said.matches(&format!("hopwatch: --on-event: {why}")).count(), 1, "{said}");
        }
    });
}

#[test]
fn a_command_that_hangs_holds_up_neither_probing_nor_the_end() {
    lab::inside(|| {
        let (_directory, file) = place();
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        let watch = watch(&["--on-event", &format!("cat >> '{}'; exec sleep 25", file.display())]);
        watch.until_round(5);
        responder.set_path(cut());
        until("it runs", 10.0, || lines(&file).len() == 1);
        let asked = responder.seen().len();
        responder.until("probing goes on", 5.0, |seen| seen.len() > asked + 20);
        watch.signal(Signal::SIGTERM);
        let (status, _, said) = watch.ended();
        assert!(status.success(), "{said}");
    });
}

#[test]
fn the_bell_rings_once_and_a_failing_command_is_named_on_the_screen() {
    lab::inside(|| {
        let (_directory, file) = place();
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        let mut command = lab::hopwatch(&[
            "--bell",
            "--on-event",
            "echo garbage; echo garbage >&2; exit 9",
            "--record",
            text(&file),
        ]);
        command.args(QUICK).arg(both(4)[0].to_string());
        let mut terminal = Terminal::open(&command, 80, 24);
        terminal.until_text("target at 4");
        assert_eq!(terminal.drawn().bells, 0);
        responder.set_path(cut());
        let screen = terminal.until_text("--on-event: the command ended with status 9");
        assert!(!screen.contents().contains("garbage"), "{}", screen.contents());
        terminal.until_text("outage since");
        responder.set_path(Node::path(3));
        terminal.until("the end of it", |screen| !screen.contents().contains("outage since"));
        assert_eq!(terminal.drawn().bells, 1);
        terminal.keys("q");
        assert_eq!(terminal.ended().exit_code(), 0);
    });
}
