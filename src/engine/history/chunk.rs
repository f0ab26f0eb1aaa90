//! Sealed chunks: the cells of all rows over a stretch of time, never changed again.

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

/// A chunk in the making. Nothing is kept of the cells it is given, so that they may be used again.
pub struct Sealing {
    start: Time,
    length: Duration,
    width: Duration,
    rows: Vec<(Row, RowSealing)>,
}

/// A row's part of it.
#[derive(Default)]
struct RowSealing {
    /// All slices before the one that is open, added up, and as bytes.
    sum: Cell,
    bytes: Vec<u8>,
    /// The slice that the latest cell lies in, and its place in the chunk.
    open: Cell,
    place: u64,
}

impl Sealing {
    /// A chunk of slices of one width.
    pub const fn new((start, length): (Time, Duration), width: Duration) -> Self {
        Self { start, length, width, rows: Vec::new() }
    }

    /// Takes in a cell; each row's come in order of time. Those that share a slice are added up.
    pub fn take(&mut self, row: Row, cell: &Cell) {
        let place = (cell.start.since(self.start).as_nanos() / self.width.as_nanos().max(1)) as u64;
        let index = self.rows.binary_search_by_key(&row, |(row, _)| *row).unwrap_or_else(|index| {
            self.rows.insert(index, (row, RowSealing::default()));
            index
        });
        let of_row = &mut self.rows[index].1;
        if of_row.place != place {
            of_row.close();
            of_row.place = place;
        }
        of_row.open.add(cell);
    }

    /// The chunk of all that was taken in.
    pub fn seal(self) -> Chunk {
        let rows = self.rows.into_iter().map(|(row, mut sealing)| {
            sealing.close();
            let mut bytes = Vec::new();
            encode(&sealing.sum, 0, &mut bytes);
            bytes.append(&mut sealing.bytes);
            (row, bytes.into_boxed_slice())
        });
        Chunk { start: self.start, length: self.length, width: self.width, rows: rows.collect() }
    }
}

impl RowSealing {
    fn close(&mut self) {
        if !self.open.is_empty() {
            self.sum.add(&self.open);
            encode(&self.open, self.place, &mut self.bytes);
            self.open.clear();
        }
    }
}

impl Chunk {
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

    /// Gives every cell of every row to `each`, each row's in order of time.
    pub fn each(&self, mut each: impl FnMut(Row, &Cell)) {
        let mut cell = Cell::default();
        for (row, bytes) in &self.rows {
            let mut bytes = &**bytes;
            let _sum = decode(&mut bytes, &mut cell);
            while let Some(place) = decode(&mut bytes, &mut cell) {
                self.date(&mut cell, place);
                each(*row, &cell);
            }
        }
    }

    /// The cells of a row, in order of time.
    pub fn cells(&self, row: Row) -> impl Iterator<Item = Cell> {
        let mut bytes = self.bytes(row);
        let _sum = decode(&mut bytes, &mut Cell::default());
        std::iter::from_fn(move || {
            let mut cell = Cell::default();
            let place = decode(&mut bytes, &mut cell)?;
            self.date(&mut cell, place);
            Some(cell)
        })
    }

    /// Says of a cell in which of the slices it lies.
    fn date(&self, cell: &mut Cell, place: u64) {
        (cell.start, cell.length) = (self.start + self.width * place as u32, self.width);
    }

    /// Adds what a row has within `span` to `to`.
    pub fn add(&self, row: Row, span: Span, to: &mut Cell) {
        if span.from() <= self.start && self.end() <= span.to() {
            let mut sum = Cell::default();
            if decode(&mut self.bytes(row), &mut sum).is_some() {
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
