//! What a simulated path looks like, and the scenarios that `--demo` offers.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::engine::probe::LocalFault;
use crate::engine::time::Time;
use crate::wire::extension::Label;
use crate::wire::icmp::Icmp;

/// A path that plays by rule, and how it changes over time.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Where probes come from.
    pub source: IpAddr,
    /// Where they go.
    pub target: IpAddr,
    /// The branches from each moment on, in order of time; a probe takes any one of them at random.
    pub stages: Vec<(Time, Vec<Branch>)>,
    /// Stretches of time in which this machine does not send, and why.
    pub faults: Vec<(Time, Time, LocalFault)>,
    /// The target answers echo requests, whatever it does with other probes.
    pub echo: bool,
    /// Seeds every random choice.
    pub seed: u64,
}

/// The hops of one way to the target, which is the last of them.
pub type Branch = Vec<Hop>;

/// One hop.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Its address.
    pub address: IpAddr,
    /// The round-trip time to it.
    pub rtt: Duration,
    /// The most that is added to that, at random, squared towards none.
    pub jitter: Duration,
    /// The share of packets that are lost on the way from the hop before, 0 to 1.
    pub loss: f64,
    /// How it answers.
    pub conduct: Conduct,
    /// How many answers it gives at most.
    pub limit: Option<Limit>,
    /// The MPLS labels it quotes.
    pub labels: Vec<Label>,
    /// The share of its answers that come twice.
    pub doubled: f64,
}

/// How a hop treats what reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// Passes on, and says time exceeded.
    Pass,
    /// Passes on without a word.
    Silent,
    /// Passes nothing on, and says so; still says time exceeded at its own TTL.
    Block(Icmp),
    /// The end: answers everything that reaches it, with this.
    Answer(Icmp),
    /// The end: the application itself answers.
    Direct,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Answers it may give at once.
    pub burst: f64,
    /// Answers it earns a second.
    pub per_second: f64,
}

impl Limit {
    /// What a Linux router or target allows one peer by default.
    pub const LINUX: Self = Self { burst: 6.0, per_second: 1.0 };
}

impl Hop {
    /// A router at `address`, `ms` away.
    pub fn router(address: impl Into<IpAddr>, ms: f64) -> Self {
        Self {
            address: address.into(),
            rtt: Duration::from_secs_f64(ms / 1_000.0),
            jitter: Duration::ZERO,
            loss: 0.0,
            conduct: Conduct::Pass,
            limit: None,
            labels: Vec::new(),
            doubled: 0.0,
        }
    }

    /// A target at `address`, `ms` away, where no one listens.
    pub fn target(address: impl Into<IpAddr>, ms: f64) -> Self {
        let address = address.into();
        let closed = if address.is_ipv4() { Icmp::v4(3, 3) } else { Icmp::v6(1, 4) };
        Self::router(address, ms).conduct(Conduct::Answer(closed))
    }

    /// The same with another conduct.
    #[must_use]
    pub fn conduct(self, conduct: Conduct) -> Self {
        Self { conduct, ..self }
    }

    /// The same with loss on the way to it.
    #[must_use]
    pub fn loss(self, loss: f64) -> Self {
        Self { loss, ..self }
    }

    /// The same with jitter, in ms.
    #[must_use]
    pub fn jitter(self, ms: f64) -> Self {
        Self { jitter: Duration::from_secs_f64(ms / 1_000.0), ..self }
    }

