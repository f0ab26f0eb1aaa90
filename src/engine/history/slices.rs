//! Time in slices, the older the wider: from 10 s to an hour, each with a cell for every row asked in it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::cell::Cell;
use super::chunk::{Chunk, Sealing};
use super::levels::{Beginnings, COUNT, LEVELS, Level, floor};
use crate::engine::round::{LATE, Row};
use crate::engine::span::Span;
use crate::engine::time::Time;

/// The width of the slices that may still change, in a watch that runs.
const FINEST: Duration = LEVELS[0].width;

/// The slices of a session.
#[derive(Clone, Debug, Default)]
pub struct Slices {
    /// Sealed chunks by level, the oldest first.
    sealed: [VecDeque<Arc<Chunk>>; COUNT],
    /// Slices that may still change, or whose chunk is not full yet, in order of time.
    open: VecDeque<Arc<Slice>>,
    /// Nothing before this may change any more.
    sealed_to: Time,
    /// When each level's time will begin, once all is taken in of which it is known how far it goes.
    expected: Beginnings,
}

/// A slice that may still change.
#[derive(Clone, Debug)]
struct Slice {
    start: Time,
    /// In order of row.
    cells: Vec<(Row, Cell)>,
}

impl Slices {
    /// All that comes up to the round that begins at `end` follows at once: slices are made as wide as they will be
    /// then.
    pub fn expect(&mut self, end: Time) {
        self.expected = Beginnings::new(floor(end - LATE, LEVELS[0].chunk));
    }

    /// Whether slices are as wide as if nothing had been expected.
    pub fn is_as_expected(&self) -> bool {
        self.expected == Beginnings::default() || self.expected == Beginnings::new(self.sealed_to)
    }

    /// The cell of a row in the slice of `at`; in the first that is still open, if that one is not.
    pub fn cell_mut(&mut self, row: Row, at: Time) -> &mut Cell {
        let at = at.max(self.sealed_to);
        let width = LEVELS[self.expected.level(at)].width;
        let start = floor(at, width);
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
            cells.insert(index, (row, Cell::new(start, width)));
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
        let to = floor(at, LEVELS[0].chunk);
        if to <= self.sealed_to {
            return;
        }
        self.sealed_to = to;
        while let Some(first) = self.open.front() {
            let level = self.expected.level(first.start);
            let Level { width, chunk, .. } = LEVELS[level];
            let start = floor(first.start, chunk);
            if start + chunk > to {
                break;
            }
            let mut sealing = Sealing::new((start, chunk), width);
            while let Some(slice) = self.open.pop_front_if(|slice| slice.start < start + chunk) {
                slice.cells.iter().for_each(|(row, cell)| sealing.take(*row, cell));
            }
            self.sealed[level].push_back(Arc::new(sealing.seal()));
        }
        self.widen();
    }

    /// Moves what has become too old for its level on to the next.
    fn widen(&mut self) {
        let beginnings = Beginnings::new(self.sealed_to);
        for index in 0..COUNT {
            let is_old = |chunk: &Arc<Chunk>| chunk.start() < beginnings.of(index);
            let Some(next) = LEVELS.get(index + 1) else {
                while self.sealed[index].pop_front_if(|chunk| is_old(chunk)).is_some() {}
                continue;
            };
            while let Some(first) = self.sealed[index].front().filter(|chunk| is_old(chunk)) {
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

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::*;
    use crate::engine::end::End;
    use crate::engine::history::History;
    use crate::engine::probe::Grade;
    use crate::engine::record::{Gap, Why};
    use crate::engine::round::{Late, Round, RoundRow, Try};

    const ROWS: [Row; 2] = [Row::Hop(1), Row::Target];
    const RESPONDERS: [IpAddr; 2] =
        [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2))];

    /// A round's distance from the one before in minutes, its tries, and which of them is answered late.
    type Drawn = (u64, [Try; 6], Option<u8>);

    fn any_rounds() -> impl Strategy<Value = Vec<Drawn>> {
        let outcome = prop_oneof![
            6 => (1u32..1_000_000, 0u8..2).prop_map(|(us, by)| Try::Answered { us, by, grade: Grade::Kernel }),
            2 => Just(Try::Lost),
            1 => Just(Try::NotSent),
            1 => (0u8..2).prop_map(|by| Try::Refused { by }),
        ];
        let wait = prop_oneof![40 => Just(1u64), 4 => 2u64..120, 2 => 120u64..4_000, 1 => 4_000u64..400_000];
        let tries = prop::array::uniform6(outcome);
        prop::collection::vec((wait, tries, prop::option::of(0u8..6)), 1..400)
    }

    /// Feeds all of them the same, from round `first` at `start` on.
    fn feed(mut histories: [&mut History; 2], (first, mut start): (u32, Time), rounds: &[Drawn]) {
        for (number, (wait, tries, mended)) in (first..).zip(rounds) {
            let from = start;
            start = start + Duration::from_mins(*wait);
            let gap = Gap { from, to: start, why: Why::Suspend, slept: None };
            let row = |(row, tries): (Row, &[Try])| RoundRow {
                row,
                ttl: 1,
                responders: RESPONDERS[..].into(),
                tries: tries.into(),
            };
            let rows = ROWS.into_iter().zip(tries.chunks(3)).map(row).collect();
            let interval = Duration::from_secs(7);
            let round = Round { number, start, interval, end: End::Silent, rows };
            let late = mended.filter(|index| tries[usize::from(*index)] == Try::Lost).map(|index| Late {
                round: number,
                row: ROWS[usize::from(index) / 3],
                index: index % 3,
                refused: false,
                us: 4_000_000,
                grade: Grade::Kernel,
                from: RESPONDERS[0],
            });
            for history in &mut histories {
                if *wait > 2 {
                    history.part(gap);
                }
                history.push(round.clone());
                if let Some(late) = late {
                    history.mend(late);
                }
                if number % 7 == 0 {
                    history.duplicate(ROWS[0]);
                }
            }
        }
    }

    fn assert_same(plain: &History, wide: &History, span: Span) {
        for row in ROWS {
            let differ = plain.cells(row, span).zip(wide.cells(row, span)).find(|(a, b)| a != b);
            assert_eq!(differ, None, "{row:?}");
            assert_eq!(plain.cells(row, span).count(), wide.cells(row, span).count(), "{row:?}");
            assert_eq!(plain.totals(row, span, &[]), wide.totals(row, span, &[]), "{row:?}");
        }
        assert_eq!(plain.edges(span), wide.edges(span));
    }

    proptest! {
        #[test]
        fn slices_that_are_wide_from_the_start_hold_what_widened_ones_do(
            rounds in any_rounds(), more in any_rounds(), from in 0u64..600_000, length in 0u64..600_000,
        ) {
            let (mut plain, mut wide) = (History::default(), History::default());
            let from = Time::ZERO + Duration::from_mins(from);
            let spans = [Span::All, Span::Since(from), Span::Between(from, from + Duration::from_mins(length))];
            let end = Time::ZERO + Duration::from_mins(rounds.iter().map(|(wait, ..)| wait).sum());
            wide.expect(end);
            feed([&mut plain, &mut wide], (0, Time::ZERO), &rounds);
            for span in spans {
                assert_same(&plain, &wide, span);
            }
            // The watch goes on.
            feed([&mut plain, &mut wide], (rounds.len() as u32, end), &more);
            for span in spans {
                assert_same(&plain, &wide, span);
            }
        }
    }
}
