//! A run that prints what there is in the end.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::mpsc;

use jiff::tz::TimeZone;

use super::views::{Seen, Views, to_the_end};
use super::{Exit, RunError, launch};
use crate::engine::span::Span;
use crate::report::figures::{self, Figure};
use crate::report::once::Once;
use crate::report::progress::Progress;
use crate::report::{json, text, words};
use crate::settings::{Mode, Settings};
use crate::watch::{View, WatchConfig};

/// Watches, and prints what there is in the end.
pub(super) fn run(
    settings: &Settings,
    order: Option<Vec<&'static Figure>>,
    config: WatchConfig,
) -> Result<Exit, RunError> {
    let (notices, told) = mpsc::channel();
    let watch = launch::spawn(config, move |notice| notices.send(notice).unwrap_or_default(), || {})?;
    let exit = print(settings, order, Views { watch: &watch, told });
    watch.finish();
    exit
}

fn print(settings: &Settings, order: Option<Vec<&'static Figure>>, seen: Views) -> Result<Exit, RunError> {
    let out = &mut BufWriter::new(io::stdout().lock());
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

/// One round in traceroute's form, each line as soon as it is decided.
fn once(
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
fn report<W: Write, P: Write>(
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
}
