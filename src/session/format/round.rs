//! A round's line, read right into the round: most lines are such, and a week has two hundred thousand.

use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::path::Path;
use crate::engine::probe::Grade;
use crate::engine::record::Record;
use crate::engine::round::{Round, RoundRow, Try};
use crate::engine::time::Time;

/// Reads a round of this path.
pub struct RoundSeed<'a>(pub &'a Path);

/// Reads the tries of each of a path's rows.
struct RowsSeed<'a>(&'a Path);

/// Reads tries whose responders are places among these into a row.
struct RowSeed<'a>(&'a [IpAddr], &'a mut RoundRow);

/// A try whose responder is a place among the path's.
struct Written(Try);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    N,
    At,
    Us,
    Open,
    #[serde(other)]
    Unknown,
}

impl<'de> DeserializeSeed<'de> for RoundSeed<'_> {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RoundSeed<'_> {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a round")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let (mut number, mut start, mut rows, mut open) = (None, None, None, false);
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::N => number = Some(map.next_value::<u32>()?),
                Key::At => start = Some(map.next_value::<Time>()?),
                Key::Us => rows = Some(map.next_value_seed(RowsSeed(self.0))?),
                Key::Open => open = map.next_value()?,
                Key::Unknown => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        let missing = A::Error::missing_field;
        let round = Round {
            number: number.ok_or_else(|| missing("n"))?,
            start: start.ok_or_else(|| missing("at"))?,
            interval: self.0.interval(),
            end: self.0.end,
            rows: rows.ok_or_else(|| missing("us"))?,
        };
        Ok(if open { Record::Open(round) } else { Record::Round(round) })
    }
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = Vec<RoundRow>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = Vec<RoundRow>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rows of a round")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let another = || A::Error::custom("a round of another path");
        let mut rows: Vec<RoundRow> = Vec::with_capacity(self.0.rows.len());
        for (row, ttl, known) in &self.0.rows {
            // Rows have as many tries as each other, mostly.
            let tries = Vec::with_capacity(rows.last().map_or(0, |before| before.tries.len()));
            let mut part = RoundRow { row: *row, ttl: *ttl, responders: Vec::new(), tries };
            seq.next_element_seed(RowSeed(known, &mut part))?.ok_or_else(another)?;
            rows.push(part);
        }
        if seq.next_element::<IgnoredAny>()?.is_some() {
            return Err(another());
        }
        Ok(rows)
    }
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tries of a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self(known, part) = self;
        while let Some(Written(outcome)) = seq.next_element()? {
            if part.tries.len() == usize::from(u8::MAX) {
                return Err(A::Error::custom("too many tries"));
            }
            let outcome = settle(outcome, known, &mut part.responders);
            part.tries.push(outcome.ok_or_else(|| A::Error::custom("an answer by nobody"))?);
        }
        Ok(())
    }
}

/// A try with its responder as a place among the round's own, in order of their first answer.
fn settle(outcome: Try, known: &[IpAddr], responders: &mut Vec<IpAddr>) -> Option<Try> {
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

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TryVisitor)
    }
}

struct TryVisitor;

impl Visitor<'_> for TryVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a try")
    }

    fn visit_u64<E: Error>(self, us: u64) -> Result<Written, E> {
        let us = u32::try_from(us).map_err(|_| E::custom("a time of more than an hour"))?;
        Ok(Written(Try::Answered { us, by: 0, grade: Grade::Kernel }))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        read_try(text).map(Written).ok_or_else(|| E::custom("a try that means nothing"))
    }
}

fn read_try(text: &str) -> Option<Try> {
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

/// When the round of a line began, read off a line as it is written here without looking at its tries; `None` for
/// all other lines.
pub fn round_start(line: &[u8]) -> Option<Time> {
    let (_, rest) = digits(line.strip_prefix(br#"{"round":{"n":"#)?)?;
    let (nanos, rest) = digits(rest.strip_prefix(br#","at":"#)?)?;
    rest.starts_with(b",").then(|| Time::from_nanos(nanos))
}

/// The number that bytes begin with, and the bytes behind it.
fn digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut rest) = (None, bytes);
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        number = Some(number.unwrap_or(0_u64).checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
        rest = behind;
    }
    Some((number?, rest))
}
