//! The path over time, in the table's place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::app::App;
use crate::ui::text::write_segments;
use crate::ui::timeline;

/// Draws what the columns are, and below that as many lines from `scroll` on as fit.
pub fn render(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let (width, page) = (usize::from(area.width), usize::from(area.height - 1));
    buffer.set_style(Rect { height: 1, ..area }, app.look().theme.header);
    write_segments(buffer, (area.x, area.y), area.width, 2, &timeline::title(app));
    let lines = timeline::lines(app, width);
    let first = scroll.min(lines.len().saturating_sub(page));
    for (y, line) in (area.y + 1..area.bottom()).zip(lines.iter().skip(first)) {
        buffer.set_line(area.x, y, line, area.width);
    }
}
