//! Which front end a run gets, what it prints when it fails, and with which status it ends.

mod headless;
mod launch;
mod on_event;
mod replay;
mod resume;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use jiff::tz::TimeZone;
use thiserror::Error;

use crate::cli::{Cli, Stop, UsageError};
use crate::engine::span::Span;
use crate::report::figures::{self, Figure};
use crate::report::once::Once;
use crate::report::progress::Progress;
use crate::report::{json, text, words};
use crate::settings::{FLOOR, Mode, PRIVILEGED_FLOOR, Settings, privileged};
use crate::ui::theme::Look;
use crate::ui::{self, Msg, UiConfig, WatchLink};
use crate::watch::{self, Notice, View, WatchConfig};

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
    #[error("{0} (see hopwatch --help)")]
    Usage(#[from] UsageError),
    /// What it had to say could not be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// Anything else, with its causes.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

/// What a run without a screen is told while it waits.
#[derive(Clone, Debug)]
pub enum Seen {
    /// A newer view.
    View(Box<View>),
    /// A signal wants it to end now: its number.
    Signal(i32),
    /// The watch broke down.
    Gone,
}

/// The whole program: reads the arguments, runs, prints what went wrong in one line on standard error.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    match start(args) {
        Ok(exit) => exit,
        // Whoever read our output has seen enough.
        Err(RunError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            // Nothing is left to tell it to where standard error is closed.
            let _ = writeln!(io::stderr(), "hopwatch: {error}");
            if matches!(error, RunError::Usage(_)) { Exit::Usage } else { Exit::Failed }
        }
    }
}

fn start(args: impl IntoIterator<Item = OsString>) -> Result<Exit, RunError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let arguments: Vec<String> = args.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    if args.get(1).is_some_and(|word| word == "replay") {
        return replay::start(args.into_iter().skip(1));
    }
    if args.get(1).is_some_and(|word| word == "resume") {
        return resume::start(args.into_iter().skip(1));
    }
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
        Mode::Screen => return screen(settings, order, config),
        Mode::Headless { jsonl } => return headless::run(config, jsonl),
        _ => {}
    }
    let (notices, told) = mpsc::channel();
    let watch = launch::spawn(config, move |notice| notices.send(notice).unwrap_or_default(), || {})?;
    let seen = Views { watch: &watch, told };
    let exit = printed(settings, order, seen);
    watch.finish();
    exit
}

/// What is printed of a run without a screen.
fn printed(settings: &Settings, order: Option<Vec<&'static Figure>>, seen: Views) -> Result<Exit, RunError> {
    let out = &mut io::stdout().lock();
    let zone = TimeZone::system();
    let count = settings.probing.count.unwrap_or_default();
    let progress = io::stderr().is_terminal().then(|| Progress::new(io::stderr(), count));
    match settings.mode {
        Mode::Once => {
            let form = Once::new(settings.hosts, settings.probing.size)
                .with_origins(settings.origins)
                .with_labels(settings.labels);
            once(seen, form, out)
        }
        Mode::Json => report(seen, progress, out, |out, view| json::write(out, view, Span::All, &zone)),
        Mode::Report { wide } => {
            let Settings { hosts, origins, labels, .. } = *settings;
            let figures = &order.unwrap_or_else(figures::usual);
            let layout = text::Layout { hosts, wide, origins, labels, span: Span::All, figures };
            report(seen, progress, out, |out, view| text::write(out, view, layout, &zone))
        }
        Mode::Screen | Mode::Headless { .. } => Ok(Exit::Done),
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
        interval_floor: if privileged() { PRIVILEGED_FLOOR } else { FLOOR },
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

/// The views of a watch, as a front end without a screen reads them.
struct Views<'a> {
    watch: &'a watch::Handle,
    told: mpsc::Receiver<Notice>,
}

impl Iterator for Views<'_> {
    type Item = Seen;

    fn next(&mut self) -> Option<Seen> {
        loop {
            match self.told.recv() {
                Ok(Notice::View) => {
                    if let Some(view) = self.watch.take_view() {
                        return Some(Seen::View(Box::new(view)));
                    }
                }
                Ok(Notice::Signal(number)) => return Some(Seen::Signal(number)),
                Ok(Notice::Suspend | Notice::Continued | Notice::Resized) => {}
                Ok(Notice::Ended) => return None,
                Err(_) => return Some(Seen::Gone),
            }
        }
    }
}

