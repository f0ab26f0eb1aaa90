//! The hop table: a row for each hop, the target always among them, and a strip of the latest tries.

mod label;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use self::label::{Label, remark};
use crate::engine::history::ResponderTotals;
use crate::engine::round::{Row, Try};
use crate::engine::table::{RowState, TableRow};
use crate::origin::Origin;
use crate::report::figures;
use crate::report::words::{labels, leader};
use crate::ui::app::App;
use crate::ui::evidence;
use crate::ui::layout::Columns;
use crate::ui::lines::{Line, Window, position};
use crate::ui::strip::{Scale, cell};
use crate::ui::text::fit;
use crate::watch::View;

/// Draws the table's header and as many lines as fit below it.
pub fn render(app: &App, area: Rect, buffer: &mut Buffer) {
    let (Some(view), Some(table), false) = (app.view(), app.table(), area.is_empty()) else { return };
    let lines = app.lines();
    let window = app.window(&lines);
    let labels: Vec<Label> = lines.iter().map(|line| Label::of(app, view, line)).collect();
    let widest = labels.iter().map(Label::width).max().unwrap_or_default();
    let ttl = lines.iter().map(|line| ttl_text(line).len()).max().unwrap_or_default().max(2);
    let origins: Vec<Option<Origin>> = lines.iter().map(|line| origin(app, view, line)).collect();
    let widths = if app.shows_origins() { origin_widths(&origins) } else { (0, 0) };
    let widest = u16::try_from(widest).unwrap_or(u16::MAX);
    let columns = Columns::new(area.width, ttl as u16 + 1, widest, widths, app.order());
    let has_names = columns.origin > widths.0;
    let canvas = Canvas { app, view, columns, has_names, scale: Scale::of(table) };
    canvas.header(&window, lines.len(), Rect { height: 1, ..area }, buffer);
    let selected = app.selected().and_then(|row| position(&lines, row));
    for (y, index) in (area.y + 1..area.bottom()).zip(window.indices()) {
        let row = Rect { y, height: 1, ..area };
        canvas.line(&lines[index], &labels[index], row, buffer);
        if let (Line::Responder(responder, _), Some(hop)) = (&lines[index], hop_of(&lines, index)) {
            canvas.responder(responder, hop, row, buffer);
        }
        canvas.origin(origins[index], &labels[index], row, buffer);
        if selected == Some(index) {
            // Not over the strip: reversed, its bars would stand on their heads.
            let strip = canvas.columns.strip.min(row.width);
            buffer.set_style(Rect { width: row.width - strip, ..row }, app.look().theme.selected);
        }
    }
}

/// What every line of one frame shares.
struct Canvas<'a> {
    app: &'a App,
    view: &'a View,
    columns: Columns,
    /// There is room for what origins are called.
    has_names: bool,
    scale: Option<Scale>,
}

