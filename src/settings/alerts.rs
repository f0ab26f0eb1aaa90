//! Who is told of events: a command, the bell.

use super::Mode;
use super::values::alone;
use crate::cli::{Cli, UsageError};

/// The command that is told of events.
pub fn on_event(cli: &Cli, mode: Mode) -> Result<Option<String>, UsageError> {
    match &cli.on_event {
        // One round has no events.
        Some(_) if mode == Mode::Once => Err(UsageError::Contradiction("--once", "--on-event")),
        Some(command) if command.trim().is_empty() || command.contains('\0') => Err(UsageError::Value {
            flag: "--on-event",
            given: command.clone(),
            why: "must be a command for sh -c".to_owned(),
        }),
        command => Ok(command.clone()),
    }
}

/// The bell is the screen's; a run that is no screen only for want of a terminal leaves it be.
pub fn bell(cli: &Cli) -> Result<bool, UsageError> {
    if !cli.bell {
        return Ok(false);
    }
    let others = [
        (cli.once, "--once"),
        (cli.report, "--report"),
        (cli.report_wide, "--report-wide"),
        (cli.json, "--json"),
        (cli.headless, "--headless"),
        (cli.jsonl, "--jsonl"),
    ];
    alone("--bell", &others).map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(line: &[&str]) -> String {
        let cli = Cli::parse_args(line.iter().map(Into::into)).unwrap();
        let mode = if cli.once { Mode::Once } else { Mode::Screen };
        match (on_event(&cli, mode), bell(&cli)) {
            (Err(error), _) | (_, Err(error)) => error.to_string(),
            (Ok(command), Ok(bell)) => format!("{command:?} {bell}"),
        }
    }

    #[test]
    fn a_command_is_taken_as_it_is_and_what_makes_no_sense_is_refused() {
        for (line, judged_so) in [
            (&["x", "--on-event", "cat > $HOME/x"][..], "Some(\"cat > $HOME/x\") false"),
            (&["x", "--on-event", " "], "--on-event ' ': must be a command for sh -c"),
            (&["x", "--on-event", "x", "--once"], "--once and --on-event exclude each other"),
            (&["x", "--bell"], "None true"),
            (&["x", "--bell", "--headless"], "--bell and --headless exclude each other"),
        ] {
            assert_eq!(judged(line), judged_so);
        }
    }
}
