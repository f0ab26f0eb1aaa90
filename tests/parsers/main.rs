//! Every parser under the fuzz targets' entry points: seeds, each of them cut at every length, with every
//! byte changed, and mutations of them by chance. `fuzz/run.sh` runs the same ones for as long as one likes.

mod entries;
mod seeds;

use proptest::prelude::*;
use seeds::{TARGETS, Target};

/// Valid input must be taken for what it is, or mutations of it would test nothing.
#[test]
fn every_target_has_seeds_and_takes_them() {
    for Target { name, entry, seeds } in TARGETS {
        let seeds = seeds();
        assert!(seeds.len() >= 3, "{name}");
        for seed in seeds {
            entry(&seed);
        }
    }
}

#[test]
fn the_seeds_of_the_error_queue_name_their_probe() {
    use hopwatch::wire::payload::{Recognised, recognise};
    let named = (TARGETS[4].seeds)()
        .iter()
        .filter(|seed| {
            (0..seed.len()).any(|at| matches!(recognise(&seed[at..], entries::COOKIE), Recognised::Ours(_)))
        })
        .count();
    assert_eq!(named, 24, "six of nine for each protocol and family");
}

#[test]
fn seeds_cut_at_every_length() {
    for Target { entry, seeds, .. } in TARGETS {
        for seed in seeds() {
            (0..seed.len()).for_each(|len| entry(&seed[..len]));
        }
    }
}

#[test]
fn seeds_with_every_byte_changed() {
    for Target { entry, seeds, .. } in TARGETS {
        for seed in seeds() {
            for at in 0..seed.len() {
                for flip in [0x01, 0x40, 0x80, 0xff] {
                    let mut bytes = seed.clone();
                    bytes[at] ^= flip;
                    entry(&bytes);
                }
            }
        }
    }
}

/// What a mutation does, at a place and with a value.
fn mutate(bytes: &mut Vec<u8>, (kind, at, value): (u8, prop::sample::Index, u8)) {
    let at = at.index(bytes.len() + 1);
    match kind {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, value),
        2 => {
            let tail = bytes.split_off(at);
            bytes.extend(tail.iter().skip(value.into()));
        }
        3 => bytes.extend(vec![value; at]),
        _ if at < bytes.len() => bytes[at] = value,
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_seeds_break_nothing(
        target in 0..TARGETS.len(), seed: prop::sample::Index,
        mutations in prop::collection::vec((0..12_u8, any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let Target { entry, seeds, .. } = TARGETS[target];
        let mut bytes = seed.get(&seeds()).clone();
        for mutation in mutations {
            mutate(&mut bytes, mutation);
        }
        entry(&bytes);
    }

    #[test]
    fn any_bytes_break_nothing(target in 0..TARGETS.len(), bytes: Vec<u8>) {
        (TARGETS[target].entry)(&bytes);
    }
}
