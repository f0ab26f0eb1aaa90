//! The verdict, right under the header: as much of it as fits into one line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::verdict::Kind;
use crate::ui::app::App;
use crate::ui::text::fit;

/// Draws the line.
pub fn render(app: &App, area: Rect, buffer: &mut Buffer) {
    let (Some(finding), false) = (app.finding(), area.is_empty()) else { return };
    let theme = &app.look().theme;
    let style = match finding.kind {
        kind if kind.is_alarm() => theme.loss,
        Kind::Gathering => theme.dim,
        Kind::Clean => theme.plain,
        _ => theme.strong,
    };
    let width = usize::from(area.width);
    let text = finding.text_within(width);
    buffer.set_stringn(area.x, area.y, fit(&text, width, app.look().glyphs.ellipsis), width, style);
}
