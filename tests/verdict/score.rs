//! Whether a verdict is right, by what the run realised up to then.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hopwatch::engine::verdict::{Doubt, Finding, Kind};

use crate::strata::{Stratum, Truth};
use crate::world::{Source, World};

/// A verdict held against the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It says what is so.
    Right,
    /// It says nothing that is not so, but does not name the trouble there is.
    Short,
    /// It says what is not so.
    Wrong(&'static str),
}

/// The onset of a source at a round, and the link it is on.
fn link(source: &Source, round: usize) -> Vec<usize> {
    let now = 3.0 * round as f64 + 3.0;
    let mut links = vec![source.link.unwrap_or(source.onset)];
    if source.onset_at(now) != source.onset {
        links.push(source.onset_at(now));
    }
    links
}

fn holds(finding: &Finding, link: usize) -> bool {
    finding.between.is_some_and(|(from, to)| usize::from(from) < link && link <= usize::from(to))
}

/// Whether a source takes what is the target's.
fn harms(source: &Source, world: &World) -> bool {
    source.upto >= world.length
}

/// The realised loss of the path up to a round.
pub fn realised(world: &World, round: usize) -> f64 {
    let kept = world.sources.iter().filter(|source| harms(source, world));
    1.0 - kept.map(|source| 1.0 - source.realised(round)).product::<f64>()
}

/// Holds the verdict of a round against what had happened by then.
pub fn mark(finding: &Finding, world: &World, truth: Truth, round: usize) -> Mark {
    let now = 3.0 * round as f64 + 3.0;
    let harmful = || world.sources.iter().filter(|source| harms(source, world));
    let lossy = || harmful().filter(|source| source.toll[round].1 > 0);
    let is_placed = || lossy().any(|source| link(source, round).iter().any(|&link| holds(finding, link)));
    let refusal = world.refusal.filter(|(_, from, _)| *from < now);
    let rise = world.rise.filter(|rise| rise.from < now);
    let flaps = |turns: f64| world.flaps.is_some_and(|(_, from, period)| from + turns * period < now);
    let is_target_alone = matches!(truth, Truth::HarmlessUntold | Truth::LossUntold);
    match finding.kind {
        Kind::Gathering if round >= 5 => Mark::Wrong("gathering for ever"),
        Kind::Loss | Kind::Outage => {
            let refused = refusal.is_some_and(|(at, ..)| holds(finding, at));
            match () {
                () if is_placed() || refused => Mark::Right,
                () if lossy().next().is_none() => Mark::Wrong("loss where there is none"),
                () => Mark::Wrong("loss in the wrong place"),
            }
        }
        Kind::Refused => match refusal {
            Some((at, ..)) if holds(finding, at) => Mark::Right,
            _ => Mark::Wrong("refused"),
        },
        Kind::Latency => match rise {
            Some(rise) if holds(finding, rise.onset) => Mark::Right,
            Some(_) => Mark::Wrong("latency in the wrong place"),
            None if world.change.is_some_and(|(from, _, longer)| from < now && longer > 0) => Mark::Right,
            None => Mark::Wrong("latency where there is none"),
        },
        Kind::TargetLimited if truth == Truth::TargetLimited => Mark::Right,
        Kind::TargetLimited | Kind::Unclear if truth == Truth::LossMasked => Mark::Right,
        // A second prober leaves just as even a share of the target's bucket now and then.
        Kind::TargetLimited if truth == Truth::HarmlessUntold => Mark::Right,
        Kind::TargetLimited => Mark::Wrong("target limited"),
        Kind::Loop if truth == Truth::Loop => Mark::Right,
        Kind::Flapping if flaps(3.0) => Mark::Right,
        Kind::Unclear if is_target_alone && finding.doubt == Doubt::Alone => Mark::Right,
        Kind::Gathering | Kind::Unclear => Mark::Short,
        Kind::Clean => {
            let lost = realised(world, round);
            let bound = finding.ci95.map_or(1.0, |[_, high]| high);
            if round >= 20 && lost >= 0.05 && !is_target_alone {
                return Mark::Wrong("clean in spite of five percent");
            }
            if round >= 5 && lost > bound * 1.5 {
                return Mark::Wrong("clean below a bound that does not hold");
            }
            match truth {
                Truth::Latency if rise.is_some_and(|rise| now - rise.from > 120.0) => {
                    Mark::Wrong("clean in spite of higher times")
                }
                Truth::Latency if rise.is_some() => Mark::Short,
                Truth::Loss | Truth::LossUntold | Truth::Outage if lossy().next().is_some() => Mark::Short,
                Truth::Loop => Mark::Wrong("clean in a circle"),
                Truth::Flapping if flaps(5.2) => Mark::Wrong("clean while the route flaps"),
                Truth::Outage if refusal.is_some() => Mark::Short,
                _ => Mark::Right,
            }
        }
        _ => Mark::Wrong("another kind"),
    }
}

