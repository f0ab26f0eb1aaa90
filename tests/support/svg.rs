//! A terminal's screen as a self-contained SVG picture.
//!
//! Text is text, in whatever monospace font there is, each run stretched to its cells. What must join
//! without gaps or line up to the pixel is drawn: block elements, box lines, braille dots.

use std::fmt::Write;

use vt100::{Cell, Color, Screen};

const CELL: (f64, f64) = (8.4, 18.0);
const FONT_SIZE: f64 = 14.0;
const MARGIN: f64 = 14.0;
const FONTS: &str = "ui-monospace, 'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const FOREGROUND: &str = "#d4d8de";
const BACKGROUND: &str = "#15181d";
const PALETTE: [&str; 16] = [
    "#2b3038", "#e5626d", "#7fc27a", "#dcb867", "#6ba1f0", "#bd86dd", "#5fbcc4", "#c6ccd4", "#6f7884",
    "#f2808a", "#9bd896", "#ecd08a", "#8fb9f7", "#d3a5ee", "#82d5dc", "#f3f5f8",
];

/// How a run of cells looks.
#[derive(Clone, Debug, PartialEq)]
struct Style {
    fill: String,
    background: Option<String>,
    /// Attributes of SVG beside the fill.
    more: String,
}

impl Style {
    fn of(cell: &Cell) -> Self {
        let front = colour(cell.fgcolor()).unwrap_or_else(|| FOREGROUND.to_owned());
        let back = colour(cell.bgcolor());
        let (fill, background) = if cell.inverse() {
            (back.unwrap_or_else(|| BACKGROUND.to_owned()), Some(front))
        } else {
            (front, back)
        };
        let more = [
            (cell.bold(), " font-weight=\"bold\""),
            (cell.dim(), " opacity=\"0.6\""),
            (cell.italic(), " font-style=\"italic\""),
            (cell.underline(), " text-decoration=\"underline\""),
        ];
        let more = more.into_iter().filter(|(on, _)| *on).map(|(_, attribute)| attribute).collect();
        Self { fill, background, more }
    }
}

/// Draws a screen.
pub fn render(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = f64::from(columns) * CELL.0 + 2.0 * MARGIN;
    let height = f64::from(rows) * CELL.1 + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"{FONTS}\" font-size=\"{FONT_SIZE}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n"
    );
    for row in 0..rows {
        let cells = (0..columns).filter_map(|column| Some((column, screen.cell(row, column)?)));
        let cells: Vec<(u16, &Cell)> = cells.filter(|(_, cell)| !cell.is_wide_continuation()).collect();
        backgrounds(&mut svg, row, &cells);
        texts(&mut svg, row, &cells);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn backgrounds(svg: &mut String, row: u16, cells: &[(u16, &Cell)]) {
    let same = |a: &(u16, &Cell), b: &(u16, &Cell)| Style::of(a.1).background == Style::of(b.1).background;
    for run in cells.chunk_by(same) {
        if let Some(background) = Style::of(run[0].1).background {
            let (x, y) = corner(row, run[0].0);
            let (width, height) = (f64::from(width_of(run)) * CELL.0, CELL.1);
            line(svg, &format!("<rect{} fill=\"{background}\"/>", area(x, y, width, height)));
        }
    }
}

fn texts(svg: &mut String, row: u16, cells: &[(u16, &Cell)]) {
    let plain = |cell: &Cell| glyph(cell).is_none() && !cell.is_wide();
    let same =
        |a: &(u16, &Cell), b: &(u16, &Cell)| plain(a.1) && plain(b.1) && Style::of(a.1) == Style::of(b.1);
    for run in cells.chunk_by(same) {
        let style = Style::of(run[0].1);
        let (x, y) = corner(row, run[0].0);
        if let Some(glyph) = glyph(run[0].1) {
            line(
                svg,
                &format!(
                    "<g fill=\"{}\"{}>{}</g>",
                    style.fill,
                    style.more,
                    drawing(glyph, &style.fill, x, y)
                ),
            );
            continue;
        }
        let text: String =
            run.iter().map(|(_, cell)| if cell.has_contents() { cell.contents() } else { " " }).collect();
        if text.trim().is_empty() && !run[0].1.underline() {
            continue;
        }
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (length, base) = (f64::from(width_of(run)) * CELL.0, y + CELL.1 * 0.75);
        let Style { fill, more, .. } = style;
        line(
            svg,
            &format!(
                "<text x=\"{x:.1}\" y=\"{base:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
                 xml:space=\"preserve\" fill=\"{fill}\"{more}>{text}</text>"
            ),
        );
    }
}

/// The cell's character, if it is one that is drawn: block elements, light box lines, braille.
fn glyph(cell: &Cell) -> Option<char> {
    let first = cell.contents().chars().next()?;
    let drawn = matches!(first, '▀'..='▟' | '\u{2800}'..='\u{28ff}') || arms(first).is_some();
    drawn.then_some(first)
}

fn drawing(glyph: char, fill: &str, x: f64, y: f64) -> String {
    let (width, height) = CELL;
    let code = u32::from(glyph);
    let eighth = |count: u32| f64::from(count) / 8.0;
    let rect = |x0: f64, y0: f64, w: f64, h: f64, more: &str| {
        format!(
            "<rect{}{more} shape-rendering=\"crispEdges\"/>",
            area(x + x0 * width, y + y0 * height, w * width, h * height)
        )
    };
    match code {
        0x2580 => rect(0.0, 0.0, 1.0, 0.5, ""),
        0x2581..=0x2588 => rect(0.0, 1.0 - eighth(code - 0x2580), 1.0, eighth(code - 0x2580), ""),
        0x2589..=0x258f => rect(0.0, 0.0, eighth(0x2590 - code), 1.0, ""),
        0x2590 => rect(0.5, 0.0, 0.5, 1.0, ""),
        0x2591..=0x2593 => {
            rect(0.0, 0.0, 1.0, 1.0, &format!(" opacity=\"{}\"", f64::from(code - 0x2590) / 4.0))
        }
        0x2594 => rect(0.0, 0.0, 1.0, eighth(1), ""),
        0x2595 => rect(eighth(7), 0.0, eighth(1), 1.0, ""),
        0x2596..=0x259f => {
            // Upper left, upper right, lower left, lower right, from the lowest bit.
            const QUARTERS: [u8; 10] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14];
            let quarters = QUARTERS[(code - 0x2596) as usize];
            let set = (0..4).filter(|bit| quarters >> bit & 1 == 1);
            set.map(|bit| rect(f64::from(bit % 2) / 2.0, f64::from(bit / 2) / 2.0, 0.5, 0.5, "")).collect()
        }
        0x2800..=0x28ff => dots(code, x, y),
        _ => strokes(arms(glyph).unwrap_or(0), fill, x, y),
    }
}

