//! One line on the way to a report, for a terminal: how far it is.

use std::io::Write;

use crate::engine::span::Span;
use crate::engine::table::TableRow;
use crate::watch::View;

/// A line that is written over again and again, and cleared at the end.
///
/// That it cannot be written is no reason to fail.
#[derive(Debug)]
pub struct Progress<W: Write> {
    out: W,
    count: u32,
    shown: String,
}

impl<W: Write> Progress<W> {
    /// Nothing shown yet, on the way to `count` tries per hop. `out` must be a terminal.
    pub const fn new(out: W, count: u32) -> Self {
        Self { out, count, shown: String::new() }
    }

    /// Shows how far `view` is.
    pub fn update(&mut self, view: &View) {
        let rows = view.snapshot.table(Span::All).rows;
        let settled = |row: &TableRow| {
            let counts = row.counts;
            counts.sent() - counts.in_flight + counts.not_sent + counts.skipped
        };
        let done = rows.iter().map(settled).max().unwrap_or_default().min(self.count.into());
        let hops = rows.len();
        let text = format!("{done}/{} tries, {hops} hop{}", self.count, if hops == 1 { "" } else { "s" });
        if text != self.shown {
            let _ = write!(self.out, "\r{text}\x1b[K");
            let _ = self.out.flush();
            self.shown = text;
        }
    }

    /// Clears the line, if there is one.
    pub fn clear(&mut self) {
        if !self.shown.is_empty() {
            let _ = write!(self.out, "\r\x1b[K");
            let _ = self.out.flush();
            self.shown.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn it_is_written_when_it_changes_and_cleared_at_the_end() {
        let mut out = Vec::new();
        let mut progress = Progress::new(&mut out, 10);
        progress.update(&fixture::silent());
        progress.update(&fixture::silent());
        progress.update(&fixture::reached());
        progress.clear();
        progress.clear();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "\r3/10 tries, 2 hops\x1b[K\r6/10 tries, 4 hops\x1b[K\r\x1b[K");
    }
}
