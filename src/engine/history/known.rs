//! What is known of a row besides its slices.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use super::chain::Chain;
use super::totals::Totals;
use crate::engine::round::Row;
use crate::engine::time::Time;

/// Changes of a row's pace remembered.
const CHANGES: usize = 256;

/// What is known of a row besides its slices.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub totals: Arc<Totals>,
    /// Who answered, in order of first answer; at most 255.
    pub responders: Arc<Vec<IpAddr>>,
    pub chain: Chain,
    /// When the latest try was due.
    pub at: Option<Time>,
    /// From when on it was asked less often than the others, or as often again.
    pub slowed: VecDeque<(Time, bool)>,
}

impl Known {
    /// It is asked less often than the others from a moment on, or as often again.
    pub fn slow(&mut self, from: Time, is_slowed: bool) {
        if self.slowed.len() == CHANGES {
            self.slowed.pop_front();
        }
        self.slowed.push_back((from, is_slowed));
    }
}

/// Whether a row whose pace changed like this was asked less often than the others at a moment.
pub fn is_slowed(changes: &VecDeque<(Time, bool)>, at: Time) -> bool {
    let after = changes.partition_point(|(from, _)| *from <= at);
    after.checked_sub(1).is_some_and(|last| changes[last].1)
}

/// What is known of a row, made if nothing is.
pub fn known_mut(rows: &mut Vec<Known>, row: Row) -> &mut Known {
    let index = row.index();
    if index >= rows.len() {
        rows.resize_with(index + 1, Known::default);
    }
    &mut rows[index]
}

/// The number of a row's responder, which is added if there is room.
pub fn number(responders: &mut Arc<Vec<IpAddr>>, address: IpAddr) -> Option<u8> {
    let known = responders.iter().position(|&known| known == address);
    let number = known.or_else(|| {
        let next = responders.len();
        (next < usize::from(u8::MAX)).then(|| {
            Arc::make_mut(responders).push(address);
            next
        })
    });
    number.and_then(|number| u8::try_from(number).ok())
}