/// What the rounds and the ends of cases came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub cases: u32,
    pub rounds: u64,
    pub wrong_rounds: u64,
    pub unclear_rounds: u64,
    /// By what was wrong.
    pub faults: BTreeMap<&'static str, u64>,
    /// At the end, by kind.
    pub ends: BTreeMap<&'static str, u32>,
    pub right: u32,
    pub wrong: u32,
    /// Of cases with a realised loss of 2 % or more at the end: how many, and how many with the right onset.
    pub lossy: u32,
    pub placed: u32,
    /// Those whose onset was named as loss: by the first labels, to which no loss was untold.
    pub named: u32,
    /// Links that the right ranges held, all together.
    pub width: u64,
    /// Intervals given, and those that held what was realised, and what was so in the long run.
    pub intervals: u32,
    pub held: u32,
    /// Cases of five percent and more called clean at the end.
    pub missed: u32,
    /// Loss, latency or outage called at the end of harmless cases.
    pub alarms: u32,
    pub harmless: u32,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.rounds += other.rounds;
        self.wrong_rounds += other.wrong_rounds;
        self.unclear_rounds += other.unclear_rounds;
        for (fault, count) in &other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (kind, count) in &other.ends {
            *self.ends.entry(kind).or_default() += count;
        }
        self.right += other.right;
        self.wrong += other.wrong;
        self.lossy += other.lossy;
        self.placed += other.placed;
        self.named += other.named;
        self.width += other.width;
        self.intervals += other.intervals;
        self.held += other.held;
        self.missed += other.missed;
        self.alarms += other.alarms;
        self.harmless += other.harmless;
    }

    /// The share of rounds with a wrong verdict.
    pub fn wrong_share(&self) -> f64 {
        self.wrong_rounds as f64 / self.rounds.max(1) as f64
    }

    /// The share of intervals that held what was realised.
    pub fn covered(&self) -> f64 {
        f64::from(self.held) / f64::from(self.intervals.max(1))
    }

    /// The share of lossy cases whose onset was named.
    pub fn placed_share(&self) -> f64 {
        f64::from(self.placed) / f64::from(self.lossy.max(1))
    }

    /// The end of a case.
    pub fn end(&mut self, finding: &Finding, world: &World, truth: Truth, round: usize, mark: &Mark) {
        self.cases += 1;
        *self.ends.entry(finding.kind.name()).or_default() += 1;
        self.right += u32::from(*mark == Mark::Right);
        self.wrong += u32::from(matches!(mark, Mark::Wrong(_)));
        let loss = realised(world, round);
        if loss >= 0.02 && truth != Truth::LossMasked {
            self.lossy += 1;
            let is_named = matches!(finding.kind, Kind::Loss | Kind::Outage);
            self.named += u32::from(*mark == Mark::Right && is_named);
            let is_told = is_named || truth == Truth::LossUntold && finding.kind == Kind::Unclear;
            if *mark == Mark::Right && is_told {
                self.placed += 1;
                self.width += finding.between.map_or(0, |(from, to)| u64::from(to - from));
            }
        }
        if loss >= 0.05 && finding.kind == Kind::Clean {
            self.missed += 1;
        }
        let is_harmless = matches!(truth, Truth::Harmless | Truth::HarmlessUntold | Truth::TargetLimited);
        self.harmless += u32::from(is_harmless);
        self.alarms += u32::from(is_harmless && finding.kind.is_alarm());
        if let (Kind::Loss, Some(_), Some([low, high]), false) =
            (finding.kind, finding.rate, finding.ci95, world.change.is_some())
        {
            self.intervals += 1;
            self.held += u32::from((low..=high).contains(&loss));
        }
    }
}

/// Rounds to the first right verdict that names the loss, by the loss that was realised.
#[derive(Clone, Debug, Default)]
pub struct Speed(BTreeMap<u32, Vec<u32>>);

const CLASSES: [f64; 7] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

impl Speed {
    pub fn push(&mut self, loss: f64, rounds: Option<usize>) {
        let class = CLASSES.iter().rposition(|least| loss >= *least);
        if let Some(class) = class {
            self.0.entry(class as u32).or_default().push(rounds.map_or(u32::MAX, |rounds| rounds as u32 + 1));
        }
    }

