//! One frame: a pure function of the state.

use ratatui::Frame;

use super::app::{App, Layer};
use super::view::{detail, evidence, faults, footer, header, help, journal, table, timeline, verdict};

/// Draws the state. Nothing changes by it.
pub fn draw(frame: &mut Frame, app: &App) {
    let areas = app.areas_of(frame.area());
    let buffer = frame.buffer_mut();
    header::render(app, areas.header, buffer);
    verdict::render(app, areas.verdict, buffer);
    faults::render(app, areas.fault, buffer);
    match app.layer() {
        Layer::Help(scroll) => help::render(app, *scroll, areas.body, buffer),
        Layer::Evidence(scroll) => evidence::render(app, *scroll, areas.body, buffer),
        Layer::Journal(scroll) => journal::render(app, *scroll, areas.body, buffer),
        Layer::Timeline(scroll) => timeline::render(app, *scroll, areas.body, buffer),
        Layer::None | Layer::Prompt(_) => match app.scroll() {
            Some(scroll) => detail::render(app, scroll, areas.body, buffer),
            None => table::render(app, areas.body, buffer),
        },
    }
    if let Some(cursor) = footer::render(app, areas.footer, buffer) {
        frame.set_cursor_position(cursor);
    }
}
