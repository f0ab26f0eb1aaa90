//! A path that probes are sent over: ten minutes of it give the settled rounds that a watch would record.
//!
//! Each try is a packet of its own, sent at its own time: it crosses the links up to its hop, is answered
//! there or not, and the answer crosses links back. What each source of loss took is counted: labels come
//! from that, not from what was planned.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hopwatch::engine::journal::{Entry, What};
use hopwatch::engine::path::{End, HopView, PathView};
use hopwatch::engine::probe::Grade;
use hopwatch::engine::round::{Responders, Round, RoundRow, Row, Tries, Try};
use hopwatch::engine::time::Time;
use hopwatch::wire::extension::Label;
use hopwatch::wire::icmp::Icmp;

use crate::chance::{Chance, LENGTH, Loss};
use crate::limit::Limit;
use crate::pace::Pace;

/// How long a displayed round is, in seconds: three tries at the default pace.
pub const ROUND: f64 = 3.0;
/// Displayed rounds of a case.
pub const ROUNDS: usize = (LENGTH / ROUND) as usize;

/// Something that loses packets on their way, and which probes meet it.
#[derive(Clone, Debug)]
pub struct Source {
    pub loss: Loss,
    /// The first hop whose probes meet it: the onset as it can be seen.
    pub onset: usize,
    /// The link that it is on, by the hop behind it, where that is not the onset.
    pub link: Option<usize>,
    /// Hops behind the onset whose answers come back another way, and last one that meets it at all.
    pub spared: Vec<usize>,
    pub upto: usize,
    /// On the way back only.
    pub is_back: bool,
    /// The share of probes that go this way.
    pub share: f64,
    /// A route change moves it: from then on it is met from this hop on.
    pub moved: Option<(f64, usize)>,
    /// Packets that met it and those lost, up to the end of each displayed round.
    pub toll: Vec<(u32, u32)>,
}

impl Source {
    pub fn new(onset: usize, loss: Loss) -> Self {
        let (spared, toll) = (Vec::new(), Vec::new());
        Self { loss, onset, link: None, spared, upto: 255, is_back: false, share: 1.0, moved: None, toll }
    }

    /// The onset at a moment.
    pub fn onset_at(&self, now: f64) -> usize {
        self.moved.filter(|(from, _)| *from <= now).map_or(self.onset, |(_, onset)| onset)
    }

    /// The share it took of what met it, up to a round.
    pub fn realised(&self, round: usize) -> f64 {
        let (met, lost) = self.toll[round];
        f64::from(lost) / f64::from(met.max(1))
    }
}

/// A rise of the round-trip times.
#[derive(Clone, Copy, Debug)]
pub struct Rise {
    pub from: f64,
    pub onset: usize,
    pub ms: f64,
}

#[derive(Clone, Debug)]
pub struct World {
    /// The target's TTL.
    pub length: usize,
    pub silent: Vec<usize>,
    pub is_target_silent: bool,
    pub sources: Vec<Source>,
    pub limits: Vec<(usize, Limit)>,
    pub rise: Option<Rise>,
    /// From when to when the hop before this one says host unreachable.
    pub refusal: Option<(usize, f64, f64)>,
    /// A circle at these two hops and the two behind.
    pub circle: Option<usize>,
    /// Labelled hops, first and last.
    pub tunnel: Option<(usize, usize)>,
    /// A hop asked in flows of its own.
    pub bare: Option<usize>,
    /// A hop with two routers.
    pub twin: Option<usize>,
    /// Hops from this one on answer with the target's address, and take turns with it.
    pub nat: Option<usize>,
    /// When the route becomes another, from which hop on, and by how many hops it gets longer.
    pub change: Option<(f64, usize, usize)>,
    pub pace: Pace,
    /// From a hop on the route changes to and fro: from when on, and how long each way is kept.
    pub flaps: Option<(usize, f64, f64)>,
}

/// What a run recorded.
pub struct Run {
    /// The rounds settled in each of those displayed.
    pub rounds: Vec<Vec<Round>>,
    pub path: PathView,
    pub journal: Vec<Entry>,
}

const TARGET: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

fn router(ttl: usize, way: u8) -> IpAddr {
    IpAddr::from([198, 51, 100 + way, ttl as u8])
}

impl World {
    pub fn new(length: usize) -> Self {
        Self {
            length,
            silent: Vec::new(),
            is_target_silent: false,
            sources: Vec::new(),
            limits: Vec::new(),
            rise: None,
            refusal: None,
            circle: None,
            tunnel: None,
            bare: None,
            twin: None,
            nat: None,
            change: None,
            pace: Pace::DEFAULT,
            flaps: None,
        }
    }

