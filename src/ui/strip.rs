//! The strip of a row's latest tries: the height of a bar is the time, a mark stands for everything else.

use ratatui::style::Style;

use super::theme::{Glyphs, Look};
use crate::engine::round::Try;
use crate::engine::table::Table;

/// What the heights of the bars mean, the same for every row of a table: logarithmic from `low` to `high`.
///
/// Both ends are powers of two in ms, so that the scale seldom moves while it is watched; a time beyond an
/// end is drawn as that end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From the least time of the table to the greatest of its rows' 95th percentiles; at least two doublings.
    pub fn of(table: &Table) -> Option<Self> {
        let rtts = || table.rows.iter().filter_map(|row| row.rtt.as_ref());
        let best = rtts().map(|rtt| rtt.best).reduce(f64::min)?.max(0.001);
        let worst = rtts().map(|rtt| rtt.p95).reduce(f64::max)?.max(best);
        let low = best.log2().floor();
        Some(Self { low, high: worst.log2().ceil().max(low + 2.0) })
    }

    /// Which of the eight bars stands for a time in µs.
    pub fn level(&self, us: u32) -> usize {
        let doublings = (f64::from(us.max(1)) / 1_000.0).log2() - self.low;
        (8.0 * doublings / (self.high - self.low)).clamp(0.0, 7.0) as usize
    }

    /// What the lowest bar and the highest mean, in ms.
    pub fn legend(&self, glyphs: &Glyphs) -> String {
        let ([low, high], [least, .., greatest], is) = (self.ends(), glyphs.bars, glyphs.is);
        format!("{least}{is}{low} {greatest}{is}{high}")
    }

    /// The times at both ends in ms, as text.
    fn ends(&self) -> [String; 2] {
        [self.low, self.high].map(|exponent| match exponent.exp2() {
            ms if ms < 0.1 => format!("{ms:.3}"),
            ms if ms < 1.0 => format!("{}", (ms * 100.0).round() / 100.0),
            ms => format!("{ms:.0}"),
        })
    }
}

/// The character and the style for one try. One that was asked less often than the others is dim.
pub fn cell((outcome, is_slowed): (Try, bool), scale: Option<&Scale>, look: &Look) -> (&'static str, Style) {
    let (glyphs, theme) = (&look.glyphs, &look.theme);
    let (symbol, style) = match outcome {
        Try::Answered { us, .. } => {
            let level = scale.map_or(0, |scale| scale.level(us));
            (glyphs.bars[level], theme.bars[level])
        }
        Try::Late { .. } => (glyphs.late, theme.late),
        Try::Lost => (glyphs.lost, theme.lost),
        Try::Refused { .. } => (glyphs.refused, theme.refused),
        Try::NotSent => (glyphs.not_sent, theme.fault),
        Try::InFlight => (glyphs.waiting, theme.dim),
        Try::Skipped => (" ", theme.plain),
    };
    (symbol, if is_slowed { theme.dim } else { style })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_grow_with_the_logarithm_and_stop_at_both_ends() {
        let scale = Scale { low: 0.0, high: 8.0 };
        for (us, level) in
            [(0, 0), (900, 0), (1_999, 0), (2_001, 1), (20_000, 4), (129_000, 7), (60_000_000, 7)]
        {
            assert_eq!(scale.level(us), level, "{us}");
        }
    }

    #[test]
    fn the_ends_are_readable() {
        let ends = |low, high| Scale { low, high }.ends();
        assert_eq!(ends(3.0, 5.0), ["8", "32"]);
        assert_eq!(ends(-6.0, -2.0), ["0.016", "0.25"]);
    }
}
