//! The path over time: a line a hop, a column for each part of the span in view. It shows when it failed.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use super::clock::moment;
use super::strip::Scale;
use super::text::fit;
use super::theme::Look;
use super::verdict::duration;
use crate::engine::history::Cell;
use crate::engine::table::{RowState, TableRow};
use crate::report::words::{host, leader};
use crate::watch::View;

/// Some of a column's tries were lost, but not half of them.
const SOME_LOST: &str = "x";
/// The greatest part of the width for a host, and its bounds in cells.
const HOST: (usize, usize, usize) = (4, 8, 30);

/// What the columns are: of which time each, and what stands in them.
pub fn title(app: &App, width: usize) -> String {
    let (Some(view), Some(table)) = (app.view(), app.table()) else { return "Over time".to_owned() };
    let (from, to) = edges(app, view);
    let each = duration(to.since(from) / columns(app, view, width).max(1) as u32);
    let look = app.look();
    let [least, .., greatest] = look.glyphs.bars;
    let scale = Scale::of(table).map(|scale| scale.ends());
    let scale =
        scale.map(|[low, high]| format!("  {least}{low} {greatest}{high} ms mean")).unwrap_or_default();
    format!("Over time, {each} a column  {SOME_LOST} lost, {} half or more{scale}", look.glyphs.lost)
}

/// The hops, and below them the time that their columns begin and end at; for so many cells.
pub fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    let (Some(view), Some(table)) = (app.view(), app.table()) else { return Vec::new() };
    let (scale, strip) = (Scale::of(table), columns(app, view, width));
    let rows = table.rows.iter().map(|row| {
        // What never answers has nothing to tell, and it would tell it loudly.
        let is_mute = matches!(row.state, RowState::NoAnswer | RowState::SilentTarget);
        let cells = if is_mute { Vec::new() } else { view.snapshot.chart(row.row, app.span(), strip) };
        let symbols = cells.iter().map(|cell| {
            let (symbol, style) = symbol(cell, scale.as_ref(), app.look());
            Span::styled(symbol, style)
        });
        Line::from(std::iter::once(label(app, view, row, width)).chain(symbols).collect::<Vec<_>>())
    });
    let lines: Vec<Line<'static>> = rows.collect();
    lines.into_iter().chain([axis(app, view, width)]).collect()
}

fn edges(app: &App, view: &View) -> (crate::engine::time::Time, crate::engine::time::Time) {
    (view.snapshot.start(app.span()), view.snapshot.end(app.span()))
}

/// How many columns there are: none narrower than the time from one try to the next, or some would be empty.
fn columns(app: &App, view: &View, width: usize) -> usize {
    let (from, to) = edges(app, view);
    let tries = to.since(from).as_nanos() / view.snapshot.pace.interval.as_nanos().max(1);
    strip_width(width).min(usize::try_from(tries).unwrap_or(usize::MAX).max(1))
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
    let who = leader(row, view).map(|address| host(view, address, app.hosts(), room));
    let style = if who.is_some() { look.theme.plain } else { look.theme.dim };
    let who = fit(who.as_deref().unwrap_or("*"), room, look.glyphs.ellipsis).into_owned();
    let gap = room.saturating_sub(unicode_width::UnicodeWidthStr::width(who.as_str()));
    Span::styled(format!("{:>3} {who}{:gap$} ", row.ttl, ""), style)
}

/// The character and the style for what became of a column's tries.
fn symbol(cell: &Cell, scale: Option<&Scale>, look: &Look) -> (&'static str, Style) {
    let (glyphs, theme, counts) = (&look.glyphs, &look.theme, &cell.counts);
    let lost = counts.lost.saturating_sub(counts.slowed_lost);
    if lost > 0 {
        let symbol = if lost * 2 >= counts.judged() { glyphs.lost } else { SOME_LOST };
        return (symbol, theme.loss);
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
fn axis(app: &App, view: &View, width: usize) -> Line<'static> {
    let (from, to) = edges(app, view);
    let wall = |time| view.snapshot.anchor.wall(time);
    let clock = |time| moment(wall(time), wall(view.snapshot.now), app.zone());
    let (first, last) = (clock(from), clock(to));
    let strip = columns(app, view, width);
    let gap = strip.saturating_sub(first.len() + last.len());
    let text = if gap > 0 { format!("{first}{:gap$}{last}", "") } else { first };
    Line::styled(format!("{:1$}{text}", "", before_strip(width)), app.look().theme.dim)
}
