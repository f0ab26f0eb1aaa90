//! What a verdict says.

use std::net::IpAddr;
use std::time::Duration;

use super::evidence::Evidence;
use super::spread::{Episode, Spread, spread};
use crate::engine::path::PathView;
use crate::engine::round::Row;
use crate::engine::time::Time;
use crate::wire::icmp::Icmp;

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Too few tries to say anything.
    Gathering,
    /// Nothing is wrong on this flow.
    Clean,
    /// Loss that is carried to the target.
    Loss,
    /// Round-trip times have moved to a higher level.
    Latency,
    /// Nothing came from past a hop, now or for a while.
    Outage,
    /// Someone refuses to pass probes on.
    Refused,
    /// The target rations its answers.
    TargetLimited,
    /// This machine itself cannot send.
    Local,
    /// Nobody answers, not even the first hop.
    NoAnswers,
    /// Packets circle.
    Loop,
    /// The route changes again and again.
    Flapping,
    /// The answers allow more than one reading.
    Unclear,
    /// A hop rations its own answers: no harm to the path. Only ever secondary.
    Limited,
}

impl Kind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Clean => "clean",
            Self::Loss => "loss",
            Self::Latency => "latency",
            Self::Outage => "outage",
            Self::Refused => "refused",
            Self::TargetLimited => "target_limited",
            Self::Local => "local",
            Self::NoAnswers => "no_answers",
            Self::Loop => "loop",
            Self::Flapping => "flapping",
            Self::Unclear => "unclear",
            Self::Limited => "limited",
        }
    }

    /// Whether something is wrong for sure.
    pub const fn is_alarm(self) -> bool {
        matches!(
            self,
            Self::Loss
                | Self::Latency
                | Self::Outage
                | Self::Refused
                | Self::Local
                | Self::NoAnswers
                | Self::Loop
        )
    }
}

/// A verdict, or one of its lesser findings.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What kind of thing it is.
    pub kind: Kind,
    /// The first row that shows it, as far as known.
    pub hop: Option<Row>,
    /// The target's TTL, for where it is that row; 0 if none is known.
    pub hop_ttl: u8,
    /// The last TTL without it and the first with it: it lies between. 0 is this machine.
    pub between: Option<(u8, u8)>,
    /// The share of tries lost, 0 to 1; `None` where losses are too few bursts to make a rate.
    pub rate: Option<f64>,
    /// The 95 % interval of that share.
    pub ci95: Option<[f64; 2]>,
    /// Since when; the first loss of the span for loss.
    pub since: Option<Time>,
    /// Decided tries that it rests on.
    pub samples: u32,
    /// Lost ones among them.
    pub lost: u32,
    /// It in words, in parts that each make sense without those behind.
    pub parts: Vec<String>,
    /// The bursts that the losses fall into.
    pub episodes: Vec<Episode>,
    /// Losses come in bursts.
    pub bursty: bool,
    /// The target has never answered: the path is judged up to `judged_to`.
    pub silent_target: bool,
    /// The TTL of the last row that is judged.
    pub judged_to: u8,
    /// What else holds.
    pub secondary: Vec<Finding>,
    /// Answers a second, where they come evenly.
    pub per_second: Option<f64>,
    /// The shares answered at the full pace and at a slower one, and how many tries the second is from.
    pub experiment: Option<Experiment>,
    /// What would settle a question: to ask a hop less often.
    pub wish: Option<PaceWish>,
    /// The medians before and since, in µs, for latency.
    pub medians: Option<(u32, u32)>,
    /// Route changes in the span.
    pub changes: usize,
    /// Who refuses, and with what.
    pub by: Option<(IpAddr, Icmp)>,
    /// Until when, if it is over.
    pub until: Option<Time>,
    /// The TTL at which who refuses stands.
    pub by_ttl: Option<u8>,
    /// How many hops the way back seems to take from the hop before and from the hop itself, where the one is
    /// another way than the other.
    pub ways_back: Option<(u8, u8)>,
    /// Some hop answered in the midst of an outage.
    pub heard: bool,
    /// What is open, where it is unclear.
    pub doubt: Doubt,
    /// It holds for the route since this moment.
    pub since_change: Option<Time>,
    /// It held until the route changed at this moment.
    pub until_change: Option<Time>,
    /// The stretch of time that was judged.
    pub span: (Time, Time),
    /// How much of that nobody watched: the machine slept, or the watch was ended and resumed later.
    pub unwatched: Duration,
    /// Stretches within that echo alone was answered in: they are no part of what else is said.
    pub echo_only: Vec<(Time, Time)>,
}

/// What a verdict leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Where it begins: there are too few losses.
    Place,
    /// Whose it is: only the last row shows it.
    Alone,
    /// Whether there is any: all hops are asked so often that they may ration their answers.
    Rationing,
    /// Why echo alone is answered: packets get to the target and back.
    EchoOnly,
}

/// What came of asking a hop less often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experiment {
    /// The share of tries answered at the full pace.
    pub before: f64,
    /// The share answered at the slower one.
    pub slowly: f64,
    /// Tries at the slower one.
    pub tries: u32,
    /// More is answered when less is asked, as chance would not have it: it limits how many a second.
    pub is_proof: bool,
}

/// A wish to ask a hop in one of so many intervals, until enough is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceWish {
    /// Which hop; never the target.
    pub row: Row,
    /// It is to be asked in one of so many intervals.
    pub every: u8,
}