    /// The same with a limit on its answers.
    #[must_use]
    pub fn limit(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

impl Scenario {
    /// A path that never changes.
    pub fn still(source: impl Into<IpAddr>, hops: Branch) -> Self {
        let target = hops.last().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |hop| hop.address);
        Self {
            source: source.into(),
            target,
            stages: vec![(Time::ZERO, vec![hops])],
            faults: Vec::new(),
            echo: false,
            seed: 1,
        }
    }

    /// The same, with the way to the target becoming `hops` at `at`.
    #[must_use]
    pub fn then(mut self, at: Time, hops: Branch) -> Self {
        self.stages.push((at, vec![hops]));
        self
    }

    /// The same path as echo requests meet it.
    #[must_use]
    pub fn asked_by_echo(&self) -> Self {
        let mut asked = self.clone();
        let branches = asked.stages.iter_mut().flat_map(|(_, branches)| branches);
        for target in branches.filter_map(|branch| branch.last_mut()) {
            target.conduct = Conduct::Direct;
        }
        asked
    }

    /// The branches in force at `now`.
    pub fn branches(&self, now: Time) -> &[Branch] {
        self.stages.iter().rev().find(|(from, _)| *from <= now).map_or(&[], |(_, branches)| branches)
    }

    /// A demo by one of the [`NAMES`].
    pub fn demo(name: &str) -> Option<Self> {
        let hops = match name {
            "clean" => clean(),
            "lossy" => lossy(),
            "filtered-target" => filtered_target(),
            _ => return None,
        };
        let still = Self::still(Ipv4Addr::new(198, 51, 100, 7), hops);
        Some(Self { echo: true, ..still })
    }

    /// What a reverse lookup gives for an address of a demo.
    pub fn demo_name(address: IpAddr) -> Option<String> {
        let known = DEMO_HOPS.iter().find(|(known, _, _, _)| IpAddr::from(*known) == address)?;
        Some(known.1.to_owned())
    }
}

/// The demos that there are.
pub const NAMES: &[&str] = &["clean", "lossy", "filtered-target"];

/// The demos' hops: address, name, round-trip time and jitter in ms. Addresses are documentation ones.
const DEMO_HOPS: [([u8; 4], &str, f64, f64); 11] = [
    ([192, 0, 2, 1], "gateway.home.example", 0.6, 0.4),
    ([203, 0, 113, 1], "bng1.access.isp.example", 4.2, 2.0),
    ([203, 0, 113, 9], "agg2.metro.isp.example", 5.1, 1.1),
    ([203, 0, 113, 33], "core1.isp.example", 8.4, 0.8),
    ([203, 0, 113, 34], "core4.isp.example", 9.0, 0.8),
    ([203, 0, 113, 77], "ix-peer.isp.example", 11.7, 0.9),
    ([198, 51, 100, 130], "be3.edge.carrier.example", 12.2, 1.3),
    ([198, 51, 100, 141], "be12.core.carrier.example", 19.6, 1.3),
    ([198, 51, 100, 160], "be1.fra.carrier.example", 24.0, 1.6),
    ([198, 51, 100, 201], "leaf7.dc.hosting.example", 24.8, 0.9),
    ([198, 51, 100, 220], "www.example.org", 25.1, 0.7),
];

fn clean() -> Branch {
    let last = DEMO_HOPS.len() - 1;
    let hops = DEMO_HOPS.iter().enumerate().map(|(index, &(address, _, ms, jitter))| {
        let hop = if index == last { Hop::target(address, ms) } else { Hop::router(address, ms) };
        hop.jitter(jitter)
    });
    hops.collect()
}

/// Real loss from hop 7 on, a router at hop 4 that limits its answers, a silent one at hop 5.
fn lossy() -> Branch {
    let mut hops = clean();
    hops[3] = hops[3].clone().limit(Limit { burst: 3.0, per_second: 0.6 });
    hops[4] = hops[4].clone().conduct(Conduct::Silent);
    hops[6] = hops[6].clone().loss(0.08);
    hops
}

/// The target drops what comes by UDP.
fn filtered_target() -> Branch {
    let mut hops = clean();
    if let Some(target) = hops.last_mut() {
        target.conduct = Conduct::Silent;
    }
    hops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demo_that_is_named_can_be_played() {
        assert!(NAMES.iter().all(|name| Scenario::demo(name).is_some()));
        assert!(Scenario::demo("none such").is_none());
    }
}
