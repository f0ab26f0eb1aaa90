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
//!   token bucket prove that ([`mod@even`]), for many hops sooner than for one (`together`); any other
//!   pattern proves nothing, and the verdict says so.
//! - **Latency** ([`mod@rise`]): the level that the last row's times moved to, and which hops moved with it.
//!
//! Order of precedence, the first that holds is the verdict: `gathering` (under ten tries), `local`,
//! `no_answers`, `loop`, `refused`, `outage` (now), `loss` (an `outage` that is over if losses fall into long
//! stretches), `flapping`, `target_limited`, `unclear`, `latency`, `clean`. What holds besides stands among the
//! secondary findings; `limited` is only ever one of those.

pub mod even;
pub mod evidence;
pub mod finding;
mod now;
pub mod rise;
pub mod spread;
pub mod steps;
mod together;
pub mod words;

use std::time::Duration;

use self::even::{Evenness, evenness};
use self::evidence::{Evidence, RowEvidence};
pub use self::finding::{Doubt, Experiment, Finding, HopEvidence, Kind, PaceWish, Standing};
use self::spread::{Episode, Spread, spread};
use self::steps::{Site, Step, steps};
use self::together::Together;
use super::history::History;
use super::journal::{Journal, What};
use super::path::PathView;
use super::round::Row;
use super::snapshot::Snapshot;
use super::span::Span;

/// Tries below which nothing is said.
const GATHERING: u32 = 10;
/// Tries since a route change from which on only the new route is judged.
const NEW_ROUTE: u32 = 40;
/// Route changes in a span that make it flap.
const FLAPS: usize = 4;
/// A hop under suspicion is asked in one of so many intervals.
const SLOW: u8 = 3;
/// Asked less often than once in so many ms, Linux answers each time.
const SECOND: u32 = 1_000;
/// A hop that is asked more often than it answers loses at least this share.
const RATIONED: f64 = 0.08;
/// A stretch of loss of this many ms is an outage, not a burst.
const LONG: u32 = 15_000;

/// Judges the tries of a span that are kept one by one.
pub fn verdict(history: &History, path: &PathView, journal: &Journal, span: Span) -> Finding {
    let evidence = Evidence::of(history, path, span);
    let changes = changes(journal, &evidence);
    let mut finding = judge(&evidence, path, &changes);
    finding.changes = changes.len();
    finding.hop_ttl = evidence.target().map_or(0, |row| row.ttl);
    words::word(&mut finding);
    finding
}

impl Snapshot {
    /// The verdict of a span.
    pub fn verdict(&self, span: Span) -> Finding {
        verdict(&self.history, &self.path, &self.journal, span)
    }

    /// Each row's part in a finding of this snapshot.
    pub fn hop_evidence(&self, finding: &Finding) -> Vec<HopEvidence> {
        hops(&self.history, &self.path, finding)
    }
}

/// Each row's part in a finding, from the same rounds.
pub fn hops(history: &History, path: &PathView, finding: &Finding) -> Vec<HopEvidence> {
    let (from, to) = finding.span;
    finding::hops(&Evidence::of(history, path, Span::Between(from, to + Duration::from_millis(1))), finding)
}

/// When the route changed within the evidence, in ms since its start.
fn changes(journal: &Journal, evidence: &Evidence) -> Vec<u32> {
    let changes =
        journal.iter().filter(|entry| matches!(entry.what, What::RouteChange { .. }) && !entry.withdrawn);
    let times = changes.filter(|entry| entry.start > evidence.start);
    let times =
        times.map(|entry| u32::try_from(entry.start.since(evidence.start).as_millis()).unwrap_or(u32::MAX));
    times.filter(|at| *at < evidence.length).collect()
}

fn judge(evidence: &Evidence, path: &PathView, changes: &[u32]) -> Finding {
    let tries = evidence.rows.iter().map(|row| row.samples.len() as u32).max().unwrap_or_default();
    let mut finding = Finding::new(Kind::Gathering, evidence);
    finding.samples = tries;
    if tries < GATHERING {
        return finding;
    }
    if let Some(now) = now::now(evidence, path) {
        return now;
    }
    let carriers = carriers(evidence, path);
    let silent = evidence.target().is_none_or(|row| row.answered == 0);
    if carriers.is_empty() {
        finding.kind = Kind::NoAnswers;
        return finding;
    }
    // A new route is judged by itself once there is enough of it; until then, the one before.
    let Some(&change) = changes.last() else { return on_one_route(evidence, path, changes.len(), silent) };
    let before = changes.iter().rev().nth(1).copied().unwrap_or(0);
    let (old, new) = (evidence.part(before, change), evidence.part(change, u32::MAX));
    let is_enough = |part: &Evidence| last_tries(part, path) >= NEW_ROUTE;
    let judged = |part: &Evidence| on_one_route(part, path, changes.len(), silent);
    match (is_enough(&old), is_enough(&new)) {
        (true, true) => {
            let (was, is) = (judged(&old), judged(&new));
            let is_worse = |finding: &Finding| matches!(finding.kind, Kind::Loss | Kind::Outage);
            if is_worse(&was) && !is_worse(&is) {
                Finding { until_change: Some(evidence.time(change)), ..was }
            } else {
                Finding { since_change: Some(evidence.time(change)), ..is }
            }
        }
        (true, false) => judged(&old),
        (false, true) => judged(&new),
        (false, false) => judged(evidence),
    }
}

