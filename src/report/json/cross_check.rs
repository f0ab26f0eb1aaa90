//! The target asked by ICMP echo beside, as JSON.

use serde::Serialize;

use super::thousandths;
use super::tries::{Share, States};
use crate::engine::crosscheck::Echoes;

/// What has become of the echo requests.
#[derive(Serialize)]
pub struct CrossCheck {
    protocol: &'static str,
    #[serde(flatten)]
    states: States,
    #[serde(flatten)]
    share: Share,
    rtt_ms: Option<EchoTimes>,
}

#[derive(Serialize)]
struct EchoTimes {
    last: f64,
    best: f64,
    avg: f64,
    worst: f64,
    stdev: f64,
}

impl CrossCheck {
    /// The counts and the times of them all.
    pub fn of(echoes: Echoes) -> Self {
        let Echoes { counts, last, rtt } = echoes;
        let ms = |us: f64| thousandths(us / 1_000.0);
        Self {
            protocol: "icmp",
            states: States::of(&counts),
            share: Share::of(counts.loss()),
            rtt_ms: last.map(|last| EchoTimes {
                last: ms(last.as_secs_f64() * 1e6),
                best: ms(rtt.best()),
                avg: ms(rtt.mean()),
                worst: ms(rtt.worst()),
                stdev: ms(rtt.stdev()),
            }),
        }
    }
}
