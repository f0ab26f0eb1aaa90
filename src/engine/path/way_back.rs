//! How long the way back seems to be, by the TTL that an answer arrives with.

use super::HopView;

/// What systems let their packets begin with.
const INITIAL_TTLS: [u8; 3] = [64, 128, 255];

impl HopView {
    /// How many hops the last answer seems to have come, and with which TTL it then began; `None` without one.
    pub fn way_back(&self) -> Option<(u8, u8)> {
        let left = self.reply_ttl?;
        let initial = INITIAL_TTLS.into_iter().find(|&initial| initial >= left)?;
        Some((initial - left + 1, initial))
    }
}