/// A braille pattern's dots, from the lowest bit of its code.
fn dots(code: u32, x: f64, y: f64) -> String {
    const PLACES: [(f64, f64); 8] =
        [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (0.0, 3.0), (1.0, 3.0)];
    let mut dots = String::new();
    for (_, (column, row)) in PLACES.iter().enumerate().filter(|(bit, _)| code >> bit & 1 == 1) {
        let (cx, cy) = (x + CELL.0 * (0.27 + 0.46 * column), y + CELL.1 * (0.125 + 0.25 * row));
        write!(dots, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"1.4\"/>").expect("a string takes everything");
    }
    dots
}

/// Lines from a cell's middle to its sides: the [`arms`] of a box line.
fn strokes(arms: u8, fill: &str, x: f64, y: f64) -> String {
    let (mx, my) = (x + CELL.0 / 2.0, y + CELL.1 / 2.0);
    let ends = [(mx, y), (x + CELL.0, my), (mx, y + CELL.1), (x, my)];
    let mut path = String::new();
    for (_, (ex, ey)) in ends.iter().enumerate().filter(|(bit, _)| arms >> bit & 1 == 1) {
        write!(path, "M{mx:.1} {my:.1}L{ex:.1} {ey:.1}").expect("a string takes everything");
    }
    format!("<path d=\"{path}\" stroke=\"{fill}\" stroke-width=\"1.2\" stroke-linecap=\"square\"/>")
}

/// Which arms a light box line has: up 1, right 2, down 4, left 8.
fn arms(glyph: char) -> Option<u8> {
    Some(match glyph {
        '─' => 10,
        '│' => 5,
        '┌' | '╭' => 6,
        '┐' | '╮' => 12,
        '└' | '╰' => 3,
        '┘' | '╯' => 9,
        '├' => 7,
        '┤' => 13,
        '┬' => 14,
        '┴' => 11,
        '┼' => 15,
        '╴' => 8,
        '╵' => 1,
        '╶' => 2,
        '╷' => 4,
        _ => return None,
    })
}

fn colour(colour: Color) -> Option<String> {
    match colour {
        Color::Default => None,
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Idx(index @ 0..=15) => Some(PALETTE[usize::from(index)].to_owned()),
        Color::Idx(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let index = index - 16;
            let (red, green, blue) = (level(index / 36), level(index / 6 % 6), level(index % 6));
            Some(format!("#{red:02x}{green:02x}{blue:02x}"))
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
    }
}

fn corner(row: u16, column: u16) -> (f64, f64) {
    (f64::from(column) * CELL.0, f64::from(row) * CELL.1)
}

fn width_of(run: &[(u16, &Cell)]) -> u16 {
    run.iter().map(|(_, cell)| if cell.is_wide() { 2 } else { 1 }).sum()
}

fn area(x: f64, y: f64, width: f64, height: f64) -> String {
    format!(" x=\"{x:.1}\" y=\"{y:.2}\" width=\"{width:.1}\" height=\"{height:.2}\"")
}

fn line(svg: &mut String, text: &str) {
    writeln!(svg, "{text}").expect("a string takes everything");
}
