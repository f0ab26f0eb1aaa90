//! What a history takes in memory.

use std::net::IpAddr;

use smallvec::{Array, SmallVec};

use super::History;
use super::known::Known;
use super::totals::Totals;
use crate::engine::round::{Round, RoundRow};

impl History {
    /// What all of it takes in memory, in bytes, as far as it is held by this history alone.
    pub fn size(&self) -> usize {
        let rounds = self.recent().map(|round| {
            let parts = round
                .rows
                .iter()
                .map(|part| size_of::<RoundRow>() + heap(&part.responders) + heap(&part.tries));
            size_of::<Round>() + parts.sum::<usize>()
        });
        let rows = self.rows.iter().map(|known| {
            size_of::<Known>()
                + size_of::<Totals>()
                + known.totals.distribution.size()
                + known.responders.capacity() * size_of::<IpAddr>()
        });
        rounds.sum::<usize>() + rows.sum::<usize>() + self.slices.size() + self.schedule.size()
    }
}

/// What a list takes on the heap, in bytes.
pub fn heap<A: Array>(list: &SmallVec<A>) -> usize {
    if list.spilled() { list.capacity() * size_of::<A::Item>() } else { 0 }
}
