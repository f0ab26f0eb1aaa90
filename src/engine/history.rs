//! What is kept of the rounds: the last of them try by try, behind them slices of time, the older the wider,
//! and an exact all-time row per hop.
//!
//! Fed by [`Record`]s alone, so a live watch and a recorded one are the same to whoever asks. Memory is bounded,
//! and cloning is cheap: rounds, slices and sealed chunks are shared.

mod cell;
mod chain;
mod chart;
mod chunk;
mod code;
mod known;
mod levels;
mod query;
mod schedule;
mod size;
mod slices;
mod totals;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

pub use self::cell::{Cell, Part};
use self::chain::Chain;
use self::known::{Known, is_slowed, known_mut, number};
use self::schedule::Schedule;
use self::slices::Slices;
pub use self::totals::{ResponderTotals, Totals};
use super::record::{Gap, Record, Slowed, Why};
use super::round::{LATE, Late, MAX_RESPONDERS, Responders, Round, RoundRow, Row, Try};
use super::span::Span;
use super::time::Time;

/// Rounds kept try by try: half an hour at the default pace.
pub const RECENT_ROUNDS: usize = 600;
/// Gaps remembered.
const GAPS: usize = 256;

/// The settled rounds of a session.
#[derive(Clone, Debug, Default)]
pub struct History {
    recent: VecDeque<Arc<Round>>,
    slices: Slices,
    rows: Vec<Known>,
    schedule: Schedule,
    gaps: VecDeque<Gap>,
    /// When the first round of all began.
    first: Option<Time>,
}

impl History {
    /// All that comes up to the round that begins at `end` follows at once, and nobody asks meanwhile: the same is made
    /// of it with less work, [if it does end there](Self::is_as_expected). Of more than 16 responders of a row in a
    /// slice not the same ones may be told apart.
    pub fn expect(&mut self, end: Time) {
        self.slices.expect(end);
    }

    /// Whether it went as far as was expected, so that slices are as wide as they would be without.
    pub fn is_as_expected(&self) -> bool {
        self.slices.is_as_expected()
    }