    /// The settled rounds of ten minutes.
    pub fn run(&mut self, chance: &mut Chance) -> Run {
        let step: Vec<f64> = (0..=self.length + 3).map(|_| chance.log_between(0.2, 12.0)).collect();
        let jitter: Vec<f64> = (0..=self.length + 3).map(|_| chance.log_between(0.1, 4.0)).collect();
        let mut tolls = vec![(0u32, 0u32); self.sources.len()];
        let mut rounds = vec![Vec::new(); ROUNDS];
        let mut start = 0.0;
        for number in 0.. {
            let interval = self.pace.interval_at(start);
            let end = start + 3.0 * interval;
            let shown = ((end - 1e-6) / ROUND) as usize;
            if shown >= ROUNDS {
                break;
            }
            let mut parts: Vec<RoundRow> = Vec::new();
            for cycle in 0..3 {
                let base = start + interval * f64::from(cycle);
                let length = self.length_at(base);
                let last = self.circle.map_or(length, |first| first + 3);
                for ttl in 1..=last {
                    let share = ttl as f64 / (last + 1) as f64;
                    let offset = if base == 0.0 { 0.001 * ttl as f64 } else { interval * share };
                    let is_late = self.pace.late > 0.0 && chance.is(0.3);
                    let late = if is_late { chance.exponential(self.pace.late).min(interval) } else { 0.0 };
                    let now = base + offset + late + 0.002 * chance.unit();
                    let Some((row, outcome, by)) =
                        self.ask(ttl, length, now, chance, &mut tolls, (&step, &jitter))
                    else {
                        continue;
                    };
                    book(&mut parts, row, ttl, outcome, by);
                }
            }
            parts.sort_by_key(|part| part.row);
            rounds[shown].push(Round {
                number,
                start: Time::from_millis((1_000.0 * start).round() as u64),
                interval: Duration::from_millis((1_000.0 * interval).round() as u64),
                end: self.end_at(end - 0.1 * interval),
                rows: parts,
            });
            for (source, toll) in self.sources.iter_mut().zip(&tolls) {
                source.toll.resize(shown, source.toll.last().copied().unwrap_or_default());
                source.toll.push(*toll);
            }
            start = end;
        }
        for source in &mut self.sources {
            source.toll.resize(ROUNDS, source.toll.last().copied().unwrap_or_default());
        }
        Run { rounds, path: self.view(), journal: self.journal() }
    }

    fn length_at(&self, now: f64) -> usize {
        self.length + self.change.filter(|(from, ..)| *from <= now).map_or(0, |(_, _, longer)| longer)
    }

    fn refuses(&self, now: f64) -> Option<usize> {
        self.refusal.filter(|(_, from, to)| (*from..*to).contains(&now)).map(|(at, ..)| at)
    }

    fn end_at(&self, now: f64) -> End {
        if let Some(first) = self.circle {
            return End::Loop { ttl: first as u8 + 3 };
        }
        if let Some(at) = self.refuses(now) {
            return End::Refused { ttl: at as u8, address: router(at - 1, 0), icmp: Icmp::v4(3, 1) };
        }
        let ttl = self.length_at(now) as u8;
        if self.is_target_silent { End::Silent } else { End::Target { ttl, upto: ttl } }
    }

