//! The verdict in so many lines of so many cells: what is wrong and where, whatever the width.

use super::text::wrap;
pub use crate::engine::verdict::words::{duration, percent};

/// Parts of a verdict that have to be seen: what it is, and where.
const ESSENTIAL: usize = 2;
/// What the long form of a place ends in, and the short one.
const WAYS_BACK: [(&str, &str); 2] =
    [(", or on the way back from there", " or back"), (", or on the way back over it", " or back")];

/// A verdict's parts in at most `most` lines of `width` cells. A line more than one is taken only if what is
/// essential needs it; what else there is to say gets the room that is left.
pub fn lines(parts: &[String], width: usize, most: usize) -> Vec<String> {
    let (head, rest) = parts.split_at(parts.len().min(ESSENTIAL));
    let short: Vec<String> = head.iter().map(|part| shortened(part)).collect();
    let first = head.first().cloned().unwrap_or_default();
    let fits = |text: &String| wrap(text, width).len() <= most;
    let mut text = [head.join("; "), short.join("; ")].into_iter().find(fits).unwrap_or(first);
    let count = wrap(&text, width).len().clamp(1, most.max(1));
    let is_whole = text.len() > head.first().map_or(0, String::len) || head.len() < ESSENTIAL;
    for part in rest.iter().filter(|_| is_whole) {
        let more = format!("{text}; {part}");
        if wrap(&more, width).len() > count {
            break;
        }
        text = more;
    }
    let mut lines = wrap(&text, width);
    if lines.len() > count {
        // Cut: whoever draws it says so.
        let rest = lines.split_off(count - 1).join(" ");
        lines.push(rest);
    }
    lines
}

/// A part in fewer words.
fn shortened(part: &str) -> String {
    WAYS_BACK.iter().fold(part.to_owned(), |part, (long, short)| part.replace(long, short))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn loss() -> Vec<String> {
        let parts = [
            "Loss from hop 7 on: 4.1 % (2.7 to 6.2 %)",
            "on the link 6-7, or on the way back from there",
            "of 600 tries in 10 min",
        ];
        parts.map(str::to_owned).to_vec()
    }

    #[test]
    fn the_place_stands_at_any_width() {
        for (width, most, expected) in [
            (
                120,
                2,
                &[
                    "Loss from hop 7 on: 4.1 % (2.7 to 6.2 %); on the link 6-7, or on the way back from there; of 600 tries in 10 min",
                ][..],
            ),
            (
                80,
                2,
                &[
                    "Loss from hop 7 on: 4.1 % (2.7 to 6.2 %); on the link 6-7, or on the way back",
                    "from there; of 600 tries in 10 min",
                ],
            ),
            (80, 1, &["Loss from hop 7 on: 4.1 % (2.7 to 6.2 %); on the link 6-7 or back"]),
            (
                60,
                2,
                &[
                    "Loss from hop 7 on: 4.1 % (2.7 to 6.2 %); on the link 6-7,",
                    "or on the way back from there; of 600 tries in 10 min",
                ],
            ),
            (60, 1, &["Loss from hop 7 on: 4.1 % (2.7 to 6.2 %)"]),
            (40, 2, &["Loss from hop 7 on: 4.1 % (2.7 to 6.2", "%); on the link 6-7 or back"]),
        ] {
            assert_eq!(lines(&loss(), width, most), expected, "{width}");
        }
    }

    #[test]
    fn a_line_more_is_not_taken_for_what_is_not_essential() {
        let mut parts = loss();
        parts[1] = "here".to_owned();
        assert_eq!(lines(&parts, 60, 2), ["Loss from hop 7 on: 4.1 % (2.7 to 6.2 %); here"]);
        assert_eq!(lines(&[], 60, 2), [""]);
    }

    proptest! {
        #[test]
        fn there_are_never_more_lines_than_room(
            parts in prop::collection::vec("[a-z ,]{0,60}", 0..5),
            (width, most) in (0usize..130, 1usize..4),
        ) {
            let count = lines(&parts, width, most).len();
            prop_assert!((1..=most).contains(&count));
        }
    }
}
