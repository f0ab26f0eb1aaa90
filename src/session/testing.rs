//! A small session, for tests.

use std::time::{Duration, SystemTime};

use super::format::SCHEMA;
use super::header::Header;
use crate::engine::end::End;
use crate::engine::probe::Grade;
use crate::engine::record::Record;
use crate::engine::round::{Round, RoundRow, Row, Tries, Try};
use crate::engine::snapshot::Pace;
use crate::engine::time::Time;

/// Its header.
pub fn header() -> Header {
    let pace = Pace {
        interval: Duration::from_secs(1),
        tries: 3,
        timeout: Duration::from_secs(3),
        first_ttl: 1,
        max_ttl: 30,
    };
    Header {
        schema: SCHEMA.to_owned(),
        session: "test".to_owned(),
        part: 1,
        version: "0".to_owned(),
        target: "example.org".to_owned(),
        address: [192, 0, 2, 9].into(),
        source: None,
        protocol: "udp".to_owned(),
        port: Some(33_434),
        tos: 0,
        flow_per_try: false,
        channel: "simulated".to_owned(),
        host: "here".to_owned(),
        pace: pace.into(),
        started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        arguments: vec!["example.org".to_owned()],
    }
}

/// A round of three hops, three tries each.
pub fn round(number: u32) -> Record {
    rounds_of(number, 3)
}

/// A round of so many hops, the target the last.
pub fn rounds_of(number: u32, hops: u8) -> Record {
    let rows = (1..=hops).map(|ttl| {
        let us = |index: u32| {
            let noise = (number.wrapping_mul(2_654_435_761) ^ index.wrapping_mul(40_503)) >> 20;
            2_000 * u32::from(ttl) + noise
        };
        let tries = (0..3).map(|index| match us(index) % 200 {
            0 => Try::Lost,
            _ => Try::Answered { us: us(index), by: 0, grade: Grade::Kernel },
        });
        let tries: Tries = tries.collect();
        let answers = tries.iter().any(|outcome| *outcome != Try::Lost);
        let responders = answers.then(|| [192, 0, 2, ttl].into()).into_iter().collect();
        RoundRow { row: if ttl == hops { Row::Target } else { Row::Hop(ttl) }, ttl, responders, tries }
    });
    Record::Round(Round {
        number,
        start: Time::from_millis(3_000 * u64::from(number)),
        interval: Duration::from_secs(1),
        end: End::Target { ttl: hops, upto: hops },
        rows: rows.collect(),
    })
}
