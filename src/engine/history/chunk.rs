//! Sealed chunks: the cells of all rows over a stretch of time, never changed again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cell::Cell;
use super::code::{decode, encode};
use crate::engine::round::Row;
use crate::engine::span::Span;
use crate::engine::time::Time;

/// The cells of all rows over a stretch of time, of one width.
#[derive(Debug)]
pub struct Chunk {
    start: Time,
    length: Duration,
    width: Duration,
    /// By row: all of its cells added up, then each.
    rows: Vec<(Row, Box<[u8]>)>,
}

impl Chunk {
    /// Seals cells of one width, each row's in order of time; cells that share a slice are added up.
    pub fn seal(
        (start, length): (Time, Duration),
        width: Duration,
        cells: impl IntoIterator<Item = (Row, Cell)>,
    ) -> Self {
        let mut rows: BTreeMap<Row, Vec<Cell>> = BTreeMap::new();
        for (row, cell) in cells {
            let at = start + width * place(cell.start, start, width) as u32;
            let of_row = rows.entry(row).or_default();
            match of_row.last_mut() {
                Some(last) if last.start == at => last.add(&cell),
                _ => of_row.push(Cell { start: at, length: width, ..cell }),
            }
        }
        let sealed = rows.into_iter().map(|(row, cells)| {
            let mut sum = Cell::default();
            let mut each = Vec::new();
            for cell in &cells {
                sum.add(cell);
                encode(cell, place(cell.start, start, width), &mut each);
            }
            let mut bytes = Vec::new();
            encode(&sum, 0, &mut bytes);
            bytes.append(&mut each);
            (row, bytes.into_boxed_slice())
        });
        Self { start, length, width, rows: sealed.collect() }
    }

    /// When it begins.
    pub const fn start(&self) -> Time {
        self.start
    }

    /// The first moment after it.
    pub fn end(&self) -> Time {
        self.start + self.length
    }

    /// How wide its slices are.
    pub const fn width(&self) -> Duration {
        self.width
    }

    /// Every cell of every row, each row's in order of time.
    pub fn all(&self) -> impl Iterator<Item = (Row, Cell)> {
        self.rows.iter().flat_map(|(row, _)| self.cells(*row).map(|cell| (*row, cell)))
    }

    /// The cells of a row, in order of time.
    pub fn cells(&self, row: Row) -> impl Iterator<Item = Cell> {
        let mut bytes = self.bytes(row);
        let _sum = decode(&mut bytes);
        std::iter::from_fn(move || decode(&mut bytes)).map(|(place, cell)| Cell {
            start: self.start + self.width * place as u32,
            length: self.width,
            ..cell
        })
    }

    /// Adds what a row has within `span` to `to`.
    pub fn add(&self, row: Row, span: Span, to: &mut Cell) {
        if span.from() <= self.start && self.end() <= span.to() {
            if let Some((_, sum)) = decode(&mut self.bytes(row)) {
                to.add(&sum);
            }
        } else if span.touches(self.start, self.end()) {
            let within = self.cells(row).filter(|cell| span.touches(cell.start, cell.end()));
            within.for_each(|cell| to.add(&cell));
        }
    }

    /// What it takes in memory, in bytes.
    pub fn size(&self) -> usize {
        let rows = self.rows.iter().map(|(_, bytes)| size_of::<(Row, Box<[u8]>)>() + bytes.len());
        size_of::<Self>() + rows.sum::<usize>()
    }

    fn bytes(&self, row: Row) -> &[u8] {
        let found = self.rows.binary_search_by_key(&row, |(row, _)| *row);
        found.map(|index| &*self.rows[index].1).unwrap_or_default()
    }
}

fn place(at: Time, start: Time, width: Duration) -> u64 {
    (at.since(start).as_nanos() / width.as_nanos().max(1)) as u64
}
