//! What is the matter at this moment: this machine, a refusal, a circle, or nothing past some hop.

use super::evidence::{Evidence, Gave, RowEvidence};
use super::finding::{Finding, Kind};
use super::{carriers, is_known};
use crate::engine::path::{End, PathView};

/// Tries in a row, lost at the row that the path is judged by, from which on an outage is spoken of.
const DOWN: usize = 4;

/// The finding that outweighs all figures of the past, if there is one.
pub fn now(evidence: &Evidence, path: &PathView) -> Option<Finding> {
    local(evidence).or_else(|| no_answers(evidence)).or_else(|| at_the_end(evidence)).or_else(|| outage(evidence, path))
}

/// The last tries of nearly every row never left this machine.
fn local(evidence: &Evidence) -> Option<Finding> {
    let unsent = |row: &RowEvidence| {
        row.samples.iter().rev().take_while(|sample| sample.gave == Gave::NotSent).count()
    };
    let asked: Vec<&RowEvidence> = evidence.rows.iter().filter(|row| is_recent(row, evidence)).collect();
    let failing = asked.iter().filter(|row| unsent(row) >= 2).count();
    if asked.is_empty() || failing * 10 < asked.len() * 8 {
        return None;
    }
    let first = asked.iter().filter_map(|row| {
        let count = unsent(row);
        (count > 0).then(|| row.samples[row.samples.len() - count].at)
    });
    let mut finding = Finding::new(Kind::Local, evidence);
    finding.since = first.min().map(|at| evidence.time(at));
    finding.samples = evidence.rows.iter().map(|row| row.not_sent).sum();
    Some(finding)
}

fn no_answers(evidence: &Evidence) -> Option<Finding> {
    let is_mute = evidence.rows.iter().all(|row| row.answered == 0 && row.refused == 0);
    is_mute.then(|| {
        let mut finding = Finding::new(Kind::NoAnswers, evidence);
        finding.samples = evidence.rows.iter().map(RowEvidence::judged).max().unwrap_or_default();
        finding
    })
}

/// A circle, or a refusal that stands.
fn at_the_end(evidence: &Evidence) -> Option<Finding> {
    match evidence.end {
        End::Loop { ttl } => {
            let mut finding = Finding::new(Kind::Loop, evidence);
            let first = ttl.saturating_sub(3);
            finding.hop = Some(crate::engine::round::Row::Hop(first));
            finding.between = Some((first, ttl));
            finding.samples = evidence.rows.iter().map(RowEvidence::judged).max().unwrap_or_default();
            Some(finding)
        }
        End::Refused { ttl, address, icmp } => {
            let row = evidence.rows.iter().rfind(|row| row.ttl == ttl)?;
            let run = row.samples.iter().rev().take_while(|sample| sample.gave != answered(sample.gave));
            let since = run.filter(|sample| sample.gave == Gave::Refusal).last()?.at;
            let mut finding = Finding::new(Kind::Refused, evidence);
            finding.hop = Some(row.row);
            finding.between = Some((ttl.saturating_sub(1), ttl));
            finding.by = Some((address, icmp));
            finding.since = Some(evidence.time(since));
            finding.samples = row.refused;
            Some(finding)
        }
        _ => None,
    }
}

/// `gave` itself if it is an answer, else something it is not.
const fn answered(gave: Gave) -> Gave {
    match gave {
        Gave::Answer(us) => Gave::Answer(us),
        _ => Gave::NotSent,
    }
}

fn is_recent(row: &RowEvidence, evidence: &Evidence) -> bool {
    row.samples.last().is_some_and(|sample| sample.at + 4 * evidence.interval >= evidence.length)
}

/// How a row's last tries stand to those before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Up,
    Down,
    Unknown,
}

/// Nothing has come from behind some hop for a while, and by chance it would not have come to that.
fn outage(evidence: &Evidence, path: &PathView) -> Option<Finding> {
    let rows: Vec<&RowEvidence> =
        carriers(evidence, path).into_iter().filter(|row| is_recent(row, evidence)).collect();
    let last = rows.last()?;
    let target_counts = last.row == crate::engine::round::Row::Target || !is_known(evidence.end);
    if !target_counts || tail(last).1 < DOWN {
        return None;
    }
    let tails: Vec<(Tail, f64)> = rows.iter().map(|row| judged(row)).collect();
    let first = tails.iter().rposition(|(tail, _)| *tail == Tail::Up).map_or(0, |up| up + 1);
    let down = first + tails[first..].iter().position(|(tail, _)| *tail == Tail::Down)?;
    let chance: f64 = tails[down..].iter().map(|(_, chance)| chance).sum();
    if down + 1 == rows.len() && tail(last).1 < 2 * DOWN || chance > (1e-5_f64).ln() {
        return None;
    }
    let losses: Vec<(u32, bool)> = last.losses().collect();
    let since = losses[losses.len() - tail(last).1].0;
    let mut finding = Finding::new(Kind::Outage, evidence);
    finding.is_now = true;
    finding.hop = Some(rows[down].row);
    let from = first.checked_sub(1).map_or(0, |up| rows[up].ttl);
    finding.between = Some((from, super::tunnel_end(evidence, rows[down].ttl)));
    finding.since = Some(evidence.time(since));
    finding.samples = last.judged();
    finding.judged_to = last.ttl;
    Some(finding)
}

/// The share lost before the tries at the end that were all lost, and how many those are.
fn tail(row: &RowEvidence) -> (f64, usize) {
    let run = row.losses().rev().take_while(|(_, lost)| *lost).count();
    let (tries, lost) = (row.judged() as usize - run, row.lost as usize - run);
    ((lost as f64 + 0.5) / (tries as f64 + 1.0), run)
}

/// Where a row's tail stands, and the logarithm of how likely it would be by chance.
fn judged(row: &RowEvidence) -> (Tail, f64) {
    let (rate, run) = tail(row);
    let chance = rate.clamp(0.02, 0.97).ln() * run as f64;
    let tail = match run {
        0 => Tail::Up,
        _ if chance < (0.02_f64).ln() - 1e-9 => Tail::Down,
        _ => Tail::Unknown,
    };
    (tail, chance)
}
