//! What the journal says, in words: one line an event.

use std::io::{self, Write};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::clock::rfc3339;
use crate::engine::journal::{Entry, What};
use crate::engine::record::{Gap, Why};
use crate::engine::round::Row;
use crate::engine::snapshot::Snapshot;
use crate::engine::time::Time;
use crate::watch::View;
use crate::wire::icmp::Icmp;

/// What is said of a time between the end of a watch and its resumption.
pub const NOT_WATCHED: &str = "not watched";
/// The latest events that a report lists.
const LISTED: usize = 20;

/// Something that a list of events has a line for.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// An event.
    Event(&'a Entry),
    /// The time between the end of a watch and its resumption: what happened then nobody knows.
    Unwatched(&'a Gap),
}

impl Item<'_> {
    /// When it began.
    pub const fn start(&self) -> Time {
        match self {
            Self::Event(entry) => entry.start,
            Self::Unwatched(gap) => gap.from,
        }
    }
}

/// What there is to list, oldest first. Verdicts take time, so lines are made only of what is shown.
pub fn items(snapshot: &Snapshot) -> Vec<Item<'_>> {
    let unwatched = snapshot.history.gaps().filter(|gap| gap.why == Why::Resumed);
    let events = snapshot.journal.iter().map(Item::Event);
    let mut items: Vec<Item> = events.chain(unwatched.map(Item::Unwatched)).collect();
    items.sort_by_key(Item::start);
    items
}

/// Writes the list of events below a report, oldest first; nothing if there are none.
pub fn write(out: &mut impl Write, view: &View, zone: &TimeZone) -> io::Result<()> {
    let snapshot = &view.snapshot;
    let items = items(snapshot);
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let older = items.len().saturating_sub(LISTED);
    match (snapshot.journal.dropped(), older as u64) {
        (0, 0) => writeln!(out, "Events:")?,
        (0, many) => writeln!(out, "Events ({many} earlier ones are not listed; --json has all):")?,
        (dropped, many) => {
            let (many, kept) = (dropped + many, snapshot.journal.iter().len());
            writeln!(out, "Events ({many} earlier ones are not listed; --json has the latest {kept}):")?;
        }
    }
    for item in &items[older..] {
        let line = match item {
            Item::Event(entry) => line(entry, snapshot),
            Item::Unwatched(gap) => format!("{NOT_WATCHED}, {}", length(gap.length())),
        };
        writeln!(out, "  {}  {line}", rfc3339(snapshot.anchor.wall(item.start()), zone))?;
    }
    Ok(())
}

fn line(entry: &Entry, snapshot: &Snapshot) -> String {
    let long = snapshot.length(entry);
    let long = if entry.is_open() {
        format!("{} so far", length(long))
    } else if long.is_zero() {
        String::new()
    } else {
        length(long)
    };
    let (figures, verdict) = (figures(entry, snapshot), verdict(entry, snapshot));
    let parts = [kind(&entry.what).to_owned(), place(entry), long, figures, verdict];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// What happened, in a word or two.
pub const fn kind(what: &What) -> &'static str {
    match what {
        What::Outage { .. } => "outage",
        What::EchoOnly { .. } => "echo only",
        What::LossBurst { .. } => "loss burst",
        What::Latency { .. } => "latency",
        What::Local { .. } => "local fault",
        What::RouteChange { .. } => "route change",
        What::Suspend => "suspend",
    }
}

/// Where it begins to show: `hop 6`, `target`; nothing where no place is meant.
pub fn place(entry: &Entry) -> String {
    match entry.row {
        Some(Row::Hop(ttl)) => format!("hop {ttl}"),
        Some(Row::Target) => "target".to_owned(),
        None => String::new(),
    }
}

/// Its figures; while it lasts, they are so many at least. Times are those of the end of the path, wherever they
/// begin to show.
pub fn figures(entry: &Entry, snapshot: &Snapshot) -> String {
    let more = if entry.is_open() { "+" } else { "" };
    match &entry.what {
        What::Outage { lost, refused, of, by } => {
            let failed = lost + refused;
            let of = if failed < *of { format!(" of {of}{more}") } else { String::new() };
            let by = by.map_or_else(String::new, |(who, icmp)| format!(" by {who}, {}", said(icmp)));
            match (lost, refused) {
                (0, _) => format!("{refused}{more}{of} refused{by}"),
                (_, 0) => format!("{lost}{more}{of} lost"),
                _ => format!("{lost}{more} lost, {refused}{more} refused{by}"),
            }
        }
        What::LossBurst { lost, of } | What::EchoOnly { lost, of } => {
            format!("{lost}{more} of {of}{more} lost")
        }
        What::Latency { before, after } => {
            let whose = match (entry.row, snapshot.path.target_ttl) {
                (Some(Row::Hop(_)), Some(_)) => "target ",
                (Some(Row::Hop(_)), None) => "last hop ",
                _ => "",
            };
            format!("{whose}{} to {} ms", millis(*before), millis(*after))
        }
        What::Local { fault, not_sent } => format!("{fault}, {not_sent}{more} not sent"),
        What::RouteChange { to, .. } => {
            let epoch = snapshot.epochs.get(*to);
            let again = epoch.and_then(|epoch| epoch.again).map(|again| format!(", back to path {again}"));
            let turns = if entry.length(entry.start).is_zero() { "" } else { ", to and fro" };
            format!("path {to}{}{turns}", again.unwrap_or_default())
        }
        What::Suspend => match slept(entry, snapshot) {
            Some(true) => "this machine slept".to_owned(),
            Some(false) => "hopwatch stood still".to_owned(),
            None => String::new(),
        },
    }
}

