//! The terminal itself: it is what it says it is, with ordinary programs in it.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::support::svg;
use crate::support::terminal::Terminal;

fn shell(script: &str, columns: u16, rows: u16) -> Terminal {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Terminal::open(&command, columns, rows)
}

#[test]
fn the_screen_the_size_and_the_exit_code_are_the_commands() {
    let terminal = shell("stty size; printf '\\033[3;5Hthere'; exit 7", 70, 20);
    assert_eq!(terminal.ended().exit_code(), 7);
    let screen = terminal.until_text("there");
    assert_eq!(screen.rows(0, 70).next().as_deref(), Some("20 70"));
    assert_eq!(screen.cell(2, 4).map(vt100::Cell::contents), Some("t"));
}

#[test]
fn keys_reach_the_command() {
    let mut terminal = shell("read line; echo got=$line", 40, 5);
    terminal.keys("abc\r");
    terminal.until_text("got=abc");
    assert!(terminal.ended().success());
}

#[test]
fn a_new_size_reaches_the_command() {
    let terminal = shell("trap 'stty size; exit 0' WINCH; echo ready; while :; do read line; done", 40, 5);
    terminal.until_text("ready");
    terminal.resize(66, 22);
    terminal.until_text("22 66");
}

#[test]
fn frames_are_counted_wherever_the_bytes_are_cut() {
    let mut terminal = shell(
        "stty -echo; printf '\\033[?20'; read go; printf '26ha\\033[?2026l\\033[?2026hb\\033[?2026l'",
        40,
        5,
    );
    terminal.until_drawn("the first half", |drawn| drawn.bytes == 5);
    terminal.keys("\r");
    assert!(terminal.ended().success());
    let drawn = terminal.until_drawn("both frames", |drawn| drawn.frames == 2);
    assert!(drawn.last.is_some());
}

#[test]
fn a_signal_ends_the_command() {
    let terminal = shell("echo ready; exec cat", 40, 5);
    terminal.until_text("ready");
    terminal.signal(Signal::SIGTERM);
    assert_eq!(terminal.ended().signal(), Some("Terminated"));
}

#[test]
fn hanging_up_sends_the_command_a_hangup_and_types_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("typed");
    let script = format!("exec > {}; stty raw; echo ready > /dev/tty; exec cat", path.display());
    let mut terminal = shell(&script, 40, 5);
    terminal.until_text("ready");
    terminal.hang_up();
    assert_eq!(terminal.ended().signal(), Some("Hangup"));
    assert_eq!(std::fs::read_to_string(path).expect("a file"), "");
}

#[test]
fn a_terminal_that_is_not_read_blocks_the_command_until_it_is() {
    let terminal = shell(
        "i=0; while [ $i -lt 4000 ]; do echo 'a line of quite some length, counted'; i=$((i+1)); done; echo finished",
        60,
        5,
    );
    terminal.until_drawn("the first lines", |drawn| drawn.bytes > 100);
    terminal.stop_reading();
    terminal.until_state('S');
    let stopped = terminal.drawn();
    assert!(!terminal.has_ended() && stopped.bytes < 4000 * 40, "{stopped:?}");
    terminal.read_on();
    terminal.until_text("finished");
    assert!(terminal.ended().success());
}

#[test]
fn a_picture_holds_text_colours_and_shapes() {
    let terminal = shell("printf '\\033[31;1mred<\\033[0m \\033[7mback\\033[0m ▄ ─ ⠃ 漢 done'", 40, 3);
    let picture = svg::render(&terminal.until_text("done"));
    for part in [
        ">red&lt;</text>",
        "fill=\"#e5626d\" font-weight=\"bold\"",
        "fill=\"#15181d\">back</text>",
        "y=\"9.00\" width=\"8.4\" height=\"9.00\"",
        "stroke=\"#d4d8de\"",
        "textLength=\"16.8\"",
    ] {
        assert!(picture.contains(part), "no {part} in {picture}");
    }
    assert_eq!(picture.matches("<circle").count(), 2);
}
