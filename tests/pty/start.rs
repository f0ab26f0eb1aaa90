//! Starting the binary for these tests, and what all of them look for.

use std::process::Command;

use vt100::{MouseProtocolMode, Screen};

use crate::support::terminal::Terminal;

/// The binary on a simulated path.
pub fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hopwatch"));
    command.arg("--demo").args(arguments);
    command
}

/// The binary on a simulated path, in a terminal of that size, with its first hop on the screen.
pub fn opened(columns: u16, rows: u16) -> Terminal {
    let terminal = Terminal::open(&demo(&[]), columns, rows);
    terminal.until("the first hop", shows_a_hop);
    terminal
}

/// Whether the table's first row is there: a 1 and what follows it.
pub fn shows_a_hop(screen: &Screen) -> bool {
    screen.alternate_screen() && screen.contents().lines().any(|line| line.trim_start().starts_with("1 "))
}

/// Whether the terminal is as it was before: no alternate screen, a cursor, no mode left on.
pub fn restored(screen: &Screen) -> bool {
    let mouse = screen.mouse_protocol_mode() != MouseProtocolMode::None;
    let modes =
        mouse || screen.bracketed_paste() || screen.application_cursor() || screen.application_keypad();
    !screen.alternate_screen() && !screen.hide_cursor() && !modes
}

/// The column of a hop's row under a heading of the table, as text.
pub fn under(screen: &Screen, heading: &str, hop: &str) -> Option<String> {
    let contents = screen.contents();
    let head = contents.lines().find(|line| line.contains(heading))?;
    let (before, _) = head.split_once(heading)?;
    let row = contents.lines().find(|line| line.trim_start().starts_with(&format!("{hop} ")))?;
    let to_there: String = row.chars().take(before.chars().count() + heading.len()).collect();
    Some(to_there.split_whitespace().last()?.to_owned())
}
