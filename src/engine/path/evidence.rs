//! What the answers at one TTL say, ordered by when their probes were sent.

use std::net::IpAddr;

use super::HopView;
use crate::engine::probe::{Answer, ProbeNo, Reply};
use crate::wire::icmp::{Icmp, Kind, Unreachable};

/// What an answer means for the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A router passed it on: time exceeded.
    Router,
    /// It reached the target.
    Target,
    /// It went no further: refused, or answered in the target's place.
    Blocked {
        /// By whom.
        address: IpAddr,
        /// With what.
        icmp: Icmp,
    },
}

impl Meaning {
    /// Reads an answer to a probe for `target`.
    pub fn of(reply: &Reply, target: IpAddr) -> Self {
        let Answer::Icmp(icmp) = reply.answer else { return Self::Target };
        let by_target = reply.from == target;
        match icmp.kind() {
            Kind::TimeExceeded => Self::Router,
            Kind::Unreachable(Unreachable::Port | Unreachable::Protocol) | Kind::EchoReply if by_target => {
                Self::Target
            }
            _ => Self::Blocked { address: reply.from, icmp },
        }
    }

    /// Whether the try counts as refused: neither answered nor lost.
    ///
    /// A port unreachable from another address stands in the target's place and counts as answered.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Blocked { icmp, .. } if icmp.kind() != Kind::Unreachable(Unreachable::Port))
    }
}

/// Whether an answer changed what is known of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It did not.
    None,
    /// A block began, went away, or says something else.
    OfBlock,
}

/// How many of the latest answers tell whether a TTL reaches the target by turns.
const WINDOW: u32 = 16;

/// The answers at one TTL.
#[derive(Clone, Debug, Default)]
pub struct Hop {
    /// What a front end sees of it.
    pub view: HopView,
    /// The latest answer and its probe.
    pub latest: Option<(ProbeNo, Meaning)>,
    /// The latest answers, newest in the lowest bit; set where it was the target's.
    reached: u32,
    seen: u32,
}

impl Hop {
    /// Takes in an answer, unless a later probe's answer is known already.
    pub fn observe(&mut self, no: ProbeNo, meaning: Meaning, reply: &Reply, target: IpAddr) -> Change {
        if self.latest.is_some_and(|(latest, _)| latest > no) {
            return Change::None;
        }
        let before = self.latest.map(|(_, before)| before);
        let is_block = |meaning| matches!(meaning, Some(Meaning::Blocked { .. }));
        let of_block = before != Some(meaning) && (is_block(before) || is_block(Some(meaning)));
        self.latest = Some((no, meaning));
        self.reached = self.reached << 1 | u32::from(meaning == Meaning::Target);
        self.seen = (self.seen + 1).min(WINDOW);
        self.view = HopView {
            current: Some(reply.from),
            labels: reply.labels.clone(),
            refusal: match meaning {
                Meaning::Blocked { icmp, .. } => Some(icmp),
                _ => None,
            },
            by_target: meaning == Meaning::Router && reply.from == target,
            rewritten: reply.rewritten,
            reply_ttl: reply.reply_ttl,
            other_flow: self.view.other_flow,
            mtu: reply.mtu.map(|mtu| (reply.from, mtu)).or(self.view.mtu),
            quoted: reply.quoted,
        };
        if of_block { Change::OfBlock } else { Change::None }
    }

    /// The latest answer was the target's; the number of its probe.
    pub fn reaches(&self) -> Option<ProbeNo> {
        self.latest.filter(|(_, meaning)| *meaning == Meaning::Target).map(|(no, _)| no)
    }

    /// The latest two answers were both the target's.
    pub const fn reaches_twice(&self) -> bool {
        self.seen >= 2 && self.reached & 0b11 == 0b11
    }

    /// Target and routers answer by turns: branches of unequal length.
    pub const fn is_mixed(&self) -> bool {
        let changes = (self.reached ^ (self.reached >> 1)) & ((1 << self.seen.saturating_sub(1)) - 1);
        self.seen >= 3 && changes.count_ones() >= 2
    }

