//! The path as records tell it: what a replay shows in the place of what the answers told the watch.
//!
//! The watch keeps one as well, and records what that would not show.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{End, HopView, PathView, last_hop};
use crate::engine::end::Ending;
use crate::engine::round::{MAX_RESPONDERS, Round, Row, Try};
use crate::engine::time::Time;

/// The time between two records of what one responder's answers show, at least: some change with every answer.
const PAUSE: Duration = Duration::from_mins(1);

/// What the latest answer at a row showed beside its time.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Seen {
    /// When it was recorded.
    pub at: Time,
    /// Where.
    pub row: Row,
    /// What; for its responder from here on.
    #[serde(flatten)]
    pub hop: HopView,
}

/// The path as records tell it.
#[derive(Clone, Debug)]
pub struct RecordedPath {
    target: IpAddr,
    view: PathView,
    /// The highest TTL at which anyone but the target has answered.
    last_responder: u8,
    /// What the answers of each row's responders showed, and when that was recorded; the latest last.
    seen: BTreeMap<Row, Vec<(Time, HopView)>>,
}

impl RecordedPath {
    /// A path of which nothing is told yet.
    pub fn new(target: IpAddr) -> Self {
        Self { target, view: PathView::default(), last_responder: 0, seen: BTreeMap::new() }
    }

    /// Takes in a round: where the path led, and who answered last at each hop.
    pub fn round(&mut self, round: &Round) {
        let same_end = self.view.end == round.end;
        self.view.end = round.end;
        if let End::Target { ttl, .. } = round.end {
            self.view.target_ttl = Some(ttl);
        }
        for part in &round.rows {
            let latest = part.tries.iter().rev().find_map(|outcome| match outcome {
                Try::Answered { by, .. } | Try::Late { by, .. } | Try::Refused { by } => {
                    part.responders.get(usize::from(*by)).copied()
                }
                _ => None,
            });
            let Some(latest) = latest else { continue };
            if let Row::Hop(ttl) = part.row {
                self.last_responder = self.last_responder.max(ttl);
            }
            // Mostly the same as ever, which need not be looked up.
            if !same_end || self.hop(part.row).is_none_or(|hop| hop.current != Some(latest)) {
                *self.hop_mut(part.row) = self.known(part.row, latest);
            }
        }
        self.view.last_hop = last_hop(round.end, self.target, || self.last_responder);
    }

    /// Takes in what an answer showed.
    pub fn seen(&mut self, seen: &Seen) {
        let known = self.seen.entry(seen.row).or_default();
        if known.iter().any(|(at, hop)| *at == seen.at && *hop == seen.hop) {
            // Told again, at the beginning of a part.
            return;
        }
        known.retain(|(_, hop)| hop.current != seen.hop.current);
        if known.len() == MAX_RESPONDERS {
            known.remove(0);
        }
        known.push((seen.at, seen.hop.clone()));
        *self.hop_mut(seen.row) = seen.hop.clone();
    }

    /// Takes in where it led at the end.
    pub const fn ending(&mut self, ending: &Ending) {
        let Ending { end, target_ttl, last_hop, .. } = *ending;
        (self.view.end, self.view.target_ttl, self.view.last_hop) = (end, target_ttl, last_hop);
    }

    /// What has to be recorded by `now`, so that this shows what `live` does: with the next answer of each
    /// responder or, if these were the `last` ones, at once.
    pub fn missing(&self, now: Time, live: &PathView, last: bool) -> Vec<Seen> {
        let hops = live.hops.iter().zip(1..).map(|(hop, ttl)| (Row::Hop(ttl), hop));
        let missing = hops.chain([(Row::Target, &live.target)]).filter(|(row, hop)| {
            last && self.hop(*row).unwrap_or(&HopView::default()) != *hop
                || hop.current.is_some_and(|current| {
                    self.known(*row, current) != **hop
                        && (last || self.told(*row, current).is_none_or(|at| now.since(at) >= PAUSE))
                })
        });
        missing.map(|(row, hop)| Seen { at: now, row, hop: hop.clone() }).collect()
    }

    /// What a front end sees.
    pub fn view(&self) -> PathView {
        let mut view = self.view.clone();
        view.hops.resize_with(usize::from(view.last_hop), HopView::default);
        view
    }

    /// When a responder was recorded last.
    fn told(&self, row: Row, address: IpAddr) -> Option<Time> {
        let mut known = self.seen.get(&row)?.iter();
        known.find(|(_, hop)| hop.current == Some(address)).map(|(at, _)| *at)
    }

    /// What an answer from `address` shows, as far as recorded. Of a row as a whole the latest record tells.
    fn known(&self, row: Row, address: IpAddr) -> HopView {
        let known = self.seen.get(&row).map(Vec::as_slice).unwrap_or_default();
        let (other_flow, mtu) = known.last().map(|(_, hop)| (hop.other_flow, hop.mtu)).unwrap_or_default();
        let own = known.iter().find(|(_, hop)| hop.current == Some(address));
        let plain = || HopView {
            current: Some(address),
            // All that recordings before these records had to say.
            refusal: match self.view.end {
                End::Refused { ttl, address: by, icmp } | End::Other { ttl, address: by, icmp } => {
                    (row == Row::Hop(ttl) && by == address).then_some(icmp)
                }
                _ => None,
            },
            ..HopView::default()
        };
        let hop = own.map_or_else(plain, |(_, hop)| hop.clone());
        HopView { other_flow, mtu, ..hop }
    }

    fn hop(&self, row: Row) -> Option<&HopView> {
        match row {
            Row::Hop(ttl) => self.view.hops.get(usize::from(ttl).wrapping_sub(1)),
            Row::Target => Some(&self.view.target),
        }
    }

    fn hop_mut(&mut self, row: Row) -> &mut HopView {
        let Row::Hop(ttl) = row else { return &mut self.view.target };
        let index = usize::from(ttl).saturating_sub(1);
        if index >= self.view.hops.len() {
            self.view.hops.resize_with(index + 1, HopView::default);
        }
        &mut self.view.hops[index]
    }
}
