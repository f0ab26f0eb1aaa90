//! Which destination port stands for which flow.
//!
//! Flows of their own take the ports from [`FIRST`] up, from a place that the cookie says. For an answer that
//! quotes nothing behind the ports is believed by these alone: somebody who sees no packet of ours has to
//! guess this one as well as our own. The one of them that is the stable flow's gives way to the port before.

use crate::engine::probe::Flow;
use crate::wire::payload::Cookie;

/// The first port that may be a flow's of its own.
const FIRST: u16 = 33_435;

/// The destination ports of a session's flows.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    stable: u16,
    /// Where among all of them those of their own begin.
    begin: u16,
}

impl Ports {
    /// Those of the session with this cookie, whose stable flow goes to the port `stable`.
    pub const fn new(stable: u16, cookie: Cookie) -> Self {
        Self { stable, begin: (cookie.0 % Flow::OWN as u64) as u16 }
    }

    /// The destination port of a flow.
    pub const fn port(self, flow: Flow) -> u16 {
        match flow {
            Flow::Stable => self.stable,
            Flow::Own(number) => match FIRST + (number % Flow::OWN + self.begin) % Flow::OWN {
                port if port == self.stable => FIRST - 1,
                port => port,
            },
        }
    }

    /// The flow of a destination port; `None` if it is no port of ours.
    pub fn flow(self, port: u16) -> Option<Flow> {
        let Self { stable, begin } = self;
        if port == stable {
            return Some(Flow::Stable);
        }
        // Only one in the range makes the port before it one of ours.
        let moved = |place: &u16| port == FIRST - 1 && *place < Flow::OWN;
        let place = port.checked_sub(FIRST).or_else(|| stable.checked_sub(FIRST).filter(moved))?;
        (place < Flow::OWN).then(|| Flow::Own((place + Flow::OWN - begin) % Flow::OWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flow_has_a_port_of_its_own_that_leads_back_to_it() {
        for stable in
            [1, 53, 33_433, 33_434, 33_435, 33_500, FIRST + Flow::OWN - 1, FIRST + Flow::OWN, 65_535]
        {
            for cookie in [0, 1, 31_999, 0x1234_5678_9abc_def0] {
                let of = Ports::new(stable, Cookie(cookie));
                let flows = (0..Flow::OWN).map(Flow::Own).chain([Flow::Stable]);
                let mut ports: Vec<u16> = flows
                    .map(|one| {
                        let port = of.port(one);
                        assert_eq!(of.flow(port), Some(one), "{port} beside {stable}");
                        port
                    })
                    .collect();
                ports.sort_unstable();
                ports.dedup();
                assert_eq!(ports.len(), usize::from(Flow::OWN) + 1);
                let ours = (0..=u16::MAX).filter(|&port| of.flow(port).is_some());
                assert_eq!(ours.count(), ports.len(), "no other port is ours beside {stable}");
            }
        }
    }

    #[test]
    fn where_they_begin_is_another_place_in_another_session() {
        let first = |cookie| Ports::new(33_434, Cookie(cookie)).port(Flow::Own(0));
        assert_eq!((first(0), first(1), first(31_999)), (33_435, 33_436, 65_434));
    }
}