    pub fn add(&mut self, other: &Self) {
        for (class, rounds) in &other.0 {
            self.0.entry(*class).or_default().extend(rounds);
        }
    }

    pub fn table(&self) -> String {
        let mut text = String::from("median rounds to a right verdict, by realised loss\n");
        for (class, rounds) in &self.0 {
            let mut rounds = rounds.clone();
            rounds.sort_unstable();
            let middle = match rounds[rounds.len() / 2] {
                u32::MAX => "never".to_owned(),
                rounds => rounds.to_string(),
            };
            let least = 100.0 * CLASSES[*class as usize];
            let _ = writeln!(text, "  from {least:>4} %: {middle:>5}  ({} cases)", rounds.len());
        }
        text
    }
}

fn unclear(tally: &Tally) -> u32 {
    tally.ends.get("unclear").copied().unwrap_or_default()
}

/// Everything that a run of the cases came to.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    pub strata: BTreeMap<Stratum, Tally>,
    pub speed: Speed,
}

impl Scores {
    pub fn add(&mut self, other: &Self) {
        for (stratum, tally) in &other.strata {
            self.strata.entry(*stratum).or_default().add(tally);
        }
        self.speed.add(&other.speed);
    }

    pub fn all(&self) -> Tally {
        let mut all = Tally::default();
        self.strata.values().for_each(|tally| all.add(tally));
        all
    }

    /// The strata that a filter takes.
    pub fn of(&self, takes: impl Fn(&Stratum) -> bool) -> Tally {
        let mut some = Tally::default();
        self.strata.iter().filter(|(stratum, _)| takes(stratum)).for_each(|(_, tally)| some.add(tally));
        some
    }

    /// The share of ends that are unclear, where not just the target's own answers are missing.
    pub fn unclear_share(&self) -> f64 {
        let is_told = |stratum: &Stratum| {
            !(stratum.kind.starts_with("target:") || stratum.kind.starts_with("last link"))
        };
        let told = self.of(is_told);
        f64::from(unclear(&told)) / f64::from(told.cases.max(1))
    }

    pub fn print(&self) -> String {
        let kinds = ["loss", "outage", "refused", "latency", "target_limited", "unclear", "clean", "loop"];
        let mut text = format!("{:<30} {:<11}", "stratum", "");
        for head in ["loss", "outag", "refus", "laten", "tlim", "uncl", "clean", "loop", "other"] {
            let _ = write!(text, "{head:>6}");
        }
        text += "  onset %  strict  width wrong-rounds %\n";
        for (stratum, tally) in &self.strata {
            let _ = write!(text, "{:<30} {:<11}", stratum.kind, stratum.place);
            let mut other = tally.cases;
            for kind in kinds {
                let count = tally.ends.get(kind).copied().unwrap_or_default();
                other -= count;
                let _ = write!(text, "{count:>6}");
            }
            let _ = write!(text, "{other:>6}");
            if tally.lossy > 0 {
                let width = tally.width as f64 / f64::from(tally.placed.max(1));
                let named = 100.0 * f64::from(tally.named) / f64::from(tally.lossy);
                let _ = write!(text, "  {:>7.1} {named:>7.1}  {width:>5.2}", 100.0 * tally.placed_share());
            } else {
                text += "        -       -      -";
            }
            let _ = writeln!(text, "  {:>6.2}  {:?}", 100.0 * tally.wrong_share(), tally.faults);
        }
        let all = self.all();
        let _ = writeln!(
            text,
            "\n{} cases, {} rounds; wrong rounds {:.3} %; onset {:.2} % of {} (mean range {:.2}; by the first labels {:.2} %); coverage {:.1} % of {}\n\
             clean in spite of 5 %: {}; alarms on {} harmless: {}; unclear {:.1} % (without the target alone {:.1} %)\nfaults {:?}",
            all.cases,
            all.rounds,
            100.0 * all.wrong_share(),
            100.0 * all.placed_share(),
            all.lossy,
            all.width as f64 / f64::from(all.placed.max(1)),
            100.0 * f64::from(all.named) / f64::from(all.lossy.max(1)),
            100.0 * all.covered(),
            all.intervals,
            all.missed,
            all.harmless,
            all.alarms,
            100.0 * f64::from(unclear(&all)) / f64::from(all.cases.max(1)),
            100.0 * self.unclear_share(),
            all.faults
        );
        text + &self.speed.table()
    }
}
