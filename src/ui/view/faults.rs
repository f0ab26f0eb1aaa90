//! The line for a local fault: there while one lasts, and for a minute after.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::app::App;
use crate::ui::text::fit;

/// Draws the line, if there is one.
pub fn render(app: &App, area: Rect, buffer: &mut Buffer) {
    if let (Some(line), false) = (line(app), area.is_empty()) {
        let line = fit(&line, usize::from(area.width), app.look().glyphs.ellipsis);
        buffer.set_stringn(area.x, area.y, line, usize::from(area.width), app.look().theme.fault);
    }
}

/// What the line says.
fn line(app: &App) -> Option<String> {
    let fault = app.fault()?;
    let when = match fault.until {
        None => {
            let [since] = app.clock([fault.since]);
            format!("since {since}, {} s", app.session_now()?.since(fault.since).as_secs())
        }
        Some(until) => app.clock([fault.since, until]).join(" to "),
    };
    Some(format!("local fault: {}, {when}, {} not sent", fault.kind, fault.not_sent))
}
