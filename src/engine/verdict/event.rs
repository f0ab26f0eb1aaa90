//! Where an event of the journal was: the hop from which on tries failed while it lasted.
//!
//! An event has few tries. That it happened is known, and how much each hop loses otherwise; what is asked is
//! between which hops failures begin, as a change point with those two likelihoods for every hop.

use std::time::Duration;

use super::conclude::tunnel_end;
use super::evidence::RowEvidence;
use super::finding::{Doubt, Finding, Kind};
use super::slices::Slices;
use super::words;
use crate::engine::history::History;
use crate::engine::journal::{Entry, What};
use crate::engine::path::PathView;
use crate::engine::round::Row;
use crate::engine::span::Span;
use crate::engine::time::Time;

/// How much less likely a place may be than the likeliest and still be one.
const DOUBT: f64 = 3.0;
/// One hop's say weighs no more than this: it may stand out.
const SAY: f64 = 5.0;

/// Where an outage or a burst of loss was; `None` of other events, and where too little is known of its time.
pub fn verdict(history: &History, path: &PathView, entry: &Entry, now: Time) -> Option<Finding> {
    let (kind, failed, of, by) = match entry.what {
        What::Outage { refused, lost: 0, of, by: Some(by) } => (Kind::Refused, refused, of, Some(by)),
        What::Outage { lost: 0, by: None, .. } => return None,
        What::Outage { lost, refused, of, by } => (Kind::Outage, lost + refused, of, by),
        What::LossBurst { lost, of } => (Kind::Loss, lost, of, None),
        _ => return None,
    };
    // Hops are asked in turn within an interval: who is asked last is asked a little after the target.
    let end = entry.end.unwrap_or(now).max(entry.start + Duration::from_millis(1));
    let span = Span::Between(entry.start, end);
    let evidence = Slices::of(history, path, span).evidence;
    let rows = evidence.rows.iter().filter(|row| !row.other_flow);
    let rows: Vec<(&RowEvidence, f64)> = rows.filter_map(|row| Some((row, usual(history, row)?))).collect();
    let (last, its_usual) =
        *rows.last().filter(|(row, _)| row.row == Row::Target || path.target_ttl.is_none())?;
    let share = if history.has_tries(span) {
        (f64::from(failed) / f64::from(of.max(1))).clamp(0.5, 0.97)
    } else {
        share_in_slices(last, its_usual)?
    };
    // How likely it is that failures begin at each row, from one to the next.
    let mut likely = Vec::with_capacity(rows.len());
    let mut sum = 0.0;
    for &(row, usual) in &rows {
        likely.push(sum);
        sum -= say(row, usual, share);
    }
    let best = likely.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_place = |score: &f64| *score >= best - DOUBT;
    let (first, end) = (likely.iter().position(is_place)?, likely.iter().rposition(is_place)?);
    let before = first.checked_sub(1).map_or(0, |at| rows[at].0.ttl);
    let mut finding = Finding::new(kind, &evidence);
    finding.hop = Some(rows[end].0.row);
    finding.between = Some((before, tunnel_end(&evidence, rows[end].0.ttl)));
    (finding.since, finding.until) = (Some(entry.start), entry.end);
    (finding.lost, finding.samples, finding.by) = (failed, of, by);
    (finding.hop_ttl, finding.judged_to) = (last.ttl, last.ttl);
    finding.silent_target = path.target_ttl.is_none();
    if first + 1 == rows.len() {
        finding.doubt = Doubt::Alone;
    }
    finding.take_path(path);
    finding.parts = words::event(&finding);
    Some(finding)
}

/// The share that a row fails otherwise; `None` if it never answers.
fn usual(history: &History, row: &RowEvidence) -> Option<f64> {
    let counts = history.total(row.row)?.counts;
    let failed = counts.lost.saturating_sub(counts.slowed_lost).saturating_sub(row.lost.into()) as f64;
    let all = counts.judged().saturating_sub(row.judged().into()) as f64;
    (counts.answered + counts.late > 0).then(|| ((failed + 0.5) / (all + 10.0)).clamp(0.003, 0.97))
}

/// The share of the last row's tries that failed beyond what is usual, in slices that reach past the event.
///
/// `None` where that is too little to tell an event by: so does the event drown in the slices of every row.
fn share_in_slices(last: &RowEvidence, usual: f64) -> Option<f64> {
    let failed = f64::from(last.lost + last.refused);
    let all = failed + f64::from(last.answered);
    let share = (1.0 - (1.0 - failed / all.max(1.0)) / (1.0 - usual)).min(0.97);
    (share > 0.0 && say(last, usual, share) >= DOUBT).then_some(share)
}

/// How much more likely a row's tries are behind the place of failure than before it, in logarithms.
fn say(row: &RowEvidence, usual: f64, share: f64) -> f64 {
    let (failed, kept) = (f64::from(row.lost + row.refused), f64::from(row.answered));
    let behind = 1.0 - (1.0 - usual) * (1.0 - share);
    (failed * (behind / usual).ln() + kept * ((1.0 - behind) / (1.0 - usual)).ln()).clamp(-SAY, SAY)
}
