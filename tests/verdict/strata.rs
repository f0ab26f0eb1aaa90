//! The strata: kinds of cases at each third of the path, in fixed numbers, with what is true of them.

mod loose;
mod rationing;

use self::loose::loose;
use crate::chance::{Chance, LENGTH, Loss};
use crate::limit::Limit;
use crate::world::{Rise, Source, World};

/// What is true of a case, beside what its sources realise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Nothing harms the path.
    Harmless,
    /// Harmless, but nobody can tell that from the answers: only the target's own are missing.
    HarmlessUntold,
    /// Its sources lose packets of the target's.
    Loss,
    /// The same, at the target alone, where nobody can tell it from a target that rations its answers.
    LossUntold,
    /// Its sources lose packets of the target's before they come to limiters that everyone behind has: what
    /// they let through is the same as without, so that nobody can tell.
    LossMasked,
    /// Times rise.
    Latency,
    /// The first source is an outage, or the refusal is.
    Outage,
    /// The target rations its answers evenly.
    TargetLimited,
    /// A circle.
    Loop,
    /// The route changes to and fro.
    Flapping,
}

/// A kind of case at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stratum {
    pub kind: &'static str,
    pub place: &'static str,
}

const PLACED: &[&str] = &[
    "independent, forward",
    "independent, back",
    "bursts, forward",
    "bursts, back",
    "independent, back of some",
    "bursts, back of some",
    "two onsets",
    "bare at the onset",
    "MPLS at the onset",
    "silent before the onset",
    "balanced, one branch",
    "route change amid loss",
    "filtered target, loss",
    "loss and limiters",
    "outage",
    "outage, !H",
    "latency step",
    "limiter: bucket",
    "limiter: second prober",
    "limiter: fixed share",
    "limiter: shared policer",
    "harmless: back of middle hops",
];

const LOOSE: &[&str] = &[
    "clean",
    "clean, silent hops",
    "clean, balanced",
    "clean, route change",
    "clean, route to and fro",
    "clean, filtered target",
    "clean, NAT as target",
    "NAT as target, loss",
    "limiter: six then one",
    "limiter: last network",
    "target: bucket",
    "target: bucket, busy machine",
    "target: bucket, other interval",
    "target: six then one",
    "target: fixed share",
    "target: shared policer",
    "target: drained by others",
    "target: second prober",
    "last link, independent",
    "last link, bursts",
    "loop",
    "all ration: one a second",
    "all ration: each its own",
    "all ration: second prober",
    "all ration, loss there",
    "all ration, loss back",
    "part rations from hop 1",
];

const PLACES: [&str; 3] = ["first third", "middle", "last third"];

/// Every stratum, in a fixed order.
pub fn all() -> Vec<Stratum> {
    let placed = PLACED.iter().flat_map(|&kind| PLACES.map(|place| Stratum { kind, place }));
    placed.chain(LOOSE.iter().map(|&kind| Stratum { kind, place: "" })).collect()
}

/// Makes a case of a stratum.
pub fn make(stratum: Stratum, chance: &mut Chance) -> (World, Truth) {
    let length = chance.whole(4, 25);
    let mut world = World::new(length);
    // A silent hop here and there is ordinary.
    for ttl in 2..length {
        if chance.is(0.06) {
            world.silent.push(ttl);
        }
    }
    let third = PLACES.iter().position(|place| *place == stratum.place);
    // Loss at the target alone is a stratum of its own.
    let onset = place(length, third, chance);
    let truth = if third.is_some() {
        placed(stratum.kind, &mut world, onset, chance)
    } else {
        loose(stratum.kind, &mut world, onset, chance)
    };
    let truth =
        if truth == Truth::Loss && shows_at_the_end_alone(&world) { Truth::LossUntold } else { truth };
    (world, truth)
}

