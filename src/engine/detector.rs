//! What happened: folds settled records into epochs and journal entries, deterministically and without a
//! clock.
//!
//! Everything is judged at one row, the *watched* one: the target, or while it has never answered the last
//! hop that answers steadily. Figures of other rows only say where an event begins to show. A hop in between
//! that answers seldom or never is therefore no event, nor is what a target leaves unanswered that is proven to
//! ration its answers.
//!
//! Constants count tries and rounds, so they hold at every pace; the times in the comments are for the
//! default one. [`Journal`](super::journal::Journal) and [`Epochs`] are the lists that
//! what comes out of here is taken into.

mod background;
mod book;
mod bursts;
mod echoes;
mod latency;
mod locals;
mod outages;
mod place;
mod ration;
mod routes;
mod tries;

use std::collections::VecDeque;
use std::time::Duration;

use self::book::Book;
use self::bursts::Bursts;
use self::echoes::Echoes;
use self::latency::Latency;
use self::locals::Locals;
use self::outages::Outages;
use self::ration::Ration;
use self::routes::Routes;
use self::tries::{Fate, Outcome, Watched, outcomes};
use super::epoch::Epochs;
use super::journal::Entry;
use super::record::Record;
use super::round::{Late, Round, Row, Try};

/// How long rounds are remembered: as long as late answers may come, and a little before that.
const MEMORY: Duration = Duration::from_secs(100);
/// Rounds remembered at least, and at most.
const ROUNDS: std::ops::RangeInclusive<usize> = 24..=400;

/// The detectors of every kind of event.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    rounds: VecDeque<Round>,
    watched: Watched,
    ration: Ration,
    outages: Outages,
    echoes: Echoes,
    bursts: Bursts,
    latency: Latency,
    locals: Locals,
    routes: Routes,
    book: Book,
}

impl Detector {
    /// Goes on after an earlier watch: `next` is the number of the next event.
    pub fn resume(&mut self, next: u32, epochs: &Epochs) {
        self.book.resume(next);
        self.routes.resume(epochs);
    }

    /// Takes in a record, and gives those that follow from it, in order.
    pub fn handle(&mut self, record: &Record) -> Vec<Record> {
        match record {
            Record::Round(round) => self.round(round),
            Record::Late(late) => self.late(*late),
            Record::Fault(fault) => self.locals.fault(*fault, &mut self.book),
            Record::CrossCheck(echoed) => {
                self.echoes.take(echoed);
                if let Some(row) = self.watched.row() {
                    self.outages.echoed(&self.echoes, row, &mut self.book);
                }
            }
            Record::Gap(gap) => {
                self.locals.gap(*gap, &mut self.book);
                self.outages.forgive(&self.locals, &mut self.book);
                self.ration.clear();
            }
            // No more news of them will come.
            Record::End(_) => self.in_force().iter().for_each(|entry| self.book.tell(entry)),
            _ => {}
        }
        self.book.take()
    }

    /// What lasts and may have more to tell than it was told: news of it come only when its figures have doubled.
    pub fn in_force(&self) -> Vec<Entry> {
        [self.outages.in_force(), self.bursts.in_force()].into_iter().flatten().collect()
    }

    fn round(&mut self, round: &Round) {
        self.rounds.push_back(round.clone());
        while self.rounds.len() > *ROUNDS.end()
            || self.rounds.len() > *ROUNDS.start()
                && self.rounds.front().is_some_and(|first| round.start.since(first.start) > MEMORY)
        {
            self.rounds.pop_front();
        }
        self.locals.pace(round.interval);
        self.ration.pace(round.interval);
        if self.watched.choose(&self.rounds) {
            self.ration.clear();
            self.outages.abandon(round.start, &mut self.book);
            self.bursts.abandon(round.start, &mut self.book);
            self.latency.abandon(round.start, &mut self.book);
        }
        self.routes.round(round, &mut self.book);
        let Some(row) = self.watched.row() else { return };
        for outcome in outcomes(round, row) {
            if outcome.fate.is_failure() && self.locals.covers(outcome.at) {
                continue;
            }
            self.outcome(row, outcome);
        }
        self.outages.locate(&self.rounds, row, &mut self.book);
        self.bursts.locate(&self.rounds, row, &mut self.book);
    }

    fn outcome(&mut self, row: Row, outcome: Outcome) {
        if let Fate::Answered(us) = outcome.fate {
            self.latency.answered(outcome.at, us, row, &self.rounds, &mut self.book);
        }
        if let Some(since) = self.ration.push(outcome) {
            self.outages.excuse(since, outcome.fate.is_failure(), &mut self.book);
            self.bursts.excuse(since, &mut self.book);
            return;
        }
        let share = self.bursts.share();
        self.outages.push(outcome, row, share, &self.echoes, &mut self.book);
        if self.outages.is_long() {
            self.bursts.leave_out(self.outages.start());
        } else {
            let usual = self.outages.usual();
            if let Some(since) = self.bursts.push(outcome, row, usual, &mut self.book) {
                self.outages.absorb(since, &mut self.book);
            }
        }
    }

    fn late(&mut self, late: Late) {
        let round = self.rounds.iter_mut().rev().find(|round| round.number == late.round);
        let part = round.and_then(|round| round.rows.iter_mut().find(|part| part.row == late.row));
        if let Some(slot) = part.and_then(|part| part.tries.get_mut(usize::from(late.index))) {
            *slot = Try::Late { us: late.us, by: u8::MAX, grade: late.grade };
        }
        if Some(late.row) == self.watched.row() && !late.refused {
            self.ration.late(late.round, late.index, late.us);
            self.outages.late(late.round, late.index, &mut self.book);
            self.bursts.late(late.round, late.index, &mut self.book);
        }
    }
}