/// Whether this machine slept in a suspend, or hopwatch alone stood still; `None` where nobody knows.
pub fn slept(entry: &Entry, snapshot: &Snapshot) -> Option<bool> {
    snapshot.history.gaps().find(|gap| gap.from == entry.start)?.slept
}

/// Where an outage or a burst of loss was, by its own verdict; nothing for other events.
pub fn verdict(entry: &Entry, snapshot: &Snapshot) -> String {
    snapshot.event_verdict(entry).map(|finding| finding.text()).unwrap_or_default()
}

/// A length as lists write it: `4 s`, `12 m 33 s`, `3 h 00 m`.
pub fn length(length: Duration) -> String {
    let seconds = length.as_secs_f64().round() as u64;
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} m {:02} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {:02} m", minutes % 60),
        (days, hours, _) => format!("{days} d {:02} h", hours % 24),
    }
}

fn said(icmp: Icmp) -> String {
    super::words::mark(icmp)
}

fn millis(us: u32) -> String {
    format!("{:.1}", f64::from(us) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::journal::Journal;
    use crate::report::fixture::{reached, with};

    fn entry(row: Row, end: Option<Time>, what: What) -> Entry {
        Entry { number: 0, start: Time::ZERO, end, row: Some(row), withdrawn: false, what }
    }

    #[test]
    fn what_lasts_has_so_many_at_least() {
        let snapshot = &crate::report::fixture::reached().snapshot;
        let outage = What::Outage { lost: 8, refused: 0, of: 10, by: None };
        let burst = What::LossBurst { lost: 9, of: 30 };
        let said = |end, what: &What| figures(&entry(Row::Target, end, what.clone()), snapshot);
        let over = Some(Time::from_millis(9_000));
        assert_eq!([said(None, &outage), said(over, &outage)], ["8+ of 10+ lost", "8 of 10 lost"]);
        assert_eq!([said(None, &burst), said(over, &burst)], ["9+ of 30+ lost", "9 of 30 lost"]);
    }

    #[test]
    fn times_are_named_after_whose_they_are_where_they_show_before() {
        let mut snapshot = (*crate::report::fixture::reached().snapshot).clone();
        let step = |row| entry(row, None, What::Latency { before: 25_400, after: 48_600 });
        assert_eq!(figures(&step(Row::Hop(8)), &snapshot), "target 25.4 to 48.6 ms");
        assert_eq!(figures(&step(Row::Target), &snapshot), "25.4 to 48.6 ms");
        snapshot.path.target_ttl = None;
        assert_eq!(figures(&step(Row::Hop(8)), &snapshot), "last hop 25.4 to 48.6 ms");
    }

    #[test]
    fn a_long_list_says_where_the_rest_is() {
        let written = |events: u32| {
            let mut journal = Journal::default();
            for number in 0..events {
                let start = Time::from_millis(u64::from(number) * 10_000);
                let end = Some(start + Duration::from_secs(2));
                let what = What::Suspend;
                journal.take(Entry { number, start, end, row: None, withdrawn: false, what });
            }
            let view = with(reached(), |snapshot| snapshot.journal = Arc::new(journal));
            let mut out = Vec::new();
            write(&mut out, &view, &TimeZone::UTC).unwrap();
            String::from_utf8(out).unwrap()
        };
        for (events, title) in [
            (20, "Events:"),
            (168, "Events (148 earlier ones are not listed; --json has all):"),
            (1_168, "Events (1148 earlier ones are not listed; --json has the latest 1000):"),
        ] {
            let list = written(events);
            assert_eq!((list.lines().nth(1), list.lines().count()), (Some(title), 22), "{list}");
        }
    }

    #[test]
    fn lengths_are_written_in_two_units_at_most() {
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (753, "12 m 33 s"), (10_805, "3 h 00 m"), (90_000, "1 d 01 h")]
        {
            assert_eq!(length(Duration::from_secs(seconds)), text);
        }
    }
}
