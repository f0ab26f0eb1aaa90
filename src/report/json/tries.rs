//! What became of tries, and the share that was lost, as JSON: of a hop, and of echo requests.

use serde::Serialize;

use super::thousandths;
use crate::engine::stats::{Counts, Loss};

/// How many tries there are of each state.
#[derive(Serialize)]
pub struct States {
    sent: u64,
    answered: u64,
    late: u64,
    refused: u64,
    lost: u64,
    in_flight: u64,
    not_sent: u64,
}

impl States {
    /// Those of some counts.
    pub fn of(counts: &Counts) -> Self {
        Self {
            sent: counts.sent(),
            answered: counts.answered,
            late: counts.late,
            refused: counts.refused,
            lost: counts.lost,
            in_flight: counts.in_flight,
            not_sent: counts.not_sent,
        }
    }
}

/// The share lost, in per cent, and its 95 % interval.
#[derive(Serialize)]
pub struct Share {
    loss_pct: Option<f64>,
    loss_ci95_pct: Option<[f64; 2]>,
}

impl Share {
    /// That of some loss, if there is anything to judge.
    pub fn of(loss: Option<Loss>) -> Self {
        Self {
            loss_pct: loss.map(|loss| thousandths(loss.pct)),
            loss_ci95_pct: loss.map(|loss| loss.ci95.map(thousandths)),
        }
    }
}