/// A hop's part in the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct HopEvidence {
    /// Which row.
    pub row: Row,
    /// Its TTL.
    pub ttl: u8,
    /// Its loss; `None` without a decided try.
    pub spread: Option<Spread>,
    /// How it stands to the finding.
    pub standing: Standing,
}

/// How a hop stands to the finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Before the trouble.
    Before,
    /// It may begin here.
    Within,
    /// Behind the trouble's beginning.
    Behind,
    /// It rations its own answers.
    Limited,
    /// It never answered.
    Silent,
    /// It is asked another way, and counts for nothing.
    OtherFlow,
}

impl Finding {
    /// A finding that says nothing yet.
    pub fn new(kind: Kind, evidence: &Evidence) -> Self {
        Self {
            kind,
            hop: None,
            hop_ttl: 0,
            between: None,
            rate: None,
            ci95: None,
            since: None,
            samples: 0,
            lost: 0,
            parts: Vec::new(),
            episodes: Vec::new(),
            bursty: false,
            silent_target: false,
            judged_to: 0,
            secondary: Vec::new(),
            per_second: None,
            experiment: None,
            wish: None,
            medians: None,
            changes: 0,
            by: None,
            until: None,
            by_ttl: None,
            ways_back: None,
            heard: false,
            doubt: Doubt::Place,
            since_change: None,
            until_change: None,
            span: (evidence.start, evidence.time(evidence.length)),
            unwatched: Duration::ZERO,
            echo_only: Vec::new(),
        }
    }

    /// Too few bursts make no rate, but can be told one by one.
    pub(super) fn take_spread(&mut self, spread: &Spread, evidence: &Evidence) {
        const FEW: usize = 10;
        self.bursty = spread.bursty;
        self.since = spread.episodes.first().map(|episode| evidence.time(episode.from));
        self.rate = (!spread.bursty || spread.episodes.len() >= FEW).then_some(spread.rate);
        (self.ci95, self.lost) = (Some(spread.ci95), spread.lost);
        self.episodes.clone_from(&spread.episodes);
    }

    /// Adds what only the path tells.
    pub(super) fn take_path(&mut self, path: &PathView) {
        let stands = |address: IpAddr| (1u8..).zip(&path.hops).find(|(_, hop)| hop.current == Some(address));
        self.by_ttl = self.by.and_then(|(address, _)| stands(address)).map(|(ttl, _)| ttl);
        self.ways_back = self.between.and_then(|(from, to)| another_way_back(path, from, to));
    }

    /// Whether it is an outage that lasts.
    pub const fn is_now(&self) -> bool {
        matches!(self.kind, Kind::Outage) && self.episodes.is_empty()
    }

    /// How long was watched.
    pub fn watched(&self) -> Duration {
        self.span.1.since(self.span.0).saturating_sub(self.unwatched)
    }

    /// The TTL of the first row that shows it.
    pub fn ttl(&self) -> Option<u8> {
        match self.hop? {
            Row::Hop(ttl) => Some(ttl),
            Row::Target => Some(self.hop_ttl).filter(|ttl| *ttl > 0),
        }
    }

    /// All of it in one line.
    pub fn text(&self) -> String {
        self.parts.join("; ")
    }

    /// As much of it as fits into `width` characters; the first part whatever its length.
    pub fn text_within(&self, width: usize) -> String {
        let mut text = String::new();
        for part in &self.parts {
            if !text.is_empty() && text.chars().count() + 2 + part.chars().count() > width {
                break;
            }
            if !text.is_empty() {
                text += "; ";
            }
            text += part;
        }
        text
    }

    /// Whether what a row loses is no harm to anyone.
    pub fn is_harmless(&self, row: Row) -> bool {
        self.is_limited(row) || self.kind == Kind::TargetLimited && self.hop == Some(row)
    }

    /// Whether a hop rations its own answers.
    pub fn is_limited(&self, row: Row) -> bool {
        self.secondary.iter().any(|other| other.kind == Kind::Limited && other.hop == Some(row))
    }
}

/// How many hops the ways back take from two hops, if they differ by more than the hops do.
fn another_way_back(path: &PathView, from: u8, to: u8) -> Option<(u8, u8)> {
    let length = |ttl: u8| {
        let hop = path.hops.get(usize::from(ttl.checked_sub(1)?));
        let hop = if Some(ttl) == path.target_ttl { Some(&path.target) } else { hop };
        hop?.way_back().map(|(hops, _)| hops)
    };
    let (before, behind) = (length(from)?, length(to)?);
    let apart = i16::from(to) - i16::from(from);
    let more = i16::from(behind) - i16::from(before);
    ((more - apart).abs() >= 2).then_some((before, behind))
}

/// Each row's part in a finding.
pub fn hops(evidence: &Evidence, finding: &Finding) -> Vec<HopEvidence> {
    let rows = evidence.rows.iter().map(|row| {
        let losses: Vec<(u32, bool)> = row.losses().collect();
        let is_silent = row.answered == 0 && row.refused == 0;
        let standing = match finding.between {
            _ if row.other_flow => Standing::OtherFlow,
            _ if is_silent => Standing::Silent,
            _ if finding.is_harmless(row.row) => Standing::Limited,
            Some((from, _)) if row.ttl <= from => Standing::Before,
            Some((_, to)) if row.ttl < to => Standing::Within,
            Some(_) => Standing::Behind,
            None => Standing::Before,
        };
        let spread = match losses.as_slice() {
            [] => row.summed(),
            losses => Some(spread(losses, evidence.interval)),
        };
        HopEvidence { row: row.row, ttl: row.ttl, spread, standing }
    });
    rows.collect()
}
