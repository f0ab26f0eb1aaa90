//! Untrusted text, made fit for a terminal, a report or a file.
//!
//! Names from DNS, targets as typed and error texts may hold anything: escape sequences, characters that turn
//! the reading direction, hide or pile up. They are cleaned once, where they enter the program.

use unicode_width::UnicodeWidthChar;

/// The most bytes that are kept: what a full domain name can have (RFC 1035, 2.3.4).
pub const MAX_LEN: usize = 253;

/// How many combining marks may follow one character; more would run over the lines above and below.
const MAX_MARKS: usize = 2;

/// A host name without anything that does not print, spaces included, and without a dot at its end.
///
/// Bytes that are not UTF-8 become U+FFFD. `None` if nothing is left.
pub fn name(bytes: impl AsRef<[u8]>) -> Option<String> {
    let text = String::from_utf8_lossy(bytes.as_ref());
    let kept = printable(text.chars().filter(|c| !c.is_whitespace()));
    let name = kept.trim_end_matches('.');
    (!name.is_empty()).then(|| name.to_owned())
}

/// A short text on one line: what does not print is left out, and any run of white space is one space.
pub fn text(bytes: impl AsRef<[u8]>) -> String {
    let text = String::from_utf8_lossy(bytes.as_ref());
    let words = text.split_whitespace().map(|word| printable(word.chars())).filter(|word| !word.is_empty());
    let joined =
        words.fold(String::new(), |line, word| if line.is_empty() { word } else { line + " " + &word });
    printable(joined.chars()).trim_end().to_owned()
}

/// The characters that print, up to [`MAX_LEN`] bytes; combining marks only where they have something to
/// stand on, and few of them.
fn printable(chars: impl Iterator<Item = char>) -> String {
    let mut kept = String::new();
    let mut marks = MAX_MARKS; // none may stand at the beginning, where it would change what is before
    for c in chars.filter(|c| prints(*c)) {
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        if marks > MAX_MARKS {
            continue;
        }
        if kept.len() + c.len_utf8() > MAX_LEN {
            break;
        }
        kept.push(c);
    }
    kept
}

/// Whether a character shows, and as no more than itself.
///
/// The standard library escapes in debug output what is a control, a format character, a separator, a
/// surrogate, private or unassigned, by its tables of the Unicode version it knows. A letter in front keeps
/// it from escaping combining marks as well.
fn prints(c: char) -> bool {
    let pair: String = ['a', c].into_iter().collect();
    let escaped = !matches!(c, '"' | '\'' | '\\') && pair.escape_debug().count() > 2;
    !escaped && !is_ignorable(c)
}

