//! Cells as bytes: what is zero takes no room, small numbers little. For memory only, not for files.

use super::cell::{Cell, Part};
use crate::engine::moments::{Jitter, Moments};

// What a cell has, so that the rest need not be told.
const LAST: u8 = 1;
const CARRIED: u8 = 2;
const INHERITED: u8 = 4;
/// Something was lost or late.
const LOSS: u8 = 8;
/// Something was refused, not sent, skipped or doubled.
const RARE: u8 = 16;
/// All times are the kernel's.
const KERNEL: u8 = 32;
/// One responder gave all the answers.
const ALONE: u8 = 64;
/// Some were asked less often than others.
const SLOWED: u8 = 128;

/// Writes a cell behind `place`, its number among the slices of its chunk.
pub fn encode(cell: &Cell, place: u64, to: &mut Vec<u8>) {
    let counts = &cell.counts;
    let loss = [counts.late, counts.lost, counts.bursts];
    let rare = [counts.refused, counts.not_sent, counts.skipped, counts.duplicates, counts.in_flight];
    let alone = matches!(cell.responders[..], [part] if is_alone(&part, cell));
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let flags = flag(cell.last.is_some(), LAST)
        | flag(cell.carried, CARRIED)
        | flag(cell.inherited.is_some(), INHERITED)
        | flag(loss.iter().any(|&count| count > 0), LOSS)
        | flag(rare.iter().any(|&count| count > 0), RARE)
        | flag(cell.grades[1] == 0 && cell.grades[2] == 0, KERNEL)
        | flag(alone, ALONE)
        | flag(counts.slowed > 0, SLOWED);
    put(to, place);
    to.push(flags);
    put(to, counts.answered);
    if flags & LOSS != 0 {
        for count in loss {
            put(to, count);
        }
    }
    if flags & RARE != 0 {
        for count in rare {
            put(to, count);
        }
    }
    if flags & SLOWED != 0 {
        put(to, counts.slowed);
        put(to, counts.slowed_lost);
    }
    moments(&cell.rtt, to);
    put(to, cell.jitter.count);
    put(to, cell.jitter.sum);
    for us in [cell.last, cell.inherited].into_iter().flatten() {
        put(to, us.into());
    }
    if flags & KERNEL == 0 {
        put(to, cell.grades[1]);
        put(to, cell.grades[2]);
    }
    put(to, cell.distribution.steps().count() as u64);
    let mut before = 0;
    for (step, count) in cell.distribution.steps() {
        put(to, (step - before).into());
        put(to, count.into());
        before = step;
    }
    if alone {
        to.push(cell.responders[0].who);
        return;
    }
    put(to, cell.responders.len() as u64);
    for part in &cell.responders {
        to.push(part.who);
        put(to, part.answered);
        moments(&part.rtt, to);
    }
}

/// Reads the next cell into `cell`, whatever was in it, at no time yet; gives its place. `None` at the end.
pub fn decode(from: &mut &[u8], cell: &mut Cell) -> Option<u64> {
    let place = take(from)?;
    let flags = byte(from)?;
    cell.clear();
    let counts = &mut cell.counts;
    counts.answered = take(from)?;
    if flags & LOSS != 0 {
        (counts.late, counts.lost, counts.bursts) = (take(from)?, take(from)?, take(from)?);
    }
    if flags & RARE != 0 {
        (counts.refused, counts.not_sent) = (take(from)?, take(from)?);
        (counts.skipped, counts.duplicates, counts.in_flight) = (take(from)?, take(from)?, take(from)?);
    }
    if flags & SLOWED != 0 {
        (counts.slowed, counts.slowed_lost) = (take(from)?, take(from)?);
    }
    cell.rtt = take_moments(from)?;
    cell.jitter = Jitter { count: take(from)?, sum: take(from)? };
    if flags & LAST != 0 {
        cell.last = Some(take(from)? as u32);
    }
    if flags & INHERITED != 0 {
        cell.inherited = Some(take(from)? as u32);
    }
    cell.carried = flags & CARRIED != 0;
    if flags & KERNEL == 0 {
        (cell.grades[1], cell.grades[2]) = (take(from)?, take(from)?);
    }
    cell.grades[0] = cell.rtt.count.saturating_sub(cell.grades[1] + cell.grades[2]);
    let mut step = 0;
    for _ in 0..take(from)? {
        step += take(from)? as u32;
        cell.distribution.insert(step, take(from)? as u32);
    }
    if flags & ALONE != 0 {
        let who = byte(from)?;
        let answered = cell.rtt.count + cell.counts.refused;
        cell.responders.push(Part { who, answered, rtt: cell.rtt });
    } else {
        for _ in 0..take(from)? {
            let (who, answered) = (byte(from)?, take(from)?);
            cell.responders.push(Part { who, answered, rtt: take_moments(from)? });
        }
    }
    Some(place)
}

