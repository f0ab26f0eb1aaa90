//! The spread of a hop's times as upright bars.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::Details;
use crate::engine::distribution::Bin;
use crate::ui::theme::Look;

/// The least and the greatest height of the bars, in lines.
const HEIGHTS: (usize, usize) = (3, 12);
/// The greatest width of one bar.
const WIDEST: usize = 3;
/// What fits into one cell above another.
const EIGHTHS: u64 = 8;

/// The bars and the line below them, `width` cells wide, in `room` lines if they can; none without times.
pub fn lines(details: &Details, width: usize, room: usize) -> Vec<Line<'static>> {
    let bins = details.row.distribution.bins(width);
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else { return Vec::new() };
    let height = room.saturating_sub(1).clamp(HEIGHTS.0, HEIGHTS.1);
    let wide = (width / bins.len()).clamp(1, WIDEST);
    let peak = bins.iter().map(|bin| bin.count).max().unwrap_or_default();
    let mut lines: Vec<Line<'static>> = (0..height as u64)
        .rev()
        .map(|above| {
            let bar = |bin: &Bin| {
                let part = filled(bin.count, peak, height as u64).saturating_sub(above * EIGHTHS);
                let style = details.look.theme.bars[details
                    .scale
                    .map_or(0, |scale| scale.level(u32::try_from(bin.low).unwrap_or(u32::MAX)))];
                Span::styled(symbol(part, details.look).repeat(wide), style)
            };
            Line::from(bins.iter().map(bar).collect::<Vec<_>>())
        })
        .collect();
    // A bin's ends may lie outside of what was seen.
    let (best, worst) = details.row.rtt.map_or((0.0, f64::MAX), |rtt| (rtt.best, rtt.worst));
    let low = details.millis((first.low as f64 / 1_000.0).max(best));
    let high = details.millis((last.high as f64 / 1_000.0).min(worst));
    let gap = (wide * bins.len()).saturating_sub(low.width() + high.width()).max(1);
    let axis = format!("{low}{:gap$}{high}  highest bar: {peak}", "");
    lines.push(Line::styled(axis, details.look.theme.dim));
    lines
}

/// How many eighths of a cell stand for `count` of `peak`; at least one for any.
fn filled(count: u64, peak: u64, height: u64) -> u64 {
    (count * height * EIGHTHS).div_ceil(peak.max(1)).min(height * EIGHTHS)
}

fn symbol(eighths: u64, look: &Look) -> &'static str {
    match eighths {
        0 => " ",
        some => look.glyphs.columns[(some.min(EIGHTHS) - 1) as usize],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_is_full_and_the_least_is_seen() {
        assert_eq!(filled(50, 50, 4), 32);
        assert_eq!(filled(25, 50, 4), 16);
        assert_eq!(filled(1, 1_000_000, 4), 1);
        assert_eq!(filled(0, 50, 4), 0);
        assert_eq!(filled(0, 0, 4), 0);
    }
}
