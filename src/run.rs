//! Which front end a run gets, what it prints when it fails, and with which status it ends.

mod headless;
mod launch;
mod on_event;
mod printed;
mod replay;
mod resume;
mod views;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use jiff::tz::TimeZone;
use thiserror::Error;

use crate::cli::{Cli, Stop, UsageError};
use crate::report::figures::{self, Figure};
use crate::settings::{Mode, Settings, privileged};
use crate::ui::theme::Look;
use crate::ui::{self, Msg, UiConfig, WatchLink};
use crate::watch::WatchConfig;

/// The statuses that a run can end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// It did what was asked; with `--once`, the target was reached.
    Done = 0,
    /// It could not; with `--once`, the target was not reached.
    Failed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// Ended by SIGHUP, as a shell tells it.
    HungUp = 129,
    /// Ended by SIGINT before its time, as a shell tells it.
    Interrupted = 130,
    /// Ended by SIGTERM before its time, as a shell tells it.
    Terminated = 143,
}

impl Exit {
    const fn of_signal(number: i32) -> Self {
        match number {
            libc::SIGHUP => Self::HungUp,
            libc::SIGTERM => Self::Terminated,
            _ => Self::Interrupted,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a run failed. Each displays as one line.
#[derive(Debug, Error)]
pub enum RunError {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(#[from] UsageError),
    /// What it had to say could not be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// Anything else, with its causes.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

/// The whole program: reads the arguments, runs, prints what went wrong in one line on standard error.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let command = command(&args);
    match start(args, command) {
        Ok(exit) => exit,
        // Whoever read our output has seen enough.
        Err(RunError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            let (exit, hint) = match (&error, command) {
                (RunError::Usage(_), Some(command)) => {
                    (Exit::Usage, format!(" (see hopwatch {command} --help)"))
                }
                (RunError::Usage(_), None) => (Exit::Usage, " (see hopwatch --help)".to_owned()),
                _ => (Exit::Failed, String::new()),
            };
            // Nothing is left to tell it to where standard error is closed.
            let _ = writeln!(io::stderr(), "hopwatch: {error}{hint}");
            exit
        }
    }
}

/// The command that the first word is, if it is one.
fn command(args: &[OsString]) -> Option<&'static str> {
    let word = args.get(1)?;
    ["replay", "resume"].into_iter().find(|command| word == command)
}

fn start(args: Vec<OsString>, command: Option<&str>) -> Result<Exit, RunError> {
    match command {
        Some("replay") => return replay::start(args.into_iter().skip(1)),
        Some("resume") => return resume::start(args.into_iter().skip(1)),
        _ => {}
    }
    let arguments: Vec<String> = args.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let Some(cli) = parsed(Cli::parse_args(args))? else { return Ok(Exit::Done) };
    run(&Settings::from_cli(&cli, io::stdout().is_terminal(), privileged())?, &arguments)
}

/// The command line; `None` where all that it asked for was a text, which is printed.
fn parsed<T>(parsed: Result<T, Stop>) -> Result<Option<T>, RunError> {
    match parsed {
        Ok(cli) => Ok(Some(cli)),
        Err(Stop::Misuse(error)) => Err(error.into()),
        Err(Stop::Show(text)) => {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()?;
            Ok(None)
        }
    }
}

/// Runs what the settings ask for.
fn run(settings: &Settings, arguments: &[String]) -> Result<Exit, RunError> {
    if settings.mode == Mode::Screen {
        check_terminal()?;
    }
    let order = order(settings)?;
    let config = launch::config(settings, arguments)?;
    telling(settings, config, |config| front(settings, order, config))
}

/// Runs a front end whose watch tells a command of events, if there is one.
fn telling(
    settings: &Settings,
    mut config: WatchConfig,
    front: impl FnOnce(WatchConfig) -> Result<Exit, RunError>,
) -> Result<Exit, RunError> {
    let Some(command) = &settings.on_event else { return front(config) };
    // What a command prints must not end up in the middle of the picture.
    let output = match settings.mode {
        Mode::Screen if io::stderr().is_terminal() => on_event::Output::Nowhere,
        _ => on_event::Output::StandardError,
    };
    let (events, runner) = on_event::start(command.clone(), output, TimeZone::system())?;
    config.events = Some(events);
    let exit = front(config);
    runner.finish();
    exit
}

/// The front end that the settings ask for.
fn front(
    settings: &Settings,
    order: Option<Vec<&'static Figure>>,
    config: WatchConfig,
) -> Result<Exit, RunError> {
    match settings.mode {
        Mode::Screen => screen(settings, order, config),
        Mode::Headless { jsonl } => headless::run(config, jsonl),
        Mode::Once | Mode::Json | Mode::Report { .. } => printed::run(settings, order, config),
    }
}

/// Refuses a terminal that can show no full screen.
fn check_terminal() -> Result<(), UsageError> {
    match std::env::var_os("TERM") {
        Some(kind) if kind == "dumb" => Err(UsageError::DumbTerminal),
        _ => Ok(()),
    }
}

/// The figures asked for, if any were.
fn order(settings: &Settings) -> Result<Option<Vec<&'static Figure>>, UsageError> {
    let Some(given) = &settings.order else { return Ok(None) };
    let wrong = |why| UsageError::Value { flag: "-o", given: given.clone(), why };
    match figures::order(given) {
        Ok(order) if order.is_empty() => Err(wrong(format!("must name columns: {}", figures::letters()))),
        Ok(order) => Ok(Some(order)),
        Err(letter) => Err(wrong(format!(
            "no column is called '{}': there are {}",
            letter.escape_debug(),
            figures::letters()
        ))),
    }
}

/// The full screen, until the user has seen enough.
fn screen(
    settings: &Settings,
    order: Option<Vec<&'static Figure>>,
    config: WatchConfig,
) -> Result<Exit, RunError> {
    let (sender, messages) = mpsc::channel();
    let notices = sender.clone();
    let notify = move |notice| notices.send(Msg::Watch(notice)).unwrap_or_default();
    let first = config.resumed.as_ref().map_or(0, |tape| tape.next_entry());
    let handle = Arc::new(launch::spawn(config, notify, ui::terminal::restore)?);
    let watch: Arc<dyn WatchLink> = Arc::clone(&handle) as Arc<dyn WatchLink>;
    let config = UiConfig {
        hosts: settings.hosts,
        labels: settings.labels,
        interval_floor: settings.probing.floor,
        look: Look::detect(|name| std::env::var(name).ok()),
        zone: TimeZone::system(),
        origins: settings.origins,
        order,
        bell: settings.bell.then_some(first),
    };
    let exit = ui::run(config, sender, &messages, &watch);
    // Also where the terminal has gone: what was decided is on disk.
    handle.finish();
    Ok(match exit.map_err(|gone| anyhow::anyhow!(gone))? {
        ui::Exit::Quit | ui::Exit::Ended => Exit::Done,
        ui::Exit::Signal(number) => Exit::of_signal(number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_one_line_with_their_causes() {
        let error = anyhow::anyhow!("the cause").context("what failed");
        assert_eq!(RunError::from(error).to_string(), "what failed: the cause");
        assert_eq!(RunError::from(UsageError::NoTarget).to_string(), "no target given");
    }
}
