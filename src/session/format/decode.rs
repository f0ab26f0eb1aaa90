//! Lines to records: any bytes in, a record, nothing, or what is wrong with them.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::engine::crosscheck::Echoed;
use crate::engine::end::End;
use crate::engine::epoch::Epoch;
use crate::engine::faults::Fault;
use crate::engine::journal::Entry;
use crate::engine::path::Seen;
use crate::engine::probe::{Command, Grade};
use crate::engine::record::{Ending, Gap, Record, Slowed};
use crate::engine::round::{Late, Round, RoundRow, Row, Try};
use crate::engine::strays::Strays;
use crate::engine::time::{Anchor, Time};
use crate::scrub;
use crate::session::header::rfc3339;

/// What a line holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// A record.
    Record(Record),
    /// What later lines refer to.
    Nothing,
    /// So many records are missing here.
    Missed(u64),
    /// A kind that is not known here.
    Unknown,
}

/// Why a line cannot be read, in a few words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LineError(String);

/// Reads the records of one file.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    path: Option<Path>,
}

#[derive(Clone, Debug, Deserialize)]
struct Path {
    interval: u64,
    end: End,
    rows: Vec<(Row, u8, Vec<IpAddr>)>,
}

#[derive(Deserialize)]
struct Body {
    n: u32,
    at: Time,
    us: Vec<Vec<Written>>,
    #[serde(default)]
    open: bool,
}

/// A try whose responder is a place among the path's.
struct Written(Try);

#[derive(Deserialize)]
struct Commanded {
    at: Time,
    command: Command,
}

#[derive(Deserialize)]
struct Stepped {
    at: Time,
    #[serde(with = "rfc3339")]
    wall: SystemTime,
}

#[derive(Deserialize)]
struct Named<'a> {
    address: IpAddr,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Counted {
    at: Time,
    #[serde(flatten)]
    strays: Strays,
}

#[derive(Deserialize)]
struct Left {
    at: Time,
    address: IpAddr,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Time,
    Path,
    Round,
    Late,
    Duplicate,
    Fault,
    Command,
    Epoch,
    Journal,
    Gap,
    ClockStep,
    Name,
    Slowed,
    Hop,
    Strays,
    CrossCheck,
    Source,
    End,
    Missed,
    #[serde(other)]
    Unknown,
}

enum Line {
    Path(Path),
    Round(Body),
    Record(Record),
    Missed(Missed),
    Unknown,
}

#[derive(Deserialize)]
struct Missed {
    records: u64,
}

impl Decoder {
    /// Reads one line, with or without its end.
    pub fn decode(&mut self, line: &[u8]) -> Result<Decoded, LineError> {
        let line: Line = serde_json::from_slice(line).map_err(|error| LineError(reason(&error)))?;
        Ok(match line {
            Line::Path(path) => {
                self.path = Some(path);
                Decoded::Nothing
            }
            Line::Round(body) if body.open => Decoded::Record(Record::Open(self.round(body)?)),
            Line::Round(body) => Decoded::Record(Record::Round(self.round(body)?)),
            Line::Record(record) => Decoded::Record(record),
            Line::Missed(missed) => Decoded::Missed(missed.records),
            Line::Unknown => Decoded::Unknown,
        })
    }

    fn round(&self, body: Body) -> Result<Round, LineError> {
        let wrong = |why: &str| LineError(why.to_owned());
        let path = self.path.as_ref().ok_or_else(|| wrong("a round before any path"))?;
        if path.rows.len() != body.us.len() {
            return Err(wrong("a round of another path"));
        }
        let mut rows = Vec::with_capacity(path.rows.len());
        for ((row, ttl, known), tries) in path.rows.iter().zip(body.us) {
            if tries.len() > usize::from(u8::MAX) {
                return Err(wrong("too many tries"));
            }
            let mut part = RoundRow {
                row: *row,
                ttl: *ttl,
                responders: Vec::new(),
                tries: Vec::with_capacity(tries.len()),
            };
            for Written(outcome) in tries {
                let outcome = settle(outcome, known, &mut part.responders);
                part.tries.push(outcome.ok_or_else(|| wrong("an answer by nobody"))?);
            }
            rows.push(part);
        }
        let interval = Duration::from_nanos(path.interval);
        Ok(Round { number: body.n, start: body.at, interval, end: path.end, rows })
    }
}

/// A try with its responder as a place among the round's own, in order of their first answer.
fn settle(outcome: Try, known: &[IpAddr], responders: &mut Vec<IpAddr>) -> Option<Try> {
    let mut own = |place: u8| {
        let address = *known.get(usize::from(place))?;
        let found = responders.iter().position(|responder| *responder == address);
        let index = found.unwrap_or_else(|| {
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

/// What serde says without the place, which is that of one line only, and without anything that the line itself
/// could have put there.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    let what: String = text.chars().take(end.min(120)).collect();
    scrub::text(what)
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor)
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = Line;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
        let mut line = None;
        while let Some(key) = map.next_key::<Key>()? {
            let value = match key {
                Key::Time | Key::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                Key::Path => Line::Path(map.next_value()?),
                Key::Round => Line::Round(map.next_value()?),
                Key::Late => Line::Record(Record::Late(map.next_value::<Late>()?)),
                Key::Duplicate => Line::Record(Record::Duplicate(map.next_value::<Row>()?)),
                Key::Fault => Line::Record(Record::Fault(map.next_value::<Fault>()?)),
                Key::Command => {
                    let Commanded { at, command } = map.next_value()?;
                    Line::Record(Record::Command(at, command))
                }
                Key::Epoch => Line::Record(Record::Epoch(map.next_value::<Epoch>()?)),
                Key::Journal => Line::Record(Record::Journal(map.next_value::<Entry>()?)),
                Key::Gap => Line::Record(Record::Gap(map.next_value::<Gap>()?)),
                Key::ClockStep => {
                    let Stepped { at, wall } = map.next_value()?;
                    Line::Record(Record::ClockStep(Anchor { time: at, wall }))
                }
                Key::Name => {
                    let Named { address, name } = map.next_value()?;
                    let name = scrub::name(name.as_bytes());
                    name.map_or(Line::Unknown, |name| Line::Record(Record::Name(address, name)))
                }
                Key::Missed => Line::Missed(map.next_value()?),
                Key::Slowed => Line::Record(Record::Slowed(map.next_value::<Slowed>()?)),
                Key::Hop => Line::Record(Record::Hop(map.next_value::<Seen>()?)),
                Key::Strays => {
                    let Counted { at, strays } = map.next_value()?;
                    Line::Record(Record::Strays(at, strays))
                }
                Key::CrossCheck => Line::Record(Record::CrossCheck(map.next_value::<Echoed>()?)),
                Key::Source => {
                    let Left { at, address } = map.next_value()?;
                    Line::Record(Record::Source(at, address))
                }
                Key::End => Line::Record(Record::End(map.next_value::<Ending>()?)),
            };
            line.get_or_insert(value);
        }
        Ok(line.unwrap_or(Line::Unknown))
    }
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

    fn visit_u64<E: serde::de::Error>(self, us: u64) -> Result<Written, E> {
        let us = u32::try_from(us).map_err(|_| E::custom("a time of more than an hour"))?;
        Ok(Written(Try::Answered { us, by: 0, grade: Grade::Kernel }))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Written, E> {
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
