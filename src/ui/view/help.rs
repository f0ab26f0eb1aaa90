//! The help, on top of the table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::app::App;
use crate::ui::manual::{Line, TERM, parts};
use crate::ui::text::fit;

/// Draws the help from its line `scroll` on.
pub fn render(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let parts = parts(&app.look().glyphs, area.width);
    let half = area.width / parts.len().max(1) as u16;
    for (index, part) in parts.iter().enumerate() {
        let x = area.x + half * index as u16;
        for (y, line) in (area.y..area.bottom()).zip(part.iter().skip(scroll)) {
            write_line(app, line, Rect { x, y, width: half, height: 1 }, buffer);
        }
    }
}

fn write_line(app: &App, (term, meaning): &Line, area: Rect, buffer: &mut Buffer) {
    let look = app.look();
    if meaning.is_empty() {
        buffer.set_stringn(area.x, area.y, term, usize::from(area.width), look.theme.header);
        return;
    }
    buffer.set_stringn(area.x, area.y, term, usize::from(TERM.min(area.width)), look.theme.strong);
    let room = usize::from(area.width.saturating_sub(TERM + 1));
    let meaning = fit(meaning, room, look.glyphs.ellipsis);
    buffer.set_stringn(area.x + TERM.min(area.width), area.y, meaning, room, look.theme.plain);
}