impl Canvas<'_> {
    fn header(&self, window: &Window, lines: usize, area: Rect, buffer: &mut Buffer) {
        let style = self.app.look().theme.header;
        buffer.set_style(area, style);
        right(buffer, (area.x, area.y), self.columns.ttl, "#", style);
        let hosts = if window.len < lines {
            format!("Host  {}-{} of {lines}", window.first + 1, window.first + window.len)
        } else {
            "Host".to_owned()
        };
        let (ttl, origin) = (self.columns.ttl + 1, self.columns.origin);
        buffer.set_stringn(area.x + ttl, area.y, ORIGIN_HEADER, usize::from(origin), style);
        let width = self.columns.host.min(area.width.saturating_sub(self.columns.host_at()));
        buffer.set_stringn(area.x + self.columns.host_at(), area.y, hosts, usize::from(width), style);
        let mut x = area.x + self.columns.figures_at();
        for column in &self.columns.shown {
            right(buffer, (x, area.y), column.width as u16, column.header, style);
            x += column.width as u16 + 1;
        }
        if self.columns.strip > 0 {
            let strip = usize::from(self.columns.strip);
            let title = self.titles().into_iter().find(|title| title.width() <= strip);
            buffer.set_stringn(x, area.y, title.unwrap_or_default(), strip, style);
        }
    }

    /// What may stand above the strip, the longest first: the scale, while there is one.
    fn titles(&self) -> Vec<String> {
        let scale = self.scale.map(|scale| {
            let legend = scale.legend(&self.app.look().glyphs);
            [format!("{legend} ms"), legend]
        });
        scale.into_iter().flatten().chain(["Tries".to_owned()]).collect()
    }

    fn line(&self, line: &Line, label: &Label, area: Rect, buffer: &mut Buffer) {
        let look = self.app.look();
        if let Line::Onset = line {
            return self.onset(area, buffer);
        }
        if let Line::Labels(stack) = line {
            // Where the figures would be is nothing else: the line is theirs.
            let x = area.x + self.columns.ttl + 3;
            let room = usize::from(area.right().saturating_sub(x));
            let text = labels(stack).collect::<Vec<_>>().join(" ");
            buffer.set_stringn(x, area.y, fit(&text, room, look.glyphs.ellipsis), room, look.theme.dim);
            return;
        }
        let at_target = line.anchor() == Some(Row::Target);
        if at_target && !area.is_empty() {
            buffer.set_stringn(
                area.x,
                area.y,
                look.glyphs.target,
                usize::from(area.width),
                look.theme.strong,
            );
        }
        let ttl = self.columns.ttl.saturating_sub(1).min(area.width.saturating_sub(1));
        right(buffer, (area.x + 1, area.y), ttl, &ttl_text(line), label.style);
        let host = Rect { x: area.x + self.columns.host_at(), width: self.columns.host, ..area };
        label.write(look.glyphs.ellipsis, host.intersection(area), buffer);
        if let Line::Row(row) = line {
            let x = area.x + self.columns.figures_at();
            let figures = Rect { x, width: area.right().saturating_sub(x), ..area };
            match remark(self.app, self.view, row) {
                Some(remark) => {
                    let width = usize::from(figures.width);
                    let remark = fit(&remark, width, look.glyphs.ellipsis);
                    buffer.set_stringn(x, area.y, remark, width, look.theme.strong);
                }
                None => self.figures(row, figures, buffer),
            }
        }
    }

    /// The mark between the last row without the trouble and the first with it.
    fn onset(&self, area: Rect, buffer: &mut Buffer) {
        let (Some(finding), look) = (self.app.finding(), self.app.look()) else { return };
        let Some((_, words)) = evidence::mark(finding) else { return };
        let style = if finding.kind.is_alarm() { look.theme.loss } else { look.theme.strong };
        let indent = usize::from(self.columns.ttl) + 1;
        let dash = look.glyphs.dash;
        let head = format!("{}{} {words} ", " ".repeat(indent), dash.repeat(2));
        let rest = usize::from(area.width).saturating_sub(head.width()).min(60);
        let text = head + &dash.repeat(rest);
        buffer.set_stringn(area.x, area.y, text, usize::from(area.width), style);
    }

    /// Who originates the route to a line's host, as far as there is room.
    fn origin(&self, origin: Option<Origin>, label: &Label, area: Rect, buffer: &mut Buffer) {
        let room = usize::from(self.columns.origin);
        let Some(origin) = origin.filter(|_| room > 0) else { return };
        let text = if self.has_names { origin_text(origin) } else { origin.to_string() };
        let text = fit(&text, room, self.app.look().glyphs.ellipsis);
        buffer.set_stringn(area.x + self.columns.ttl + 1, area.y, text, room, label.style);
    }

    fn figures(&self, row: &TableRow, area: Rect, buffer: &mut Buffer) {
        let theme = &self.app.look().theme;
        let silent = row.state == RowState::NoAnswer;
        let ordinary = if silent { theme.dim } else { theme.plain };
        let harmless = self.is_harmless(row.row);
        let lossy = !silent && row.loss.is_some_and(|loss| loss.pct > 0.0);
        let mut x = area.x;
        for column in &self.columns.shown {
            let style = match column.letter {
                'L' if lossy && harmless => theme.dim,
                'L' if lossy => theme.loss,
                _ => ordinary,
            };
            right(buffer, (x, area.y), column.width as u16, &(column.value)(row), style);
            x += column.width as u16 + 1;
        }
        if !silent {
            self.strip(row.row, Rect { x, width: self.columns.strip, ..area }, buffer);
        }
    }

    /// The times of one of a hop's responders.
    fn responder(&self, responder: &ResponderTotals, hop: &TableRow, area: Rect, buffer: &mut Buffer) {
        let mut x = area.x + self.columns.figures_at();
        for column in &self.columns.shown {
            let time = figures::of_responder(column, responder, hop).unwrap_or_default();
            right(buffer, (x, area.y), column.width as u16, &time, self.app.look().theme.dim);
            x += column.width as u16 + 1;
        }
    }

    /// Whether what a row loses is no harm to anyone.
    fn is_harmless(&self, row: Row) -> bool {
        self.app.finding().is_some_and(|finding| finding.is_harmless(row))
    }

    /// The latest tries, the newest at the right; lost ones are loud unless they are no harm.
    fn strip(&self, row: Row, area: Rect, buffer: &mut Buffer) {
        let most = usize::from(area.width);
        let tries = self.view.snapshot.recent_tries(row, self.app.span(), most);
        let start = area.right() - tries.len().min(most) as u16;
        let (look, harmless) = (self.app.look(), self.is_harmless(row));
        for (x, &(outcome, is_slowed)) in (start..).zip(&tries) {
            let (symbol, style) = cell((outcome, is_slowed), self.scale.as_ref(), look);
            let style = if harmless && outcome == Try::Lost { look.theme.dim } else { style };
            buffer[(x, area.y)].set_symbol(symbol).set_style(style);
        }
    }
}

