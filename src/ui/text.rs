//! Text that has to fit into so many cells.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

pub use crate::report::words::fit;

/// As many of `text`'s clauses, which "; " parts, as fit into `width` cells; the first one cut if need be.
pub fn clauses(text: &str, width: usize, ellipsis: &str) -> String {
    let mut kept = text;
    while kept.width() > width {
        let Some((before, _)) = kept.rsplit_once("; ") else { break };
        kept = before;
    }
    fit(kept, width, ellipsis).into_owned()
}

/// Words in as many lines of `width` cells as they take, one at least; a word that is longer keeps its line. No line
/// begins with the unit of a number.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let unit =
            words.peek().filter(|next| word.ends_with(|end: char| end.is_ascii_digit()) && is_unit(next));
        let whole = word.width() + unit.map_or(0, |unit| 1 + unit.width());
        if !line.is_empty() && line.width() + 1 + whole > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines.push(line);
    lines
}

fn is_unit(word: &str) -> bool {
    ["%", "s", "ms", "min", "h", "d"].contains(&word.trim_end_matches([',', ';', '.', ')']))
}

/// A piece of a line that may be left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its parts, each in its own style.
    pub parts: Vec<(Cow<'static, str>, Style)>,
    /// The order in which segments get room: the lowest first.
    pub rank: u8,
}

impl Segment {
    /// A segment of one style.
    pub fn new(text: impl Into<Cow<'static, str>>, style: Style, rank: u8) -> Self {
        Self { parts: vec![(text.into(), style)], rank }
    }

    fn width(&self) -> usize {
        self.parts.iter().map(|(text, _)| text.width()).sum()
    }
}

/// Writes those segments that fit into `width` cells, `gap` cells apart, in the order given.
///
/// The one with the lowest rank is always written, cut if need be.
pub fn write_segments(buffer: &mut Buffer, (x, y): (u16, u16), width: u16, gap: u16, segments: &[Segment]) {
    let mut ranks: Vec<u8> = segments.iter().map(|segment| segment.rank).collect();
    ranks.sort_unstable();
    let needed = |rank: u8| {
        let kept = segments.iter().filter(|segment| segment.rank <= rank);
        kept.map(|segment| segment.width() + usize::from(gap)).sum::<usize>()
    };
    let room = usize::from(width) + usize::from(gap);
    let fits = ranks.iter().rev().find(|&&rank| needed(rank) <= room).or(ranks.first());
    let (mut at, end) = (x, x.saturating_add(width));
    for segment in segments.iter().filter(|segment| fits.is_some_and(|&fits| segment.rank <= fits)) {
        for (text, style) in &segment.parts {
            (at, _) = buffer.set_stringn(at, y, text, usize::from(end.saturating_sub(at)), *style);
        }
        at = at.saturating_add(gap).min(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    #[test]
    fn a_number_keeps_its_unit() {
        assert_eq!(wrap("for the last 9 s", 14), ["for the last", "9 s"]);
        assert_eq!(wrap("for the last 9 s", 16), ["for the last 9 s"]);
        assert_eq!(wrap("5 to 6.2 %); more", 9), ["5 to", "6.2 %);", "more"]);
        assert_eq!(wrap("9 s", 1), ["9", "s"], "what cannot be kept together is not");
    }

    #[test]
    fn clauses_are_left_out_whole() {
        for (width, expected) in
            [(9, "a b; c; d"), (8, "a b; c"), (6, "a b; c"), (5, "a b"), (3, "a b"), (2, "a…")]
        {
            assert_eq!(clauses("a b; c; d", width, "…"), expected, "{width}");
        }
    }

    #[test]
    fn segments_drop_by_rank() {
        let plain = Style::new();
        let segments =
            [Segment::new("two", plain, 2), Segment::new("one", plain, 1), Segment::new("three", plain, 3)];
        for (width, expected) in
            [(15, "two one three  "), (13, "two one three"), (12, "two one     "), (6, "one   "), (2, "on")]
        {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
            write_segments(&mut buffer, (0, 0), width, 1, &segments);
            assert_eq!(buffer, Buffer::with_lines([expected]));
        }
    }
}
