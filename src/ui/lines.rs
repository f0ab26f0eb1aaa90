//! Which lines the hop table shows: responders below their hop, runs of silent hops folded, and the part
//! of them that fits.

use super::action::Step;
use crate::engine::history::ResponderTotals;
use crate::engine::round::Row;
use crate::engine::table::{RowState, Table, TableRow};
use crate::wire::extension::Label;

/// The least run of silent hops that folds into one line.
const FOLD_FROM: usize = 3;

/// One line of the hop table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line<'a> {
    /// A hop, or the target.
    Row(&'a TableRow),
    /// Another responder at the hop above, and its share of that hop's answers in percent.
    Responder(&'a ResponderTotals, f64),
    /// The MPLS labels that the hop above quoted, outermost first.
    Labels(&'a [Label]),
    /// Silent hops in a row.
    Folded {
        /// The TTL of the first.
        first: u8,
        /// The TTL of the last.
        last: u8,
    },
    /// What the verdict is about begins here.
    Onset,
}

impl Line<'_> {
    /// What a selection of this line holds on to; `None` for a line that cannot be selected.
    pub const fn anchor(&self) -> Option<Row> {
        match self {
            Self::Row(row) => Some(row.row),
            Self::Folded { first, .. } => Some(Row::Hop(*first)),
            Self::Responder(..) | Self::Labels(_) | Self::Onset => None,
        }
    }

    fn holds(&self, row: Row) -> bool {
        match (self, row) {
            (Self::Folded { first, last }, Row::Hop(ttl)) => (*first..=*last).contains(&ttl),
            _ => self.anchor() == Some(row),
        }
    }
}

/// The lines of a table, `labels` among them. Silent hops fold once they have had the time to answer.
pub fn lines(table: &Table, fold: bool, labels: bool) -> Vec<Line<'_>> {
    let mut lines = Vec::with_capacity(table.rows.len());
    let silent = |row: &TableRow| fold && row.state == RowState::NoAnswer;
    for run in table.rows.chunk_by(|a, b| silent(a) && silent(b)) {
        match run {
            [first, .., last] if run.len() >= FOLD_FROM => {
                lines.push(Line::Folded { first: first.ttl, last: last.ttl });
            }
            _ => run.iter().for_each(|row| push_row(&mut lines, row, labels)),
        }
    }
    lines
}

/// Marks the onset of what the verdict is about, past the hop at `before`.
pub fn mark_onset(lines: &mut Vec<Line>, before: u8) {
    let is_behind = |line: &Line| match line {
        Line::Row(row) => row.row == Row::Target || row.ttl > before,
        Line::Folded { last, .. } => *last > before,
        Line::Responder(..) | Line::Labels(_) | Line::Onset => false,
    };
    if let Some(at) = lines.iter().position(is_behind) {
        lines.insert(at, Line::Onset);
    }
}

fn push_row<'a>(lines: &mut Vec<Line<'a>>, row: &'a TableRow, labels: bool) {
    lines.push(Line::Row(row));
    if labels && !row.hop.labels.is_empty() {
        lines.push(Line::Labels(&row.hop.labels));
    }
    let total: u64 = row.responders.iter().map(|responder| responder.answered).sum();
    let share = |answered: u64| 100.0 * answered as f64 / total.max(1) as f64;
    let others = row.responders.iter().skip(1);
    lines.extend(others.map(|responder| Line::Responder(responder, share(responder.answered))));
}

/// The line that shows `row`, or the nearest above it once it has gone.
pub fn position(lines: &[Line], row: Row) -> Option<usize> {
    let above = |line: &Line| match (line.anchor(), row) {
        (Some(Row::Hop(shown)), Row::Hop(ttl)) => shown < ttl,
        _ => false,
    };
    lines.iter().position(|line| line.holds(row)).or_else(|| lines.iter().rposition(above))
}

/// What is selected after a step. The first one selects an end of the table.
pub fn moved(lines: &[Line], selected: Option<Row>, step: Step, page: usize) -> Option<Row> {
    let rows: Vec<Row> = lines.iter().filter_map(Line::anchor).collect();
    let shown = selected.and_then(|row| lines.get(position(lines, row)?)?.anchor());
    let at = shown.and_then(|row| rows.iter().position(|&candidate| candidate == row));
    let index = match (at, step) {
        (Some(at), _) => step.from(at, rows.len(), page),
        (None, Step::Up | Step::PageUp | Step::End) => rows.len().saturating_sub(1),
        (None, _) => 0,
    };
    rows.get(index).copied()
}

