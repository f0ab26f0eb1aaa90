//! What is the matter at this moment: this machine, a refusal, a circle, or nothing past some hop.

use super::conclude::tunnel_end;
use super::evidence::{Evidence, Gave, RowEvidence};
use super::finding::{Finding, Kind};
use crate::engine::path::{End, PathView};

/// Tries in a row, lost at the row that the path is judged by, from which on an outage is spoken of.
const DOWN: usize = 4;
/// The ms that it lasts then: hops that ration their answers may fall silent together for a second or two.
const SILENCE: u32 = 3_500;
/// The same where no other row shows it.
const ALONE: usize = 15;
/// How unlikely by chance it must be.
const CHANCE: f64 = 1e-7;

/// The finding that outweighs all figures of the past, if there is one.
pub fn now(evidence: &Evidence, path: &PathView) -> Option<Finding> {
    local(evidence)
        .or_else(|| no_answers(evidence))
        .or_else(|| at_the_end(evidence))
        .or_else(|| outage(evidence, path))
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
            (finding.samples, finding.judged_to) = (row.refused, ttl);
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
    row.samples.last().is_some_and(|sample| {
        sample.at.saturating_add(evidence.interval.saturating_mul(4)) >= evidence.length
    })
}

/// Nothing has come from behind some hop for a while, and by chance it would not have come to that.
fn outage(evidence: &Evidence, path: &PathView) -> Option<Finding> {
    let rows: Vec<&RowEvidence> =
        evidence.carriers(path).into_iter().filter(|row| is_recent(row, evidence)).collect();
    let last = rows.last()?;
    let losses: Vec<(u32, bool)> = last.losses().collect();
    let run = losses.iter().rev().take_while(|(_, lost)| *lost).count();
    let since = losses.get(losses.len().checked_sub(run)?)?.0;
    if run < DOWN || evidence.length.saturating_add(evidence.interval).saturating_sub(since) < SILENCE {
        return None;
    }
    let tails: Vec<Tail> = rows.iter().map(|row| Tail::of(row, since)).collect();
    let down = tails.iter().rposition(|tail| tail.answered > 0).map_or(0, |up| up + 1);
    // One that answers now and then before it says that this is no clean cut, or that it begins there.
    let is_clean_cut = tails[..down].iter().all(Tail::is_as_ever);
    let chance: f64 = tails[down..].iter().map(Tail::chance).sum();
    let is_alone = down + 1 == rows.len();
    let is_long = run >= ALONE && tails.last()?.rate < 0.05;
    if down == rows.len() || !is_clean_cut || is_alone && !is_long || chance > CHANCE.ln() {
        return None;
    }
    let first = down + tails[down..].iter().position(|tail| tail.chance() < 0.01_f64.ln())?;
    let mut finding = Finding::new(Kind::Outage, evidence);
    finding.hop = Some(rows[first].row);
    let from = down.checked_sub(1).map_or(0, |up| rows[up].ttl);
    finding.between = Some((from, tunnel_end(evidence, rows[first].ttl)));
    finding.since = Some(evidence.time(since));
    finding.samples = last.judged();
    finding.judged_to = last.ttl;
    finding.heard = evidence.is_heard(|at| at > since);
    Some(finding)
}

/// Tries of a row since a moment, and the share it lost before.
struct Tail {
    answered: u32,
    tries: u32,
    rate: f64,
}

impl Tail {
    fn of(row: &RowEvidence, since: u32) -> Self {
        // Hops are asked one after the other: who was asked just before the cut answered.
        let (mut answered, mut tries) = (0, 0);
        for (_, lost) in row.losses().rev().take_while(|(at, _)| *at >= since) {
            tries += 1;
            answered += u32::from(!lost);
        }
        let before = f64::from(row.judged() - tries);
        let lost = f64::from(row.lost - (tries - answered));
        Self { answered, tries, rate: (lost + 0.5) / (before + 1.0) }
    }

    /// It answers as it did before.
    fn is_as_ever(&self) -> bool {
        f64::from(self.answered) >= 0.6 * (1.0 - self.rate) * f64::from(self.tries) - 0.5
    }

    /// The logarithm of how likely it is that all of its tries were lost by chance.
    fn chance(&self) -> f64 {
        self.rate.clamp(0.02, 0.97).ln() * f64::from(self.tries)
    }
}