fn last_tries(part: &Evidence, path: &PathView) -> u32 {
    carriers(part, path).last().map_or(0, |row| row.judged())
}

/// The rows whose loss tells of the path, the last of them the one that it is judged up to.
fn carriers<'a>(evidence: &'a Evidence, path: &PathView) -> Vec<&'a RowEvidence> {
    let counts = |row: &&RowEvidence| match row.row {
        Row::Hop(_) => row.answered > 0 && !row.other_flow,
        // A target that answered before is not silent, whatever it does now.
        Row::Target => row.answered > 0 || path.target_ttl.is_some() && row.lost > 0,
    };
    evidence.rows.iter().filter(counts).collect()
}

fn on_one_route(evidence: &Evidence, path: &PathView, changes: usize, silent: bool) -> Finding {
    let rows = carriers(evidence, path);
    let Some(last) = rows.last() else { return Finding::new(Kind::NoAnswers, evidence) };
    let losses: Vec<(u32, bool)> = last.losses().collect();
    let spread = spread(&losses, evidence.interval);
    let evenness: Vec<Option<Evenness>> =
        rows.iter().map(|row| evenness(&row.losses().collect::<Vec<_>>(), &evidence.paces)).collect();
    let Together { even, is_possible } = Together::of(&evenness);
    let site = |(row, even): (&&RowEvidence, &Option<Evenness>)| Site {
        ttl: row.ttl,
        tries: row.judged(),
        lost: row.lost,
        mute: even.is_some(),
    };
    let sites: Vec<Site> = rows.iter().zip(&even).map(site).collect();
    let steps = steps(&sites);
    let end = sites.iter().rposition(|site| !site.mute).unwrap_or_default();
    let (alone, carried): (Vec<Step>, Vec<Step>) = steps.iter().partition(|step| step.within.1 >= end);
    let largest = carried.iter().max_by(|a, b| a.size().total_cmp(&b.size()));
    let mut finding = Finding::new(Kind::Clean, evidence);
    finding.silent_target = silent;
    finding.judged_to = last.ttl;
    finding.samples = last.judged();
    finding.ci95 = Some(spread.ci95);
    (finding.rate, finding.lost) = (Some(spread.rate), spread.lost);
    let own_even = even.last().copied().flatten();
    let may_ration = is_possible && evidence.interval < SECOND && spread.rate >= RATIONED;
    let may_be_even = own_even.is_none()
        && evenness.last().copied().flatten().is_some_and(|even| even.is_possible())
        || may_ration;
    match (largest, alone.first()) {
        (Some(step), _) if last.lost >= 2 && !may_be_even => {
            fill_loss(&mut finding, step, &sites, evidence, &spread);
            let others = carried.iter().filter(|other| other.at != step.at);
            finding.secondary.extend(others.map(|other| further_step(other, &sites, evidence)));
        }
        _ if changes >= FLAPS => finding.kind = Kind::Flapping,
        _ if own_even.is_some() => {
            finding.kind = Kind::TargetLimited;
            finding.per_second = own_even.map(|even| even.per_second);
            finding.hop = Some(last.row);
        }
        (Some(step), _) | (None, Some(step)) => {
            fill_place(&mut finding, step, &sites, evidence);
            finding.kind = Kind::Unclear;
            let others_ration = even.iter().any(Option::is_some);
            finding.doubt = match () {
                () if may_ration && (others_ration || step.within.0 < end) => Doubt::Rationing,
                () if step.within.0 >= end => Doubt::Alone,
                () => Doubt::Place,
            };
            finding.take_spread(&spread, evidence);
        }
        _ if evidence.refusal.is_some() => refused_before(&mut finding, evidence),
        _ => {
            if let Some(rise) = rise::rise(&rows) {
                finding.kind = Kind::Latency;
                let (from, at) = rise.within;
                finding.hop = Some(rows[at].row);
                finding.between =
                    Some((from.map_or(0, |at| rows[at].ttl), tunnel_end(evidence, rows[at].ttl)));
                finding.since = Some(evidence.time(rise.since));
                finding.medians = Some(rise.medians);
            }
        }
    }
    for (((row, even), seen), site) in rows.iter().zip(&even).zip(&evenness).zip(&sites) {
        // Where the onset may lie, a hop's loss may as well be the path's.
        let is_open = finding.between.is_some_and(|(from, to)| from < row.ttl && row.ttl < to);
        let stands_out = !is_open && stands_out(site, &finding, &steps);
        if row.row != last.row && (even.is_some() || stands_out) {
            let mut own = Finding::new(Kind::Limited, evidence);
            own.hop = Some(row.row);
            own.samples = row.judged();
            own.rate = Some(f64::from(row.lost) / f64::from(row.judged().max(1)));
            own.per_second = even.map(|even| even.per_second);
            experiment(&mut own, row, *seen);
            // One question at a time.
            finding.wish = finding.wish.or(own.wish.filter(|_| finding.kind == Kind::Clean));
            finding.secondary.push(own);
        }
    }
    finding
}

