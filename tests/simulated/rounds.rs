//! Rounds made by hand.

use std::net::IpAddr;
use std::time::Duration;

use hopwatch::engine::end::End;
use hopwatch::engine::probe::Grade;
use hopwatch::engine::round::{Round, RoundRow, Row, Try};
use hopwatch::engine::time::Time;

/// Numbers that look random and are the same every time.
pub struct Dice(pub u64);

impl Dice {
    /// From 0 to one below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        // SplitMix64 (Steele, Lea and Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

pub fn responder(n: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, n])
}

/// A link with jitter, some loss in bursts, two routers by turns, and now and then everything else.
fn outcome(dice: &mut Dice, in_loss: &mut bool, base: u32) -> Try {
    let stays = dice.roll(100) < if *in_loss { 60 } else { 1 };
    *in_loss = stays;
    if stays {
        return Try::Lost;
    }
    let us = base + (dice.roll(40) * dice.roll(40) * u64::from(base) / 8_000) as u32;
    let (by, kind) = (dice.roll(2) as u8, dice.roll(500));
    match kind {
        0 => Try::Refused { by },
        1 => Try::NotSent,
        2 => Try::Skipped,
        3 => Try::Late { us: us + 3_000_000, by, grade: Grade::Kernel },
        4..10 => Try::Answered { us, by, grade: Grade::User },
        _ => Try::Answered { us, by, grade: Grade::Kernel },
    }
}

/// A watch made by hand: rounds of three tries, so many rows of hops, each tried once an interval.
pub struct Watch {
    pub dice: Dice,
    in_loss: Vec<bool>,
    interval: Duration,
    pub now: Time,
    pub number: u32,
}

impl Watch {
    pub fn new(rows: u8, interval: Duration) -> Self {
        let in_loss = vec![false; rows.into()];
        Self { dice: Dice(7), in_loss, interval, now: Time::ZERO, number: 0 }
    }

    pub fn next(&mut self) -> Round {
        let rows = (1u8..).zip(&mut self.in_loss).map(|(ttl, in_loss)| RoundRow {
            row: Row::Hop(ttl),
            ttl,
            responders: vec![responder(ttl), responder(ttl + 100)].into(),
            tries: (0..3).map(|_| outcome(&mut self.dice, in_loss, 2_000 * u32::from(ttl))).collect(),
        });
        let rows = rows.collect();
        let Self { number, now: start, interval, .. } = *self;
        self.number += 1;
        self.now = start + interval * 3;
        Round { number, start, interval, end: End::Silent, rows }
    }
}
