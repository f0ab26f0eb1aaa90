//! The details of a hop, in the table's place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::ui::app::App;
use crate::ui::text::fit;

/// Draws whose details they are, and below that as many lines from `scroll` on as fit.
pub fn render(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let (Some(details), false) = (app.details(), area.is_empty()) else { return };
    let (width, page) = (usize::from(area.width), usize::from(area.height - 1));
    let lines = details.lines(width, page);
    let first = scroll.min(lines.len().saturating_sub(page));
    let part = match lines.len() {
        all if all <= page => String::new(),
        all => format!("  {}-{} of {all}", first + 1, first + page),
    };
    let look = app.look();
    buffer.set_style(Rect { height: 1, ..area }, look.theme.header);
    let room = width.saturating_sub(part.width());
    let title = details.title(room);
    buffer.set_stringn(area.x, area.y, fit(&title, room, look.glyphs.ellipsis), room, look.theme.header);
    buffer.set_stringn(area.x + room as u16, area.y, &part, width - room, look.theme.header);
    for (y, line) in (area.y + 1..area.bottom()).zip(lines.iter().skip(first)) {
        buffer.set_line(area.x, y, line, area.width);
    }
}
