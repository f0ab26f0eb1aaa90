//! What stands in the host column, and in the figures' place where there are none.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::engine::path::End;
use crate::engine::round::Row;
use crate::engine::table::{RowState, TableRow};
use crate::report::words::{host, leader, mark, state};
use crate::ui::app::App;
use crate::ui::lines::Line;
use crate::ui::text::fit;
use crate::ui::view::header::in_its_place;
use crate::watch::View;

/// What stands in the host column.
pub struct Label {
    indent: usize,
    host: String,
    tag: String,
    /// The style of the whole line, where nothing else is said.
    pub style: Style,
}

impl Label {
    /// Of a line.
    pub fn of(app: &App, view: &View, line: &Line) -> Self {
        let theme = &app.look().theme;
        let plain = |host: String, style| Self { indent: 0, host, tag: String::new(), style };
        let host = |address| host(view, address, app.hosts());
        match line {
            Line::Folded { first, last } => {
                plain(format!("*  ({} hops silent)", last - first + 1), theme.dim)
            }
            Line::Labels(_) | Line::Onset => plain(String::new(), theme.dim),
            Line::Responder(responder, share) => {
                let tag = format!("{share:.0}%");
                Self { indent: 2, tag, ..plain(host(responder.address), theme.dim) }
            }
            Line::Row(row) => match leader(row, view) {
                Some(address) => {
                    let style = if row.row == Row::Target { theme.strong } else { theme.plain };
                    Self { tag: tag(app, view, row), ..plain(host(address), style) }
                }
                None if app.has_settled() => plain("*".to_owned(), theme.dim),
                None => plain(app.look().glyphs.waiting.to_owned(), theme.dim),
            },
        }
    }

    /// The cells that it would take.
    pub fn width(&self) -> usize {
        self.indent + self.host.width() + self.tag_width()
    }

    fn tag_width(&self) -> usize {
        if self.tag.is_empty() { 0 } else { self.tag.width() + 1 }
    }

    /// Writes it into one line; a host is cut before its tag.
    pub fn write(&self, ellipsis: &str, area: Rect, buffer: &mut Buffer) {
        let Some(room) = usize::from(area.width).checked_sub(self.indent) else { return };
        let host = fit(&self.host, room.saturating_sub(self.tag_width()), ellipsis);
        let x = area.x + self.indent as u16;
        let (x, _) = buffer.set_stringn(x, area.y, host, room, self.style);
        if x + 1 < area.right() {
            let room = usize::from(area.right() - x - 1);
            buffer.set_stringn(x + 1, area.y, &self.tag, room, self.style);
        }
    }
}

/// What is to be said of a row beside its host.
fn tag(app: &App, view: &View, row: &TableRow) -> String {
    let mut tags: Vec<Cow<'static, str>> = Vec::new();
    if row.hop.by_target {
        tags.push("(target's address)".into());
    }
    if row.hop.other_flow {
        tags.push("(other flow)".into());
    }
    if app.finding().is_some_and(|finding| finding.is_harmless(row.row)) {
        tags.push("(limited)".into());
    }
    match view.snapshot.path.end {
        End::Other { ttl, .. } if row.row == Row::Hop(ttl) => tags.push("(in the target's place)".into()),
        End::Loop { ttl } if row.row == Row::Hop(ttl) => tags.push("(loop)".into()),
        _ => tags.extend(row.hop.refusal.map(|icmp| mark(icmp).into())),
    }
    if row.row == Row::Target && remark(app, view, row).is_none() {
        tags.extend(hindrance(app, view, row).map(Cow::from));
    }
    tags.join(" ")
}

/// What stands in place of a row's figures: only where there are none.
pub fn remark(app: &App, view: &View, row: &TableRow) -> Option<String> {
    hindrance(app, view, row).filter(|_| row.rtt.is_none())
}

/// Why the target does not answer, in as few words as fit.
fn hindrance(app: &App, view: &View, row: &TableRow) -> Option<String> {
    match row.state {
        RowState::SilentTarget if !app.has_settled() => Some("no answer yet".to_owned()),
        RowState::Behind { ttl, icmp, .. } => Some(in_its_place(ttl, icmp)),
        _ => state(row, view),
    }
}
