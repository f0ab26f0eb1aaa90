//! Text that has to fit into so many cells.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// `text` in at most `width` cells, with `ellipsis` where it was cut.
pub fn fit<'a>(text: &'a str, width: usize, ellipsis: &str) -> Cow<'a, str> {
    if text.width() <= width {
        return text.into();
    }
    let Some(room) = width.checked_sub(ellipsis.width()) else { return "".into() };
    let mut used = 0;
    let kept = text.graphemes(true).take_while(|grapheme| {
        used += grapheme.width();
        used <= room
    });
    kept.chain([ellipsis]).collect::<String>().into()
}

/// Words in as many lines of `width` cells as they take, one at least; a word that is longer keeps its line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
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
    fn text_is_cut_at_whole_characters() {
        for (text, width, expected) in [
            ("router", 6, "router"),
            ("router", 5, "rout…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            let got = fit(text, width, "…");
            assert_eq!(got, expected, "{text} in {width}");
            assert!(got.width() <= width);
        }
        assert_eq!(fit("abc", 1, "..."), "");
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
