//! A round's line as JSON in any form; as it is written here, [`quick`](super::quick) reads it.

use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::path::Path;
use crate::engine::probe::Grade;
use crate::engine::record::Record;
use crate::engine::round::{Responders, Round, RoundRow, Tries, Try};
use crate::engine::time::Time;

/// A round whose tries name places among its path's addresses.
#[derive(Deserialize)]
pub struct Written {
    n: u32,
    at: Time,
    us: Vec<Vec<WrittenTry>>,
    #[serde(default)]
    open: bool,
}

/// A try whose responder is a place among the path's.
struct WrittenTry(Try);

impl Written {
    /// The round, of this path; or why it is none.
    pub fn of(self, path: &Path) -> Result<Record, &'static str> {
        if self.us.len() != path.rows.len() {
            return Err("a round of another path");
        }
        let mut rows = Vec::with_capacity(path.rows.len());
        for ((row, ttl, known), written) in path.rows.iter().zip(self.us) {
            if written.len() > usize::from(u8::MAX) {
                return Err("too many tries");
            }
            let mut part =
                RoundRow { row: *row, ttl: *ttl, responders: Responders::new(), tries: Tries::new() };
            for WrittenTry(outcome) in written {
                let outcome = settle(outcome, known, &mut part.responders);
                part.tries.push(outcome.ok_or("an answer by nobody")?);
            }
            rows.push(part);
        }
        Ok(record(path, self.n, self.at, rows, self.open))
    }
}

/// The record of a round of this path.
pub fn record(path: &Path, number: u32, start: Time, rows: Vec<RoundRow>, open: bool) -> Record {
    let round = Round { number, start, interval: path.interval(), end: path.end, rows };
    if open { Record::Open(round) } else { Record::Round(round) }
}

/// A try with its responder as a place among the round's own, in order of their first answer.
pub fn settle(outcome: Try, known: &[IpAddr], responders: &mut Responders) -> Option<Try> {
    let mut own = |place: u8| {
        let address = *known.get(usize::from(place))?;
        let found = responders.iter().position(|responder| *responder == address);
        let index = found.unwrap_or_else(|| {
            if responders.is_empty() {
                responders.reserve_exact(1);
            }
            responders.push(address);
            responders.len() - 1
        });
        u8::try_from(index).ok()
    };
    Some(match outcome {
        Try::Answered { us, by, grade } => Try::Answered { us, by: own(by)?, grade },
        Try::Late { us, by, grade } => Try::Late { us, by: own(by)?, grade },
        Try::Refused { by } => Try::Refused { by: own(by)? },
        other => other,
    })
}

impl<'de> Deserialize<'de> for WrittenTry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TryVisitor)
    }
}

struct TryVisitor;

impl Visitor<'_> for TryVisitor {
    type Value = WrittenTry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a try")
    }

    fn visit_u64<E: Error>(self, us: u64) -> Result<WrittenTry, E> {
        let us = u32::try_from(us).map_err(|_| E::custom("a time of more than an hour"))?;
        Ok(WrittenTry(answered(us)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<WrittenTry, E> {
        read_try(text).map(WrittenTry).ok_or_else(|| E::custom("a try that means nothing"))
    }
}

/// What a bare number is: a time by the row's first address and kernel stamps.
pub const fn answered(us: u32) -> Try {
    Try::Answered { us, by: 0, grade: Grade::Kernel }
}

/// What a text is.
pub fn read_try(text: &str) -> Option<Try> {
    match text {
        "*" => return Some(Try::Lost),
        "-" => return Some(Try::Skipped),
        "x" => return Some(Try::NotSent),
        "?" => return Some(Try::InFlight),
        _ => {}
    }
    if let Some(by) = text.strip_prefix('!') {
        return Some(Try::Refused { by: by.parse().ok()? });
    }
    let (us, grade, by) = [('k', Grade::Kernel), ('m', Grade::Mixed), ('u', Grade::User)]
        .into_iter()
        .find_map(|(letter, grade)| text.split_once(letter).map(|(us, by)| (us, grade, by)))?;
    let us = us.parse().ok()?;
    Some(match by.strip_suffix('+') {
        Some(by) => Try::Late { us, by: by.parse().ok()?, grade },
        None => Try::Answered { us, by: by.parse().ok()?, grade },
    })
}
