//! Route epochs: stretches of time on one path, and the list of them.

use std::collections::VecDeque;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::time::Time;

/// Epochs kept: the first one, and the latest.
pub const MAX_EPOCHS: usize = 128;

/// A stretch of time on one path, from its start to the next epoch's.
///
/// Later news of the same epoch (a second router at a hop where traffic is balanced, a hop that answers at
/// last) come as an epoch with the same number, which takes the place of the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Epoch {
    /// Its number, from 0.
    pub number: u32,
    /// When the path was first seen this way.
    pub start: Time,
    /// Who answered at each hop, by TTL; hops that nobody answered at are left out.
    pub hops: Vec<EpochHop>,
    /// The earlier epoch with the same path, if there is one: the route came back.
    pub again: Option<u32>,
}

/// A hop of an epoch's path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct EpochHop {
    /// Its TTL.
    pub ttl: u8,
    /// Who answers there: several where traffic is balanced, in order of address.
    pub responders: Vec<IpAddr>,
}

/// The epochs of a session: the first, and the latest of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    kept: VecDeque<Epoch>,
    count: u32,
}

impl Epochs {
    /// Takes in an epoch, or news of one.
    pub fn take(&mut self, epoch: Epoch) {
        if let Some(known) = self.kept.iter_mut().find(|known| known.number == epoch.number) {
            *known = epoch;
        } else if epoch.number >= self.count {
            self.count = epoch.number.saturating_add(1);
            self.kept.push_back(epoch);
            if self.kept.len() > MAX_EPOCHS {
                self.kept.remove(1);
            }
        }
    }

    /// The epochs kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Epoch> {
        self.kept.iter()
    }

    /// The epoch of this number, if it is kept.
    pub fn get(&self, number: u32) -> Option<&Epoch> {
        self.kept.iter().find(|epoch| epoch.number == number)
    }

    /// The present one.
    pub fn last(&self) -> Option<&Epoch> {
        self.kept.back()
    }

    /// How many there were, those no longer kept included.
    pub const fn count(&self) -> u32 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_latest_epochs_are_kept_and_all_are_counted() {
        let mut epochs = Epochs::default();
        for number in 0..1_000 {
            epochs.take(Epoch { number, ..Epoch::default() });
        }
        epochs.take(Epoch { number: 999, again: Some(0), ..Epoch::default() });
        epochs.take(Epoch { number: 500, again: Some(0), ..Epoch::default() });
        let numbers: Vec<u32> = epochs.iter().map(|epoch| epoch.number).collect();
        assert_eq!((numbers.len(), numbers[0], numbers[1]), (MAX_EPOCHS, 0, 873));
        assert_eq!((epochs.count(), epochs.last().and_then(|last| last.again)), (1_000, Some(0)));
    }
}
