//! The text of the help: keys from the key table, figures from the table of figures, and the marks of the
//! strip.

use std::borrow::Cow;

use super::keys::{Binding, main_bindings};
use super::mouse;
use super::theme::Glyphs;
use crate::report::figures::FIGURES;

/// The width from which keys and marks stand side by side.
const WIDE: u16 = 96;

/// A line: a heading, or a term with what it means.
pub type Line = (Cow<'static, str>, Cow<'static, str>);

/// How many lines it has in so many cells.
pub fn height(glyphs: &Glyphs, width: u16) -> usize {
    parts(glyphs, width).iter().map(Vec::len).max().unwrap_or_default()
}

/// Its parts, side by side, for so many cells.
pub fn parts(glyphs: &Glyphs, width: u16) -> Vec<Vec<Line>> {
    let (mut keys, legend) = (keys(), legend(glyphs));
    if width >= WIDE {
        return vec![keys, legend];
    }
    keys.extend(legend);
    vec![keys]
}

fn keys() -> Vec<Line> {
    let line = |binding: &Binding| {
        let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
        (keys.join(" ").into(), binding.help.into())
    };
    let mouse = mouse::HELP.map(|(what, meaning)| (what.into(), meaning.into()));
    let keys = [heading("Keys")].into_iter().chain(main_bindings().map(line));
    keys.chain([heading("Mouse")]).chain(mouse).collect()
}

fn legend(glyphs: &Glyphs) -> Vec<Line> {
    let marks: [(Cow<'static, str>, &'static str); 10] = [
        (glyphs.bars.concat().into(), "answered; the scale stands above"),
        (glyphs.lost.into(), "lost: no answer within the timeout"),
        (glyphs.late.into(), "late: after the timeout, but not lost"),
        (glyphs.refused.into(), "refused, as with !N !H !X after a host"),
        (glyphs.waiting.into(), "not decided yet"),
        (glyphs.not_sent.into(), "not sent: a fault of this machine"),
        ("(blank)".into(), "not asked, on purpose"),
        ("(dim)".into(), "asked less often, on purpose: not in Loss%"),
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
