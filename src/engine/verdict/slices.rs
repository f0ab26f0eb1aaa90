//! The verdict of a span whose tries are no longer told apart: from slices of time, each a block of tries.
//!
//! What is lost in the long run has its interval from how much batches of slices differ. Where losses gather in
//! few of them, only those are looked at for the place, since a week around an hour of trouble would hide it.

use std::time::Duration;

use super::conclude::{Seen, conclude};
use super::evidence::{Evidence, GATHERING, RowEvidence};
use super::finding::{Finding, Kind};
use super::rise::{self, Rise};
use super::spread::{self, Block, Spread};
use crate::engine::even::{self, Evenness};
use crate::engine::history::{Cell, History};
use crate::engine::path::{End, PathView};
use crate::engine::round::{Round, Row};
use crate::engine::span::Span;
use crate::engine::time::Time;

/// Longer spans are judged by their end: times are told in 32 bits of ms.
const LONGEST: Duration = Duration::from_hours(49 * 24);
/// Bursts that the place of loss is looked for in, the greatest first.
const BURSTS: usize = 16;
/// Losses past which counts are scaled down: hops that differ by less than such counts could show are alike.
const LOSSES: f64 = 300.0;
/// Slices, the latest, that tell how evenly a row's answers come.
const LATEST: usize = 240;
/// A row that loses less than this does not ration its answers.
const RATIONED: f64 = 0.02;

/// What slices hold of a span.
pub struct Slices<'a> {
    history: &'a History,
    /// The rows' counts; they have no samples.
    pub evidence: Evidence,
    /// Stretches of time whose slices are left out.
    left_out: Vec<(Time, Time)>,
}

impl<'a> Slices<'a> {
    /// Gathers the rows' counts over a span, rounded to slices.
    pub fn of(history: &'a History, path: &PathView, span: Span) -> Self {
        let (from, to) = history.edges(span);
        let end = history.recent().next_back().map_or(from, Round::until);
        let (from, to) = (history.first().map_or(from, |first| from.max(first)), to.min(end));
        let from = from.max(to - LONGEST);
        let interval = history.recent().next_back().map_or(1_000, |round| round.interval.as_millis() as u32);
        let mut evidence = Evidence {
            rows: Vec::new(),
            start: from,
            length: to.millis_since(from),
            interval,
            paces: Vec::new(),
            end: End::Silent,
            refusal: None,
        };
        let rows = (1..=u8::MAX).map(Row::Hop).chain([Row::Target]);
        for row in rows.filter(|row| history.total(*row).is_some()) {
            let counts = history.totals(row, Span::Between(from, to), &[]).counts;
            if counts.sent() + counts.not_sent == 0 {
                continue;
            }
            let behind = path.last_hop.saturating_add(1);
            let ttl = match row {
                Row::Hop(ttl) => ttl,
                Row::Target => path.target_ttl.unwrap_or(behind),
            };
            let lost = counts.lost.saturating_sub(counts.slowed_lost);
            let slow = counts.slowed.saturating_sub(counts.slowed_lost);
            evidence.rows.push(RowEvidence {
                ttl,
                answered: narrow(counts.judged().saturating_sub(lost)),
                lost: narrow(lost),
                refused: narrow(counts.refused),
                not_sent: narrow(counts.not_sent),
                slow: (narrow(slow), narrow(counts.slowed_lost)),
                ..RowEvidence::new(row, path)
            });
        }
        Self { history, evidence, left_out: Vec::new() }
    }

    /// Leaves out the slices that have a part in any of these stretches, which are in order.
    pub fn leave_out(&mut self, spans: &[(Time, Time)]) {
        let (Some((from, _)), Some((_, to))) = (spans.first(), spans.last()) else { return };
        self.left_out = spans.to_vec();
        let within = Span::Between((*from).max(self.evidence.start), *to);
        for row in &mut self.evidence.rows {
            let cells = self.history.cells(row.row, within);
            for cell in cells.filter(|cell| touches(spans, cell)) {
                let counts = &cell.counts;
                let lost = counts.lost.saturating_sub(counts.slowed_lost);
                let less = |all: u32, by: u64| all.saturating_sub(narrow(by));
                row.answered = less(row.answered, counts.judged().saturating_sub(lost));
                row.lost = less(row.lost, lost);
                row.refused = less(row.refused, counts.refused);
                row.not_sent = less(row.not_sent, counts.not_sent);
            }
        }
    }

    /// What they say.
    pub fn judge(&self, path: &PathView, flaps: bool) -> Finding {
        let evidence = &self.evidence;
        let rows = evidence.carriers(path);
        let Some(last) = rows.last().filter(|_| self.most_tries() >= GATHERING) else {
            return self.nothing_seen();
        };
        let blocks = self.blocks(last.row, 0);
        let spread = spread::of_blocks(&blocks, evidence.length);
        let counts = self.counts(&rows, &spread);
        let latest = blocks.get(blocks.len().saturating_sub(LATEST)).map_or(0, |block| block.from);
        let evenness = rows.iter().map(|row| self.evenness(row, latest)).collect();
        let silent = evidence.target().is_none_or(|row| row.answered == 0);
        let seen = Seen { rows: rows.clone(), counts, spread, evenness, silent, flaps };
        conclude(evidence, seen, || self.rise(&rows, &blocks))
    }

