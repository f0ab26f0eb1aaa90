//! Records to lines.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use super::MAX_NAMED;
use crate::engine::end::End;
use crate::engine::probe::Grade;
use crate::engine::record::Record;
use crate::engine::round::{Round, RoundRow, Row, Try};
use crate::session::header::stamp;

/// So many rounds after it was written last, what they have in common is written again: rounds behind a line that
/// cannot be read are lost up to there, since it might have been this one.
const REPEATED: u32 = 200;

/// Writes the records of one file: what rounds have in common is written when it changes, and now and then.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    path: Option<Path>,
    /// Rounds since that was written.
    rounds: u32,
}

#[derive(Clone, Debug, PartialEq)]
struct Path {
    interval: Duration,
    end: End,
    rows: Vec<(Row, u8, Vec<IpAddr>)>,
}

/// What is written for the kinds that are no plain struct of the engine.
#[derive(Serialize)]
struct At<T> {
    at: crate::engine::time::Time,
    #[serde(flatten)]
    what: T,
}

#[derive(Serialize)]
struct Commanded {
    command: crate::engine::probe::Command,
}

#[derive(Serialize)]
struct Left {
    address: IpAddr,
}

#[derive(Serialize)]
struct Clock {
    wall: String,
}

#[derive(Serialize)]
struct Named<'a> {
    address: IpAddr,
    name: &'a str,
}

#[derive(Serialize)]
struct WrittenPath<'a> {
    interval: u64,
    end: End,
    rows: &'a [(Row, u8, Vec<IpAddr>)],
}

impl Encoder {
    /// Adds `record` to `out`, as one line or, where the path is another than before, two. `time` comes first on
    /// each if it is given.
    pub fn encode(&mut self, record: &Record, time: Option<&str>, out: &mut String) {
        match record {
            Record::Round(round) => self.round(round, "", time, out),
            Record::Open(round) => self.round(round, r#","open":true"#, time, out),
            Record::Late(late) => line(time, "late", late, out),
            Record::Duplicate(row) => line(time, "duplicate", row, out),
            Record::Fault(fault) => line(time, "fault", fault, out),
            Record::Command(at, command) => {
                line(time, "command", &At { at: *at, what: Commanded { command: *command } }, out);
            }
            Record::Epoch(epoch) => line(time, "epoch", epoch, out),
            Record::Journal(entry) => line(time, "journal", entry, out),
            Record::Gap(gap) => line(time, "gap", gap, out),
            Record::ClockStep(anchor) => {
                let what = Clock { wall: stamp(anchor.wall) };
                line(time, "clock_step", &At { at: anchor.time, what }, out);
            }
            Record::Name(address, name) => line(time, "name", &Named { address: *address, name }, out),
            Record::Slowed(slowed) => line(time, "slowed", slowed, out),
            Record::Hop(seen) => line(time, "hop", seen, out),
            Record::Strays(at, strays) => line(time, "strays", &At { at: *at, what: strays }, out),
            Record::CrossCheck(echoed) => line(time, "cross_check", echoed, out),
            Record::Source(at, address) => {
                line(time, "source", &At { at: *at, what: Left { address: *address } }, out);
            }
            Record::End(ending) => line(time, "end", ending, out),
        }
    }

    /// Writes what the round has in common with others, unless it was written of late.
    fn path(&mut self, round: &Round, time: Option<&str>, out: &mut String) {
        let same_rows = |path: &Path| {
            path.interval == round.interval
                && path.end == round.end
                && path.rows.len() == round.rows.len()
                && path.rows.iter().zip(&round.rows).all(|((row, ttl, known), part)| {
                    (*row, *ttl) == (part.row, part.ttl)
                        && part.responders.iter().all(|responder| known.contains(responder))
                })
        };
        self.rounds += 1;
        if self.rounds < REPEATED && self.path.as_ref().is_some_and(same_rows) {
            return;
        }
        self.rounds = 0;
        let rows = round.rows.iter().map(|part| (part.row, part.ttl, self.addresses(part))).collect();
        let path = Path { interval: round.interval, end: round.end, rows };
        let interval = u64::try_from(path.interval.as_nanos()).unwrap_or(u64::MAX);
        line(time, "path", &WrittenPath { interval, end: path.end, rows: &path.rows }, out);
        self.path = Some(path);
    }

    /// The addresses to name for a row: those named before and the new ones, so that routers that take turns
    /// need no line each time.
    fn addresses(&self, part: &RoundRow) -> Vec<IpAddr> {
        let known = self.path.iter().flat_map(|path| &path.rows).find(|(row, ..)| *row == part.row);
        let mut all = known.map(|(.., known)| known.clone()).unwrap_or_default();
        for responder in &part.responders {
            if !all.contains(responder) {
                all.push(*responder);
            }
        }
        if all.len() > MAX_NAMED { part.responders.to_vec() } else { all }
    }

    /// Writes a round, `more` behind its tries.
    fn round(&mut self, round: &Round, more: &str, time: Option<&str>, out: &mut String) {
        self.path(round, time, out);
        open(time, "round", out);
        let _ = write!(out, r#"{{"n":{},"at":{},"us":["#, round.number, round.start.as_nanos());
        let known = self.path.as_ref().map(|path| path.rows.as_slice()).unwrap_or_default();
        for (index, (part, (.., known))) in round.rows.iter().zip(known).enumerate() {
            out.push_str(if index == 0 { "[" } else { ",[" });
            let place = |by: u8| {
                let address = part.responders.get(usize::from(by));
                known.iter().position(|known| Some(known) == address).unwrap_or_default()
            };
            for (index, outcome) in part.tries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_try(*outcome, place, out);
            }
            out.push(']');
        }
        let _ = writeln!(out, "]{more}}}}}");
    }
}

fn write_try(outcome: Try, place: impl Fn(u8) -> usize, out: &mut String) {
    let letter = |grade| match grade {
        Grade::Kernel => 'k',
        Grade::Mixed => 'm',
        Grade::User => 'u',
    };
    // Writing to a string cannot fail.
    let _ = match outcome {
        Try::Answered { us, by, grade: Grade::Kernel } if place(by) == 0 => write!(out, "{us}"),
        Try::Answered { us, by, grade } => write!(out, "\"{us}{}{}\"", letter(grade), place(by)),
        Try::Late { us, by, grade } => write!(out, "\"{us}{}{}+\"", letter(grade), place(by)),
        Try::Refused { by } => write!(out, "\"!{}\"", place(by)),
        Try::Lost => write!(out, "\"*\""),
        Try::NotSent => write!(out, "\"x\""),
        Try::Skipped => write!(out, "\"-\""),
        Try::InFlight => write!(out, "\"?\""),
    };
}

fn open(time: Option<&str>, kind: &str, out: &mut String) {
    let _ = match time {
        Some(time) => write!(out, r#"{{"time":"{time}","{kind}":"#),
        None => write!(out, r#"{{"{kind}":"#),
    };
}

fn line(time: Option<&str>, kind: &str, value: &impl Serialize, out: &mut String) {
    open(time, kind, out);
    // The engine's values are numbers, names and lists, which cannot fail to be written.
    out.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
    out.push_str("}\n");
}
