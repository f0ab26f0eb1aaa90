//! Every way out restores the terminal, and a stop is only a stop.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::start::{opened, restored, shows_a_hop};
use crate::support::terminal::Terminal;

#[test]
fn a_signal_ends_it_and_the_terminal_is_restored() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let terminal = opened(80, 24);
        terminal.signal(signal);
        let status = terminal.ended();
        assert_ne!(status.exit_code(), 101, "no panic: {status:?}");
        terminal.until("the terminal restored", restored);
    }
}

#[test]
fn a_terminal_that_goes_away_ends_it() {
    let mut terminal = opened(80, 24);
    terminal.hang_up();
    let status = terminal.ended();
    assert_ne!(status.signal(), Some("Aborted"), "{status:?}");
}

#[test]
fn a_terminal_that_goes_away_ends_it_even_where_a_hangup_is_ignored() {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" --demo", env!("CARGO_BIN_EXE_hopwatch")]);
    let mut terminal = Terminal::open(&command, 80, 24);
    terminal.until("the first hop", shows_a_hop);
    terminal.hang_up();
    terminal.ended();
}

#[test]
fn ctrl_z_stops_it_under_a_shell_and_fg_brings_it_back() {
    let mut command = Command::new("sh");
    command.arg("-i").env("PS1", "prompt> ").env_remove("ENV");
    let mut terminal = Terminal::open(&command, 80, 24);
    terminal.until_text("prompt>");
    terminal.keys(&format!("{} --demo\r", env!("CARGO_BIN_EXE_hopwatch")));
    terminal.until("the first hop", shows_a_hop);
    for stops in 1..=2 {
        terminal.keys("\x1a");
        // The shell's screen comes back with what it said the last time.
        terminal.until("the shell again", |screen| {
            let said = screen.contents();
            restored(screen) && said.matches("topped").count() == stops && said.ends_with("prompt> ")
        });
        terminal.keys("fg\r");
        terminal.until("the table again", shows_a_hop);
    }
    terminal.keys("q");
    terminal.until("the shell at last", |screen| restored(screen) && screen.contents().ends_with("prompt> "));
    terminal.keys("exit 5\r");
    assert_eq!(terminal.ended().exit_code(), 5);
}

#[test]
fn a_stop_from_outside_and_a_continue_redraw_the_screen() {
    let terminal = opened(80, 24);
    terminal.signal(Signal::SIGSTOP);
    terminal.until_state('T');
    let drawn = terminal.drawn();
    terminal.signal(Signal::SIGCONT);
    terminal.until_drawn("a frame", |now| now.frames > drawn.frames);
    terminal.until("the table", shows_a_hop);
}

#[test]
fn a_stop_that_no_shell_could_undo_is_not_taken() {
    let mut terminal = opened(80, 24);
    terminal.signal(Signal::SIGTSTP);
    terminal.keys("?");
    terminal.until("the help", |screen| screen.contents().contains("quit, whatever is open"));
}
