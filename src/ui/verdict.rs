//! The verdict in so many lines of so many cells: what is wrong and where, whatever the width.

use unicode_width::UnicodeWidthStr;

use super::text::wrap;
pub use crate::engine::verdict::words::{duration, percent};

/// Parts of a verdict that have to be seen: what it is, and where.
const ESSENTIAL: usize = 2;
/// What can be said in fewer words, and these.
const SHORTER: [(&str, &str); 3] = [
    (", or on the way back from there", " or back"),
    (", or on the way back over it", " or back"),
    (" on this flow", ""),
];

/// A verdict's parts in at most `most` lines of `width` cells. A line more than one is taken only if what is
/// essential needs it; what else there is to say gets the room that is left.
pub fn lines(parts: &[String], width: usize, most: usize) -> Vec<String> {
    let (head, rest) = parts.split_at(parts.len().min(ESSENTIAL));
    let short: Vec<String> = head.iter().map(|part| shortened(part)).collect();
    let [first, least] = [head, &short].map(|parts| parts.first().cloned().unwrap_or_default());
    let fits = |text: &String, most| {
        let lines = wrap(text, width);
        lines.len() <= most && lines.iter().all(|line| line.width() <= width)
    };
    let forms = [head.join("; "), short.join("; "), first, least.clone()];
    let (form, mut text) =
        forms.into_iter().enumerate().find(|(_, text)| fits(text, most)).unwrap_or((usize::MAX, least));
    let count = wrap(&text, width).len().clamp(1, most.max(1));
    let is_whole = form < 2 || head.len() < ESSENTIAL;
    for part in rest.iter().filter(|_| is_whole) {
        let more = [part.clone(), shortened(part)].map(|part| format!("{text}; {part}"));
        let Some(more) = more.into_iter().find(|more| fits(more, count)) else { break };
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
    SHORTER.iter().fold(part.to_owned(), |part, (long, short)| part.replace(long, short))
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
            (40, 2, &["Loss from hop 7 on: 4.1 % (2.7 to", "6.2 %); on the link 6-7 or back"]),
        ] {
            assert_eq!(lines(&loss(), width, most), expected, "{width}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said_in_fewer_words_before_it_is_cut() {
        let clean = ["Clean: no loss in 57 tries on this flow, below 6.0 %".to_owned()];
        assert_eq!(lines(&clean, 60, 1), clean);
        assert_eq!(lines(&clean, 40, 1), ["Clean: no loss in 57 tries, below 6.0 %"]);
        let over = ["Over: 1 outage, 19 s in 1 min 38 s", "nothing came from past hop 5", &loss()[1]];
        let over = over.map(str::to_owned);
        let expected =
            "Over: 1 outage, 19 s in 1 min 38 s; nothing came from past hop 5; on the link 6-7 or back";
        assert_eq!(lines(&over, 100, 2), [expected]);
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