fn is_alone(part: &Part, cell: &Cell) -> bool {
    part.rtt == cell.rtt && part.answered == cell.rtt.count + cell.counts.refused
}

fn moments(of: &Moments, to: &mut Vec<u8>) {
    put(to, of.count);
    if of.count > 0 {
        put(to, of.sum);
        put_wide(to, of.squares);
        put(to, of.best.into());
        put(to, (of.worst - of.best).into());
    }
}

fn take_moments(from: &mut &[u8]) -> Option<Moments> {
    let count = take(from)?;
    if count == 0 {
        return Some(Moments::default());
    }
    let (sum, squares, best) = (take(from)?, take_wide(from)?, take(from)? as u32);
    Some(Moments { count, sum, squares, best, worst: best.saturating_add(take(from)? as u32) })
}

fn put(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn put_wide(to: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn byte(from: &mut &[u8]) -> Option<u8> {
    let (&first, rest) = from.split_first()?;
    *from = rest;
    Some(first)
}

fn take(from: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let next = byte(from)?;
        value |= u64::from(next & 0x7f).checked_shl(shift)?;
        if next < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

fn take_wide(from: &mut &[u8]) -> Option<u128> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let next = byte(from)?;
        value |= u128::from(next & 0x7f).checked_shl(shift)?;
        if next < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::history::chain::Chain;
    use crate::engine::probe::Grade;
    use crate::engine::round::Try;
    use proptest::prelude::*;

    fn any_try() -> impl Strategy<Value = Try> {
        let grade = prop_oneof![9 => Just(Grade::Kernel), 1 => Just(Grade::Mixed), 1 => Just(Grade::User)];
        (0u8..10, any::<u32>(), 0u8..3, grade).prop_map(|(kind, us, by, grade)| match kind {
            0..5 => Try::Answered { us, by, grade },
            5 => Try::Late { us, by, grade },
            6 => Try::Lost,
            7 => Try::Refused { by },
            8 => Try::NotSent,
            _ => Try::Skipped,
        })
    }

    proptest! {
        #[test]
        fn a_cell_comes_back_as_it_went(tries in prop::collection::vec((any_try(), any::<bool>(), 0u8..4), 0..60)) {
            let (mut cell, mut chain) = (Cell::default(), Chain::default());
            for (outcome, is_slowed, who) in tries {
                cell.push(outcome, is_slowed, (who < 3).then_some(who), &mut chain);
            }
            let mut bytes = Vec::new();
            encode(&cell, 300, &mut bytes);
            let mut rest = &bytes[..];
            let mut back = Cell { carried: true, ..cell.clone() };
            let place = decode(&mut rest, &mut back).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(place, 300);
            prop_assert_eq!(back.distribution.steps().collect::<Vec<_>>(), cell.distribution.steps().collect::<Vec<_>>());
            let distribution = cell.distribution.clone();
            prop_assert_eq!(Cell { distribution, ..back }, Cell { chain: Chain::default(), ..cell });
        }
    }
}
