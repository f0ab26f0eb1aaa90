//! A hop's figures as JSON.

use std::net::IpAddr;

use serde::Serialize;

use super::thousandths;
use super::tries::{Share, States};
use crate::engine::probe::Quoted;
use crate::engine::round::Row;
use crate::engine::table::{Rtt, TableRow};
use crate::origin::Origin;
use crate::watch::View;
use crate::wire::extension::Label;

/// A row of the table.
#[derive(Serialize)]
pub struct Hop<'a> {
    ttl: u8,
    target: bool,
    responders: Vec<Responder<'a>>,
    other_flow: bool,
    #[serde(flatten)]
    states: States,
    skipped: u64,
    slowed: u64,
    slowed_lost: u64,
    duplicates: u64,
    #[serde(flatten)]
    share: Share,
    rtt_ms: Option<Times>,
    grades: Grades,
}

#[derive(Serialize)]
struct Responder<'a> {
    address: IpAddr,
    name: Option<&'a str>,
    asn: Option<Origin<'a>>,
    answered: u64,
    mpls: Vec<Label>,
    quoted: Option<Quoted>,
}

#[derive(Serialize)]
struct Times {
    last: Option<f64>,
    best: f64,
    avg: f64,
    worst: f64,
    stdev: f64,
    p50: f64,
    p95: f64,
    p99: f64,
    jitter: f64,
}

#[derive(Serialize)]
struct Grades {
    kernel: u64,
    mixed: u64,
    user: u64,
}

impl<'a> Hop<'a> {
    /// A row, with the names and origins of the view.
    pub fn of(row: &TableRow, view: &'a View) -> Self {
        let counts = row.counts;
        let [kernel, mixed, user] = row.grades;
        Self {
            ttl: row.ttl,
            target: row.row == Row::Target,
            responders: responders(row, view),
            other_flow: row.hop.other_flow,
            states: States::of(&counts),
            skipped: counts.skipped,
            slowed: counts.slowed,
            slowed_lost: counts.slowed_lost,
            duplicates: counts.duplicates,
            share: Share::of(row.loss),
            rtt_ms: row.rtt.map(Times::of),
            grades: Grades { kernel, mixed, user },
        }
    }
}

/// Who answered at a row, with the labels of the one that answered last, and what it quoted.
fn responders<'a>(row: &TableRow, view: &'a View) -> Vec<Responder<'a>> {
    let responders = row.responders.iter().map(|responder| {
        let latest = row.hop.current == Some(responder.address);
        Responder {
            address: responder.address,
            name: view.names.get(responder.address),
            asn: view.origins.get(responder.address),
            answered: responder.answered,
            mpls: if latest { row.hop.labels.clone() } else { Vec::new() },
            quoted: row.hop.quoted.filter(|_| latest),
        }
    });
    responders.collect()
}

impl Times {
    fn of(rtt: Rtt) -> Self {
        Self {
            last: rtt.last.map(thousandths),
            best: thousandths(rtt.best),
            avg: thousandths(rtt.avg),
            worst: thousandths(rtt.worst),
            stdev: thousandths(rtt.stdev),
            p50: thousandths(rtt.p50),
            p95: thousandths(rtt.p95),
            p99: thousandths(rtt.p99),
            jitter: thousandths(rtt.jitter),
        }
    }
}
