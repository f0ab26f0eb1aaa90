//! The help: keys from the key table, figures from the table of figures, and the marks of the strip.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::report::figures::FIGURES;
use crate::ui::app::App;
use crate::ui::keys::main_bindings;
use crate::ui::text::fit;

/// The width from which keys and marks stand side by side.
const WIDE: u16 = 96;
/// Cells for what is explained, gap included.
const TERM: u16 = 10;

/// A line: a heading, or a term with what it means.
type Line = (Cow<'static, str>, Cow<'static, str>);

/// Draws the help from its line `scroll` on.
pub fn render(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let half = if area.width >= WIDE { area.width / 2 } else { area.width };
    for (index, part) in parts(app, area.width).into_iter().enumerate() {
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

/// How many lines the help has at the present width.
pub fn height(app: &App) -> usize {
    parts(app, app.areas().body.width).iter().map(Vec::len).max().unwrap_or_default()
}

/// Its parts, side by side.
fn parts(app: &App, width: u16) -> Vec<Vec<Line>> {
    let (mut keys, legend) = (keys(), legend(app));
    if width >= WIDE {
        return vec![keys, legend];
    }
    keys.extend(legend);
    vec![keys]
}

fn keys() -> Vec<Line> {
    let line = |binding: &crate::ui::keys::Binding| {
        let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
        (keys.join(" ").into(), binding.help.into())
    };
    [heading("Keys")].into_iter().chain(main_bindings().map(line)).collect()
}

fn legend(app: &App) -> Vec<Line> {
    let glyphs = &app.look().glyphs;
    let marks: [(Cow<'static, str>, &'static str); 9] = [
        (glyphs.bars.concat().into(), "answered; the scale stands above"),
        (glyphs.lost.into(), "lost: no answer within the timeout"),
        (glyphs.late.into(), "late: answered after the timeout, not lost"),
        (glyphs.refused.into(), "refused, as with !N !H !X after a host"),
        (glyphs.waiting.into(), "not decided yet"),
        (glyphs.not_sent.into(), "not sent: a fault of this machine"),
        ("(blank)".into(), "not asked, on purpose"),
        ("*".into(), "a hop that has never answered"),
        (glyphs.target.into(), "the target"),
    ];
    let marks = marks.into_iter().map(|(mark, meaning)| (mark, meaning.into()));
    let columns = FIGURES.iter().map(|figure| (figure.header.into(), figure.help.into()));
    let marks = [heading("Tries, the newest at the right")].into_iter().chain(marks);
    marks.chain([heading("Figures")]).chain(columns).collect()
}

fn heading(text: &'static str) -> Line {
    (text.into(), "".into())
}
