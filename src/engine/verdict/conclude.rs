//! From what was seen of a path to what is said of it.

use super::evidence::{Evidence, RowEvidence};
use super::finding::{Doubt, Experiment, Finding, Kind, PaceWish};
use super::rise::Rise;
use super::spread::{Episode, LONG, Spread};
use super::steps::{Site, Step, steps};
use super::together::Together;
use crate::engine::even::Evenness;
use crate::engine::round::Row;

/// A hop under suspicion is asked in one of so many intervals.
const SLOW: u8 = 3;
/// Asked less often than once in so many ms, Linux answers each time.
const SECOND: u32 = 1_000;
/// A hop that is asked more often than it answers loses at least this share.
const RATIONED: f64 = 0.08;

/// What was seen of the rows that tell of a path.
pub struct Seen<'a> {
    /// The rows, the last of them the one that the path is judged up to.
    pub rows: Vec<&'a RowEvidence>,
    /// Tries and lost ones of each, where the place of loss is looked for.
    pub counts: Vec<(u32, u32)>,
    /// The last one's loss.
    pub spread: Spread,
    /// How evenly each one's answers come.
    pub evenness: Vec<Option<Evenness>>,
    /// The target has never answered.
    pub silent: bool,
    /// The route changes to and fro.
    pub flaps: bool,
}

/// What is said of a path; `rise` looks whether its times rose.
pub fn conclude(evidence: &Evidence, seen: Seen<'_>, rise: impl FnOnce() -> Option<Rise>) -> Finding {
    let Seen { rows, counts, spread, evenness, silent, flaps } = seen;
    let Some(last) = rows.last() else { return Finding::new(Kind::NoAnswers, evidence) };
    let is_quick = evidence.interval < SECOND;
    let Together { even, is_possible } = Together::of(&evenness, is_quick);
    let site = |((row, even), &(tries, lost)): ((&&RowEvidence, &Option<Evenness>), &(u32, u32))| Site {
        ttl: row.ttl,
        tries,
        lost,
        mute: even.is_some(),
    };
    let sites: Vec<Site> = rows.iter().zip(&even).zip(&counts).map(site).collect();
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
    let may_ration = is_possible && is_quick && spread.rate >= RATIONED;
    // Where one of the rows from the onset on loses as no bucket does, that is carried.
    let may_be_bucket = |even: &Evenness| even.is_possible() || even.is_proven();
    let is_open = |step: &Step| evenness[step.within.0..].iter().flatten().all(may_be_bucket);
    let may_be_even = own_even.is_none()
        && evenness.last().copied().flatten().is_some_and(|even| even.is_possible())
        && largest.is_some_and(is_open)
        || may_ration;
    match (largest, alone.first()) {
        (Some(step), _) if last.lost >= 2 && !may_be_even => {
            fill_loss(&mut finding, step, &sites, evidence, &spread);
            let others = carried.iter().filter(|other| other.at != step.at);
            finding.secondary.extend(others.map(|other| further_step(other, &sites, evidence)));
        }
        _ if flaps => finding.kind = Kind::Flapping,
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
            if let Some(rise) = rise() {
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
    finding.kind = if spread.is_outage { Kind::Outage } else { Kind::Loss };
    let long = spread.episodes.iter().filter(|one| one.to.saturating_sub(one.from) >= LONG);
    // Hops are asked one after the other: at its edges some are well while others are not.
    let edge = evidence.interval.saturating_mul(2);
    let within: Vec<_> = long.map(|one| one.from.saturating_add(edge)..one.to.saturating_sub(edge)).collect();
    finding.heard = evidence.is_heard(|at| within.iter().any(|part| part.contains(&at)));
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
pub fn tunnel_end(evidence: &Evidence, ttl: u8) -> u8 {
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
