//! The verdict, right under the header: what it is and where, and as much else of it as fits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::verdict::Kind;
use crate::ui::app::App;
use crate::ui::text::fit;
use crate::ui::verdict;

/// Draws its one or two lines.
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
    let lines = verdict::lines(&finding.parts, width, usize::from(area.height));
    for (y, line) in (area.y..area.bottom()).zip(&lines) {
        buffer.set_stringn(area.x, y, fit(line, width, app.look().glyphs.ellipsis), width, style);
    }
}
