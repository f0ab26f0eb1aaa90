//! Which destination port stands for which flow.
//!
//! Flows of their own take the ports from [`FIRST`] up, those that routers and firewalls know as
//! traceroute's. The one of them that is the stable flow's gives way to the port before.

use crate::engine::probe::Flow;

/// The port of the first flow of its own.
const FIRST: u16 = 33_435;

/// The destination port of a flow, where the stable one's is `stable`.
pub const fn port(flow: Flow, stable: u16) -> u16 {
    match flow {
        Flow::Stable => stable,
        Flow::Own(number) if FIRST + number == stable => FIRST - 1,
        Flow::Own(number) => FIRST + number,
    }
}

/// The flow of a destination port; `None` if it is no port of ours.
pub fn flow(port: u16, stable: u16) -> Option<Flow> {
    if port == stable {
        return Some(Flow::Stable);
    }
    // Only one in the range makes the port before it one of ours.
    let moved = |number: &u16| port == FIRST - 1 && *number < Flow::OWN;
    let own = port.checked_sub(FIRST).or_else(|| stable.checked_sub(FIRST).filter(moved))?;
    (own < Flow::OWN).then_some(Flow::Own(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flow_has_a_port_of_its_own_that_leads_back_to_it() {
        for stable in
            [1, 53, 33_433, 33_434, 33_435, 33_500, FIRST + Flow::OWN - 1, FIRST + Flow::OWN, 65_535]
        {
            let flows = (0..Flow::OWN).map(Flow::Own).chain([Flow::Stable]);
            let mut ports: Vec<u16> = flows
                .map(|one| {
                    let port = port(one, stable);
                    assert_eq!(flow(port, stable), Some(one), "{port} beside {stable}");
                    port
                })
                .collect();
            ports.sort_unstable();
            ports.dedup();
            assert_eq!(ports.len(), usize::from(Flow::OWN) + 1);
            let ours = (0..=u16::MAX).filter(|&port| flow(port, stable).is_some());
            assert_eq!(ours.count(), ports.len(), "no other port is ours beside {stable}");
        }
    }
}