/// No hop but the last that answers shows the loss: which nobody can tell from one that rations its answers.
fn shows_at_the_end_alone(world: &World) -> bool {
    let answers = |ttl: &usize| !world.silent.contains(ttl) && world.bare != Some(*ttl);
    let last = if world.is_target_silent { world.length - 1 } else { world.length };
    let shows = |source: &Source| {
        (source.onset..last).filter(answers).any(|ttl| !source.spared.contains(&ttl))
            || source.moved.is_some()
    };
    !world.sources.iter().any(shows)
}

/// A hop within a third of the path; the target is none.
fn place(length: usize, third: Option<usize>, chance: &mut Chance) -> usize {
    let inner = length - 1;
    let (low, high) = match third {
        Some(third) => (1 + third * inner / 3, (third + 1) * inner / 3),
        None => (1, inner),
    };
    chance.whole(low.min(high), high.max(low)).clamp(1, inner)
}

fn share(chance: &mut Chance) -> f64 {
    chance.log_between(0.005, 0.5)
}

fn independent(chance: &mut Chance) -> Loss {
    Loss::independent(share(chance))
}

fn bursts(chance: &mut Chance) -> Loss {
    let (share, length) = (share(chance), chance.log_between(0.2, 10.0));
    Loss::bursts(chance, share, length)
}

fn either(chance: &mut Chance) -> Loss {
    if chance.is(0.5) { independent(chance) } else { bursts(chance) }
}

/// Makes sure that `ttl` answers.
fn speaks(world: &mut World, ttl: usize) {
    world.silent.retain(|silent| *silent != ttl);
}

fn loss(world: &mut World, onset: usize, loss: Loss) -> Truth {
    world.sources.push(Source::new(onset, loss));
    Truth::Loss
}

fn back(world: &mut World, onset: usize, loss: Loss) -> Truth {
    world.sources.push(Source { is_back: true, ..Source::new(onset, loss) });
    Truth::Loss
}

/// The way back of all hops from `onset` on but a few, the onset and the target not among those.
fn back_of_some(world: &mut World, onset: usize, of: Loss, chance: &mut Chance) -> Truth {
    let behind = world.length - onset;
    let most = (behind.saturating_sub(1) / 3).min(3);
    let spared = (0..most).map(|_| chance.whole(onset + 1, onset + behind - 1)).collect();
    world.sources.push(Source { is_back: true, spared, ..Source::new(onset, of) });
    Truth::Loss
}

