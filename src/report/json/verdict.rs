//! What the figures mean, as JSON.

use std::time::Duration;

use serde::Serialize;

use super::thousandths;
use crate::engine::time::Time;
use crate::engine::verdict::{Finding, Kind};

/// What the figures mean.
#[derive(Serialize)]
pub struct Verdict {
    kind: &'static str,
    hop: Option<u8>,
    /// The last TTL without the trouble, 0 for this machine, and the first with it.
    between: Option<[u8; 2]>,
    /// A share, 0 to 1.
    rate: Option<f64>,
    ci95: Option<[f64; 2]>,
    since: Option<String>,
    samples: u32,
    text: String,
    silent_target: bool,
    per_second: Option<f64>,
    bursts: Vec<Burst>,
    secondary: Vec<Verdict>,
}

#[derive(Serialize)]
struct Burst {
    from: String,
    to: String,
    lost: u32,
}

impl Verdict {
    /// A finding, with its moments as `at` has them.
    pub fn of(finding: &Finding, at: &impl Fn(Time) -> String) -> Self {
        let bursts = finding.episodes.iter().filter(|_| finding.bursty || finding.kind == Kind::Outage);
        let moment = |ms: u32| at(finding.span.0 + Duration::from_millis(ms.into()));
        let precise = |share: f64| (share * 100_000.0).round() / 100_000.0;
        Self {
            kind: finding.kind.name(),
            hop: finding.ttl(),
            between: finding.between.map(|(from, to)| [from, to]),
            rate: finding.rate.map(precise),
            ci95: finding.ci95.map(|ends| ends.map(precise)),
            since: finding.since.map(at),
            samples: finding.samples,
            text: finding.text(),
            silent_target: finding.silent_target,
            per_second: finding.per_second.map(thousandths),
            bursts: bursts
                .map(|burst| Burst { from: moment(burst.from), to: moment(burst.to), lost: burst.lost })
                .collect(),
            secondary: finding.secondary.iter().map(|other| Self::of(other, at)).collect(),
        }
    }
}
