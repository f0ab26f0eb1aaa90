//! Time in slices, the older the wider: from 10 s to an hour, each with a cell for every row asked in it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::cell::Cell;
use super::chunk::{Chunk, Sealing};
use crate::engine::round::Row;
use crate::engine::span::Span;
use crate::engine::time::Time;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// Slices of one width, in chunks that begin at multiples of their length.
struct Level {
    width: Duration,
    chunk: Duration,
    /// Chunks kept; older ones move on to the next level as soon as they fill one of its chunks.
    keep: usize,
}

/// The widths, and how far back they go: 5 h, 2 days, a month, a year.
///
/// The first chunks are short, since a slice that is not sealed yet takes twenty times the room of one that is.
const LEVELS: [Level; 4] = [
    Level { width: Duration::from_secs(10), chunk: Duration::from_mins(2), keep: 150 },
    Level { width: MINUTE, chunk: HOUR, keep: 54 },
    Level { width: Duration::from_mins(10), chunk: Duration::from_hours(6), keep: 124 },
    Level { width: HOUR, chunk: Duration::from_hours(24), keep: 366 },
];

/// The width of the slices that may still change.
pub const FINEST: Duration = LEVELS[0].width;

/// The slices of a session.
#[derive(Clone, Debug, Default)]
pub struct Slices {
    /// Sealed chunks by level, the oldest first.
    sealed: [VecDeque<Arc<Chunk>>; LEVELS.len()],
    /// Slices of the finest width that may still change, in order of time.
    open: VecDeque<Arc<Slice>>,
    /// Nothing before this may change any more.
    sealed_to: Time,
}

/// A slice that may still change.
#[derive(Clone, Debug)]
struct Slice {
    start: Time,
    /// In order of row.
    cells: Vec<(Row, Cell)>,
}

impl Slices {
    /// The cell of a row in the slice of `at`; in the first that is still open, if that one is not.
    pub fn cell_mut(&mut self, row: Row, at: Time) -> &mut Cell {
        let start = floor(at.max(self.sealed_to), FINEST);
        let after = self.open.iter().rposition(|slice| slice.start <= start).map_or(0, |index| index + 1);
        let index = match after.checked_sub(1) {
            Some(index) if self.open[index].start == start => index,
            _ => {
                // Mostly the rows are those of the slice before.
                let rows = self.open.back().map_or(0, |slice| slice.cells.len());
                self.open.insert(after, Arc::new(Slice { start, cells: Vec::with_capacity(rows) }));
                after
            }
        };
        let cells = &mut Arc::make_mut(&mut self.open[index]).cells;
        let index = cells.binary_search_by_key(&row, |(row, _)| *row).unwrap_or_else(|index| {
            cells.insert(index, (row, Cell::new(start, FINEST)));
            index
        });
        &mut cells[index].1
    }

    /// The latest cell of a row that may still change, if there is one.
    pub fn latest_mut(&mut self, row: Row) -> Option<&mut Cell> {
        let has = |slice: &Arc<Slice>| slice.cells.binary_search_by_key(&row, |(row, _)| *row).ok();
        let (slice, index) = self.open.iter_mut().rev().find_map(|slice| {
            let index = has(slice)?;
            Some((slice, index))
        })?;
        Some(&mut Arc::make_mut(slice).cells[index].1)
    }

    /// Nothing before `at` will change any more: seals what makes whole chunks.
    pub fn settle(&mut self, at: Time) {
        let [Level { width, chunk, .. }, ..] = LEVELS;
        let to = floor(at, chunk);
        while let Some(first) = self.open.front().filter(|slice| slice.start < to) {
            let start = floor(first.start, chunk);
            let mut sealing = Sealing::new((start, chunk), width);
            while let Some(slice) = self.open.pop_front_if(|slice| slice.start < start + chunk) {
                slice.cells.iter().for_each(|(row, cell)| sealing.take(*row, cell));
            }
            self.sealed[0].push_back(Arc::new(sealing.seal()));
        }
        self.sealed_to = self.sealed_to.max(to);
        self.widen();
    }

    /// Moves the oldest chunks of a level that has too many on to the next.
    fn widen(&mut self) {
        for (index, level) in LEVELS.iter().enumerate() {
            while self.sealed[index].len() > level.keep {
                let Some(next) = LEVELS.get(index + 1) else {
                    self.sealed[index].pop_front();
                    continue;
                };
                let Some(first) = self.sealed[index].front() else { break };
                let start = floor(first.start(), next.chunk);
                let mut wider = Sealing::new((start, next.chunk), next.width);
                while let Some(old) =
                    self.sealed[index].pop_front_if(|chunk| chunk.start() < start + next.chunk)
                {
                    old.each(|row, cell| wider.take(row, cell));
                }
                self.sealed[index + 1].push_back(Arc::new(wider.seal()));
            }
        }
    }

    /// The cells of a row that any part of `span` lies in, in order of time.
    pub fn cells(&self, row: Row, span: Span) -> impl Iterator<Item = Cell> {
        let near = move |chunk: &&Arc<Chunk>| span.touches(chunk.start(), chunk.end());
        let sealed = self.chunks().filter(near).flat_map(move |chunk| chunk.cells(row));
        sealed.chain(self.open(row).cloned()).filter(move |cell| span.touches(cell.start, cell.end()))
    }

    /// All that a row has in the slices that any part of `span` lies in.
    pub fn sum(&self, row: Row, span: Span) -> Cell {
        let mut sum = Cell::default();
        self.chunks().for_each(|chunk| chunk.add(row, span, &mut sum));
        let open = self.open(row).filter(|cell| span.touches(cell.start, cell.end()));
        open.for_each(|cell| sum.add(cell));
        sum
    }

    /// The slice of `at`: its start and how wide it is. In a time without any, of the width that comes next.
    pub fn slice(&self, at: Time) -> (Time, Duration) {
        let chunk = self.chunks().find(|chunk| at < chunk.end());
        let width = chunk.map_or(FINEST, |chunk| chunk.width());
        (floor(at, width), width)
    }

    /// When the oldest slice kept begins; `None` before there is one.
    pub fn oldest(&self) -> Option<Time> {
        let sealed = self.chunks().next().map(|chunk| chunk.start());
        sealed.or_else(|| self.open.front().map(|slice| slice.start))
    }

    /// What it takes in memory, in bytes.
    pub fn size(&self) -> usize {
        let open = self.open.iter().map(|slice| {
            let cells = slice.cells.iter().map(|(_, cell)| size_of::<(Row, Cell)>() + cell.size());
            size_of::<Slice>() + cells.sum::<usize>()
        });
        self.chunks().map(|chunk| chunk.size()).chain(open).sum()
    }

    /// Every sealed chunk, the oldest first.
    fn chunks(&self) -> impl Iterator<Item = &Arc<Chunk>> {
        self.sealed.iter().rev().flatten()
    }

    fn open(&self, row: Row) -> impl Iterator<Item = &Cell> {
        self.open.iter().filter_map(move |slice| {
            let index = slice.cells.binary_search_by_key(&row, |(row, _)| *row).ok()?;
            Some(&slice.cells[index].1)
        })
    }
}

/// The latest multiple of `width` that is not after `at`.
fn floor(at: Time, width: Duration) -> Time {
    let (at, width) = (at.as_nanos(), width.as_nanos() as u64);
    Time::from_nanos(at - at % width.max(1))
}
