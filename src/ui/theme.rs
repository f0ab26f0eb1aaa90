//! Colours and characters: the only place that names any.
//!
//! The terminal's own foreground and background are kept, so that the screen reads on dark and on light; and
//! nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

/// How the screen looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its colours.
    pub theme: Theme,
    /// Its characters.
    pub glyphs: Glyphs,
}

/// How many colours the terminal is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: bold, dim and reverse only.
    Mono,
    /// The terminal's own sixteen.
    Ansi,
    /// 24 bits.
    True,
}

/// The style of each kind of thing on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub plain: Style,
    /// The program's and the target's name, the target's row.
    pub strong: Style,
    /// What matters less.
    pub dim: Style,
    /// Column headers.
    pub header: Style,
    /// The selected line.
    pub selected: Style,
    /// A share of loss above zero.
    pub loss: Style,
    /// A lost try.
    pub lost: Style,
    /// A late try.
    pub late: Style,
    /// A refusal.
    pub refused: Style,
    /// A local fault, a try that was not sent, an error.
    pub fault: Style,
    /// The mark of a frozen picture.
    pub frozen: Style,
    /// A try's time, from the least to the greatest.
    pub bars: [Style; 8],
}

/// The characters that a terminal may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// A try's time, from the least to the greatest.
    pub bars: [&'static str; 8],
    /// The parts of an upright bar, from an eighth of a cell to a whole one.
    pub columns: [&'static str; 8],
    /// A lost try.
    pub lost: &'static str,
    /// A late try.
    pub late: &'static str,
    /// A refused try.
    pub refused: &'static str,
    /// A try not decided yet, a hop that may still answer.
    pub waiting: &'static str,
    /// A try that this machine did not send.
    pub not_sent: &'static str,
    /// Where text was cut.
    pub ellipsis: &'static str,
    /// From source to target.
    pub arrow: &'static str,
    /// The target's row.
    pub target: &'static str,
    /// What a line across the table is made of.
    pub dash: &'static str,
    /// From a bar to what it means, where it could be read as a part of that.
    pub is: &'static str,
}

impl Glyphs {
    /// For terminals that show Unicode.
    pub const UNICODE: Self = Self {
        bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        columns: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        waiting: "·",
        ellipsis: "…",
        arrow: "→",
        target: "▸",
        dash: "╌",
        is: "",
        ..Self::ASCII
    };
    /// For all others.
    pub const ASCII: Self = Self {
        bars: ["1", "2", "3", "4", "5", "6", "7", "8"],
        columns: [".", ".", ".", ":", ":", ":", "#", "#"],
        lost: "X",
        late: "~",
        refused: "!",
        waiting: ".",
        not_sent: "o",
        ellipsis: ">",
        arrow: "->",
        target: ">",
        dash: "-",
        is: "=",
    };
}

impl Theme {
    /// The theme for so many colours.
    pub fn new(depth: Depth) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let colour = |style: Style, ansi: Color, [r, g, b]: [u8; 3]| match depth {
            Depth::Mono => style,
            Depth::Ansi => style.fg(ansi),
            Depth::True => style.fg(Color::Rgb(r, g, b)),
        };
        let red = |style| colour(style, Color::Red, [214, 69, 65]);
        let amber = |style| colour(style, Color::Magenta, [176, 104, 16]);
        Self {
            plain,
            strong: bold,
            dim: plain.add_modifier(Modifier::DIM),
            header: plain.add_modifier(Modifier::UNDERLINED),
            selected: plain.add_modifier(Modifier::REVERSED),
            loss: red(bold),
            lost: red(bold.add_modifier(Modifier::REVERSED)),
            late: amber(bold),
            refused: amber(bold),
            fault: red(bold),
            frozen: bold.add_modifier(Modifier::REVERSED),
            bars: std::array::from_fn(|level| match depth {
                Depth::True => plain.fg(BARS[level]),
                Depth::Mono | Depth::Ansi => plain,
            }),
        }
    }
}

/// From teal to ochre, all of middling lightness: readable on black and on white.
const BARS: [Color; 8] = [
    Color::Rgb(30, 140, 130),
    Color::Rgb(45, 142, 115),
    Color::Rgb(65, 143, 98),
    Color::Rgb(90, 142, 80),
    Color::Rgb(118, 139, 62),
    Color::Rgb(145, 134, 48),
    Color::Rgb(172, 126, 40),
    Color::Rgb(198, 116, 40),
];