    /// What one try gives, and who answers.
    fn ask(
        &mut self,
        ttl: usize,
        length: usize,
        now: f64,
        chance: &mut Chance,
        tolls: &mut [(u32, u32)],
        (step, jitter): (&[f64], &[f64]),
    ) -> Option<(Row, Try, Option<IpAddr>)> {
        let is_target = ttl == length && self.circle.is_none();
        let row = if is_target { Row::Target } else { Row::Hop(ttl as u8) };
        if let Some(at) = self.refuses(now).filter(|at| ttl >= *at) {
            // What lies behind a refusal is not asked.
            return (ttl == at)
                .then(|| (Row::Hop(at as u8), Try::Refused { by: 0 }, Some(router(at - 1, 0))));
        }
        if let Some(first) = self.nat.filter(|first| ttl >= *first) {
            // One responder at several hops is asked at one of them in each cycle.
            if (now as usize) % (length - first + 1) != ttl - first {
                return Some((row, Try::Skipped, None));
            }
        }
        let is_quiet = self.silent.contains(&ttl) || is_target && self.is_target_silent;
        let mut is_lost = is_quiet;
        for (source, toll) in self.sources.iter_mut().zip(tolls) {
            let meets = ttl >= source.onset_at(now)
                && ttl <= source.upto
                && !source.spared.contains(&ttl)
                && !(source.is_back && is_quiet);
            // An answer meets the way back only if the probe got there.
            if meets && (!is_lost || !source.is_back) {
                toll.0 += 1;
                let is_hit = source.loss.hits(now, chance);
                if is_hit && (source.share >= 1.0 || chance.is(source.share)) {
                    toll.1 += 1;
                    is_lost = true;
                }
            }
        }
        if !is_lost {
            let mut limits = self.limits.iter_mut().filter(|(at, _)| *at == ttl);
            is_lost = !limits.all(|(_, limit)| limit.allows(now, chance));
        }
        if is_lost {
            return Some((row, Try::Lost, None));
        }
        let has_changed = self.change.is_some_and(|(from, at, _)| from <= now && ttl >= at);
        let has_flapped = self.flaps.is_some_and(|(at, from, period)| {
            ttl >= at && from <= now && (((now - from) / period) as usize).is_multiple_of(2)
        });
        let way = u8::from(has_changed || has_flapped);
        let twin = self.twin == Some(ttl) && chance.is(0.4);
        let by = match self.circle.filter(|first| ttl > first + 1) {
            Some(_) => router(ttl - 2, 0),
            None if is_target || self.nat.is_some_and(|first| ttl >= first) => TARGET,
            None => router(ttl, way + 2 * u8::from(twin)),
        };
        let rise = self.rise.filter(|rise| now >= rise.from && ttl >= rise.onset).map_or(0.0, |rise| rise.ms);
        let ms: f64 = step[..=ttl].iter().sum::<f64>() + jitter[ttl] * chance.unit().powi(2) + rise;
        // Now and then a router takes its time to make an answer.
        let ms = if chance.is(0.004) { ms + chance.between(5.0, 60.0) } else { ms };
        Some((row, Try::Answered { us: (ms * 1_000.0) as u32, by: 0, grade: Grade::Kernel }, Some(by)))
    }

    fn view(&self) -> PathView {
        let length = self.length_at(LENGTH);
        let last = self.circle.map_or(length - 1, |first| first + 3);
        let label = |bottom| Label { label: 24_017, tc: 0, bottom, ttl: 1 };
        let hops = (1..=last).map(|ttl| HopView {
            current: (!self.silent.contains(&ttl)).then(|| router(ttl, 0)),
            labels: match self.tunnel {
                Some((first, last)) if (first..=last).contains(&ttl) => vec![label(true)],
                _ => Vec::new(),
            },
            other_flow: self.bare == Some(ttl),
            by_target: self.nat.is_some_and(|first| ttl >= first),
            ..HopView::default()
        });
        let end = self.end_at(LENGTH - 0.1);
        let target_ttl = matches!(end, End::Target { .. } | End::Refused { .. }).then_some(length as u8);
        PathView { end, target_ttl, last_hop: last as u8, hops: hops.collect(), target: HopView::default() }
    }

    fn journal(&self) -> Vec<Entry> {
        let change = self.change.map(|(at, hop, _)| {
            let at = Time::from_millis((at * 1_000.0) as u64);
            let what = What::RouteChange { from: 0, to: 1 };
            Entry {
                number: 0,
                start: at,
                end: Some(at),
                row: Some(Row::Hop(hop as u8)),
                withdrawn: false,
                what,
            }
        });
        let flaps = self.flaps.iter().flat_map(|(hop, from, period)| {
            // The first changes are told one by one, what follows as one that lasts.
            (0u32..5).map(move |turn| {
                let start = Time::from_millis((1_000.0 * (from + period * f64::from(turn))) as u64);
                let end = (turn < 4).then_some(start);
                let (row, what) =
                    (Some(Row::Hop(*hop as u8)), What::RouteChange { from: turn, to: turn + 1 });
                Entry { number: 1 + turn, start, end, row, withdrawn: false, what }
            })
        });
        change.into_iter().chain(flaps).collect()
    }
}

fn book(parts: &mut Vec<RoundRow>, row: Row, ttl: usize, outcome: Try, by: Option<IpAddr>) {
    let place = parts.iter().position(|part| part.row == row).unwrap_or_else(|| {
        parts.push(RoundRow { row, ttl: ttl as u8, responders: Responders::new(), tries: Tries::new() });
        parts.len() - 1
    });
    let part = &mut parts[place];
    let outcome = match (outcome, by) {
        (Try::Answered { us, grade, .. }, Some(by)) => Try::Answered { us, by: index(part, by), grade },
        (Try::Refused { .. }, Some(by)) => Try::Refused { by: index(part, by) },
        (outcome, _) => outcome,
    };
    part.tries.push(outcome);
}

fn index(part: &mut RoundRow, by: IpAddr) -> u8 {
    let known = part.responders.iter().position(|known| *known == by);
    known.unwrap_or_else(|| {
        part.responders.push(by);
        part.responders.len() - 1
    }) as u8
}
