//! What the journal's view says: its title, and a line an event, newest first.

use jiff::Timestamp;

use super::app::App;
use super::text::wrap;
use crate::engine::journal::Entry;
use crate::report::events::{figures, kind, length, place, verdict};

/// Cells from which on lines have the date's year.
const WIDE: usize = 80;

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// The event lasts.
    pub is_open: bool,
}

/// What the events sum up to.
pub fn title(app: &App) -> String {
    let (Some(view), Some(now)) = (app.view(), app.session_now()) else { return "Events".to_owned() };
    let journal = &view.snapshot.journal;
    let total = journal.total("outage", now);
    let outages = match total.count {
        0 => "no outage".to_owned(),
        1 => format!("1 outage, {}", length(total.length)),
        many => format!("{many} outages, {} in all", length(total.length)),
    };
    let count = journal.iter().len() as u64 + journal.dropped();
    let dropped = match journal.dropped() {
        0 => String::new(),
        many => format!("; the oldest {many} are not listed"),
    };
    format!("Events: {count}; {outages}{dropped}")
}

/// The events, newest first, for so many cells.
pub fn lines(app: &App, width: usize) -> Vec<Line> {
    let entries =
        app.view().map(|view| &view.snapshot.journal).into_iter().flat_map(|journal| journal.iter().rev());
    let lines: Vec<Line> = entries.filter_map(|entry| line(app, entry, width)).collect();
    if lines.is_empty() {
        const NOTHING: &str =
            "nothing happened so far: no outage, no loss burst, no change of latency or route";
        return wrap(NOTHING, width).into_iter().map(|text| Line { text, is_open: false }).collect();
    }
    lines
}

fn line(app: &App, entry: &Entry, width: usize) -> Option<Line> {
    let snapshot = &app.view()?.snapshot;
    let format = if width < WIDE { "%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    let start = Timestamp::try_from(snapshot.anchor.wall(entry.start)).ok()?;
    let start = start.to_zoned(app.zone().clone()).strftime(format).to_string();
    let lasting = entry.length(app.session_now()?);
    let long = if entry.is_open() || !lasting.is_zero() { length(lasting) } else { String::new() };
    let now = if entry.is_open() { "+" } else { " " };
    let text = format!(
        "{start} {long:>9}{now} {:<12} {:<6} {}  {}",
        kind(&entry.what),
        place(entry),
        figures(entry, snapshot),
        verdict(entry, snapshot)
    );
    Some(Line { text: text.trim_end().to_owned(), is_open: entry.is_open() })
}
