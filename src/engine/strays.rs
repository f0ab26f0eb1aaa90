//! What is part of no row.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::probe::Stray;

/// What is part of no row, counted since the watch began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Strays {
    /// Messages that answered no probe of ours, by reason.
    pub messages: BTreeMap<Stray, u64>,
    /// Probes that went past the path's end, or whose answer could not have named them.
    pub overshoot: u64,
}

impl Strays {
    /// What has come since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let known = |reason| before.messages.get(reason).copied().unwrap_or_default();
        let messages =
            self.messages.iter().map(|(reason, count)| (*reason, count.saturating_sub(known(reason))));
        Self {
            messages: messages.filter(|(_, count)| *count > 0).collect(),
            overshoot: self.overshoot.saturating_sub(before.overshoot),
        }
    }
}
