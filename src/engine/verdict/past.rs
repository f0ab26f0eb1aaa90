//! What the journal adds to a verdict: routes that changed, steps of latency that are over, exact times.

use super::evidence::{Evidence, Refusal};
use super::finding::{Finding, Kind};
use super::spread::{Episode, LONG, MOST};
use crate::engine::journal::{Entry, Journal, What};
use crate::engine::round::Row;
use crate::engine::span::Span;
use crate::engine::time::Time;

/// Route changes that make a route flap, if they come within [`WHILE`].
const FLAPS: usize = 4;
/// The last so many ms tell whether the route flaps: half an hour. A week may well have a few changes.
const WHILE: u32 = 1_800_000;
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
    /// There were many of late.
    is_often: bool,
}

impl Changes {
    /// Reads the journal.
    pub fn of(journal: &Journal, evidence: &Evidence) -> Self {
        let (start, length) = (evidence.start, evidence.length);
        let within =
            |entry: &&Entry| matches!(entry.what, What::RouteChange { .. }) && touches(entry, evidence);
        let restless = journal.iter().filter(within).rfind(|entry| {
            let is_long = entry.end.is_none_or(|end| end > entry.start);
            let rest = entry.end.map_or(0, |end| length.saturating_sub(end.millis_since(start)));
            is_long && rest < REST
        });
        let restless = restless.map(|entry| (entry.start, entry.row));
        let changes = journal.iter().filter(within).filter(|entry| entry.start > start);
        let at: Vec<u32> =
            changes.map(|entry| entry.start.millis_since(start)).filter(|at| *at < length).collect();
        let is_often = at.iter().filter(|at| length - **at <= WHILE).count() >= FLAPS;
        Self { at, restless, is_often }
    }

    /// The route does not come to rest.
    pub const fn is_restless(&self) -> bool {
        self.restless.is_some() || self.is_often
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
    let steps: Vec<Finding> = entries().rev().filter_map(|entry| step(entry, evidence)).collect();
    let (ended, lasting): (Vec<Finding>, Vec<Finding>) =
        steps.into_iter().partition(|step| step.until.is_some());
    // Where something older is told, so is what has come since.
    let is_of_old = finding.until_change.is_some() || !ended.is_empty();
    let is_told = is_of_old && finding.kind != Kind::Latency;
    finding.secondary.extend(lasting.into_iter().take(usize::from(is_told)));
    finding.secondary.extend(ended.into_iter().take(STEPS));
}

/// Puts the events that nearly all losses fall into in the place of slices.
fn exactly<'a>(finding: &mut Finding, entries: impl Iterator<Item = &'a Entry>, evidence: &Evidence) {
    let events: Vec<(bool, Episode)> =
        entries.filter_map(|entry| Some((is_outage(entry), part(entry, evidence)?))).collect();
    let most = MOST * f64::from(finding.lost);
    let lost = |is_counted: fn(&(bool, Episode)) -> bool| {
        let counted = events.iter().filter(|event| is_counted(event));
        counted.map(|(_, event)| u64::from(event.lost)).sum::<u64>() as f64
    };
    if lost(|_| true) < most {
        return;
    }
    if lost(|(is_outage, event)| *is_outage && event.to - event.from >= LONG) >= most {
        finding.kind = Kind::Outage;
    }
    finding.since = events.first().map(|(_, event)| evidence.time(event.from));
    finding.episodes = events.into_iter().map(|(_, event)| event).collect();
}

/// What of an event that lost tries lies within the evidence: of its losses, as many as of its time.
fn part(entry: &Entry, evidence: &Evidence) -> Option<Episode> {
    let (What::Outage { lost, of, .. } | What::LossBurst { lost, of }) = entry.what else { return None };
    let within = |time: Time| time.millis_since(evidence.start).min(evidence.length);
    let from = within(entry.start);
    let to = entry.end.map_or(evidence.length, within).max(from);
    // How long one has lasted that is not over, its tries tell.
    let asked = u64::from(of) * u64::from(evidence.interval);
    let length = entry.end.map_or(asked, |end| end.since(entry.start).as_millis() as u64);
    let inside = u64::from(to - from);
    let lost = if inside < length { (u64::from(lost) * inside / length) as u32 } else { lost };
    Some(Episode { from, to, lost })
}

/// The last time that someone refused to pass probes on, where rounds no longer tell of it.
pub fn refusal(journal: &Journal, evidence: &Evidence) -> Option<Refusal> {
    let refusals = journal.iter().rev().filter(|entry| touches(entry, evidence));
    let mut refusals = refusals.filter_map(|entry| {
        let What::Outage { refused: 1.., by: Some((address, icmp)), .. } = entry.what else { return None };
        let ttl = match entry.row? {
            Row::Hop(ttl) => ttl,
            Row::Target => evidence.target()?.ttl,
        };
        let Episode { from, to, .. } = part(entry, evidence)?;
        let tries = (to - from) / evidence.interval.max(1);
        Some(Refusal { from, to, ttl, address, icmp, tries })
    });
    refusals.next()
}

/// A step of latency, over or in force.
fn step(entry: &Entry, evidence: &Evidence) -> Option<Finding> {
    let What::Latency { before, after } = entry.what else { return None };
    if after < before.saturating_add(STEP) {
        return None;
    }
    let mut step = Finding::new(Kind::Latency, evidence);
    (step.hop, step.since, step.until) = (entry.row, Some(entry.start), entry.end);
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
