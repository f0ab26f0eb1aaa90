//! The footer: the keys that matter now, what the last one did, or the prompt.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::report::words::trouble;
use crate::ui::app::{App, Layer};
use crate::ui::clock::setting;
use crate::ui::keys::{When, hints};
use crate::ui::prompt::Prompt;
use crate::ui::text::{Segment, clauses, write_segments};

/// Draws the footer; gives where the cursor stands, if a prompt is open.
pub fn render(app: &App, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let theme = &app.look().theme;
    let (start, cursor) = match app.layer() {
        Layer::Prompt(prompt) => prompt_line(app, prompt, area, buffer),
        Layer::None | Layer::Help(_) | Layer::Evidence(_) | Layer::Journal(_) | Layer::Timeline(_) => {
            (area.x, None)
        }
    };
    let trouble = || app.view().filter(|_| app.shows_origins()).and_then(trouble);
    let untold = || app.live()?.untold.as_deref().map(|text| (text.to_owned(), theme.fault));
    let message = app.message().map(str::to_owned).or_else(trouble).map(|text| (text, theme.strong));
    let room = usize::from(area.right().saturating_sub(start));
    let message = message
        .or_else(untold)
        .map(|(text, style)| Segment::new(clauses(&text, room, app.look().glyphs.ellipsis), style, 0));
    let matters = |when| match when {
        When::Always => true,
        When::Live => !app.is_frozen(),
        When::Frozen => app.is_frozen(),
        When::Selected => app.selected().is_some(),
        When::Silent => app.is_target_silent(),
    };
    let hints =
        hints(app.scope(), |action| app.works(action)).filter(|hint| matters(hint.when)).map(|hint| {
            Segment {
                parts: vec![
                    (hint.keys.into(), theme.strong),
                    (" ".into(), theme.plain),
                    (hint.label.into(), theme.plain),
                ],
                rank: hint.rank,
            }
        });
    let segments: Vec<Segment> = message.into_iter().chain(hints).collect();
    write_segments(buffer, (start, area.y), area.right().saturating_sub(start), 2, &segments);
    cursor
}

/// Draws the prompt; gives where the rest of the line begins, and where the cursor stands.
fn prompt_line(app: &App, prompt: &Prompt, area: Rect, buffer: &mut Buffer) -> (u16, Option<Position>) {
    let theme = &app.look().theme;
    let room = |x: u16| usize::from(area.right().saturating_sub(x));
    let now = app.live().map(|view| setting(view.snapshot.pace.interval)).unwrap_or_default();
    let (x, y) = (area.x, area.y);
    let (x, _) = buffer.set_stringn(x, y, format!("interval (now {now}): "), room(x), theme.strong);
    let (at, _) = buffer.set_stringn(x, y, &prompt.text, room(x), theme.plain);
    let cursor = (at < area.right()).then_some(Position::new(at, y));
    let mut end = at.saturating_add(2);
    if let Some(error) = prompt.error.as_ref().filter(|_| end < area.right()) {
        (end, _) = buffer.set_stringn(end, y, error, room(end), theme.fault);
        end = end.saturating_add(2);
    }
    (end, cursor)
}
