//! Figures of a row over a stretch of time, as they accumulate.

use std::net::IpAddr;

use super::cell::Cell;
use super::chain::Chain;
use crate::engine::distribution::Distribution;
use crate::engine::moments::Jitter;
use crate::engine::probe::Grade;
use crate::engine::round::{Late, MAX_RESPONDERS, Try};
use crate::engine::stats::{Counts, Running};

/// Figures of a row over a stretch of time, as they accumulate. Times in µs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// What became of the tries.
    pub counts: Counts,
    /// Round-trip times.
    pub rtt: Running,
    /// |difference| of consecutive answered tries.
    pub jitter: Jitter,
    /// Round-trip times by size.
    pub distribution: Distribution,
    /// Times by grade: kernel, mixed, user.
    pub grades: [u64; 3],
    /// Who answered, in order of first answer.
    pub responders: Vec<ResponderTotals>,
    /// The latest try's time; `None` after a loss.
    pub last: Option<u32>,
    chain: Chain,
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
    /// The figures of one cell, or of several added up, whose responders are numbered in `known`.
    ///
    /// What the first try made with one before the cell is left out, as if there was none.
    pub fn of(cell: &Cell, known: &[IpAddr]) -> Self {
        let mut counts = cell.counts;
        counts.bursts += u64::from(cell.carried);
        let responders = cell.responders.iter().filter_map(|part| {
            let address = *known.get(usize::from(part.who))?;
            Some(ResponderTotals { address, answered: part.answered, rtt: Running::from(&part.rtt) })
        });
        Self {
            counts,
            rtt: Running::from(&cell.rtt),
            jitter: cell.inherited.map_or(cell.jitter, |us| cell.jitter.without(us)),
            distribution: Distribution::from(&cell.distribution),
            grades: cell.grades,
            responders: responders.take(MAX_RESPONDERS).collect(),
            last: cell.last,
            chain: cell.chain,
        }
    }

    /// Takes in one try of a row whose responders are `by`, and which may have been asked less often than others.
    pub fn push(&mut self, outcome: Try, is_slowed: bool, by: &[IpAddr]) {
        let link = self.chain.link(outcome, is_slowed);
        if is_slowed {
            self.counts.slow(outcome);
        }
        if let Some(us) = link.difference {
            self.jitter.push(us);
        }
        match outcome {
            Try::Answered { us, by: who, grade } => {
                self.counts.answered += 1;
                self.last = Some(us);
                self.book(us, grade, by.get(usize::from(who)).copied());
            }
            Try::Late { us, by: who, grade } => {
                self.counts.late += 1;
                self.last = None;
                self.book(us, grade, by.get(usize::from(who)).copied());
            }
            Try::Lost => {
                self.counts.lost += 1;
                self.counts.bursts += u64::from(link.opens_burst);
                self.last = None;
            }
            Try::Refused { by: who } => {
                self.counts.refused += 1;
                self.last = None;
                if let Some(&who) = by.get(usize::from(who)) {
                    self.refused_by(who);
                }
            }
            Try::InFlight => self.counts.in_flight += 1,
            Try::NotSent => self.counts.not_sent += 1,
            Try::Skipped => self.counts.skipped += 1,
        }
    }

    /// A try once called lost was answered after all.
    pub fn mend(&mut self, late: &Late, is_slowed: bool) {
        self.counts.lost = self.counts.lost.saturating_sub(1);
        if is_slowed {
            self.counts.mend_slowed(late.refused);
        }
        if late.refused {
            self.counts.refused += 1;
            self.refused_by(late.from);
        } else {
            self.counts.late += 1;
            self.book(late.us, late.grade, Some(late.from));
        }
    }

    /// What comes next has nothing to do with what came before: a gap lies between them.
    pub fn part(&mut self) {
        self.chain = Chain::default();
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

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn a_loss_breaks_a_pair_and_blanks_the_last_time() {
        let answered = |us| Try::Answered { us, by: 0, grade: Grade::Kernel };
        let mut totals = Totals::default();
        for outcome in [answered(100), answered(300), Try::Lost, answered(900)] {
            totals.push(outcome, false, &[HERE]);
        }
        assert_eq!((totals.jitter.count, totals.last), (1, Some(900)));
        totals.push(Try::Lost, false, &[HERE]);
        totals.push(Try::InFlight, false, &[HERE]);
        totals.push(Try::Lost, false, &[HERE]);
        assert_eq!((totals.last, totals.counts.lost, totals.counts.bursts), (None, 3, 2));
    }
}
