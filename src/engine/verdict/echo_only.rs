//! Stretches of time in which echo requests to the target were answered and nothing else was: no outage, since
//! packets got there and back, but no time to judge loss by either.

use std::time::Duration;

use super::evidence::Evidence;
use super::finding::{Doubt, Finding, Kind};
use super::spread::Episode;
use crate::engine::journal::{Entry, Journal, What};
use crate::engine::path::PathView;
use crate::engine::round::Row;
use crate::engine::time::Time;

/// How unlikely by chance what is lost in a stretch must be.
const CHANCE: f64 = 1e-4;

/// Those of the evidence's time, in order.
#[derive(Debug, Default)]
pub struct EchoOnly(Vec<Stretch>);

#[derive(Debug)]
struct Stretch {
    from: Time,
    /// `None` while it lasts.
    to: Option<Time>,
    lost: u32,
    of: u32,
}

impl EchoOnly {
    /// Reads the journal, leaving out what chance gives where loss is as usual as in the rest of the evidence.
    pub fn of(journal: &Journal, evidence: &Evidence, path: &PathView) -> Self {
        let (start, end) = (evidence.start, evidence.time(evidence.length));
        let stretch = |entry: &Entry| {
            let What::EchoOnly { lost, of } = entry.what else { return None };
            let is_within = entry.start <= end && entry.end.is_none_or(|to| to >= start);
            is_within.then_some(Stretch { from: entry.start, to: entry.end, lost, of })
        };
        let mut stretches: Vec<Stretch> = journal.iter().filter_map(stretch).collect();
        let carriers = evidence.carriers(path);
        let (tries, lost) = carriers.last().map_or((0, 0), |last| (last.judged(), last.lost));
        let within = stretches.iter().fold((0, 0), |sum, one| (sum.0 + one.of, sum.1 + one.lost));
        let (tries, lost) = (tries.saturating_sub(within.0), lost.saturating_sub(within.1));
        let usual = (f64::from(lost) + 0.5) / (f64::from(tries) + 1.0);
        stretches.retain(|one| usual.clamp(0.02, 0.97).ln() * f64::from(one.lost) < CHANCE.ln());
        Self(stretches)
    }

    /// From when to when; hops are asked one after the other, so that each begins and ends a little earlier or later
    /// than the target shows.
    pub fn spans(&self, evidence: &Evidence) -> Vec<(Time, Time)> {
        let margin = Duration::from_millis(evidence.interval.into());
        self.0.iter().map(|one| (one.from - margin, one.to.map_or(Time::FAR, |to| to + margin))).collect()
    }

    /// Puts them into what was found without them; one in force comes first, unless something is wrong for sure.
    pub fn tell(&self, finding: &mut Finding, evidence: &Evidence, path: &PathView) {
        let Some(latest) = self.0.last() else { return };
        finding.echo_only = self.spans(evidence);
        let mut own = Finding::new(Kind::Unclear, evidence);
        own.doubt = Doubt::EchoOnly;
        (own.since, own.until) = (Some(latest.from), latest.to);
        (own.samples, own.lost) = self.0.iter().fold((0, 0), |sum, one| (sum.0 + one.of, sum.1 + one.lost));
        let within = |time: Time| time.millis_since(evidence.start).min(evidence.length);
        let episode = |one: &Stretch| Episode {
            from: within(one.from),
            to: one.to.map_or(evidence.length, within),
            lost: one.lost,
        };
        own.episodes = self.0.iter().map(episode).collect();
        if let Some(last) = evidence.carriers(path).last() {
            (own.silent_target, own.judged_to) = (last.row != Row::Target, last.ttl);
        }
        let is_nothing = matches!(finding.kind, Kind::Gathering | Kind::NoAnswers);
        if is_nothing || latest.to.is_none() && !finding.kind.is_alarm() {
            own.echo_only.clone_from(&finding.echo_only);
            own.secondary = std::mem::take(&mut finding.secondary);
            own.wish = finding.wish;
            *finding = own;
        } else {
            finding.secondary.push(own);
        }
    }
}

/// Takes what was tried in such stretches out of the evidence.
pub fn leave_out(evidence: &mut Evidence, spans: &[(Time, Time)]) {
    let start = evidence.start;
    let is_outside = |at: u32| {
        let at = start + Duration::from_millis(at.into());
        !spans.iter().any(|(from, to)| *from <= at && at < *to)
    };
    if !spans.is_empty() {
        evidence.rows.iter_mut().for_each(|row| row.retain(is_outside));
    }
}
