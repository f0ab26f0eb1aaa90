//! The path as the answers tell it: who stands at each hop, and where it ends.

mod ending;
mod evidence;
mod recorded;
mod way_back;

use std::net::IpAddr;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

pub use self::evidence::Meaning;
use self::evidence::{Change, Hop};
pub use self::recorded::{RecordedPath, Seen};
pub use super::end::End;
use super::probe::{ProbeNo, Quoted, Reply};
use super::round::Row;
use crate::wire::extension::Label;
use crate::wire::icmp::Icmp;

/// TTLs probed past the last responder while no end is known.
const BEYOND: u8 = 4;

/// The path as a front end sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PathView {
    /// Where it ends.
    pub end: End,
    /// The TTL at which the target answered last, if it ever did; stays through an outage.
    pub target_ttl: Option<u8>,
    /// The highest TTL that has a row of its own; 0 while nothing is known.
    pub last_hop: u8,
    /// What is known of each hop's current responders, by TTL from 1.
    pub hops: Vec<HopView>,
    /// What is known of the target as a responder.
    pub target: HopView,
}

/// What is known of the responders at one hop.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct HopView {
    /// Who answered last; `None` while nobody did.
    #[serde(rename = "address")]
    pub current: Option<IpAddr>,
    /// The MPLS labels of the last answer, outermost first.
    #[serde(rename = "mpls", skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// The last refusal, until an ordinary answer comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Icmp>,
    /// The answer came from the target's own address before its end: marked.
    #[serde(skip_serializing_if = "is_false")]
    pub by_target: bool,
    /// A NAT rewrote the quoted destination in the last answer.
    #[serde(skip_serializing_if = "is_false")]
    pub rewritten: bool,
    /// The last answer's own TTL on arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_ttl: Option<u8>,
    /// It is asked in flows of its own, since its answers name no probe: load balancers may send them
    /// another way.
    #[serde(skip_serializing_if = "is_false")]
    pub other_flow: bool,
    /// Who said last that the packet is too big for its next link, and that link's MTU. It stays, since this
    /// machine cuts packets to fit from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<(IpAddr, u32)>,
    /// What the last answer quoted of the probe's IP header, by a channel that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Quoted>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What is known of the path, and what follows for probing.
#[derive(Clone, Debug)]
pub struct Path {
    target: IpAddr,
    first_ttl: u8,
    max_ttl: u8,
    hops: Vec<Hop>,
    target_view: HopView,
    target_ttl: Option<u8>,
    end: End,
}

impl Path {
    /// A path of which nothing is known yet, probed from `first_ttl` to `max_ttl`.
    pub fn new(target: IpAddr, first_ttl: u8, max_ttl: u8) -> Self {
        Self {
            target,
            first_ttl,
            max_ttl,
            hops: vec![Hop::default(); usize::from(u8::MAX)],
            target_view: HopView::default(),
            target_ttl: None,
            end: End::Silent,
        }
    }

    /// Takes in the answer to probe `no`, sent with `ttl`, and gives what it means.
    pub fn observe(&mut self, no: ProbeNo, ttl: u8, reply: &Reply) -> Meaning {
        let meaning = Meaning::of(reply, self.target);
        let Some(hop) = self.hops.get_mut(usize::from(ttl).wrapping_sub(1)) else { return meaning };
        let change = hop.observe(no, meaning, reply, self.target);
        if meaning == Meaning::Target || reply.from == self.target && meaning.is_refusal() {
            self.target_view = hop.view.clone();
        }
        if change == Change::OfBlock {
            for later in &mut self.hops[usize::from(ttl)..] {
                later.forget_other_block(no, meaning);
            }
        }
        self.end = self.find_end();
        if let End::Target { ttl, .. } = self.end {
            self.target_ttl = Some(ttl);
        }
        meaning
    }

    /// Changes the highest TTL that may be probed.
    pub const fn set_max_ttl(&mut self, max_ttl: u8) {
        self.max_ttl = max_ttl;
    }

    /// Where the path ends within the TTLs that may be probed.
    pub fn end(&self) -> End {
        match self.end {
            End::Target { ttl, .. } if ttl > self.max_ttl => End::MaxTtl,
            End::Silent if self.last_responder() >= self.max_ttl => End::MaxTtl,
            end => end,
        }
    }

    /// Whom it leads to.
    pub const fn target(&self) -> IpAddr {
        self.target
    }

    /// The lowest TTL that the target may stand at, while that is not known.
    pub fn nearest(&self) -> u8 {
        self.last_responder().max(self.first_ttl.saturating_sub(1)).saturating_add(1)
    }

    /// Whether a probe of `ttl` may reach the target, as far as known.
    pub fn may_reach(&self, ttl: u8) -> bool {
        match self.end {
            End::Target { ttl: lowest, .. } => ttl >= lowest,
            _ => ttl >= self.nearest(),
        }
    }

    /// The highest TTL to ask in every cycle.
    pub fn reach(&self) -> u8 {
        let wanted = match self.end {
            End::Target { upto, .. } => upto,
            End::Other { ttl, .. } | End::Refused { ttl, .. } | End::Loop { ttl } => ttl,
            End::Silent | End::MaxTtl => {
                let known = self.target_ttl.unwrap_or_default();
                let last = self.last_responder().max(self.first_ttl.saturating_sub(1));
                last.saturating_add(BEYOND).max(known)
            }
        };
        wanted.min(self.max_ttl)
    }

