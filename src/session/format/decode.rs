//! Lines to records: any bytes in, a record, nothing, or what is wrong with them.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::SCHEMA;
use super::path::Path;
use super::quick;
use super::round::Written;
use crate::engine::crosscheck::Echoed;
use crate::engine::end::Ending;
use crate::engine::epoch::Epoch;
use crate::engine::faults::Fault;
use crate::engine::journal::Entry;
use crate::engine::path::Seen;
use crate::engine::probe::Command;
use crate::engine::record::{Gap, Record, Slowed};
use crate::engine::round::{Late, Row};
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

impl LineError {
    /// What should be the first line of a file is not.
    pub fn header() -> Self {
        Self(format!("no header of {SCHEMA}"))
    }
}

/// Reads the records of one file.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    pub(super) path: Option<Path>,
}

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
    Record(Record),
    Missed(Missed),
    Unknown,
}

#[derive(Deserialize)]
struct Missed {
    records: u64,
}

impl Decoder {
    /// Reads one line, with or without its end. Rounds behind one that may have been a path, as far as can be told,
    /// are wrong up to the next path: nobody knows whose tries they have.
    pub fn decode(&mut self, line: &[u8]) -> Result<Decoded, LineError> {
        let decoded = self.read(line);
        if matches!(decoded, Err(_) | Ok(Decoded::Unknown)) && !is_no_path(line) {
            self.path = None;
        }
        decoded
    }

    fn read(&mut self, line: &[u8]) -> Result<Decoded, LineError> {
        if let Some(round) = self.path.as_ref().and_then(|path| quick::round(line, path)) {
            return Ok(Decoded::Record(round));
        }
        let mut json = serde_json::Deserializer::from_slice(line);
        let line = json.deserialize_map(LineVisitor(self.path.as_ref()));
        let line = line.and_then(|line| json.end().map(|()| line));
        Ok(match line.map_err(|error| LineError(reason(&error)))? {
            Line::Path(path) => {
                self.path = Some(path);
                Decoded::Nothing
            }
            Line::Record(record) => Decoded::Record(record),
            Line::Missed(missed) => Decoded::Missed(missed.records),
            Line::Unknown => Decoded::Unknown,
        })
    }
}

/// Whether a line that means nothing here is whole, and of a kind that has nothing to do with paths.
fn is_no_path(line: &[u8]) -> bool {
    let kinds =
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line).unwrap_or_default();
    let is_about_paths = |kind: &String| matches!(kind.as_str(), "path" | "round");
    !kinds.is_empty()
        && !kinds.keys().any(is_about_paths)
        && !line.windows(6).any(|part| part == br#""rows""#)
}

/// What serde says without the place, which is that of one line only, and without anything that the line itself
/// could have put there.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    let what: String = text.chars().take(end.min(120)).collect();
    scrub::text(what)
}

/// Reads a line; a round is one of this path.
struct LineVisitor<'a>(Option<&'a Path>);

impl<'de> Visitor<'de> for LineVisitor<'_> {
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
                Key::Round => {
                    let path = self.0.ok_or_else(|| A::Error::custom("a round before any path"))?;
                    let written: Written = map.next_value()?;
                    Line::Record(written.of(path).map_err(A::Error::custom)?)
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_behind_what_may_have_been_a_path_are_nobodys_up_to_the_next() {
        let path = r#"{"path":{"interval":1,"end":"silent","rows":[[1,1,["192.0.2.1"]]]}}"#;
        let round = r#"{"round":{"n":1,"at":0,"us":[[7]]}}"#;
        let (half, _) = round.split_at(20);
        let torn = format!("{half}{path}");
        let (start, end) = path.split_at(40);
        let nobodys = [
            "\0\0\0",
            "{}",
            &torn,
            &path.replace("\"path\"", "\"qath\""),
            start,
            end,
            r#"{"round":{"n":1,"at":0,"us":[[7],[7]]}}"#,
        ];
        let known =
            [r#"{"weather":1}"#, r#"{"journal":{"what":{"flood":{}}}}"#, r#"{"late":{}}"#, path, round];
        for (line, is_known) in
            nobodys.map(|line| (line, false)).into_iter().chain(known.map(|line| (line, true)))
        {
            let mut decoder = Decoder::default();
            decoder.decode(path.as_bytes()).unwrap();
            let _ = decoder.decode(line.as_bytes());
            assert_eq!(decoder.decode(round.as_bytes()).is_ok(), is_known, "{line:?}");
            decoder.decode(path.as_bytes()).unwrap();
            assert!(decoder.decode(round.as_bytes()).is_ok());
        }
    }
}
