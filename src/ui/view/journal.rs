//! The journal, in the table's place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::app::App;
use crate::ui::journal;
use crate::ui::text::fit;

/// Draws what the journal sums up to, and below that as many events from `scroll` on as fit, newest first.
pub fn render(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let (width, page) = (usize::from(area.width), usize::from(area.height - 1));
    let lines = journal::lines(app, width, scroll, page);
    let look = app.look();
    buffer.set_style(Rect { height: 1, ..area }, look.theme.header);
    let title = journal::title(app);
    buffer.set_stringn(area.x, area.y, fit(&title, width, look.glyphs.ellipsis), width, look.theme.header);
    for (y, line) in (area.y + 1..area.bottom()).zip(&lines) {
        let style = if line.is_open { look.theme.fault } else { look.theme.plain };
        buffer.set_stringn(area.x, y, fit(&line.text, width, look.glyphs.ellipsis), width, style);
    }
}