    /// Whether a sweep has nothing more to find.
    pub fn is_ended(&self) -> bool {
        self.end != End::Silent
    }

    /// The TTLs beyond the reach that are worth a look now and then; none while the target answers.
    pub fn beyond(&self) -> RangeInclusive<u8> {
        let reach = self.reach();
        if reach >= self.max_ttl {
            return RangeInclusive::new(1, 0);
        }
        let first = reach + 1;
        match self.end {
            End::Target { .. } => RangeInclusive::new(1, 0),
            // One probe that could reach the target tells whether the block or the circle is gone.
            End::Other { .. } | End::Refused { .. } | End::Loop { .. } => {
                let far = self.target_ttl.unwrap_or(self.max_ttl).min(self.max_ttl);
                far.max(first)..=far
            }
            End::Silent | End::MaxTtl => first..=self.max_ttl,
        }
    }

    /// The row that a probe of `ttl` belongs to: by its answer, or without one by where it was aimed.
    ///
    /// `None` for a probe past the end, which is part of no row.
    pub fn row(&self, ttl: u8, answer: Option<Meaning>) -> Option<Row> {
        match answer {
            Some(Meaning::Router) => match self.end {
                End::Target { upto, .. } if ttl >= upto && self.is_by_target(ttl) => {
                    (ttl == upto).then_some(Row::Target)
                }
                _ => Some(Row::Hop(ttl)),
            },
            Some(Meaning::Target) => match self.end {
                End::Target { upto, .. } if ttl > upto => None,
                _ => Some(Row::Target),
            },
            Some(Meaning::Blocked { address, .. }) => match self.end {
                End::Refused { ttl: end, .. } | End::Other { ttl: end, .. } if ttl > end => None,
                _ if address == self.target => Some(Row::Target),
                _ => Some(Row::Hop(ttl)),
            },
            None => match self.end {
                End::Target { upto, .. } if ttl == upto => Some(Row::Target),
                End::Silent | End::MaxTtl if ttl > self.last_responder() => {
                    (ttl == self.reach()).then_some(Row::Target)
                }
                End::Refused { ttl: end, address, .. } if ttl == end && address == self.target => {
                    Some(Row::Target)
                }
                _ => (ttl <= self.last_hop()).then_some(Row::Hop(ttl)),
            },
        }
    }

    /// Whether probes of `ttl` go in flows of their own.
    pub fn is_other_flow(&self, ttl: u8) -> bool {
        self.hop(ttl).is_some_and(|hop| hop.view.other_flow)
    }

    /// Probes of `ttl` go in flows of their own from now on, or no more.
    pub fn set_other_flow(&mut self, ttl: u8, is_other: bool) {
        if let Some(hop) = self.hops.get_mut(usize::from(ttl).wrapping_sub(1)) {
            hop.view.other_flow = is_other;
        }
    }

    /// Whether an address answers a TTL whose probes go in flows of their own.
    pub fn is_in_other_flow(&self, address: IpAddr) -> bool {
        self.hops.iter().any(|hop| hop.view.other_flow && hop.view.current == Some(address))
    }

    /// Who is known to answer probes of `ttl`.
    pub fn address(&self, ttl: u8) -> Option<IpAddr> {
        match self.end {
            End::Target { upto, .. } if ttl >= upto => Some(self.target),
            _ => self.hop(ttl)?.view.current,
        }
    }

    /// What a front end sees.
    pub fn view(&self) -> PathView {
        let last_hop = self.last_hop();
        PathView {
            end: self.end(),
            target_ttl: self.target_ttl,
            last_hop,
            hops: self.hops.iter().take(usize::from(last_hop)).map(|hop| hop.view.clone()).collect(),
            target: self.target_view.clone(),
        }
    }

    fn hop(&self, ttl: u8) -> Option<&Hop> {
        self.hops.get(usize::from(ttl).wrapping_sub(1))
    }

    fn is_by_target(&self, ttl: u8) -> bool {
        self.hop(ttl).is_some_and(|hop| hop.view.by_target)
    }

    fn numbered(&self) -> impl DoubleEndedIterator<Item = (u8, &Hop)> {
        (1..=u8::MAX).zip(&self.hops)
    }

    /// The highest TTL that has a row of its own.
    fn last_hop(&self) -> u8 {
        last_hop(self.end, self.target, || self.last_responder()).min(self.max_ttl)
    }

    /// The highest TTL at which anyone but the target itself answers.
    fn last_responder(&self) -> u8 {
        let mut answered = self
            .numbered()
            .rev()
            .filter(|(_, hop)| matches!(hop.latest, Some((_, Meaning::Router | Meaning::Blocked { .. }))));
        answered.next().map_or(0, |(ttl, _)| ttl)
    }
}

/// The highest TTL that has a row of its own on a path to `target` that ends so.
fn last_hop(end: End, target: IpAddr, last_responder: impl FnOnce() -> u8) -> u8 {
    match end {
        End::Target { upto, .. } => upto.saturating_sub(1),
        End::Refused { ttl, address, .. } if address == target => ttl.saturating_sub(1),
        End::Other { ttl, .. } | End::Refused { ttl, .. } | End::Loop { ttl } => ttl,
        End::Silent | End::MaxTtl => last_responder(),
    }
}
