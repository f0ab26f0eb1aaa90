//! A row over time in so many columns, for a timeline.

use std::time::Duration;

use super::cell::Cell;
use super::chain::Chain;
use super::{History, who};
use crate::engine::round::{Round, Row};
use crate::engine::span::Span;
use crate::engine::time::Time;

/// Columns of one length, side by side.
struct Columns {
    from: Time,
    /// Nanoseconds from the first one's start to the last one's end.
    length: u128,
    cells: Vec<Cell>,
}

impl Columns {
    fn new(from: Time, to: Time, width: usize) -> Self {
        let mut columns = Self { from, length: to.since(from).as_nanos(), cells: Vec::new() };
        let edges: Vec<Time> = (0..=width).map(|place| columns.edge(place, width)).collect();
        columns.cells = edges.windows(2).map(|pair| Cell::new(pair[0], pair[1].since(pair[0]))).collect();
        columns
    }

    fn edge(&self, place: usize, width: usize) -> Time {
        let nanos = self.length * place as u128 / width.max(1) as u128;
        self.from + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The column of a moment.
    fn at(&mut self, at: Time) -> Option<&mut Cell> {
        let next = self.cells.partition_point(|cell| cell.start <= at);
        self.cells.get_mut(next.checked_sub(1)?).filter(|cell| at < cell.end())
    }

    /// Adds a cell where it belongs: to the column of its middle, or to all whose middle lies in it.
    fn add(&mut self, cell: &Cell) {
        let is_narrow = self.cells.first().is_some_and(|column| cell.length <= column.length);
        if is_narrow {
            if let Some(column) = self.at(cell.start + cell.length / 2) {
                column.add(cell);
            }
        } else {
            let middle = |column: &Cell| column.start + column.length / 2;
            let within = self.cells.iter_mut().filter(|column| {
                let middle = middle(column);
                cell.start <= middle && middle < cell.end()
            });
            within.for_each(|column| column.add(cell));
        }
    }
}

impl History {
    /// A row from one moment to another in `width` columns of one length, the rounds in `open` included.
    ///
    /// Where tries are told apart, each counts in the column it was due in. Otherwise a cell counts in the column
    /// of its middle, and one that is wider than a column in all columns within it: their counts are the
    /// cell's. A column without tries [is empty](Cell::is_empty): nothing is known of that time.
    pub fn chart(&self, row: Row, (from, to): (Time, Time), width: usize, open: &[Round]) -> Vec<Cell> {
        let mut columns = Columns::new(from, to, width);
        let span = Span::Between(from, to);
        let mut chain = Chain::default();
        let by_try = self.has_tries(span);
        if !by_try {
            self.cells(row, span).for_each(|cell| columns.add(&cell));
        }
        for round in self.recent().filter(|_| by_try).chain(open) {
            let Some(part) = round.row(row) else { continue };
            for (due, outcome) in round.tries_in(part, span) {
                if let Some(column) = columns.at(due) {
                    let address = who(outcome).and_then(|by| part.responders.get(usize::from(by)));
                    let number = address.and_then(|address| self.number(row, *address));
                    column.push(outcome, self.is_slowed(row, due), number, &mut chain);
                }
            }
        }
        columns.cells
    }
}
