//! What the journal adds to a verdict: routes that changed, steps of latency that are over, exact times.

use super::evidence::Evidence;
use super::finding::{Finding, Kind};
use super::spread::{Episode, LONG, MOST};
use crate::engine::journal::{Entry, Journal, What};
use crate::engine::round::Row;
use crate::engine::span::Span;
use crate::engine::time::Time;

/// Route changes in a span that make it flap.
const FLAPS: usize = 4;
/// So many ms after its last turn a route that changed to and fro is at rest.
const REST: u32 = 300_000;
/// Steps of latency told beside a verdict, the latest first.
const STEPS: usize = 3;
/// A lesser step of latency, in µs, is not told once it is over.
const STEP: u32 = 2_000;

/// How the route changed within the evidence.
pub struct Changes {
    /// When, in ms since its start.
    pub at: Vec<u32>,
    /// It changes to and fro: since when, and from which row on.
    restless: Option<(Time, Option<Row>)>,
}

impl Changes {
    /// Reads the journal.
    pub fn of(journal: &Journal, evidence: &Evidence) -> Self {
        let (start, length) = (evidence.start, evidence.length);
        let within =
            |entry: &&Entry| matches!(entry.what, What::RouteChange { .. }) && touches(entry, evidence);
        let restless = journal.iter().filter(within).rfind(|entry| {
            let is_long = entry.end.is_none_or(|end| end > entry.start);
            let rest = entry.end.map_or(0, |end| length.saturating_sub(millis(end, start)));
            is_long && rest < REST
        });
        let restless = restless.map(|entry| (entry.start, entry.row));
        let changes = journal.iter().filter(within).filter(|entry| entry.start > start);
        let at: Vec<u32> =
            changes.map(|entry| millis(entry.start, start)).filter(|at| *at < length).collect();
        Self { at, restless }
    }

    /// The route does not come to rest.
    pub fn is_restless(&self) -> bool {
        self.restless.is_some() || self.at.len() >= FLAPS
    }

    /// Puts them into a finding.
    pub fn tell(&self, finding: &mut Finding) {
        finding.changes = self.at.len();
        if let (Kind::Flapping, Some((since, row))) = (finding.kind, self.restless) {
            (finding.since, finding.hop) = (Some(since), row);
        }
    }
}

/// Adds what the journal knows of the evidence's time; `is_coarse` if its tries are not told apart.
pub fn add(finding: &mut Finding, journal: &Journal, evidence: &Evidence, is_coarse: bool) {
    let entries = || journal.iter().filter(|entry| touches(entry, evidence));
    if finding.is_now()
        && let Some(open) = entries().find(|entry| entry.is_open() && is_outage(entry))
    {
        finding.since = finding.since.map(|since| since.min(open.start));
    }
    if is_coarse && finding.bursty && matches!(finding.kind, Kind::Loss | Kind::Outage) {
        exactly(finding, entries(), evidence);
    }
    let steps = entries().rev().filter_map(|entry| ended_step(entry, evidence));
    finding.secondary.extend(steps.take(STEPS));
}

/// Puts the events that nearly all losses fall into in the place of slices.
fn exactly<'a>(finding: &mut Finding, entries: impl Iterator<Item = &'a Entry>, evidence: &Evidence) {
    let events = entries.filter_map(|entry| {
        let (What::Outage { lost, .. } | What::LossBurst { lost, .. }) = entry.what else { return None };
        let from = millis(entry.start, evidence.start);
        let to = entry.end.map_or(evidence.length, |end| millis(end, evidence.start));
        Some((is_outage(entry), Episode { from, to, lost }))
    });
    let events: Vec<(bool, Episode)> = events.collect();
    let most = MOST * f64::from(finding.lost);
    let lost: u32 = events.iter().map(|(_, event)| event.lost).sum();
    let long = events.iter().filter(|(is_outage, event)| *is_outage && event.to - event.from >= LONG);
    let long: u32 = long.map(|(_, event)| event.lost).sum();
    if f64::from(lost) < most {
        return;
    }
    if f64::from(long) >= most {
        finding.kind = Kind::Outage;
    }
    finding.since = events.first().map(|(_, event)| evidence.time(event.from));
    finding.episodes = events.into_iter().map(|(_, event)| event).collect();
}

/// A step of latency that is over.
fn ended_step(entry: &Entry, evidence: &Evidence) -> Option<Finding> {
    let What::Latency { before, after } = entry.what else { return None };
    let until = entry.end.filter(|_| after >= before.saturating_add(STEP))?;
    let mut step = Finding::new(Kind::Latency, evidence);
    (step.hop, step.since, step.until) = (entry.row, Some(entry.start), Some(until));
    step.medians = Some((before, after));
    Some(step)
}

const fn is_outage(entry: &Entry) -> bool {
    matches!(entry.what, What::Outage { .. })
}

fn touches(entry: &Entry, evidence: &Evidence) -> bool {
    let to = entry.end.map_or(Time::FAR, |end| end + std::time::Duration::from_millis(1));
    let span = Span::Between(evidence.start, evidence.time(evidence.length.saturating_add(1)));
    !entry.withdrawn && span.touches(entry.start, to)
}

fn millis(time: Time, start: Time) -> u32 {
    u32::try_from(time.since(start).as_millis()).unwrap_or(u32::MAX)
}
