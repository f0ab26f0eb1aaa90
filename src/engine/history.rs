//! What is kept of the rounds: the last of them try by try, and an exact all-time row per hop.
//!
//! Fed by [`Record`](super::record::Record)s alone, so a live watch and a recorded one are the same to
//! whoever asks. Cloning is cheap: rounds are shared.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use super::distribution::Distribution;
use super::probe::Grade;
use super::round::{Late, Round, RoundRow, Row, Try};
use super::stats::{Counts, Running};

/// Rounds kept try by try: half an hour at the default pace.
pub const RECENT_ROUNDS: usize = 600;
/// Responders remembered for one hop; later ones share the last place.
pub const MAX_RESPONDERS: usize = 16;

/// The settled rounds of a session.
#[derive(Clone, Debug, Default)]
pub struct History {
    recent: VecDeque<Arc<Round>>,
    totals: Vec<Arc<Totals>>,
}

/// Figures of a row over a stretch of time, as they accumulate. Times in µs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// What became of the tries.
    pub counts: Counts,
    /// Round-trip times.
    pub rtt: Running,
    /// |difference| of consecutive answered tries.
    pub jitter: Running,
    /// Round-trip times by size.
    pub distribution: Distribution,
    /// Times by grade: kernel, mixed, user.
    pub grades: [u64; 3],
    /// Who answered, in order of first answer.
    pub responders: Vec<ResponderTotals>,
    /// The latest try's time; `None` after a loss.
    pub last: Option<u32>,
    run_of_loss: bool,
}

/// What one responder of a row answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponderTotals {
    /// Its address.
    pub address: IpAddr,
    /// Tries it answered or refused.
    pub answered: u64,
    /// Its round-trip times in µs.
    pub rtt: Running,
}

impl Totals {
    /// Takes in one try of a row whose responders are `by`.
    pub fn push(&mut self, outcome: Try, by: &[IpAddr]) {
        let was_lost = std::mem::replace(&mut self.run_of_loss, false);
        match outcome {
            Try::Answered { us, by: who, grade } => {
                self.counts.answered += 1;
                self.book(us, grade, by.get(usize::from(who)).copied());
                if let Some(before) = self.last.replace(us) {
                    self.jitter.push(f64::from(before.abs_diff(us)));
                }
            }
            Try::Late { us, by: who, grade } => {
                self.counts.late += 1;
                self.last = None;
                self.book(us, grade, by.get(usize::from(who)).copied());
            }
            Try::Lost => {
                self.counts.lost += 1;
                self.counts.bursts += u64::from(!was_lost);
                self.run_of_loss = true;
                self.last = None;
            }
            Try::Refused { by: who } => {
                self.counts.refused += 1;
                self.last = None;
                if let Some(&who) = by.get(usize::from(who)) {
                    self.refused_by(who);
                }
            }
            Try::InFlight => {
                self.counts.in_flight += 1;
                self.run_of_loss = was_lost;
            }
            Try::NotSent => self.counts.not_sent += 1,
            Try::Skipped => {
                self.counts.skipped += 1;
                self.run_of_loss = was_lost;
            }
        }
    }

    /// Takes in a row's part of a round, without its first `skip` tries.
    pub fn push_row(&mut self, part: &RoundRow, skip: usize) {
        for &outcome in part.tries.iter().skip(skip) {
            self.push(outcome, &part.responders);
        }
    }

    fn book(&mut self, us: u32, grade: Grade, by: Option<IpAddr>) {
        self.rtt.push(f64::from(us));
        self.distribution.push(us);
        self.grades[grade as usize] += 1;
        if let Some(responder) = by.and_then(|by| self.responder(by)) {
            responder.answered += 1;
            responder.rtt.push(f64::from(us));
        }
    }

    fn refused_by(&mut self, who: IpAddr) {
        if let Some(responder) = self.responder(who) {
            responder.answered += 1;
        }
    }

    fn responder(&mut self, address: IpAddr) -> Option<&mut ResponderTotals> {
        let known = self.responders.iter().position(|responder| responder.address == address);
        let index = known.unwrap_or_else(|| {
            if self.responders.len() < MAX_RESPONDERS {
                self.responders.push(ResponderTotals { address, answered: 0, rtt: Running::default() });
            }
            self.responders.len() - 1
        });
        self.responders.get_mut(index)
    }
}

impl History {
    /// Takes in a settled round.
    pub fn push(&mut self, round: Round) {
        for part in &round.rows {
            self.total_mut(part.row).push_row(part, 0);
        }
        if self.recent.len() == RECENT_ROUNDS {
            self.recent.pop_front();
        }
        self.recent.push_back(Arc::new(round));
    }

    /// Mends a settled round: the try was lost, and is late now.
    pub fn mend(&mut self, late: Late) {
        let totals = self.total_mut(late.row);
        totals.counts.lost = totals.counts.lost.saturating_sub(1);
        if late.refused {
            totals.counts.refused += 1;
            totals.refused_by(late.from);
        } else {
            totals.counts.late += 1;
            totals.book(late.us, late.grade, Some(late.from));
        }
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

    /// A second answer came in for a try of `row`.
    pub fn duplicate(&mut self, row: Row) {
        self.total_mut(row).counts.duplicates += 1;
    }

    /// The rounds kept try by try, oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Round> {
        self.recent.iter().map(AsRef::as_ref)
    }

    /// The all-time figures of a row; `None` if it was never asked.
    pub fn total(&self, row: Row) -> Option<&Totals> {
        self.totals.get(row.index()).map(AsRef::as_ref)
    }

    fn total_mut(&mut self, row: Row) -> &mut Totals {
        let index = row.index();
        if index >= self.totals.len() {
            self.totals.resize_with(index + 1, Arc::default);
        }
        Arc::make_mut(&mut self.totals[index])
    }
}

/// The place of `address` among a round row's responders, adding it if there is room.
pub fn responder_index(responders: &mut Vec<IpAddr>, address: IpAddr) -> u8 {
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
    use crate::engine::path::End;
    use crate::engine::time::Time;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    const fn answered(us: u32) -> Try {
        Try::Answered { us, by: 0, grade: Grade::Kernel }
    }

    fn round(number: u32, tries: &[Try]) -> Round {
        let part = RoundRow { row: Row::Hop(1), ttl: 1, responders: vec![HERE], tries: tries.to_vec() };
        let interval = Duration::from_secs(1);
        Round { number, start: Time::ZERO, interval, end: End::Silent, rows: vec![part] }
    }

    #[test]
    fn a_loss_breaks_a_pair_and_blanks_the_last_time() {
        let mut totals = Totals::default();
        for outcome in [answered(100), answered(300), Try::Lost, answered(900)] {
            totals.push(outcome, &[HERE]);
        }
        assert_eq!((totals.jitter.count(), totals.last), (1, Some(900)));
        totals.push(Try::Lost, &[HERE]);
        totals.push(Try::InFlight, &[HERE]);
        totals.push(Try::Lost, &[HERE]);
        assert_eq!((totals.last, totals.counts.lost, totals.counts.bursts), (None, 3, 2));
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
        let mut responders = Vec::new();
        let address = |n: u8| IpAddr::from([192, 0, 2, n]);
        let places: Vec<u8> = (0..40).map(|n| responder_index(&mut responders, address(n))).collect();
        assert_eq!((responders.len(), places[3], places[39]), (MAX_RESPONDERS, 3, 15));
    }
}
