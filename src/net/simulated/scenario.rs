//! What a simulated path looks like.

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
    /// How long the stages take until they begin anew; `None` if the last one stays.
    pub period: Option<Duration>,
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
    /// The share of probes that it leaves unanswered by itself, 0 to 1.
    pub deaf: f64,
    /// Answers that others take out of its limit, a second, at random times.
    pub rivals: f64,
    /// The MPLS labels it quotes.
    pub labels: Vec<Label>,
    /// The share of its answers that come twice.
    pub doubled: f64,
    /// Its answers quote too little to name a probe, or are of its own making.
    pub bare: bool,
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
            deaf: 0.0,
            rivals: 0.0,
            labels: Vec::new(),
            doubled: 0.0,
            bare: false,
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

    /// The same with answers that name no probe.
    #[must_use]
    pub fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// The same, quoting these MPLS labels, outermost first.
    #[must_use]
    pub fn labels(self, labels: Vec<Label>) -> Self {
        Self { labels, ..self }
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
            period: None,
            faults: Vec::new(),
            echo: false,
            seed: 1,
        }
    }

    /// Has the target at another address from now on.
    pub fn lead_to(&mut self, address: IpAddr) {
        for hop in self.stages.iter_mut().flat_map(|(_, branches)| branches).flatten() {
            if hop.address == self.target {
                hop.address = address;
            }
        }
        self.target = address;
    }

    /// The same, with the way to the target becoming `hops` at `at`.
    #[must_use]
    pub fn then(mut self, at: Time, hops: Branch) -> Self {
        self.stages.push((at, vec![hops]));
        self
    }

    /// The same, beginning anew after each `period`.
    #[must_use]
    pub fn every(self, period: Duration) -> Self {
        Self { period: Some(period), ..self }
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
        let now = match self.period {
            Some(period) => Time::from_nanos(now.as_nanos() % (period.as_nanos() as u64).max(1)),
            None => now,
        };
        self.stages.iter().rev().find(|(from, _)| *from <= now).map_or(&[], |(_, branches)| branches)
    }
}
