//! Strata that have no place of their own on the path.

use super::rationing::rationing;
use super::{Truth, bursts, either, independent, limit, loss, speaks};
use crate::chance::Chance;
use crate::limit::Limit;
use crate::world::World;

/// Makes a case of a kind; `onset` is a hop before the target.
pub fn loose(kind: &str, world: &mut World, onset: usize, chance: &mut Chance) -> Truth {
    let length = world.length;
    match kind {
        "clean" => Truth::Harmless,
        "clean, silent hops" => {
            let run = chance.whole(2, 8).min(length - 2);
            let first = chance.whole(1, length - 1 - run);
            world.silent.extend(first..first + run);
            Truth::Harmless
        }
        "clean, balanced" => {
            world.twin = Some(onset);
            Truth::Harmless
        }
        "clean, route change" => {
            world.change = Some((chance.between(60.0, 540.0), onset, chance.whole(0, 3)));
            Truth::Harmless
        }
        "clean, route to and fro" => {
            world.flaps = Some((onset, chance.between(30.0, 200.0), chance.between(15.0, 60.0)));
            Truth::Flapping
        }
        "clean, filtered target" => {
            world.is_target_silent = true;
            speaks(world, length - 1);
            Truth::Harmless
        }
        "clean, NAT as target" => {
            world.nat = Some(length - chance.whole(1, 2));
            Truth::Harmless
        }
        "NAT as target, loss" => {
            world.nat = Some(length - chance.whole(1, 2));
            let of = either(chance);
            let onset = onset.min(length - 2).max(1);
            loss(world, onset, of)
        }
        "limiter: six then one" => limit(world, onset, Limit::bucket(6.0, 1.0)),
        "limiter: last network" => {
            let first = length - chance.whole(1, 3).min(length - 2);
            for ttl in first..=length {
                speaks(world, ttl);
                world.limits.push((ttl, Limit::bucket(chance.between(1.0, 10.0), chance.between(0.2, 0.9))));
            }
            Truth::TargetLimited
        }
        "last link, independent" => {
            loss(world, length, independent(chance));
            speaks(world, length - 1);
            Truth::LossUntold
        }
        "last link, bursts" => {
            let of = bursts(chance);
            loss(world, length, of);
            speaks(world, length - 1);
            Truth::LossUntold
        }
        "loop" => {
            world.circle = Some(chance.whole(2, length));
            let circle = world.circle.unwrap_or_default();
            (circle..circle + 4).for_each(|ttl| speaks(world, ttl));
            Truth::Loop
        }
        other => rationing(other, world, onset, chance),
    }
}
