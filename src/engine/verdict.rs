//! What the figures mean: where loss begins, how sure that is, since when; or that it is no one's loss.
//!
//! Pure: rounds, path and journal in, one [`Finding`] out, with lesser ones and its evidence in it.
//!
//! What is read how:
//! - **Where** ([`mod@steps`]): loss that persists towards the target, as change points over the hops' counts. A
//!   hop that stands out, cleaner or worse, moves nothing. Hops that do not answer, that are asked in flows of
//!   their own, that ration their answers, or that stand in an MPLS tunnel make the place a range.
//! - **How much** ([`mod@spread`]): the last answering row's own tries; the interval is honest about bursts.
//! - **Whose**: what only the last row loses may be its own rationing. Answers that come as evenly as out of a
//!   token bucket prove that ([`even`](super::even)), for many hops sooner than for one (`together`); runs that
//!   no bucket gives, in any row that shows the loss, rule it out. Any other pattern proves nothing, and the
//!   verdict says so.
//! - **Latency** ([`mod@rise`]): the level that the last row's times moved to, and which hops moved with it.
//! - **Echo only** (`echo_only`): where echo requests to the target were answered and nothing else was, packets got
//!   there and back; what was tried meanwhile tells nothing of loss.
//!
//! Order of precedence, the first that holds is the verdict: `gathering` (under ten tries), `local`,
//! `no_answers`, `loop`, `refused`, `outage` (now), `loss` (an `outage` that is over if losses fall into long
//! stretches), `flapping`, `target_limited`, `unclear`, `latency`, `clean`. What holds besides stands among the
//! secondary findings; `limited` is only ever one of those.

mod conclude;
mod echo_only;
pub mod event;
pub mod evidence;
pub mod finding;
mod now;
mod past;
pub mod rise;
mod slices;
pub mod spread;
pub mod steps;
mod together;
pub mod words;

use std::time::Duration;

use self::conclude::{Seen, conclude};
use self::echo_only::EchoOnly;
use self::evidence::{Evidence, GATHERING};
pub use self::finding::{Doubt, Experiment, Finding, HopEvidence, Kind, PaceWish, Standing};
use self::past::Changes;
use self::slices::Slices;
use self::spread::spread;
use super::even::evenness;
use super::history::History;
use super::journal::{Entry, Journal};
use super::path::PathView;
use super::snapshot::Snapshot;
use super::span::Span;
use super::time::Time;

/// Tries since a route change from which on only the new route is judged.
const NEW_ROUTE: u32 = 40;

/// Judges a span: try by try where they are told apart, else by slices of time.
pub fn verdict(history: &History, path: &PathView, journal: &Journal, span: Span) -> Finding {
    let mut tries = Evidence::of(history, path, span);
    let mut finding = if history.has_tries(span) {
        let changes = Changes::of(journal, &tries);
        let echo_only = EchoOnly::of(journal, &tries, path);
        let spans = echo_only.spans(&tries);
        echo_only::leave_out(&mut tries, &spans);
        let mut finding = judge(&tries, path, &changes);
        echo_only.tell(&mut finding, &tries, path);
        changes.tell(&mut finding);
        past::add(&mut finding, journal, &tries, false);
        finding
    } else {
        let mut slices = Slices::of(history, path, span);
        slices.evidence.refusal = past::refusal(journal, &slices.evidence);
        let changes = Changes::of(journal, &slices.evidence);
        let echo_only = EchoOnly::of(journal, &slices.evidence, path);
        let spans = echo_only.spans(&slices.evidence);
        slices.leave_out(&spans);
        echo_only::leave_out(&mut tries, &spans);
        let is_enough = most_tries(&tries) >= GATHERING;
        let now = is_enough.then(|| now::now(&tries, path)).flatten();
        let mut finding = now.unwrap_or_else(|| slices.judge(path, changes.is_restless()));
        echo_only.tell(&mut finding, &slices.evidence, path);
        changes.tell(&mut finding);
        past::add(&mut finding, journal, &slices.evidence, true);
        finding
    };
    let ttl = tries.target().map_or_else(|| path.target_ttl.unwrap_or_default(), |row| row.ttl);
    finding.hop_ttl = ttl;
    finding.unwatched = unwatched(history, finding.span);
    finding.secondary.iter_mut().for_each(|other| other.hop_ttl = ttl);
    finding.take_path(path);
    words::word(&mut finding);
    finding
}

impl Snapshot {
    /// The verdict of a span.
    pub fn verdict(&self, span: Span) -> Finding {
        verdict(&self.history, &self.path, &self.journal, span)
    }

    /// Where an outage or a burst of loss was; `None` for other events, and where too little is known of its time.
    pub fn event_verdict(&self, entry: &Entry) -> Option<Finding> {
        event::verdict(&self.history, &self.path, entry, self.now)
    }

    /// Each row's part in a finding of this snapshot.
    pub fn hop_evidence(&self, finding: &Finding) -> Vec<HopEvidence> {
        hops(&self.history, &self.path, finding)
    }
}

