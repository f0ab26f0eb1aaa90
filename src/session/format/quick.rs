//! A round's line as it is written here, read byte by byte: most lines are such, and a week has two hundred thousand.
//! What is not just like that gives `None`, and is left to a parser that takes JSON in any form.

use super::path::Path;
use super::round::{answered, read_try, record, settle};
use crate::engine::record::Record;
use crate::engine::round::{Responders, RoundRow, Tries, Try};
use crate::engine::time::Time;

/// What is left of a line.
struct Rest<'a>(&'a [u8]);

/// The round of a line, of this path.
pub fn round(line: &[u8], path: &Path) -> Option<Record> {
    let mut rest = Rest(line);
    let (number, start) = rest.start()?;
    rest.skip(br#","us":["#)?;
    let mut rows: Vec<RoundRow> = Vec::with_capacity(path.rows.len());
    for (index, (row, ttl, known)) in path.rows.iter().enumerate() {
        rest.skip(if index == 0 { b"[" } else { b",[" })?;
        // Rows have as many tries as each other, mostly.
        let tries = Tries::with_capacity(rows.last().map_or(0, |before| before.tries.len()));
        let mut part = RoundRow { row: *row, ttl: *ttl, responders: Responders::new(), tries };
        while rest.skip(b"]").is_none() {
            if !part.tries.is_empty() {
                rest.skip(b",")?;
            }
            if part.tries.len() == usize::from(u8::MAX) {
                return None;
            }
            part.tries.push(settle(rest.outcome()?, known, &mut part.responders)?);
        }
        rows.push(part);
    }
    rest.skip(b"]")?;
    let open = rest.skip(br#","open":true"#).is_some();
    (rest.0 == b"}}").then(|| record(path, number, start, rows, open))
}

/// When the round of a line began, without a look at its tries; `None` for all other lines.
pub fn round_start(line: &[u8]) -> Option<Time> {
    let mut rest = Rest(line);
    let (_, start) = rest.start()?;
    rest.0.starts_with(b",").then_some(start)
}

impl Rest<'_> {
    /// A round's number, and when it began.
    fn start(&mut self) -> Option<(u32, Time)> {
        self.skip(br#"{"round":{"n":"#)?;
        let number = u32::try_from(self.number()?).ok()?;
        self.skip(br#","at":"#)?;
        Some((number, Time::from_nanos(self.number()?)))
    }

    fn outcome(&mut self) -> Option<Try> {
        if self.skip(b"\"").is_none() {
            return u32::try_from(self.number()?).ok().map(answered);
        }
        let end = self.0.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let text = str::from_utf8(self.0.get(..end)?).ok()?;
        self.0 = self.0.get(end..)?;
        self.skip(b"\"")?;
        read_try(text)
    }

    /// Passes over what comes next, if it is this.
    fn skip(&mut self, what: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(what)?;
        Some(())
    }

    /// The whole number that comes next, as JSON has them: without zeros in front.
    fn number(&mut self) -> Option<u64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(digits);
        if digits.is_empty() || digits.len() > 1 && digits.starts_with(b"0") {
            return None;
        }
        self.0 = rest;
        let next = |number: u64, digit: &u8| number.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
        digits.iter().try_fold(0, next)
    }
}