    /// Too few tries, or no answers: maybe since none of them left this machine.
    fn nothing_seen(&self) -> Finding {
        let (tries, not_sent) = (self.most_tries(), self.evidence.rows.iter().map(|row| row.not_sent));
        let is_unsent = self.evidence.rows.iter().all(|row| row.judged() + row.refused == 0);
        let mut finding = Finding::new(Kind::NoAnswers, &self.evidence);
        finding.samples = tries;
        if tries < GATHERING {
            finding.kind = Kind::Gathering;
        } else if is_unsent {
            (finding.kind, finding.samples) = (Kind::Local, not_sent.fold(0, u32::saturating_add));
            finding.since = Some(self.evidence.start);
        }
        finding
    }

    fn most_tries(&self) -> u32 {
        let tries = |row: &RowEvidence| {
            [row.lost, row.refused, row.not_sent]
                .iter()
                .fold(row.answered, |sum, more| sum.saturating_add(*more))
        };
        self.evidence.rows.iter().map(tries).max().unwrap_or_default()
    }

    /// Tries and lost ones of each row: within the bursts, if there are any.
    fn counts(&self, rows: &[&RowEvidence], spread: &Spread) -> Vec<(u32, u32)> {
        if !spread.bursty {
            return scaled(rows.iter().map(|row| (row.judged(), row.lost)).collect());
        }
        let mut bursts = spread.episodes.clone();
        bursts.sort_by_key(|burst| std::cmp::Reverse(burst.lost));
        bursts.truncate(BURSTS);
        let within = |row: &&RowEvidence| {
            let sums = bursts.iter().map(|burst| {
                let span = Span::Between(self.evidence.time(burst.from), self.evidence.time(burst.to));
                let counts = self.history.totals(row.row, span, &[]).counts;
                (narrow(counts.judged()), narrow(counts.lost.saturating_sub(counts.slowed_lost)))
            });
            sums.fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1))
        };
        scaled(rows.iter().map(within).collect())
    }

    fn evenness(&self, row: &RowEvidence, from: u32) -> Option<Evenness> {
        let share = f64::from(row.lost) / f64::from(row.judged().max(1));
        let part = |block: &Block| even::Part {
            seconds: f64::from(block.to.saturating_sub(block.from)) / 1_000.0,
            tries: block.tries.into(),
            answered: block.tries.saturating_sub(block.lost).into(),
        };
        let parts = || self.blocks(row.row, from).iter().map(part).collect::<Vec<_>>();
        (share >= RATIONED).then(|| even::of_parts(&parts()))?
    }

    fn blocks(&self, row: Row, from: u32) -> Vec<Block> {
        let evidence = &self.evidence;
        let span = Span::Between(evidence.time(from), evidence.time(evidence.length));
        let cells = self.history.cells(row, span).filter(|cell| !touches(&self.left_out, cell));
        cells.map(|cell| block(&cell, evidence.start)).collect()
    }

    fn rise(&self, rows: &[&RowEvidence], blocks: &[Block]) -> Option<Rise> {
        let times: Vec<(u32, f64)> =
            blocks.iter().filter_map(|block| Some((block.from, block.median?))).collect();
        let level = rise::level(&times)?;
        let since = self.evidence.time(level.since);
        let median = |row: &RowEvidence, span| {
            let totals = self.history.totals(row.row, span, &[]);
            (totals.rtt.count() >= 5).then(|| totals.distribution.quantile(0.5))?
        };
        let (from, to) = (self.evidence.start, self.evidence.time(self.evidence.length));
        let shift = |row: &&RowEvidence| {
            Some(median(row, Span::Between(since, to))? - median(row, Span::Between(from, since))?)
        };
        let shifts: Vec<Option<f64>> = rows.iter().map(shift).collect();
        rise::found(&level, &shifts)
    }
}

/// The same shares of fewer tries, where the last row lost more than need be.
fn scaled(counts: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    let lost = counts.last().map_or(0.0, |(_, lost)| f64::from(*lost));
    let scale = (LOSSES / lost.max(1.0)).min(1.0);
    let less = |count: u32| (f64::from(count) * scale).round() as u32;
    counts.into_iter().map(|(tries, lost)| (less(tries), less(lost).min(less(tries)))).collect()
}

fn block(cell: &Cell, start: Time) -> Block {
    let lost = cell.counts.lost.saturating_sub(cell.counts.slowed_lost);
    Block {
        from: cell.start.millis_since(start),
        to: cell.end().millis_since(start),
        tries: narrow(cell.counts.judged()),
        lost: narrow(lost),
        median: cell.distribution.quantile(0.5),
    }
}

/// Whether a slice has a part in any of these stretches.
fn touches(spans: &[(Time, Time)], cell: &Cell) -> bool {
    spans.iter().any(|(from, to)| Span::Between(*from, *to).touches(cell.start, cell.end()))
}

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
