//! `hopwatch resume`: a recorded watch goes on, as it was set, into the same recording.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use anyhow::{Context, anyhow};

use super::replay::unreadable;
use super::{Exit, RunError, check_terminal, headless, launch, order, parsed, screen, telling};
use crate::cli::resume::ResumeCli;
use crate::cli::{Cli, Stop, UsageError};
use crate::engine::span::Span;
use crate::scrub;
use crate::session::files;
use crate::session::fold::fold;
use crate::session::reader::Session;
use crate::session::standing::Standing;
use crate::settings::{Mode, Settings, Target, privileged};
use crate::watch::{RecordPlace, Recording};

/// Runs what the arguments ask for, the word `resume` first.
pub fn start(args: impl IntoIterator<Item = OsString>) -> Result<Exit, RunError> {
    let Some(cli) = parsed(ResumeCli::parse_args(args))? else { return Ok(Exit::Done) };
    let is_headless = cli.headless || !io::stdout().is_terminal();
    if !is_headless {
        check_terminal()?;
    }
    let file = cli.file.clone().ok_or(UsageError::NoRecording)?;
    let session = Session::open(&file).map_err(anyhow::Error::from)?;
    let (tape, standing, met) = fold(&session, Span::All, Standing::take).map_err(anyhow::Error::from)?;
    if let Some(error) = unreadable(&tape, &met) {
        return Err(error.into());
    }
    if let Some(left_out) = met.left_out() {
        let _ = writeln!(io::stderr(), "hopwatch: {left_out}");
    }
    let header = &session.header;
    let mut settings = settings(&header.arguments, &cli)?;
    let pace = tape.pace();
    let probing = &mut settings.probing;
    (probing.interval, probing.tries, probing.timeout) = (pace.interval, pace.tries, pace.timeout);
    (probing.first_ttl, probing.max_ttl, probing.count) = (pace.first_ttl, pace.max_ttl, None);
    let name = launch::name(&settings);
    // The host of the recording, whatever its name leads to now; but a zone is in the name alone.
    if let Target::Host(host, _) = &mut settings.target
        && !host.contains('%')
    {
        *host = header.address.to_string();
    }
    let mut config = launch::config(&settings, &[])?;
    config.about.target.clone_from(&header.target);
    config.name = name;
    config.screen = !is_headless;
    config.live = true;
    let last = session.parts.last().context("no part is left")?;
    let (first, number) = files::first(last);
    let ours = files::directory(|name| std::env::var_os(name));
    let among =
        files::is_ours(&first) && first.parent().is_some_and(|parent| Some(parent) == ours.as_deref());
    config.recording = Some(Recording {
        place: RecordPlace::Resumed { first, last: number, session: header.session.clone(), among, standing },
        limit: settings.record_limit,
        required: true,
        arguments: header.arguments.clone(),
    });
    config.resumed = Some(Box::new(tape));
    settings.mode = if is_headless { Mode::Headless { jsonl: false } } else { Mode::Screen };
    telling(&settings, config, |config| {
        if is_headless { headless::run(config, false) } else { screen(&settings, order(&settings)?, config) }
    })
}

/// The settings of the command line that began the recording, and of the one that goes on with it.
fn settings(arguments: &[String], now: &ResumeCli) -> Result<Settings, RunError> {
    let line = std::iter::once("hopwatch").chain(arguments.iter().map(String::as_str)).map(OsString::from);
    let recorded = match Cli::parse_args(line) {
        Ok(cli) => Ok(cli),
        Err(Stop::Misuse(error)) => Err(scrub::text(error.to_string())),
        Err(Stop::Show(_)) => Err("it asks for help".to_owned()),
    };
    let mut cli =
        recorded.map_err(|why| anyhow!("cannot go on with what the recording was begun with: {why}"))?;
    // What it was to print at its end, and where it was recorded, does not matter any more.
    (cli.once, cli.report, cli.report_wide, cli.json) = (false, false, false, false);
    (cli.headless, cli.jsonl, cli.no_record) = (false, false, false);
    (cli.count, cli.record) = (None, None);
    // A recording may be anybody's: no command is taken from it.
    (cli.on_event, cli.bell) = (now.on_event.clone(), now.bell);
    Ok(Settings::from_cli(&cli, true, privileged())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_gone_on_with_as_it_was_set() {
        let arguments =
            ["--headless", "-i", "2", "-m", "9", "--record", "x", "--on-event", "touch y", "example.org"]
                .map(str::to_owned);
        let now = ResumeCli::parse_args(["resume", "--bell", "x"].map(OsString::from)).unwrap();
        let settings = settings(&arguments, &now).unwrap();
        assert_eq!((settings.mode, settings.on_event, settings.bell), (Mode::Screen, None, true));
        assert_eq!((settings.probing.interval.as_secs(), settings.probing.max_ttl), (2, 9));
        assert_eq!(settings.target, Target::Host("example.org".to_owned(), None));
        let error = super::settings(&["--bad".to_owned()], &now).unwrap_err().to_string();
        assert!(error.starts_with("cannot go on with what the recording was begun with: "), "{error}");
    }
}
