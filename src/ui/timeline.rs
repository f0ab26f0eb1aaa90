//! The path over time: a line a hop, a column for each part of the span in view. It shows when it failed.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use super::strip::Scale;
use super::text::{Segment, fit};
use super::theme::Look;
use super::verdict::duration;
use crate::engine;
use crate::engine::history::Cell;
use crate::engine::snapshot::Snapshot;
use crate::engine::table::{RowState, Table, TableRow};
use crate::engine::time::Time;
use crate::report::words::{host, leader};
use crate::watch::View;

/// Some of a column's tries were lost, but not half of them.
const SOME_LOST: &str = "x";
/// The greatest part of the width for a host, and its bounds in cells.
const HOST: (usize, usize, usize) = (4, 8, 30);

/// What became of every row's tries, column by column.
#[derive(Debug)]
pub struct Timeline {
    /// When the first column begins, and when the last one ends.
    edges: (Time, Time),
    /// How many there are: none narrower than the time from one try to the next, or some would be empty.
    columns: usize,
    /// The columns of each row of the table; none of what never answers.
    rows: Vec<Vec<Cell>>,
}

impl Timeline {
    /// What `snapshot` tells of the rows of `table`, which is its own for `span`, in so many cells of width.
    pub fn new(snapshot: &Snapshot, table: &Table, span: engine::span::Span, width: usize) -> Self {
        let (from, to) = (snapshot.start(span), snapshot.end(span));
        // The longest between two tries in it, whatever the pace is now.
        let rounds = snapshot.history.recent().filter(|round| span.touches(round.start, round.until()));
        let longest = rounds.map(|round| round.interval).fold(snapshot.pace.interval, Duration::max);
        let tries = to.since(from).as_nanos() / longest.as_nanos().max(1);
        let columns = strip_width(width).min(usize::try_from(tries).unwrap_or(usize::MAX).max(1));
        // What never answers has nothing to tell, and it would tell it loudly.
        let is_mute = |row: &TableRow| matches!(row.state, RowState::NoAnswer | RowState::SilentTarget);
        let cells = |row: &TableRow| {
            if is_mute(row) { Vec::new() } else { snapshot.chart(row.row, span, columns) }
        };
        Self { edges: (from, to), columns, rows: table.rows.iter().map(cells).collect() }
    }
}

/// What the columns are: of which time each, and what stands in them.
pub fn title(app: &App) -> Vec<Segment> {
    let (look, lost) = (app.look(), app.look().glyphs.lost);
    let piece = |text: String, rank| Segment::new(text, look.theme.header, rank);
    let (Some(timeline), Some(table)) = (app.timeline(), app.table()) else {
        return vec![piece("Over time".to_owned(), 0)];
    };
    let (from, to) = timeline.edges;
    let each = each(to.since(from) / timeline.columns.max(1) as u32);
    let scale = Scale::of(table).map(|scale| piece(format!("{} ms", scale.legend(&look.glyphs)), 2));
    let title = [
        piece(format!("Over time, {each} a column"), 0),
        piece(format!("{SOME_LOST} lost, {lost} half or more"), 1),
    ];
    title.into_iter().chain(scale).collect()
}

/// The time of one column. Many of them make the span, so that half a second more or less matters in few.
fn each(time: Duration) -> String {
    let seconds = format!("{:.1}", time.as_secs_f64());
    if time < Duration::from_mins(1) {
        format!("{} s", seconds.strip_suffix(".0").unwrap_or(&seconds))
    } else {
        duration(time)
    }
}

/// The hops, and below them the time that their columns begin and end at; for so many cells.
pub fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    let (Some(view), Some(table), Some(timeline)) = (app.view(), app.table(), app.timeline()) else {
        return Vec::new();
    };
    let scale = Scale::of(table);
    let rows = table.rows.iter().zip(&timeline.rows).map(|(row, cells)| {
        let harmless = app.finding().is_some_and(|finding| finding.is_harmless(row.row));
        let symbols = cells.iter().map(|cell| {
            let (symbol, style) = symbol(cell, scale.as_ref(), harmless, app.look());
            Span::styled(symbol, style)
        });
        Line::from(std::iter::once(label(app, view, row, width)).chain(symbols).collect::<Vec<_>>())
    });
    rows.chain([axis(app, timeline, width)]).collect()
}

fn host_width(width: usize) -> usize {
    let (part, least, most) = HOST;
    (width / part).clamp(least, most)
}

/// Cells before a strip: the TTL, a gap, the host, a gap.
fn before_strip(width: usize) -> usize {
    3 + 1 + host_width(width) + 1
}

fn strip_width(width: usize) -> usize {
    width.saturating_sub(before_strip(width))
}

fn label(app: &App, view: &View, row: &TableRow, width: usize) -> Span<'static> {
    let (look, room) = (app.look(), host_width(width));
    let who = leader(row, view).map(|address| host(view, address, app.hosts()));
    let style = if who.is_some() { look.theme.plain } else { look.theme.dim };
    let who = fit(who.as_deref().unwrap_or("*"), room, look.glyphs.ellipsis).into_owned();
    let gap = room.saturating_sub(unicode_width::UnicodeWidthStr::width(who.as_str()));
    Span::styled(format!("{:>3} {who}{:gap$} ", row.ttl, ""), style)
}

/// The character and the style for what became of a column's tries; a row whose loss is `harmless` has it dim.
fn symbol(cell: &Cell, scale: Option<&Scale>, harmless: bool, look: &Look) -> (&'static str, Style) {
    let (glyphs, theme, counts) = (&look.glyphs, &look.theme, &cell.counts);
    let lost = counts.lost.saturating_sub(counts.slowed_lost);
    if lost > 0 {
        let symbol = if lost * 2 >= counts.judged() { glyphs.lost } else { SOME_LOST };
        return (symbol, if harmless { theme.dim } else { theme.loss });
    }
    if cell.rtt.count > 0 {
        let level = scale.map_or(0, |scale| scale.level(cell.rtt.mean() as u32));
        return (glyphs.bars[level], theme.bars[level]);
    }
    match counts {
        counts if counts.refused > 0 => (glyphs.refused, theme.refused),
        counts if counts.not_sent > 0 => (glyphs.not_sent, theme.fault),
        counts if counts.in_flight > 0 => (glyphs.waiting, theme.dim),
        _ => (" ", theme.plain),
    }
}

/// When the first column begins, and when the last one ends.
fn axis(app: &App, timeline: &Timeline, width: usize) -> Line<'static> {
    let (from, to) = timeline.edges;
    let [first, last] = app.clock([from, to]);
    let gap = timeline.columns.saturating_sub(first.len() + last.len());
    let text = if gap > 0 { format!("{first}{:gap$}{last}", "") } else { first };
    Line::styled(format!("{:1$}{text}", "", before_strip(width)), app.look().theme.dim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_long_as_it_is() {
        for (millis, text) in
            [(500, "0.5 s"), (1_548, "1.5 s"), (2_000, "2 s"), (44_300, "44.3 s"), (95_200, "1 min 35 s")]
        {
            assert_eq!(each(Duration::from_millis(millis)), text);
        }
    }
}