impl Look {
    /// What the environment asks for: `NO_COLOR`, `TERM`, `COLORTERM`, and the locale.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let depth = match (set("NO_COLOR"), set("COLORTERM").as_deref(), set("TERM").as_deref()) {
            (Some(_), ..) | (.., None | Some("dumb")) => Depth::Mono,
            (None, Some("truecolor" | "24bit"), _) => Depth::True,
            _ => Depth::Ansi,
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_ascii_lowercase().replace('-', "");
        // The kernel's own console has 256 characters or 512, and most of these are not among them.
        let has_bars = set("TERM").as_deref() != Some("linux");
        let glyphs = if locale.ends_with("utf8") && has_bars { Glyphs::UNICODE } else { Glyphs::ASCII };
        Self { theme: Theme::new(depth), glyphs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(variables: &[(&str, &str)]) -> Look {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Look::detect(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_decides_on_colours() {
        for (variables, depth) in [
            (&[("TERM", "xterm")][..], Depth::Ansi),
            (&[("TERM", "xterm"), ("COLORTERM", "truecolor")], Depth::True),
            (&[("TERM", "xterm"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")], Depth::Mono),
            (&[("TERM", "xterm"), ("NO_COLOR", "")], Depth::Ansi),
            (&[("TERM", "dumb"), ("COLORTERM", "24bit")], Depth::Mono),
            (&[], Depth::Mono),
        ] {
            assert_eq!(detected(variables).theme, Theme::new(depth), "{variables:?}");
        }
    }

    #[test]
    fn the_locale_decides_on_characters() {
        for (variables, glyphs) in [
            (&[("LANG", "en_US.UTF-8")][..], Glyphs::UNICODE),
            (&[("LANG", "C.utf8")], Glyphs::UNICODE),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], Glyphs::ASCII),
            (&[("LANG", "en_US.UTF-8"), ("TERM", "linux")], Glyphs::ASCII),
            (&[("LC_CTYPE", "de_DE.UTF-8"), ("LANG", "C")], Glyphs::UNICODE),
            (&[], Glyphs::ASCII),
        ] {
            assert_eq!(detected(variables).glyphs, glyphs, "{variables:?}");
        }
    }

    /// The contrast of two colours as WCAG 2 reckons it, 1 to 21.
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let linear = |part: u8| match f64::from(part) / 255.0 {
            part if part <= 0.040_45 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        };
        let [one, other] =
            [one, other].map(|[r, g, b]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn every_colour_reads_on_dark_and_on_light() {
        let (black, white) = ([0; 3], [255; 3]);
        assert!((contrast(black, white) - 21.0).abs() < 1e-9);
        // Black, white, and the softer ones of widespread themes.
        let backgrounds = [black, white, [30, 30, 30], [0, 43, 54], [253, 246, 227]];
        let Theme { loss, lost, late, refused, fault, bars, .. } = Theme::new(Depth::True);
        let rgb = |style: Style| match style.fg {
            Some(Color::Rgb(r, g, b)) => [r, g, b],
            other => panic!("{other:?} is whatever the terminal makes of it"),
        };
        for style in [loss, lost, late, refused, fault] {
            assert!([black, white].iter().all(|&ground| contrast(rgb(style), ground) > 4.3), "{style:?}");
        }
        // What WCAG asks of graphics.
        for style in bars.into_iter().chain([loss, lost, late, refused, fault]) {
            assert!(backgrounds.iter().all(|&ground| contrast(rgb(style), ground) > 3.0), "{style:?}");
        }
    }

    #[test]
    fn of_the_terminals_own_colours_only_those_are_used_that_read_on_both() {
        let Theme { loss, lost, late, refused, fault, plain, strong, dim, .. } = Theme::new(Depth::Ansi);
        for style in [loss, lost, late, refused, fault] {
            assert!(matches!(style.fg, Some(Color::Red | Color::Magenta)), "{style:?}");
        }
        for style in [plain, strong, dim] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }

    #[test]
    fn without_colours_a_loss_still_stands_out() {
        let theme = Theme::new(Depth::Mono);
        assert_eq!(theme.lost.fg, None);
        assert!(theme.lost.add_modifier.contains(Modifier::REVERSED));
    }
}