    /// Takes in what the engine, or a session on disk, has to tell; what says nothing of tries is left out.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Round(round) => self.push(round.clone()),
            Record::Late(late) => self.mend(*late),
            Record::Duplicate(row) => self.duplicate(*row),
            Record::Gap(gap) => self.part(*gap),
            Record::Slowed(slowed) => self.slow(*slowed),
            _ => {}
        }
    }

    /// Takes in a settled round.
    pub fn push(&mut self, round: Round) {
        for part in &round.rows {
            self.push_row(&round, part);
        }
        self.first.get_or_insert(round.start);
        self.schedule.push(&round);
        let settled = round.start - LATE;
        self.schedule.forget(settled);
        self.slices.settle(settled);
        if self.recent.len() == RECENT_ROUNDS {
            self.recent.pop_front();
        }
        self.recent.push_back(Arc::new(round));
    }

    fn push_row(&mut self, round: &Round, part: &RoundRow) {
        let Self { slices, rows, gaps, .. } = self;
        let known = known_mut(rows, part.row);
        let mut numbers = [None; MAX_RESPONDERS];
        for (place, &address) in numbers.iter_mut().zip(&part.responders) {
            *place = number(&mut known.responders, address);
        }
        let totals = Arc::make_mut(&mut known.totals);
        let mut cell: Option<&mut Cell> = None;
        let mut due = round.start;
        for &outcome in &part.tries {
            let at = due;
            due = at + round.interval;
            if is_parted(gaps, known.at, at) {
                known.chain = Chain::default();
                totals.part();
            }
            known.at = Some(at);
            let is_slowed = is_slowed(&known.slowed, at);
            totals.push(outcome, is_slowed, &part.responders);
            let who = who(outcome).and_then(|by| *numbers.get(usize::from(by))?);
            // Most tries of a round lie in one slice.
            let of_slice = match cell.take() {
                Some(cell) if at < cell.end() => cell,
                _ => slices.cell_mut(part.row, at),
            };
            of_slice.push(outcome, is_slowed, who, &mut known.chain);
            cell = Some(of_slice);
        }
    }

    /// Mends a settled round: the try was lost, and is late now. Of a round that was never taken in nothing was
    /// counted as lost, so there is nothing to mend.
    pub fn mend(&mut self, late: Late) {
        let Some(due) = self.schedule.due(late.round, late.index) else { return };
        let known = known_mut(&mut self.rows, late.row);
        let is_slowed = is_slowed(&known.slowed, due);
        Arc::make_mut(&mut known.totals).mend(&late, is_slowed);
        let who = number(&mut known.responders, late.from);
        self.slices.cell_mut(late.row, due).mend(&late, is_slowed, who);
        let Some(round) = self.recent.iter_mut().rev().find(|round| round.number == late.round) else {
            return;
        };
        let round = Arc::make_mut(round);
        let Some(part) = round.rows.iter_mut().find(|part| part.row == late.row) else { return };
        let by = responder_index(&mut part.responders, late.from);
        if let Some(slot) = part.tries.get_mut(usize::from(late.index)) {
            *slot = if late.refused {
                Try::Refused { by }
            } else {
                Try::Late { us: late.us, by, grade: late.grade }
            };
        }
    }

    /// A second answer came in for a try of `row`: of the latest, as far as the slices know.
    pub fn duplicate(&mut self, row: Row) {
        Arc::make_mut(&mut known_mut(&mut self.rows, row).totals).counts.duplicates += 1;
        if let Some(cell) = self.slices.latest_mut(row) {
            cell.counts.duplicates += 1;
        }
    }

    /// Nothing was probed for a while: what comes behind has nothing to do with what came before.
    pub fn part(&mut self, gap: Gap) {
        if self.gaps.len() == GAPS {
            self.gaps.pop_front();
        }
        self.gaps.push_back(gap);
        if gap.why == Why::Resumed {
            // Whoever goes on knows nothing of how the one before asked.
            for known in self.rows.iter_mut().filter(|known| is_slowed(&known.slowed, gap.to)) {
                known.slow(gap.to, false);
            }
        }
    }

    /// A hop is asked less often from a moment on, or as often again.
    pub fn slow(&mut self, slowed: Slowed) {
        known_mut(&mut self.rows, slowed.row).slow(slowed.at, slowed.every > 1);
    }

    /// Whether a row was asked less often than the others at a moment.
    pub fn is_slowed(&self, row: Row, at: Time) -> bool {
        self.rows.get(row.index()).is_some_and(|known| is_slowed(&known.slowed, at))
    }

    /// The rounds kept try by try, oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Round> {
        self.recent.iter().map(AsRef::as_ref)
    }

    /// The cells of a row that any part of `span` lies in, in order of time; slices without tries have none.
    ///
    /// They reach from the first round kept to the last settled one, ring included. The older they are, the
    /// wider: 10 s for five hours, a minute for two days, ten minutes for a month, an hour for a year.
    pub fn cells(&self, row: Row, span: Span) -> impl Iterator<Item = Cell> {
        self.slices.cells(row, span)
    }

    /// When the first round of all began.
    pub const fn first(&self) -> Option<Time> {
        self.first
    }

    /// The addresses that [`Part::who`] numbers.
    pub fn responders(&self, row: Row) -> &[IpAddr] {
        self.rows.get(row.index()).map(|known| known.responders.as_slice()).unwrap_or_default()
    }

    /// The latest stretches of time in which nothing was probed, oldest first.
    pub fn gaps(&self) -> impl DoubleEndedIterator<Item = &Gap> {
        self.gaps.iter()
    }

    /// The all-time figures of a row; `None` if it was never asked.
    pub fn total(&self, row: Row) -> Option<&Totals> {
        self.rows.get(row.index()).map(|known| known.totals.as_ref())
    }

    /// The number of one of a row's responders.
    fn number(&self, row: Row, address: IpAddr) -> Option<u8> {
        let known = self.responders(row).iter().position(|&known| known == address)?;
        u8::try_from(known).ok()
    }
}

/// Which of its round's responders a try was answered or refused by.
const fn who(outcome: Try) -> Option<u8> {
    match outcome {
        Try::Answered { by, .. } | Try::Late { by, .. } | Try::Refused { by } => Some(by),
        Try::InFlight | Try::Lost | Try::NotSent | Try::Skipped => None,
    }
}