/// Characters that are letters or marks by category, and yet are made to show nothing.
const fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{034f}' // combining grapheme joiner
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
            | '\u{17b4}' | '\u{17b5}' // Khmer inherent vowels
            | '\u{180b}'..='\u{180f}' // Mongolian variation selectors
            | '\u{2800}' // Braille without a dot
            | '\u{fe00}'..='\u{fe0f}' // variation selectors
            | '\u{e0000}'..='\u{e0fff}' // tags and further variation selectors
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Categories Cc, Cf, Zl, Zp of Unicode 16, and the noncharacters' first block.
    const FORBIDDEN: &[std::ops::RangeInclusive<u32>] = &[
        0x00..=0x1f,
        0x7f..=0x9f,
        0xad..=0xad,
        0x600..=0x605,
        0x61c..=0x61c,
        0x6dd..=0x6dd,
        0x70f..=0x70f,
        0x890..=0x891,
        0x8e2..=0x8e2,
        0x180e..=0x180e,
        0x200b..=0x200f,
        0x2028..=0x202e,
        0x2060..=0x206f,
        0xfdd0..=0xfdef,
        0xfeff..=0xfeff,
        0xfff9..=0xfffb,
        0x110bd..=0x110bd,
        0x110cd..=0x110cd,
        0x13430..=0x1343f,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0000..=0xe0fff,
    ];

    fn forbidden(c: char) -> bool {
        FORBIDDEN.iter().any(|range| range.contains(&u32::from(c)))
    }

    #[test]
    fn ordinary_names_pass_unchanged() {
        for same in
            ["example.org", "xn--bcher-kva.example", "r1-a_b.example.net", "bücher.example", "例え.テスト"]
        {
            assert_eq!(name(same).as_deref(), Some(same));
        }
        assert_eq!(name("example.org.").as_deref(), Some("example.org"));
        assert_eq!(
            name("e\u{301}.example").as_deref(),
            Some("e\u{301}.example"),
            "an accent is a mark that prints"
        );
    }

    #[test]
    fn nothing_that_prints_is_no_name() {
        for nothing in ["", ".", "...", " \t\n", "\u{200b}\u{202e}", "\u{301}\u{301}"] {
            assert_eq!(name(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn no_forbidden_character_prints() {
        for code in FORBIDDEN.iter().cloned().flatten() {
            let c = char::from_u32(code).unwrap();
            assert!(!prints(c), "{code:04x}");
        }
        assert!((' '..='~').all(prints));
    }

    #[test]
    fn escape_sequences_and_direction_marks_lose_their_power() {
        assert_eq!(name("\x1b]0;evil\x07host").as_deref(), Some("]0;evilhost"));
        assert_eq!(name("a\u{202e}b\u{2066}c\u{ad}d\u{e0041}e").as_deref(), Some("abcde"));
        assert_eq!(text("no\r\nsuch\u{2028}host \x1b[31m"), "no such host [31m");
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(name(b"a\xff\xedb").as_deref(), Some("a\u{fffd}\u{fffd}b"));
        assert_eq!(name(b"a\xed\xa0\x80b").unwrap().matches('\u{fffd}').count(), 3, "a lone surrogate");
    }

    #[test]
    fn marks_do_not_pile_up() {
        let piled = format!("a{}b", "\u{301}".repeat(50));
        assert_eq!(name(&piled).as_deref(), Some("a\u{301}\u{301}b"));
        assert_eq!(text(format!("\u{301}x {piled}")), "x a\u{301}\u{301}b");
    }

    #[test]
    fn the_cut_is_on_a_character() {
        let long = format!("{}é", "x".repeat(MAX_LEN - 1));
        assert_eq!(name(&long), Some("x".repeat(MAX_LEN - 1)));
        assert_eq!(text(&long), "x".repeat(MAX_LEN - 1));
        let dotted = format!("{}.x", "x".repeat(MAX_LEN - 1));
        assert_eq!(name(&dotted), Some("x".repeat(MAX_LEN - 1)), "the cut leaves no dot at the end");
        let spaced = format!("{} x", "x".repeat(MAX_LEN - 1));
        assert_eq!(text(&spaced), "x".repeat(MAX_LEN - 1), "nor a space");
    }

    /// Text with every kind of trouble in it, and any bytes.
    fn anything() -> impl Strategy<Value = Vec<u8>> {
        let troubled = "([a-z.]|[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Co}\\p{Cn}]|\\p{M}{1,5}|\\p{Z}|\\PC){0,80}";
        prop_oneof![
            troubled.prop_map(|text: String| text.into_bytes()),
            "[a-zé. \u{301}]{240,270}".prop_map(|text: String| text.into_bytes()),
            any::<Vec<u8>>(),
        ]
    }

    proptest! {
        #[test]
        fn what_comes_out_is_fit_to_print(bytes in anything()) {
            let name = name(&bytes).unwrap_or_default();
            prop_assert!(!name.contains(|c: char| c.is_whitespace()) && !name.ends_with('.'));
            for out in [name, text(&bytes)] {
                prop_assert!(out.len() <= MAX_LEN);
                prop_assert!(!out.contains(forbidden), "{:?}", out);
                prop_assert!(out.trim() == out && !out.contains("  "));
            }
        }

        #[test]
        fn a_second_scrub_changes_nothing(bytes in anything()) {
            let once = name(&bytes);
            prop_assert_eq!(once.as_ref().and_then(name), once);
            let once = text(&bytes);
            prop_assert_eq!(text(&once), once);
        }
    }
}