/// Reads what came of asking a hop less often, or wishes for that where it is not known how it rations.
///
/// A limiter of so many answers a second answers a greater share when less is asked. One of a share does not,
/// nor does one that many others share: that proves nothing either way.
fn experiment(own: &mut Finding, row: &RowEvidence, seen: Option<Evenness>) {
    const ENOUGH: u32 = 20;
    const SUSPECT: u32 = 120;
    let (answered, lost) = row.slow;
    let (tries, all) = (answered + lost, row.judged());
    let before = f64::from(row.answered) / f64::from(all.max(1));
    if tries >= ENOUGH {
        let slowly = f64::from(answered) / f64::from(tries);
        let pooled = f64::from(answered + row.answered) / f64::from(tries + all);
        let spread =
            (pooled * (1.0 - pooled) * (1.0 / f64::from(tries) + 1.0 / f64::from(all.max(1)))).sqrt();
        let is_proof = slowly - before > 3.0 * spread;
        own.experiment = Some(Experiment { before, slowly, tries, is_proof });
        if is_proof && own.per_second.is_none() {
            own.per_second = seen.map(|even| even.per_second);
        }
    } else if own.per_second.is_none() && all >= SUSPECT && before < 0.9 && matches!(row.row, Row::Hop(_)) {
        own.wish = Some(PaceWish { row: row.row, every: SLOW });
    }
}

/// A hop loses clearly more than the path does there.
fn stands_out(site: &Site, finding: &Finding, steps: &[Step]) -> bool {
    let (tries, lost) = (f64::from(site.tries), f64::from(site.lost));
    let is_behind =
        |step: &&Step| finding.between.is_some_and(|(_, to)| site.ttl >= to) || step.rates.0 > 0.01;
    let carried = steps.iter().filter(is_behind).map(|step| step.rates.1).fold(0.002, f64::max);
    if site.tries < 20 || lost / tries.max(1.0) <= carried {
        return false;
    }
    let own = (lost / tries).min(0.999);
    lost * (own / carried).ln() + (tries - lost) * ((1.0 - own) / (1.0 - carried)).ln() > 6.0
}

fn fill_loss(finding: &mut Finding, step: &Step, sites: &[Site], evidence: &Evidence, spread: &Spread) {
    fill_place(finding, step, sites, evidence);
    finding.take_spread(spread, evidence);
    let long: u32 = finding
        .episodes
        .iter()
        .filter(|one| one.to.saturating_sub(one.from) >= LONG)
        .map(|one| one.lost)
        .sum();
    let is_outage = spread.bursty && f64::from(long) >= 0.8 * f64::from(spread.lost);
    finding.kind = if is_outage { Kind::Outage } else { Kind::Loss };
}

/// Someone refused for a while, and does no more.
fn refused_before(finding: &mut Finding, evidence: &Evidence) {
    let Some(refusal) = evidence.refusal else { return };
    finding.kind = Kind::Outage;
    finding.hop = Some(Row::Hop(refusal.ttl));
    finding.between = Some((refusal.ttl.saturating_sub(1), refusal.ttl));
    finding.by = Some((refusal.address, refusal.icmp));
    finding.since = Some(evidence.time(refusal.from));
    finding.episodes = vec![Episode { from: refusal.from, to: refusal.to, lost: refusal.tries }];
}

fn fill_place(finding: &mut Finding, step: &Step, sites: &[Site], evidence: &Evidence) {
    let (first, last) = step.within;
    let before = sites[..first].iter().rfind(|site| !site.mute && site.tries > 0);
    let to = sites[last].ttl;
    finding.hop = evidence.rows.iter().rfind(|row| row.ttl == to).map(|row| row.row);
    finding.between = Some((before.map_or(0, |site| site.ttl), tunnel_end(evidence, to)));
}

/// The hop behind the MPLS tunnel that `ttl` stands in; `ttl` itself outside of one.
fn tunnel_end(evidence: &Evidence, ttl: u8) -> u8 {
    let mut end = ttl;
    for row in evidence.rows.iter().skip_while(|row| row.row == Row::Target || row.ttl < ttl) {
        match row.row {
            Row::Hop(at) if row.labelled && at == end => end = at + 1,
            Row::Hop(at) if row.answered == 0 && at == end && end > ttl => end = at + 1,
            _ => break,
        }
    }
    end
}

fn further_step(step: &Step, sites: &[Site], evidence: &Evidence) -> Finding {
    let mut finding = Finding::new(Kind::Loss, evidence);
    fill_place(&mut finding, step, sites, evidence);
    finding.rate = Some(step.size());
    finding.samples = sites[step.at].tries;
    finding
}
