//! All parts of a session, line by line. Any file may be given: what is no session gives one clear message, lines that
//! are wrong in one are passed over and counted, and a last line that is torn is no error.

mod ahead;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use self::ahead::ahead;
use super::files;
use super::format::{Decoded, Decoder, LineError, round_start};
use super::header::Header;
use super::writer::why;
use crate::engine::record::Record;
use crate::engine::span::Span;
use crate::engine::time::{Anchor, Time};
use crate::scrub;

/// A longer line than any that is written, in bytes: such a one is passed over.
const LINE: u64 = 1 << 20;
/// The last so many bytes of a part have its last round, mostly.
const TAIL: u64 = 1 << 16;
/// A line of no kind that is known: what one that is too long is taken for.
const UNKNOWN: &[u8] = b"{}";

/// A session on disk.
#[derive(Clone, Debug)]
pub struct Session {
    /// What its first part begins with.
    pub header: Header,
    /// Its parts, in order.
    pub parts: Vec<PathBuf>,
}

/// Why a session cannot be read. Each displays as one line.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be opened or read.
    #[error("cannot read \"{}\": {}", shown(.0), why(.1))]
    Io(PathBuf, io::Error),
    /// It is something else.
    #[error("\"{}\" is no recorded watch: its first line is no header of hopwatch.session/1", shown(.0))]
    NoSession(PathBuf),
}

/// What was met on the way through a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Records given out.
    pub records: u64,
    /// Rounds among them.
    pub rounds: u64,
    /// Lines of a kind that is not known here, or too long for any.
    pub unknown: u64,
    /// Records that the writer could not keep.
    pub missed: u64,
    /// Lines that cannot be read.
    pub wrong: u64,
    /// The first of these.
    pub first_wrong: Option<Wrong>,
}

/// A line that cannot be read, of one of a session's files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\", line {}: {}", shown(.file), .number, .why)]
pub struct Wrong {
    file: PathBuf,
    number: u64,
    why: LineError,
}

impl Met {
    /// What was left out, in one line; `None` if that is nothing.
    pub fn left_out(&self) -> Option<String> {
        let lines = |count: u64| if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
        let wrong = self.first_wrong.as_ref().map(|first| match self.wrong {
            1 => format!("1 line that cannot be read ({first})"),
            many => {
                format!("{many} lines that cannot be read or go with one that cannot (the first: {first})")
            }
        });
        let unknown = (self.unknown > 0).then(|| format!("{} of an unknown kind", lines(self.unknown)));
        let missed = (self.missed > 0).then(|| format!("{} records that were never written", self.missed));
        let all: Vec<String> = [wrong, unknown, missed].into_iter().flatten().collect();
        (!all.is_empty()).then(|| format!("not shown: {}", all.join(", ")))
    }

    fn wrong(&mut self, file: &Path, number: u64, why: LineError) {
        self.wrong += 1;
        self.first_wrong.get_or_insert_with(|| Wrong { file: file.to_owned(), number, why });
    }
}

fn shown(path: &Path) -> String {
    scrub::text(path.to_string_lossy().as_bytes())
}