/// The lines that fit: `first..first + len`, and below them the target where it would be out of sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first line shown.
    pub first: usize,
    /// How many from there.
    pub len: usize,
    /// The target's line, if it is kept in sight below them.
    pub pinned: Option<usize>,
}

impl Window {
    /// The window of `height` lines from `top` on, moved no further than it takes to show the selection.
    pub fn new(lines: &[Line], height: usize, selected: Option<Row>, top: usize) -> Self {
        let selected = selected.and_then(|row| position(lines, row));
        let from_top = |room: usize| {
            let shown = selected.map_or(top, |at| top.max((at + 1).saturating_sub(room)).min(at));
            let first = shown.min(lines.len().saturating_sub(room));
            Self { first, len: room.min(lines.len()), pinned: None }
        };
        let target = lines.iter().position(|line| line.anchor() == Some(Row::Target));
        let plain = from_top(height);
        match target {
            Some(target) if height > 1 && !plain.shows(target) => {
                Self { pinned: Some(target), ..from_top(height - 1) }
            }
            _ => plain,
        }
    }

    /// Every line shown, from the top.
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        (self.first..self.first + self.len).chain(self.pinned)
    }

    fn shows(&self, line: usize) -> bool {
        (self.first..self.first + self.len).contains(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::span::Span;
    use crate::ui::testing::Scene;

    fn silent_middle() -> Table {
        let scene = Scene::new().hop("10.0.0.1", 1.0).silent(5).hop("10.0.0.7", 7.0).silent(2);
        scene.target("10.0.0.10", 9.0).view().snapshot.table(Span::All)
    }

    fn anchors(lines: &[Line]) -> Vec<Row> {
        lines.iter().filter_map(Line::anchor).collect()
    }

    #[test]
    fn three_silent_hops_fold_and_two_do_not() {
        let table = silent_middle();
        let folded = lines(&table, true, true);
        assert_eq!(folded[1], Line::Folded { first: 2, last: 6 });
        let shown = [Row::Hop(1), Row::Hop(2), Row::Hop(7), Row::Hop(8), Row::Hop(9), Row::Target];
        assert_eq!(anchors(&folded), shown);
        assert_eq!(lines(&table, false, true).len(), 10);
    }

    #[test]
    fn a_selection_within_a_fold_is_the_fold() {
        let table = silent_middle();
        let lines = lines(&table, true, true);
        assert_eq!(position(&lines, Row::Hop(4)), Some(1));
        assert_eq!(moved(&lines, Some(Row::Hop(4)), Step::Down, 5), Some(Row::Hop(7)));
        assert_eq!(moved(&lines, Some(Row::Hop(4)), Step::Up, 5), Some(Row::Hop(1)));
        assert_eq!(position(&lines, Row::Hop(30)), Some(4), "a hop that has gone");
    }

    #[test]
    fn the_first_step_selects_an_end() {
        let table = silent_middle();
        let lines = lines(&table, true, true);
        for (step, row) in [
            (Step::Down, Row::Hop(1)),
            (Step::Home, Row::Hop(1)),
            (Step::Up, Row::Target),
            (Step::End, Row::Target),
        ] {
            assert_eq!(moved(&lines, None, step, 5), Some(row), "{step:?}");
        }
        assert_eq!(moved(&[], None, Step::Down, 5), None);
    }

    #[test]
    fn the_target_stays_in_sight() {
        let table = silent_middle();
        let lines = lines(&table, false, true);
        let shown = |height, selected| Window::new(&lines, height, selected, 0).indices().collect::<Vec<_>>();
        assert_eq!(shown(20, None), (0..10).collect::<Vec<_>>());
        assert_eq!(shown(4, None), [0, 1, 2, 9]);
        assert_eq!(shown(4, Some(Row::Hop(5))), [2, 3, 4, 9]);
        assert_eq!(shown(4, Some(Row::Target)), [6, 7, 8, 9]);
        assert_eq!(shown(1, Some(Row::Hop(5))), [4]);
        assert_eq!(shown(0, None), Vec::<usize>::new());
        assert_eq!(shown(0, Some(Row::Hop(5))), Vec::<usize>::new());
    }

    #[test]
    fn the_window_moves_no_further_than_it_has_to() {
        let table = silent_middle();
        let lines = lines(&table, false, true);
        let first = |selected, top| Window::new(&lines, 4, selected, top).first;
        assert_eq!(first(Some(Row::Hop(5)), 3), 3);
        assert_eq!(first(Some(Row::Hop(2)), 3), 1);
        assert_eq!(first(Some(Row::Hop(8)), 3), 5);
        assert_eq!(first(None, 40), 6, "a table that has become shorter");
    }
}
