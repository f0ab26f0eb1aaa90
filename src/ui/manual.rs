//! The text of the help: keys from the key table, figures from the table of figures, and the marks of the
//! strip.

use std::borrow::Cow;

use super::keys::{Binding, main_bindings};
use super::mouse;
use super::text::wrap;
use super::theme::Glyphs;
use crate::report::figures::FIGURES;

/// The width from which keys and marks stand side by side.
const WIDE: u16 = 96;

/// Cells for what is explained, gap included.
pub const TERM: u16 = 10;

/// A line: a heading, or a term with what it means; one without a term goes on with the meaning before.
pub type Line = (Cow<'static, str>, Cow<'static, str>);

/// How many lines it has in so many cells.
pub fn height(glyphs: &Glyphs, width: u16) -> usize {
    parts(glyphs, width).iter().map(Vec::len).max().unwrap_or_default()
}

/// Its parts, side by side, for so many cells.
pub fn parts(glyphs: &Glyphs, width: u16) -> Vec<Vec<Line>> {
    let (mut keys, legend) = (keys(), legend(glyphs));
    if width >= WIDE {
        return [keys, legend].map(|part| wrapped(part, width / 2)).into();
    }
    keys.extend(legend);
    vec![wrapped(keys, width)]
}

/// Lines with meanings that are too long for so many cells broken between words.
fn wrapped(lines: Vec<Line>, width: u16) -> Vec<Line> {
    let room = usize::from(width.saturating_sub(TERM + 1));
    let broken = |(term, meaning): Line| {
        wrap(&meaning, room)
            .into_iter()
            .enumerate()
            .map(move |(at, row)| (if at == 0 { term.clone() } else { Cow::Borrowed("") }, Cow::Owned(row)))
    };
    lines.into_iter().flat_map(broken).collect()
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
        (glyphs.lost.into(), "lost: no answer within the timeout; dim if harmless"),
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

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::ui::theme::Look;

    #[test]
    fn every_word_of_the_help_is_there_at_any_width() {
        let words = |parts: Vec<Vec<Line>>| -> Vec<String> {
            let meanings = parts.into_iter().flatten().map(|(_, meaning)| meaning.into_owned());
            meanings.flat_map(|meaning| meaning.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect()
        };
        let glyphs = &Look::detect(|_| None).glyphs;
        let all = |width| {
            words(parts(glyphs, width)).into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>()
        };
        for width in [40, 60, 80, 96, 120, 200] {
            let half = if width < WIDE { width } else { width / 2 };
            let fits = |(term, meaning): &Line| term.width() < usize::from(TERM) || meaning.is_empty();
            for line in parts(glyphs, width).iter().flatten() {
                assert!(
                    fits(line) && line.1.width() + usize::from(TERM) < usize::from(half),
                    "{width}: {line:?}"
                );
            }
            assert_eq!(all(width), all(1_000), "{width}");
        }
    }
}