/// Each row's part in a finding, from the same tries.
pub fn hops(history: &History, path: &PathView, finding: &Finding) -> Vec<HopEvidence> {
    let (from, to) = finding.span;
    let span = Span::Between(from, to + Duration::from_millis(1));
    if history.has_tries(span) {
        let mut tries = Evidence::of(history, path, span);
        echo_only::leave_out(&mut tries, &finding.echo_only);
        finding::hops(&tries, finding)
    } else {
        let mut slices = Slices::of(history, path, span);
        slices.leave_out(&finding.echo_only);
        finding::hops(&slices.evidence, finding)
    }
}

/// How much of a stretch of time nobody watched.
fn unwatched(history: &History, (from, to): (Time, Time)) -> Duration {
    let parts = history.gaps().map(|gap| gap.to.min(to).since(gap.from.max(from)));
    parts.fold(Duration::ZERO, Duration::saturating_add)
}

fn most_tries(evidence: &Evidence) -> u32 {
    evidence.rows.iter().map(|row| row.samples.len() as u32).max().unwrap_or_default()
}

fn judge(evidence: &Evidence, path: &PathView, changes: &Changes) -> Finding {
    let mut finding = Finding::new(Kind::Gathering, evidence);
    finding.samples = most_tries(evidence);
    if finding.samples < GATHERING {
        return finding;
    }
    if let Some(now) = now::now(evidence, path) {
        return now;
    }
    if evidence.carriers(path).is_empty() {
        finding.kind = Kind::NoAnswers;
        return finding;
    }
    let silent = evidence.target().is_none_or(|row| row.answered == 0);
    let judged = |part: &Evidence| on_one_route(part, path, silent, changes.is_restless());
    let Some((&change, earlier)) = changes.at.split_last().filter(|_| !changes.is_restless()) else {
        return judged(evidence);
    };
    // A new route is judged by itself once there is enough of it; until then, the one before.
    let is_enough = |part: &Evidence| last_tries(part, path) >= NEW_ROUTE;
    let is_worse = |finding: &Finding| matches!(finding.kind, Kind::Loss | Kind::Outage);
    let until = |(was, end): (Finding, u32)| Finding { until_change: Some(evidence.time(end)), ..was };
    let new = evidence.part(change, u32::MAX);
    let is = is_enough(&new).then(|| judged(&new));
    let starts = std::iter::once(0).chain(earlier.iter().copied());
    let ends = changes.at.iter().copied();
    let parts = starts.zip(ends).map(|(from, to)| (evidence.part(from, to), to));
    let known = parts.filter(|(part, _)| is_enough(part)).map(|(part, to)| (judged(&part), to));
    let known: Vec<(Finding, u32)> = known.collect();
    let worst = known.iter().rfind(|(was, _)| is_worse(was)).cloned();
    match (is, worst) {
        (Some(is), None) if is.kind != Kind::Clean => {
            Finding { since_change: Some(evidence.time(change)), ..is }
        }
        (Some(is), _) if is_worse(&is) => Finding { since_change: Some(evidence.time(change)), ..is },
        (_, Some(worst)) => until(worst),
        (is, None) => {
            // Where neither route has anything, all of their tries together say so.
            let all = judged(evidence);
            // A clean route is no answer to what was lost on the one before, if that was more than it can lose.
            let high = is.as_ref().and_then(|is| is.ci95).map_or(1.0, |[_, high]| high);
            let is_doubtful =
                |was: &Finding| was.kind == Kind::Unclear && was.ci95.is_some_and(|[low, _]| low > high);
            let doubtful = known.iter().rfind(|(was, _)| is_doubtful(was)).cloned();
            let last = known.into_iter().next_back();
            match (all.kind, is, doubtful.or(last)) {
                (Kind::Clean, ..) | (_, None, None) => all,
                (_, Some(_), Some(was)) if is_doubtful(&was.0) => until(was),
                (_, Some(is), _) => Finding { since_change: Some(evidence.time(change)), ..is },
                (_, None, Some(last)) => until(last),
            }
        }
    }
}

fn on_one_route(evidence: &Evidence, path: &PathView, silent: bool, flaps: bool) -> Finding {
    let rows = evidence.carriers(path);
    let losses: Vec<Vec<(u32, bool)>> = rows.iter().map(|row| row.losses().collect()).collect();
    let seen = Seen {
        counts: rows.iter().map(|row| (row.judged(), row.lost)).collect(),
        spread: losses.last().map(|losses| spread(losses, evidence.interval)).unwrap_or_default(),
        evenness: losses.iter().map(|losses| evenness(losses, &evidence.paces)).collect(),
        rows: rows.clone(),
        silent,
        flaps,
    };
    conclude(evidence, seen, || rise::rise(&rows))
}

fn last_tries(part: &Evidence, path: &PathView) -> u32 {
    part.carriers(path).last().map_or(0, |row| row.judged())
}