    /// Forgets a block that is older than `newer`, a probe to a nearer hop, and says something else than
    /// its answer.
    pub fn forget_other_block(&mut self, newer: ProbeNo, meaning: Meaning) {
        if self.latest.is_some_and(|(no, block)| {
            matches!(block, Meaning::Blocked { .. }) && no < newer && block != meaning
        }) {
            let view = HopView { other_flow: self.view.other_flow, ..HopView::default() };
            *self = Self { view, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::engine::time::{Time, Wall};

    const TARGET: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn reply(from: IpAddr, answer: Answer) -> Reply {
        Reply::new(None, from, answer, Time::ZERO, Wall(0))
    }

    fn see(hop: &mut Hop, no: u32, from: IpAddr, icmp: Icmp) -> Change {
        let reply = reply(from, Answer::Icmp(icmp));
        hop.observe(ProbeNo(no), Meaning::of(&reply, TARGET), &reply, TARGET)
    }

    #[test]
    fn what_an_answer_means_depends_on_who_gives_it() {
        let of = |from, icmp| Meaning::of(&reply(from, Answer::Icmp(icmp)), TARGET);
        let blocked = |address, icmp| Meaning::Blocked { address, icmp };
        assert_eq!(of(OTHER, Icmp::v4(11, 0)), Meaning::Router);
        assert_eq!(of(TARGET, Icmp::v4(11, 0)), Meaning::Router);
        assert_eq!(of(TARGET, Icmp::v4(3, 3)), Meaning::Target);
        assert_eq!(of(TARGET, Icmp::v4(3, 2)), Meaning::Target);
        assert_eq!(of(TARGET, Icmp::v4(3, 13)), blocked(TARGET, Icmp::v4(3, 13)));
        assert_eq!(of(OTHER, Icmp::v4(3, 3)), blocked(OTHER, Icmp::v4(3, 3)));
        assert!(!of(OTHER, Icmp::v4(3, 3)).is_refusal());
        assert!(of(OTHER, Icmp::v4(3, 2)).is_refusal());
        assert_eq!(Meaning::of(&reply(TARGET, Answer::Direct), TARGET), Meaning::Target);
    }

    #[test]
    fn an_older_probes_answer_changes_nothing() {
        let mut hop = Hop::default();
        see(&mut hop, 5, OTHER, Icmp::v4(11, 0));
        see(&mut hop, 4, TARGET, Icmp::v4(3, 3));
        assert_eq!(hop.latest, Some((ProbeNo(5), Meaning::Router)));
        assert_eq!(hop.view.current, Some(OTHER));
    }

    #[test]
    fn an_mtu_outlasts_the_refusal_that_named_it() {
        let mut hop = Hop::default();
        let mut too_big = reply(OTHER, Answer::Icmp(Icmp::v4(3, 4)));
        too_big.mtu = Some(1_400);
        hop.observe(ProbeNo(0), Meaning::of(&too_big, TARGET), &too_big, TARGET);
        assert_eq!(hop.view.refusal, Some(Icmp::v4(3, 4)));
        see(&mut hop, 1, OTHER, Icmp::v4(11, 0));
        assert_eq!((hop.view.refusal, hop.view.mtu), (None, Some((OTHER, 1_400))));
    }

    #[test]
    fn a_single_change_of_path_is_not_a_mixture() {
        let mut hop = Hop::default();
        (0..6).for_each(|no| _ = see(&mut hop, no, OTHER, Icmp::v4(11, 0)));
        (6..9).for_each(|no| _ = see(&mut hop, no, TARGET, Icmp::v4(3, 3)));
        assert!(hop.reaches_twice() && !hop.is_mixed());
        see(&mut hop, 9, OTHER, Icmp::v4(11, 0));
        assert!(hop.is_mixed() && !hop.reaches_twice());
    }

    #[test]
    fn a_block_is_forgotten_only_for_a_newer_probe_that_says_something_else() {
        let block = Icmp::v4(3, 13);
        let mut hop = Hop::default();
        assert_eq!(see(&mut hop, 5, OTHER, block), Change::OfBlock);
        assert_eq!(see(&mut hop, 6, OTHER, block), Change::None);
        hop.forget_other_block(ProbeNo(5), Meaning::Router);
        hop.forget_other_block(ProbeNo(9), Meaning::Blocked { address: OTHER, icmp: block });
        assert!(hop.latest.is_some());
        hop.forget_other_block(ProbeNo(9), Meaning::Router);
        assert_eq!((hop.latest, hop.view.current, hop.view.refusal), (None, None, None));
    }
}
