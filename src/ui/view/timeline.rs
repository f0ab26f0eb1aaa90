//! The path over time, in the table's place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::app::App;
use crate::ui::text::fit;
use crate::ui::timeline;

/// Draws what the columns are, and below that as many lines from `scroll` on as fit.
pub fn render(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let (width, page) = (usize::from(area.width), usize::from(area.height - 1));
    let look = app.look();
    buffer.set_style(Rect { height: 1, ..area }, look.theme.header);
    let title = timeline::title(app);
    buffer.set_stringn(area.x, area.y, fit(&title, width, look.glyphs.ellipsis), width, look.theme.header);
    let lines = timeline::lines(app, width);
    let first = scroll.min(lines.len().saturating_sub(page));
    for (y, line) in (area.y + 1..area.bottom()).zip(lines.iter().skip(first)) {
        buffer.set_line(area.x, y, line, area.width);
    }
}
