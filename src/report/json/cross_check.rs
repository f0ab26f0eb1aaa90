//! The target asked by ICMP echo beside, as JSON.

use serde::Serialize;

use super::thousandths;
use crate::engine::crosscheck::Echoes;

/// What has become of the echo requests.
#[derive(Serialize)]
pub struct CrossCheck {
    protocol: &'static str,
    sent: u64,
    answered: u64,
    late: u64,
    refused: u64,
    lost: u64,
    in_flight: u64,
    not_sent: u64,
    loss_pct: Option<f64>,
    loss_ci95_pct: Option<[f64; 2]>,
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
            sent: counts.sent(),
            answered: counts.answered,
            late: counts.late,
            refused: counts.refused,
            lost: counts.lost,
            in_flight: counts.in_flight,
            not_sent: counts.not_sent,
            loss_pct: counts.loss().map(|loss| thousandths(loss.pct)),
            loss_ci95_pct: counts.loss().map(|loss| loss.ci95.map(thousandths)),
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
