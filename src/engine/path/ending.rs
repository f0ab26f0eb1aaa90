//! Where the path ends, read from the latest answers.

use super::{End, Hop, Meaning, Path};
use crate::wire::icmp::{Kind, Unreachable};

impl Path {
    /// Where the path ends, as the latest answers tell it.
    pub(super) fn find_end(&self) -> End {
        self.find_target()
            .or_else(|| self.find_block())
            .or_else(|| self.find_expiring_target())
            .or_else(|| self.find_loop())
            .unwrap_or_default()
    }

    /// The first of at least three last answers that are all time exceeded from the target's own address.
    fn find_expiring_target(&self) -> Option<End> {
        let answered = self.numbered().rev().filter(|(_, hop)| hop.latest.is_some());
        let run: Vec<u8> = answered.take_while(|(_, hop)| hop.view.by_target).map(|(ttl, _)| ttl).collect();
        let &ttl = run.last().filter(|_| run.len() >= 3)?;
        Some(End::Target { ttl, upto: ttl })
    }

    /// The lowest TTL that reaches the target; below a known one only after two tries.
    fn find_target(&self) -> Option<End> {
        let known = self.target_ttl.filter(|&ttl| self.hop(ttl).is_some_and(|hop| hop.reaches().is_some()));
        // In the first sight every TTL has had one try, and the lowest counts at once.
        let settled = known.filter(|&ttl| self.hop(ttl).is_some_and(Hop::reaches_twice));
        let mut newest_router = None;
        let mut found = None;
        for (ttl, hop) in self.numbered().rev() {
            let lower_needs_two = settled.is_some_and(|known| ttl < known);
            match hop.latest {
                Some((no, Meaning::Target))
                    if newest_router < Some(no)
                        && (!lower_needs_two || hop.reaches_twice() || hop.is_mixed()) =>
                {
                    found = Some(ttl);
                }
                Some((no, Meaning::Router)) => {
                    newest_router = newest_router.max(Some(no));
                    if hop.is_mixed() && found.is_some() {
                        found = Some(ttl);
                    }
                }
                _ => {}
            }
        }
        let ttl = found?;
        let mut above = self.numbered().skip(usize::from(ttl));
        let upto = if self.hop(ttl)?.is_mixed() {
            above.find(|(_, hop)| hop.reaches().is_some() && !hop.is_mixed()).map_or(ttl, |(ttl, _)| ttl)
        } else {
            ttl
        };
        Some(End::Target { ttl, upto })
    }

    /// The lowest of the last TTLs that one address blocks in one way.
    fn find_block(&self) -> Option<End> {
        let mut answered = self.numbered().filter_map(|(ttl, hop)| Some((ttl, hop.latest?.1))).rev();
        let top = self.target_ttl;
        let (mut lowest, block) = answered.find(|(ttl, _)| top.is_none_or(|top| *ttl <= top))?;
        let Meaning::Blocked { address, icmp } = block else { return None };
        for (ttl, meaning) in answered {
            if meaning != block {
                break;
            }
            lowest = ttl;
        }
        Some(if icmp.kind() == Kind::Unreachable(Unreachable::Port) {
            End::Other { ttl: lowest, address, icmp }
        } else {
            End::Refused { ttl: lowest, address, icmp }
        })
    }

    /// The fourth of four hops in a row at which the same two routers alternate.
    fn find_loop(&self) -> Option<End> {
        let routers: Vec<_> = self.numbered().map(|(_, hop)| hop.view.current).collect();
        let first = routers.windows(4).position(|four| {
            four[0].is_some() && four[1].is_some() && four[0] != four[1] && four[..2] == four[2..]
        })?;
        Some(End::Loop { ttl: u8::try_from(first + 4).unwrap_or(u8::MAX) })
    }
}
