//! An event and a path as JSON, for the report and for `--on-event`.

use std::net::IpAddr;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::clock::rfc3339;
use super::events;
use crate::engine::epoch::Epoch;
use crate::engine::journal::{Entry, What};
use crate::engine::round::Row;
use crate::engine::snapshot::Snapshot;
use crate::watch::{Happened, News};

/// The format's name and version.
const SCHEMA: &str = "hopwatch.event/1";

/// What `--on-event` hands to its command.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    happened: Happened,
    target: Target<'a>,
    event: Event,
}

#[derive(Debug, Serialize)]
struct Target<'a> {
    name: &'a str,
    address: IpAddr,
}

/// News of an event as a document of one line, without its end.
pub fn document(news: &News, zone: &TimeZone) -> String {
    let about = &news.about;
    let document = Document {
        schema: SCHEMA,
        happened: news.happened,
        target: Target { name: &about.target, address: about.address },
        event: Event::of(&news.entry, &news.snapshot, zone),
    };
    // Strings and numbers cannot fail to be written to a string.
    serde_json::to_string(&document).unwrap_or_default()
}

/// An event. Which figures it has beside its times and its place depends on its kind.
#[derive(Debug, Serialize)]
pub struct Event {
    number: u32,
    kind: &'static str,
    start: String,
    end: Option<String>,
    seconds: f64,
    /// The TTL of the first hop that it shows at.
    hop: Option<u8>,
    /// That hop is the target.
    target: bool,
    #[serde(flatten)]
    figures: Figures,
    /// Where it was; null where that is not asked, or not known.
    verdict: Option<EventVerdict>,
}

/// Where an outage or a burst of loss was.
#[derive(Debug, Serialize)]
struct EventVerdict {
    kind: &'static str,
    hop: Option<u8>,
    between: Option<[u8; 2]>,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Figures {
    Outage { lost: u32, refused: u32, of: u32, by: Option<IpAddr>, icmp: Option<[u8; 2]> },
    Lost { lost: u32, of: u32 },
    Latency { before_ms: f64, after_ms: f64 },
    Local { fault: String, not_sent: u64 },
    RouteChange { from: u32, to: u32, again: Option<u32> },
    Suspend { slept: Option<bool> },
}

/// The path of an epoch.
#[derive(Debug, Serialize)]
pub struct Path {
    number: u32,
    start: String,
    again: Option<u32>,
    hops: Vec<PathHop>,
}

#[derive(Debug, Serialize)]
struct PathHop {
    ttl: u8,
    responders: Vec<IpAddr>,
}

impl Event {
    /// The entry as the snapshot's clock has it.
    pub fn of(entry: &Entry, snapshot: &Snapshot, zone: &TimeZone) -> Self {
        let at = |time| rfc3339(snapshot.anchor.wall(time), zone);
        let hop = entry.row.map(|row| match row {
            Row::Hop(ttl) => ttl,
            Row::Target => snapshot.path.target_ttl.unwrap_or(snapshot.path.last_hop.saturating_add(1)),
        });
        Self {
            number: entry.number,
            kind: entry.what.kind(),
            start: at(entry.start),
            end: entry.end.map(at),
            seconds: (snapshot.length(entry).as_secs_f64() * 1_000.0).round() / 1_000.0,
            hop,
            target: entry.row == Some(Row::Target),
            figures: Figures::of(entry, snapshot),
            verdict: snapshot.event_verdict(entry).map(|finding| EventVerdict {
                kind: finding.kind.name(),
                hop: finding.ttl(),
                between: finding.between.map(|(from, to)| [from, to]),
                text: finding.text(),
            }),
        }
    }
}

impl Figures {
    fn of(entry: &Entry, snapshot: &Snapshot) -> Self {
        let ms = |us: u32| f64::from(us) / 1_000.0;
        match &entry.what {
            What::Outage { lost, refused, of, by } => Self::Outage {
                lost: *lost,
                refused: *refused,
                of: *of,
                by: by.map(|(address, _)| address),
                icmp: by.map(|(_, icmp)| [icmp.ty, icmp.code]),
            },
            What::LossBurst { lost, of } | What::EchoOnly { lost, of } => Self::Lost { lost: *lost, of: *of },
            What::Latency { before, after } => Self::Latency { before_ms: ms(*before), after_ms: ms(*after) },
            What::Local { fault, not_sent } => Self::Local { fault: fault.to_string(), not_sent: *not_sent },
            What::RouteChange { from, to } => Self::RouteChange {
                from: *from,
                to: *to,
                again: snapshot.epochs.get(*to).and_then(|epoch| epoch.again),
            },
            What::Suspend => Self::Suspend { slept: events::slept(entry, snapshot) },
        }
    }
}

impl Path {
    /// The epoch as the snapshot's clock has it.
    pub fn of(epoch: &Epoch, snapshot: &Snapshot, zone: &TimeZone) -> Self {
        let hops = epoch.hops.iter();
        Self {
            number: epoch.number,
            start: rfc3339(snapshot.anchor.wall(epoch.start), zone),
            again: epoch.again,
            hops: hops.map(|hop| PathHop { ttl: hop.ttl, responders: hop.responders.clone() }).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::time::Time;
    use crate::report::fixture;

    #[test]
    fn news_are_a_line_with_the_target_and_the_event_as_reports_have_it() {
        let view = fixture::reached();
        let entry = Entry {
            number: 3,
            start: Time::from_millis(1_000),
            end: Some(Time::from_millis(3_500)),
            row: Some(Row::Hop(2)),
            withdrawn: false,
            what: What::Outage { lost: 2, refused: 0, of: 3, by: None },
        };
        let news = News {
            happened: Happened::End,
            entry,
            snapshot: Arc::clone(&view.snapshot),
            about: Arc::clone(&view.about),
        };
        insta::assert_snapshot!(document(&news, &TimeZone::UTC));
    }
}
