//! A session on disk, read and folded into what it shows.

use super::reader::{Met, ReadError, Session};
use super::tape::Tape;
use crate::engine::record::Record;
use crate::engine::span::Span;

/// What a session shows of `span`, what `also` makes of its records besides, and what was met on the way.
pub fn fold<S: Default>(
    session: &Session,
    span: Span,
    also: impl Fn(&mut S, &Record),
) -> Result<(Tape, S, Met), ReadError> {
    let once = |expected| {
        let (mut tape, mut besides) = (Tape::new(&session.header, span), S::default());
        if let Some(end) = expected {
            tape.expect(end);
        }
        let met = session.read(span, |record| {
            also(&mut besides, &record);
            tape.push(record);
        })?;
        Ok((tape, besides, met))
    };
    let folded = once(session.last_round())?;
    // Where a session seems to end is a guess: its last lines may be wrong, or no part of the span.
    if folded.0.is_as_expected() { Ok(folded) } else { once(None) }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::fs;

    use super::*;
    use crate::engine::round::Row;
    use crate::engine::time::Time;
    use crate::session::format::Encoder;
    use crate::session::testing::{header, round};

    /// What the slices and the totals of all rows say.
    fn figures(tape: &Tape) -> String {
        let history = tape.snapshot().history;
        let mut text = String::new();
        for row in [Row::Hop(1), Row::Hop(2), Row::Target] {
            let cells = history.cells(row, Span::All).map(|cell| (cell.start, cell.length, cell.counts));
            let _ = write!(text, "{:?} {:?}", cells.collect::<Vec<_>>(), history.total(row));
        }
        text
    }

    #[test]
    fn a_false_end_changes_no_figure() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.jsonl");
        let (mut encoder, mut text) = (Encoder::default(), header().line() + "\n");
        // Seven hours.
        (0..8_400).for_each(|number| encoder.encode(&round(number), None, &mut text));
        let far = r#"{"round":{"n":8400,"at":99999999999999999,"us":[[{}]]}}"#;
        for (more, span) in [
            ("", Span::All),
            (far, Span::All),
            ("\n{\"round\":{\"n\":1,\"at\":99999999999999999,\"us\":", Span::All),
            ("", Span::Between(Time::ZERO, Time::from_millis(99_000_000))),
        ] {
            fs::write(&path, format!("{text}{more}\n")).unwrap();
            let session = Session::open(&path).unwrap();
            let mut plain = Tape::new(&session.header, span);
            session.read(span, |record| plain.push(record)).unwrap();
            let (tape, rounds, _) = fold(&session, span, |many: &mut u32, record| {
                *many += u32::from(matches!(record, Record::Round(_)));
            })
            .unwrap();
            assert_eq!(rounds, 8_400, "once each: {more:?}");
            assert_eq!(figures(&tape), figures(&plain), "{more:?} {span:?}");
        }
    }
}