/// One round in traceroute's form, each line as soon as it is decided.
pub fn once(
    seen: impl IntoIterator<Item = Seen>,
    mut once: Once,
    out: &mut impl Write,
) -> Result<Exit, RunError> {
    let (last, exit) = to_the_end(seen, |view| once.update(view, out))?;
    let Some(view) = last else { return Ok(exit.max(Exit::Failed)) };
    once.finish(&view, out)?;
    tell_trouble(&view);
    Ok(if words::reached(&view) { exit } else { exit.max(Exit::Failed) })
}

/// A report of what there is in the end, written by `write`; on the way there `progress`, if it can be seen.
pub fn report<W: Write, P: Write>(
    seen: impl IntoIterator<Item = Seen>,
    mut progress: Option<Progress<P>>,
    out: &mut W,
    write: impl FnOnce(&mut W, &View) -> io::Result<()>,
) -> Result<Exit, RunError> {
    let (last, exit) = to_the_end(seen, |view| {
        if let Some(progress) = &mut progress {
            progress.update(view);
        }
        Ok(())
    })?;
    if let Some(progress) = &mut progress {
        progress.clear();
    }
    if let Some(view) = &last {
        write(out, view)?;
        out.flush()?;
        tell_trouble(view);
    }
    let is_void = last.is_none_or(|view| words::nothing_left(&view));
    Ok(if is_void { exit.max(Exit::Failed) } else { exit })
}

/// Says on standard error why origins are missing that were asked for; nobody may be there to hear it.
fn tell_trouble(view: &View) {
    if let Some(trouble) = words::trouble(view) {
        let _ = writeln!(io::stderr(), "hopwatch: {trouble}");
    }
}

/// Shows every view to `each`, up to the end or an interruption; gives the last one.
fn to_the_end(
    seen: impl IntoIterator<Item = Seen>,
    mut each: impl FnMut(&View) -> io::Result<()>,
) -> io::Result<(Option<Box<View>>, Exit)> {
    let mut last = None;
    for seen in seen {
        match seen {
            Seen::View(view) => {
                each(&view)?;
                last = Some(view);
            }
            Seen::Gone => return Ok((last, Exit::Failed)),
            Seen::Signal(number) => return Ok((last, Exit::of_signal(number))),
        }
    }
    Ok((last, Exit::Done))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::settings::Hosts;

    fn traced(seen: Vec<Seen>) -> (Exit, String) {
        let mut out = Vec::new();
        let exit = once(seen, Once::new(Hosts::Addresses, 64), &mut out).unwrap();
        (exit, String::from_utf8(out).unwrap())
    }

    fn reported(seen: Vec<Seen>) -> (Exit, String, String) {
        let (mut out, mut shown) = (Vec::new(), Vec::new());
        let progress = Some(Progress::new(&mut shown, 3));
        let write = |out: &mut Vec<u8>, view: &View| write!(out, "{}", view.about.target);
        let exit = report(seen, progress, &mut out, write).unwrap();
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(shown).unwrap())
    }

    #[test]
    fn a_trace_tells_whether_the_target_was_reached() {
        assert_eq!(traced(vec![Seen::View(Box::new(fixture::reached()))]).0, Exit::Done);
        assert_eq!(traced(vec![Seen::View(Box::new(fixture::silent()))]).0, Exit::Failed);
        assert_eq!(traced(vec![]).0, Exit::Failed);
    }

    #[test]
    fn an_interrupted_run_prints_what_there_is() {
        let seen = || {
            vec![
                Seen::View(Box::new(fixture::silent())),
                Seen::Signal(libc::SIGINT),
                Seen::View(Box::new(fixture::reached())),
            ]
        };
        let (exit, text) = traced(seen());
        assert_eq!((exit, text.lines().count()), (Exit::Interrupted, 3), "{text}");
        let (exit, text, shown) = reported(seen());
        assert_eq!((exit, text.as_str()), (Exit::Interrupted, "example.org"));
        assert_eq!(shown, "\r3/3 tries, 2 hops\x1b[K\r\x1b[K");
    }

    #[test]
    fn a_report_is_of_the_last_view() {
        let seen = vec![Seen::View(Box::new(fixture::silent())), Seen::View(Box::new(fixture::refused()))];
        let (exit, text, _) = reported(seen);
        assert_eq!((exit, text.as_str()), (Exit::Done, "2001:db8:ffff::1"));
    }

    #[test]
    fn errors_are_one_line_with_their_causes() {
        let error = anyhow::anyhow!("the cause").context("what failed");
        assert_eq!(RunError::from(error).to_string(), "what failed: the cause");
        assert_eq!(RunError::from(UsageError::NoTarget).to_string(), "no target given (see hopwatch --help)");
    }
}