const ORIGIN_HEADER: &str = "ASN";

/// The origin of the route to a line's host, if it is known.
fn origin<'a>(app: &App, view: &'a View, line: &Line) -> Option<Origin<'a>> {
    let address = match line {
        Line::Row(row) => leader(row, view)?,
        Line::Responder(responder, _) => responder.address,
        Line::Labels(_) | Line::Folded { .. } | Line::Onset => return None,
    };
    view.origins.get(address).filter(|_| app.shows_origins())
}

/// An origin in full.
fn origin_text(origin: Origin) -> String {
    origin.name.map_or_else(|| origin.to_string(), |name| format!("{origin} {name}"))
}

/// What the longest origin takes, without its name and with it.
fn origin_widths(origins: &[Option<Origin>]) -> (u16, u16) {
    let widest = |text: fn(Origin) -> String| {
        let widths = origins.iter().flatten().map(|origin| text(*origin).width());
        widths.max().unwrap_or_default().max(ORIGIN_HEADER.len()) as u16
    };
    (widest(|origin| origin.to_string()), widest(origin_text))
}

/// The hop that a line belongs to.
fn hop_of<'a>(lines: &[Line<'a>], index: usize) -> Option<&'a TableRow> {
    lines[..=index].iter().rev().find_map(|line| match line {
        Line::Row(row) => Some(*row),
        _ => None,
    })
}

fn ttl_text(line: &Line) -> String {
    match line {
        Line::Row(row) if row.upto > row.ttl => format!("{}-{}", row.ttl, row.upto),
        Line::Row(row) => row.ttl.to_string(),
        Line::Folded { first, last } => format!("{first}-{last}"),
        Line::Responder(..) | Line::Labels(_) | Line::Onset => String::new(),
    }
}

/// Writes `text` at the right end of `width` cells.
fn right(buffer: &mut Buffer, (x, y): (u16, u16), width: u16, text: &str, style: Style) {
    let gap = usize::from(width).saturating_sub(text.width()) as u16;
    buffer.set_stringn(x + gap, y, text, usize::from(width - gap), style);
}
