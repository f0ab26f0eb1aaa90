//! What the journal's view says: its title, and a line an event, newest first.

use jiff::Timestamp;

use super::app::App;
use super::text::wrap;
use crate::engine::journal::Entry;
use crate::engine::record::Gap;
use crate::engine::time::Time;
use crate::report::events::{NOT_WATCHED, figures, kind, length, place, unwatched, verdict};

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

/// The events, newest first, for so many cells; and when nobody watched.
pub fn lines(app: &App, width: usize) -> Vec<Line> {
    let snapshot = app.view().map(|view| &view.snapshot).into_iter();
    let entries = snapshot.clone().flat_map(|snapshot| snapshot.journal.iter());
    let entries = entries.filter_map(|entry| Some((entry.start, line(app, entry, width)?)));
    let gaps = snapshot.flat_map(|snapshot| unwatched(snapshot));
    let gaps = gaps.filter_map(|gap| Some((gap.from, not_watched(app, gap, width)?)));
    let mut lines: Vec<(Time, Line)> = entries.chain(gaps).collect();
    lines.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
    let lines: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
    if lines.is_empty() {
        const NOTHING: &str =
            "nothing happened so far: no outage, no loss burst, no change of latency or route";
        return wrap(NOTHING, width).into_iter().map(|text| Line { text, is_open: false }).collect();
    }
    lines
}

fn line(app: &App, entry: &Entry, width: usize) -> Option<Line> {
    let snapshot = &app.view()?.snapshot;
    let start = moment(app, entry.start, width)?;
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

fn not_watched(app: &App, gap: &Gap, width: usize) -> Option<Line> {
    let text = format!("{} {:>9}  {NOT_WATCHED}", moment(app, gap.from, width)?, length(gap.length()));
    Some(Line { text, is_open: false })
}

fn moment(app: &App, time: Time, width: usize) -> Option<String> {
    let format = if width < WIDE { "%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    let moment = Timestamp::try_from(app.view()?.snapshot.anchor.wall(time)).ok()?;
    Some(moment.to_zoned(app.zone().clone()).strftime(format).to_string())
}
