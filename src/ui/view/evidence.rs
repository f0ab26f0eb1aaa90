//! What the verdict rests on, in the table's place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::app::App;
use crate::ui::evidence;

/// Draws as many lines from `scroll` on as fit.
pub fn render(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let lines = evidence::lines(app, usize::from(area.width));
    let first = scroll.min(lines.len().saturating_sub(usize::from(area.height)));
    for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(first)) {
        buffer.set_line(area.x, y, line, area.width);
    }
}