/// Whether a gap lies between two tries of a row.
fn is_parted(gaps: &VecDeque<Gap>, before: Option<Time>, at: Time) -> bool {
    let Some(before) = before else { return false };
    gaps.iter().rev().take_while(|gap| before < gap.to).any(|gap| gap.to <= at)
}

/// The place of `address` among a round row's responders, adding it if there is room.
pub fn responder_index(responders: &mut Responders, address: IpAddr) -> u8 {
    let known = responders.iter().position(|&known| known == address);
    let index = known.unwrap_or_else(|| {
        if responders.len() < MAX_RESPONDERS {
            responders.push(address);
        }
        responders.len() - 1
    });
    u8::try_from(index).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::end::End;
    use crate::engine::probe::Grade;
    use crate::engine::stats::Counts;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    const fn answered(us: u32) -> Try {
        Try::Answered { us, by: 0, grade: Grade::Kernel }
    }

    fn round(number: u32, tries: &[Try]) -> Round {
        let part = RoundRow { row: Row::Hop(1), ttl: 1, responders: [HERE].into(), tries: tries.into() };
        let interval = Duration::from_secs(1);
        Round { number, start: Time::ZERO, interval, end: End::Silent, rows: vec![part] }
    }

    #[test]
    fn a_mended_round_moves_one_try_from_lost_to_late() {
        let mut history = History::default();
        history.push(round(0, &[answered(10), Try::Lost]));
        let late = Late {
            round: 0,
            row: Row::Hop(1),
            index: 1,
            refused: false,
            us: 4_000_000,
            grade: Grade::Kernel,
            from: HERE,
        };
        let before = history.clone();
        history.mend(late);
        let totals = history.total(Row::Hop(1)).unwrap();
        assert_eq!((totals.counts.lost, totals.counts.late, totals.counts.sent()), (0, 1, 2));
        assert_eq!(totals.responders[0].answered, 2);
        let tries = &history.recent().next().unwrap().rows[0].tries;
        assert_eq!(tries[1], Try::Late { us: 4_000_000, by: 0, grade: Grade::Kernel });
        assert_eq!(before.total(Row::Hop(1)).unwrap().counts.lost, 1, "a clone keeps what it saw");
    }

    #[test]
    fn a_slower_pace_is_set_apart_until_it_ends_or_another_watch_goes_on() {
        let row = Row::Hop(1);
        for why in [Why::Suspend, Why::Resumed] {
            let mut history = History::default();
            history.slow(Slowed { at: Time::from_millis(1_500), row, every: 3 });
            history.push(round(0, &[Try::Lost, Try::Lost, answered(10), Try::Lost]));
            let late = Late {
                round: 0,
                row,
                index: 3,
                refused: false,
                us: 4_000_000,
                grade: Grade::Kernel,
                from: HERE,
            };
            let Counts { slowed, slowed_lost, bursts, .. } = history.total(row).unwrap().counts;
            assert_eq!((slowed, slowed_lost, bursts), (2, 1, 1));
            history.mend(late);
            let counts = history.total(row).unwrap().counts;
            assert_eq!((counts.slowed, counts.slowed_lost, counts.judged(), counts.sent()), (2, 0, 2, 4));
            let at = Time::from_millis(9_000);
            history.part(Gap { from: Time::from_millis(4_000), to: at, why, slept: None });
            assert_eq!(history.is_slowed(row, at), why == Why::Suspend);
        }
    }

    #[test]
    fn the_ring_is_bounded_and_the_totals_are_not() {
        let mut history = History::default();
        for number in 0..700 {
            history.push(round(number, &[answered(10)]));
        }
        assert_eq!(history.recent().count(), RECENT_ROUNDS);
        assert_eq!(history.recent().next().map(|round| round.number), Some(100));
        assert_eq!(history.total(Row::Hop(1)).unwrap().counts.answered, 700);
    }

    #[test]
    fn responders_past_the_most_share_the_last_place() {
        let mut responders = Responders::new();
        let address = |n: u8| IpAddr::from([192, 0, 2, n]);
        let places: Vec<u8> = (0..40).map(|n| responder_index(&mut responders, address(n))).collect();
        assert_eq!((responders.len(), places[3], places[39]), (MAX_RESPONDERS, 3, 15));
    }
}
