//! `hopwatch replay`: a recorded watch on the screen, in a report, or in a list.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use jiff::tz::TimeZone;

use super::{Exit, RunError};
use crate::cli::UsageError;
use crate::cli::replay::ReplayCli;
use crate::engine::probe::{Flows, Protocol};
use crate::engine::snapshot::Snapshot;
use crate::engine::span::Span;
use crate::engine::time::Time;
use crate::names::Names;
use crate::report::clock::rfc3339;
use crate::report::{json, text};
use crate::scrub;
use crate::session::files::{self, Found};
use crate::session::fold::fold;
use crate::session::header::Header;
use crate::session::reader::{Met, Session};
use crate::session::tape::Tape;
use crate::settings::{FLOOR, Hosts, parse_moment};
use crate::ui::clock::running;
use crate::ui::theme::Look;
use crate::ui::{self, Msg, UiConfig, WatchLink};
use crate::watch::{self, About, Notice, Recorded, Request, View};

/// Runs what the arguments ask for, the word `replay` first.
pub fn start(args: impl IntoIterator<Item = OsString>) -> Result<Exit, RunError> {
    let Some(cli) = super::parsed(ReplayCli::parse_args(args))? else { return Ok(Exit::Done) };
    let hosts = match (cli.no_dns, cli.show_ips) {
        (true, true) => return Err(UsageError::Contradiction("--no-dns", "--show-ips").into()),
        (true, false) => Hosts::Addresses,
        (false, true) => Hosts::Both,
        (false, false) => Hosts::Names,
    };
    let zone = TimeZone::system();
    if cli.list {
        return list(&mut io::stdout().lock(), &zone);
    }
    let is_printed = cli.report || cli.report_wide || !io::stdout().is_terminal();
    if !cli.json && !is_printed {
        super::check_terminal()?;
    }
    let path = match &cli.file {
        Some(file) => file.clone(),
        None => newest()?,
    };
    let (view, left_out) = view(&path, (cli.from.as_deref(), cli.to.as_deref()), &zone)?;
    if let Some(left_out) = left_out.filter(|_| cli.json || is_printed) {
        let _ = writeln!(io::stderr(), "hopwatch: {left_out}");
    }
    let out = &mut BufWriter::new(io::stdout().lock());
    match (cli.json, is_printed) {
        (true, _) => json::write(out, &view, Span::All, &zone)?,
        (false, true) => {
            let figures = &crate::report::figures::usual();
            let layout = text::Layout {
                hosts,
                wide: cli.report_wide,
                origins: false,
                labels: !cli.hide_mpls,
                span: Span::All,
                figures,
            };
            text::write(out, &view, layout, &zone)?;
        }
        (false, false) => return screen(view, (hosts, !cli.hide_mpls), zone),
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The parts in the directory for sessions.
fn found() -> Result<Vec<Found>, RunError> {
    let directory = files::directory(|name| std::env::var_os(name));
    let directory = directory.ok_or_else(|| anyhow::anyhow!("neither HOME nor XDG_STATE_HOME is set"))?;
    match files::parts(&directory) {
        Ok(parts) => Ok(parts),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(anyhow::anyhow!("cannot read \"{}\": {error}", directory.display()).into()),
    }
}

fn newest() -> Result<PathBuf, RunError> {
    let newest = found()?.into_iter().max_by_key(|part| part.modified);
    Ok(newest.ok_or_else(|| anyhow::anyhow!("nothing is recorded yet; name a file"))?.path)
}

/// What a recording shows of the time between two moments, and what it has that could not be shown.
fn view(
    path: &Path,
    (from, to): (Option<&str>, Option<&str>),
    zone: &TimeZone,
) -> Result<(View, Option<String>), RunError> {
    let session = Session::open(path).map_err(anyhow::Error::from)?;
    let span = span(&session, (from, to), zone)?;
    let (tape, (), met) = fold(&session, span, |(), _| {}).map_err(anyhow::Error::from)?;
    if !tape.has_rounds() {
        let (outline, _) = outline(&session)?;
        return Err(unreadable(&outline, &met).unwrap_or_else(|| nothing(&outline, zone)).into());
    }
    let left_out = met.left_out();
    let finished = session.parts.last().is_none_or(|last| !files::is_written(last));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = Arc::from(scrub::text(name.as_bytes()));
    let recorded = Recorded::Replay { name, unknown: met.unknown + met.wrong, missed: met.missed };
    let view = View {
        snapshot: Arc::new(Snapshot { finished, ..tape.snapshot() }),
        names: Arc::new(tape.names().collect::<Names>()),
        origins: Arc::default(),
        naming: false,
        about: Arc::new(About { source: tape.source(), ..about(&session.header) }),
        echoes: tape.echoes(),
        said: None,
        recorded: Arc::new(recorded),
        untold: None,
    };
    Ok((view, left_out))
}

/// The time between two moments, which may be told by the recording's end.
fn span(
    session: &Session,
    (from, to): (Option<&str>, Option<&str>),
    zone: &TimeZone,
) -> Result<Span, RunError> {
    if from.is_none() && to.is_none() {
        return Ok(Span::All);
    }
    let (outline, _) = outline(session)?;
    let end = outline.anchor().wall(outline.now());
    let zero = outline.anchor().wall(Time::ZERO);
    let moment = |flag, given: Option<&str>, else_at| -> Result<Time, UsageError> {
        let Some(given) = given else { return Ok(else_at) };
        let wall = parse_moment(given, end, zone).map_err(|why| UsageError::Value {
            flag,
            given: given.to_owned(),
            why,
        })?;
        Ok(Time::ZERO + wall.duration_since(zero).unwrap_or_default())
    };
    let span = Span::Between(moment("--from", from, Time::ZERO)?, moment("--to", to, Time::FAR)?);
    if span.is_empty() {
        return Err(match (from, to) {
            (Some(_), Some(_)) => UsageError::EndBeforeStart.into(),
            _ => nothing(&outline, zone).into(),
        });
    }
    Ok(span)
}

/// Why there is nothing to show of a time.
fn nothing(outline: &Tape, zone: &TimeZone) -> anyhow::Error {
    if !outline.has_rounds() {
        return anyhow::anyhow!("nothing is recorded: no round of the watch was decided");
    }
    let Snapshot { anchor, started, now, .. } = outline.snapshot();
    let [from, to] = [started, now].map(|time| rfc3339(anchor.wall(time), zone));
    anyhow::anyhow!("no round was recorded in that time: the recording goes from {from} to {to}")
}

/// Why a recording without rounds shows none, if it is that nothing could be read.
pub fn unreadable(tape: &Tape, met: &Met) -> Option<anyhow::Error> {
    let first = met.first_wrong.as_ref().filter(|_| !tape.has_rounds())?;
    Some(anyhow::anyhow!("no round of it can be read: {first}"))
}

/// A recording's times and events, without most of its rounds.
fn outline(session: &Session) -> Result<(Tape, Met), RunError> {
    let mut tape = Tape::new(&session.header, Span::All);
    let met = session.skim(|record| tape.push(record)).map_err(anyhow::Error::from)?;
    Ok((tape, met))
}

fn about(header: &Header) -> About {
    let known = ["error-queue", "raw", "simulated"];
    About {
        target: header.target.clone(),
        address: header.address,
        source: header.source,
        protocol: match header.protocol.as_str() {
            "icmp" => Protocol::Icmp,
            "tcp" => Protocol::Tcp,
            _ => Protocol::Udp,
        },
        port: header.port,
        tos: header.tos,
        flows: if header.flow_per_try { Flows::PerTry } else { Flows::Stable },
        channel: known.into_iter().find(|known| *known == header.channel).unwrap_or("unknown"),
        host: header.host.clone(),
    }
}

/// A recorded watch in the place of a running one: it has one view to give, and does nothing.
struct Recording(Mutex<Option<View>>);

impl WatchLink for Recording {
    fn take_view(&self) -> Option<View> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn request(&self, _: Request) {}
}

fn screen(view: View, (hosts, labels): (Hosts, bool), zone: TimeZone) -> Result<Exit, RunError> {
    let (sender, messages) = mpsc::channel();
    let notices = sender.clone();
    watch::listen(move |notice| notices.send(Msg::Watch(notice)).is_ok())?;
    let _ = sender.send(Msg::Watch(Notice::View));
    let link: Arc<dyn WatchLink> = Arc::new(Recording(Mutex::new(Some(view))));
    let look = Look::detect(|name| std::env::var(name).ok());
    let config = UiConfig {
        hosts,
        labels,
        interval_floor: FLOOR,
        look,
        zone,
        origins: false,
        order: None,
        bell: None,
    };
    let exit = ui::run(config, sender, &messages, &link).map_err(|gone| anyhow::anyhow!(gone))?;
    Ok(match exit {
        ui::Exit::Quit | ui::Exit::Ended => Exit::Done,
        ui::Exit::Signal(number) => Exit::of_signal(number),
    })
}

/// Every recording on a line, the newest last; what cannot be read says so.
fn list(out: &mut impl Write, zone: &TimeZone) -> Result<Exit, RunError> {
    let mut parts = found()?;
    parts.sort_by(|a, b| (&a.first, a.number).cmp(&(&b.first, b.number)));
    let sessions = parts.chunk_by(|a, b| a.first == b.first).filter_map(|session| {
        let (first, last) = (session.first()?, session.last()?);
        let size = session.iter().map(|part| part.size).sum();
        Some(summary(first, size, files::is_written(&last.path), zone).map(|columns| (columns, &first.path)))
    });
    let sessions: Vec<_> = sessions.collect();
    let known = || sessions.iter().filter_map(|session| session.as_ref().ok());
    let width =
        |column: usize| known().map(|(columns, _)| columns[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    for session in &sessions {
        match session {
            Ok((columns, path)) => {
                for (text, width) in columns.iter().zip(widths) {
                    write!(out, "{text:width$}  ")?;
                }
                writeln!(out, "{}", path.display())?;
            }
            Err(error) => writeln!(out, "{error}")?,
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// What the list says of a recording: its start, target, length, outages, size, and whether it runs.
const COLUMNS: usize = 5;

fn summary(first: &Found, size: u64, runs: bool, zone: &TimeZone) -> Result<[String; COLUMNS], RunError> {
    let session = Session::open(&first.path).map_err(anyhow::Error::from)?;
    let (tape, met) = outline(&session)?;
    if let Some(error) = unreadable(&tape, &met) {
        return Err(error.into());
    }
    let snapshot = tape.snapshot();
    let started = snapshot.anchor.wall(snapshot.started);
    let outages = match snapshot.journal.total("outage", snapshot.now).count {
        1 => "1 outage".to_owned(),
        many => format!("{many} outages"),
    };
    let size = match size as f64 / 1024.0 {
        kilobytes if kilobytes < 1024.0 => format!("{kilobytes:.0} KB"),
        kilobytes => format!("{:.1} MB", kilobytes / 1024.0),
    };
    Ok([
        rfc3339(started, zone),
        session.header.target,
        running(snapshot.now.since(snapshot.started)),
        outages,
        if runs { format!("{size}, running") } else { size },
    ])
}
