//! What the journal's view says: its title, and a line an event, newest first.

use jiff::Timestamp;

use super::app::App;
use super::text::wrap;
use crate::engine::journal::Entry;
use crate::engine::record::Gap;
use crate::engine::time::Time;
use crate::report::events::{Item, NOT_WATCHED, figures, items, kind, length, place, verdict};

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
    let Some(view) = app.view() else { return "Events".to_owned() };
    let (snapshot, journal) = (&view.snapshot, &view.snapshot.journal);
    let now = journal.outage().map_or(snapshot.now, |outage| outage.start + snapshot.length(outage));
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

/// How many lines there are, for so many cells.
pub fn height(app: &App, width: usize) -> usize {
    match app.view().map_or(0, |view| items(&view.snapshot).len()) {
        0 => nothing(width).len(),
        events => events,
    }
}

/// As many lines as fit a page, for so many cells, from `scroll` on: the events, newest first, and when nobody
/// watched.
pub fn lines(app: &App, width: usize, scroll: usize, page: usize) -> Vec<Line> {
    let items = app.view().map(|view| items(&view.snapshot)).unwrap_or_default();
    let first = |height: usize| scroll.min(height.saturating_sub(page));
    if items.is_empty() {
        let lines = nothing(width);
        return lines.iter().skip(first(lines.len())).take(page).cloned().collect();
    }
    let shown = items.iter().rev().skip(first(items.len())).take(page);
    let lines = shown.filter_map(|item| match item {
        Item::Event(entry) => line(app, entry, width),
        Item::Unwatched(gap) => not_watched(app, gap, width),
    });
    lines.collect()
}

fn nothing(width: usize) -> Vec<Line> {
    const NOTHING: &str = "nothing happened so far: no outage, no loss burst, no change of latency or route";
    wrap(NOTHING, width).into_iter().map(|text| Line { text, is_open: false }).collect()
}

fn line(app: &App, entry: &Entry, width: usize) -> Option<Line> {
    let snapshot = &app.view()?.snapshot;
    let start = moment(app, entry.start, width)?;
    let lasting = snapshot.length(entry);
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

fn not_watched(app: &App, gap: &Gap, width: usize) -> Option<Line> {
    let text = format!("{} {:>9}  {NOT_WATCHED}", moment(app, gap.from, width)?, length(gap.length()));
    Some(Line { text, is_open: false })
}

fn moment(app: &App, time: Time, width: usize) -> Option<String> {
    let format = if width < WIDE { "%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    let moment = Timestamp::try_from(app.view()?.snapshot.anchor.wall(time)).ok()?;
    Some(moment.to_zoned(app.zone().clone()).strftime(format).to_string())
}
