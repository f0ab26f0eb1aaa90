//! Strata of the target's own answers, and of hops that all ration theirs.

use super::{Truth, back, bursts, either, limit, loss};
use crate::chance::Chance;
use crate::limit::Limit;
use crate::world::World;

/// Makes a case of a kind; `onset` is a hop before the target.
pub fn rationing(kind: &str, world: &mut World, onset: usize, chance: &mut Chance) -> Truth {
    let length = world.length;
    match kind {
        "target: bucket" => {
            world.limits.push((length, Limit::bucket(chance.between(1.0, 10.0), chance.between(0.1, 0.95))));
            Truth::TargetLimited
        }
        "target: bucket, busy machine" => {
            world.pace.late = chance.between(0.1, 0.6);
            world.limits.push((length, Limit::bucket(chance.between(1.0, 10.0), chance.between(0.2, 0.8))));
            Truth::TargetLimited
        }
        "target: bucket, other interval" => {
            let interval = if chance.is(0.5) { chance.between(0.4, 0.9) } else { chance.between(1.2, 3.0) };
            world.pace.change = Some((chance.between(60.0, 540.0), (1_000.0 * interval).round() / 1_000.0));
            world.limits.push((length, Limit::bucket(chance.between(1.0, 10.0), chance.between(0.2, 0.8))));
            Truth::TargetLimited
        }
        "target: six then one" => limit(world, length, Limit::bucket(6.0, 1.0)),
        "target: fixed share" => untold(world, Limit::Share(chance.log_between(0.02, 0.9))),
        "target: shared policer" => {
            let policer = Limit::policer(chance);
            untold(world, policer)
        }
        // What the last link does in bursts, a target does whose answers others use up in bursts: the tries of
        // both are the same, and so no rule tells them apart that is right about both. Loss at the target alone
        // stays unclear, whatever its shape.
        "target: drained by others" => {
            let others = bursts(chance);
            untold(world, Limit::Drained(others))
        }
        "target: second prober" => untold(world, Limit::shared(chance.between(0.5, 2.0))),
        "all ration: one a second" => all_ration(world, chance, |_, _| Limit::bucket(6.0, 1.0)),
        "all ration: each its own" => all_ration(world, chance, |chance, interval| {
            Limit::bucket(chance.between(2.0, 10.0), chance.between(0.2, 0.85) / interval)
        }),
        "all ration: second prober" => {
            let pace = chance.between(0.5, 2.0);
            all_ration(world, chance, |_, _| Limit::shared(pace));
            Truth::HarmlessUntold
        }
        "all ration, loss there" | "all ration, loss back" => {
            let hurt = if kind.ends_with("there") { loss } else { back };
            let onset = onset.min(length - 2).max(1);
            hurt(world, onset, either(chance));
            all_ration(world, chance, |_, _| Limit::bucket(6.0, 1.0));
            Truth::LossMasked
        }
        "part rations from hop 1" => {
            all_ration(world, chance, |_, _| Limit::bucket(6.0, 1.0));
            let last = chance.whole(1, length - 1);
            world.limits.retain(|(at, _)| *at <= last);
            Truth::Harmless
        }
        other => panic!("no such kind: {other}"),
    }
}

/// Every hop and the target ration, each for itself, and are asked more often than they answer.
fn all_ration(
    world: &mut World,
    chance: &mut Chance,
    mut limit: impl FnMut(&mut Chance, f64) -> Limit,
) -> Truth {
    let interval = (1_000.0 * chance.log_between(0.1, 0.8)).round() / 1_000.0;
    world.pace.interval = interval;
    world.limits.extend((1..=world.length).map(|ttl| (ttl, limit(chance, interval))));
    Truth::TargetLimited
}

fn untold(world: &mut World, limit: Limit) -> Truth {
    limit_target(world, limit);
    Truth::HarmlessUntold
}

fn limit_target(world: &mut World, limit: Limit) {
    world.limits.push((world.length, limit));
}