fn placed(kind: &str, world: &mut World, onset: usize, chance: &mut Chance) -> Truth {
    let length = world.length;
    match kind {
        "independent, forward" => loss(world, onset, independent(chance)),
        "independent, back" => back(world, onset, independent(chance)),
        "bursts, forward" => loss(world, onset, bursts(chance)),
        "bursts, back" => back(world, onset, bursts(chance)),
        "independent, back of some" => back_of_some(world, onset, independent(chance), chance),
        "bursts, back of some" => back_of_some(world, onset, bursts(chance), chance),
        "two onsets" => {
            let other = place(length, None, chance);
            let (first, second) = (either(chance), either(chance));
            loss(world, onset, first);
            loss(world, other, second)
        }
        "bare at the onset" => {
            world.bare = Some(onset);
            speaks(world, onset);
            let of = either(chance);
            loss(world, onset, of);
            // Its own flows go another way.
            world.sources[0].spared.push(onset);
            Truth::Loss
        }
        "MPLS at the onset" => {
            let first = onset.saturating_sub(chance.whole(0, 3)).max(1);
            let last = (onset + chance.whole(0, 2)).min(length - 1);
            world.tunnel = Some((first, last));
            let of = either(chance);
            loss(world, onset, of);
            // Answers from within the tunnel go on to its end before they come back.
            (world.sources[0].onset, world.sources[0].link) = (first, Some(onset));
            Truth::Loss
        }
        "silent before the onset" => {
            let run = chance.whole(1, 8).min(onset.saturating_sub(1));
            world.silent.extend(onset - run..onset);
            speaks(world, onset);
            let of = either(chance);
            loss(world, onset, of)
        }
        "balanced, one branch" => {
            world.twin = Some(onset);
            let of = either(chance);
            world.sources.push(Source { share: chance.between(0.3, 0.7), ..Source::new(onset, of) });
            Truth::Loss
        }
        "route change amid loss" => {
            let (at, longer) = (chance.between(60.0, 540.0), chance.whole(0, 3));
            let from = chance.whole(1, length - 1);
            world.change = Some((at, from, longer));
            let of = either(chance);
            // The lossy link is before the detour, or was left behind, or comes along behind it.
            let source = Source::new(onset, of.clone());
            if from > onset {
                world.sources.push(source);
            } else if chance.is(0.5) {
                world.sources.push(Source { loss: of.within(0.0, at), ..source });
            } else {
                world.sources.push(Source { moved: Some((at, onset + longer)), ..source });
            }
            Truth::Loss
        }
        "filtered target, loss" => {
            world.is_target_silent = true;
            let onset = onset.min(length - 2).max(1);
            speaks(world, length - 1);
            let of = either(chance);
            loss(world, onset, of)
        }
        "loss and limiters" => {
            for _ in 0..chance.whole(1, 3) {
                let (at, limit) = (place(length, None, chance), any_limit(chance));
                // Where the onset is rationed too, what can be seen begins behind it.
                if at != onset {
                    world.limits.push((at, limit));
                }
            }
            let of = either(chance);
            loss(world, onset, of)
        }
        other => placed_without_loss(other, world, onset, chance),
    }
}

/// Kinds without loss that comes and goes.
fn placed_without_loss(kind: &str, world: &mut World, onset: usize, chance: &mut Chance) -> Truth {
    let length = world.length;
    match kind {
        "outage" => {
            let from = chance.between(60.0, 480.0);
            let to = from + chance.log_between(15.0, 300.0);
            world.sources.push(Source::new(onset, Loss::cut(from, to)));
            Truth::Outage
        }
        "outage, !H" => {
            let from = chance.between(60.0, 480.0);
            world.refusal = Some((onset.max(2), from, from + chance.log_between(15.0, 300.0)));
            speaks(world, onset.max(2) - 1);
            Truth::Outage
        }
        "latency step" => {
            let from = chance.between(60.0, 480.0);
            world.rise = Some(Rise { from, onset, ms: chance.log_between(5.0, 150.0) });
            Truth::Latency
        }
        "limiter: bucket" => {
            limit(world, onset, Limit::bucket(chance.between(1.0, 10.0), chance.between(0.1, 0.95)))
        }
        "limiter: second prober" => limit(world, onset, Limit::shared(chance.between(0.5, 2.0))),
        "limiter: fixed share" => limit(world, onset, Limit::Share(chance.log_between(0.02, 0.9))),
        "limiter: shared policer" => limit(world, onset, Limit::policer(chance)),
        "harmless: back of middle hops" => {
            let last = chance.whole(onset, length - 1);
            let of = either(chance);
            world.sources.push(Source { is_back: true, upto: last, ..Source::new(onset, of) });
            Truth::Harmless
        }
        other => panic!("no such kind: {other}"),
    }
}

fn any_limit(chance: &mut Chance) -> Limit {
    match chance.whole(0, 3) {
        0 => Limit::bucket(chance.between(1.0, 10.0), chance.between(0.1, 0.95)),
        1 => Limit::shared(chance.between(0.5, 2.0)),
        2 => Limit::Share(chance.log_between(0.02, 0.9)),
        _ => Limit::policer(chance),
    }
}

fn limit(world: &mut World, at: usize, limit: Limit) -> Truth {
    speaks(world, at);
    world.limits.push((at, limit));
    Truth::Harmless
}

const _: () = assert!(LENGTH > 480.0 + 60.0);