impl Session {
    /// Opens the session that the file at `path` is a part of.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let own = header(path)?;
        let (first, _) = files::first(path);
        // A file that was given another name since, or copied alone, is all there is.
        let mut parts = files::siblings(&first);
        // One whose header cannot be read may be of it: it would be missed.
        parts.retain(|part| match header(part) {
            Ok(header) => header.session == own.session,
            Err(error) => matches!(error, ReadError::NoSession(_)),
        });
        let header = match parts.first().map(|first| header(first)) {
            Some(Err(ReadError::NoSession(_))) | None => own,
            Some(header) => header?,
        };
        if parts.is_empty() {
            parts.push(path.to_owned());
        }
        Ok(Self { header, parts })
    }

    /// When the last round on disk began, unless what is written behind it is long; the rest is not looked at.
    pub fn last_round(&self) -> Option<Time> {
        self.parts.iter().rev().find_map(|part| {
            let mut file = File::open(part).ok()?;
            let length = file.metadata().ok()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
            let mut tail = Vec::new();
            file.take(TAIL).read_to_end(&mut tail).ok()?;
            // What is behind the last line's end is torn.
            tail.split(|byte| *byte == b'\n').rev().skip(1).find_map(round_start)
        })
    }

    /// Gives every record to `each`, in order, up to the end of what is written now; of rounds those that began
    /// within `span`, and the first behind them, which says that what follows is no part of it.
    ///
    /// The first part's header is not given again; a later one says what the wall clock had come to, so it is
    /// given as a clock step where it differs.
    pub fn read(&self, span: Span, each: impl FnMut(Record)) -> Result<Met, ReadError> {
        let mut was_in = false;
        let of = move |line: &[u8], _| {
            let Some(at) = round_start(line) else { return Use::Now };
            let is_in = span.from() <= at && at < span.to();
            if std::mem::replace(&mut was_in, is_in) || is_in { Use::Now } else { Use::Never }
        };
        ahead(|give| self.walk(of, give), each).unwrap_or_else(|error| {
            Err(ReadError::Io(self.parts.first().cloned().unwrap_or_default(), error))
        })
    }

    /// Gives every record to `each`, but of the rounds only the first, the last, and those with another record right
    /// behind them: the rest is not even looked at.
    pub fn skim(&self, mut each: impl FnMut(Record)) -> Result<Met, ReadError> {
        let of = |line: &[u8], rounds| match round_start(line) {
            Some(_) if rounds > 0 => Use::IfLastOfMany,
            _ => Use::Now,
        };
        self.walk(of, &mut each)
    }

    /// Uses every line as `of` says, by the line and how many rounds were given out before.
    fn walk(
        &self,
        mut of: impl FnMut(&[u8], u64) -> Use,
        each: &mut dyn FnMut(Record),
    ) -> Result<Met, ReadError> {
        let mut met = Met::default();
        let mut started = self.header.started;
        for path in &self.parts {
            let mut lines = match Lines::open(path) {
                // Removed meanwhile, to keep sessions within their bounds.
                Err(ReadError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => continue,
                lines => lines?,
            };
            match lines.next()?.map(|(_, line)| Header::parse(line)) {
                Some(Some(header)) => {
                    if std::mem::replace(&mut started, header.started) != started {
                        each(Record::ClockStep(Anchor { time: Time::ZERO, wall: header.started }));
                    }
                }
                Some(None) => met.wrong(path, 1, LineError::header()),
                None => continue,
            }
            let mut decoder = Decoder::default();
            let mut given = |number: u64, line: &[u8], met: &mut Met| match decoder.decode(line) {
                Ok(held) => {
                    if let Decoded::Record(Record::ClockStep(anchor)) = held {
                        started = anchor.wall(Time::ZERO);
                    }
                    met.take(held, each);
                }
                Err(why) => met.wrong(path, number, why),
            };
            // The latest of the lines that matter only if no other such line follows, and its number.
            let mut kept = (0, Vec::new());
            while let Some((number, line)) = lines.next()? {
                match of(line, met.rounds) {
                    Use::Now => {
                        if kept.0 > 0 {
                            given(std::mem::take(&mut kept.0), &kept.1, &mut met);
                        }
                        given(number, line, &mut met);
                    }
                    Use::IfLastOfMany => {
                        kept.0 = number;
                        kept.1.clear();
                        kept.1.extend_from_slice(line);
                    }
                    Use::Never => {}
                }
            }
            if kept.0 > 0 {
                given(kept.0, &kept.1, &mut met);
            }
        }
        Ok(met)
    }
}

/// What a line is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// To be given out.
    Now,
    /// To be given out, unless another such line follows.
    IfLastOfMany,
    /// For nothing.
    Never,
}

impl Met {
    /// Counts what a line held; a record is given to `each`.
    fn take(&mut self, decoded: Decoded, each: &mut dyn FnMut(Record)) {
        match decoded {
            Decoded::Record(record) => {
                self.records += 1;
                self.rounds += u64::from(matches!(record, Record::Round(_)));
                each(record);
            }
            Decoded::Nothing => {}
            Decoded::Missed(records) => self.missed = self.missed.saturating_add(records),
            Decoded::Unknown => self.unknown += 1,
        }
    }
}

/// What a file begins with.
fn header(path: &Path) -> Result<Header, ReadError> {
    let mut lines = Lines::open(path)?;
    let header = lines.next()?.and_then(|(_, line)| Header::parse(line));
    header.ok_or_else(|| ReadError::NoSession(path.to_owned()))
}

/// The lines of one file, whole ones only.
struct Lines<'a> {
    path: &'a Path,
    file: BufReader<File>,
    line: Vec<u8>,
    number: u64,
}

impl<'a> Lines<'a> {
    fn open(path: &'a Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|error| ReadError::Io(path.to_owned(), error))?;
        Ok(Self { path, file: BufReader::with_capacity(1 << 17, file), line: Vec::new(), number: 0 })
    }

    /// The next line's number, and the line without its end; `None` behind the last whole one.
    fn next(&mut self) -> Result<Option<(u64, &[u8])>, ReadError> {
        self.number += 1;
        let mut is_long = false;
        loop {
            self.line.clear();
            let read = self.file.by_ref().take(LINE).read_until(b'\n', &mut self.line);
            let length = read.map_err(|error| ReadError::Io(self.path.to_owned(), error))?;
            if self.line.pop_if(|last| *last == b'\n').is_some() {
                break;
            }
            if (length as u64) < LINE {
                return Ok(None);
            }
            is_long = true;
        }
        // One line that is too long costs that line alone.
        Ok(Some((self.number, if is_long { UNKNOWN } else { self.line.as_slice() })))
    }
}

#[cfg(test)]
mod tests;
