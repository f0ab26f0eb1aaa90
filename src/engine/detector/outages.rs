//! Outages: the watched row answers nothing, at least twice in a row.
//!
//! An outage begins with the first of the tries that failed and ends with the first of three answers in a
//! row. One that begins within thirty tries after the last one's end is the same one, going on. Where single
//! losses are common, more than two in a row are needed, so that chance alone makes none.
//!
//! Where echo requests to the target are answered meanwhile, it is no outage: the same stretch of time is told as
//! one in which echo alone is answered. Either becomes the other from the moment on at which the requests say so.

mod stretch;

use std::collections::VecDeque;

use self::stretch::Outage;
use super::background::{Background, run_needed};
use super::book::Book;
use super::echoes::Echoes;
use super::locals::Locals;
use super::place::first_failing;
use super::tries::{Fate, Outcome};
use crate::engine::journal::Entry;
use crate::engine::round::{Round, Row};
use crate::engine::time::Time;

/// Tries after its end within which another one is the same, going on.
const QUIET: u32 = 30;
/// Failures in a row that are no part of a mere burst of losses.
const LONG: u32 = 5;

/// Finds outages.
#[derive(Clone, Debug, Default)]
pub struct Outages {
    /// Failures in a row that are no outage yet.
    run: Vec<Outcome>,
    background: Background,
    /// The outage in force, or the last one.
    latest: Option<Outage>,
}

impl Outages {
    /// Takes in a try of the watched row, where `share` of all is lost at the moment.
    pub fn push(&mut self, outcome: Outcome, row: Row, share: f64, echoes: &Echoes, book: &mut Book) {
        let is_failure = outcome.fate.is_failure();
        let is_refused = matches!(outcome.fate, Fate::Refused(_));
        let is_said = |latest: &mut Outage| latest.entry.is_open() && latest.is_echo_only && is_refused;
        if let Some(before) = self.latest.take_if(is_said) {
            // Whoever refuses says why these probes are not answered.
            before.end(outcome.at, &[], book);
        }
        if let Some(open) = self.latest.as_mut().filter(|latest| latest.entry.is_open()) {
            if is_failure {
                open.fail(outcome, book);
            } else {
                open.answer(outcome, book);
            }
            return;
        }
        if let Some(last) = &mut self.latest {
            last.since = last.since.saturating_add(1);
        }
        if !is_failure {
            self.background.push(false);
            self.run.drain(..).for_each(|_| self.background.push(true));
            return;
        }
        self.run.push(outcome);
        let refused = self.run.iter().filter(|fail| matches!(fail.fate, Fate::Refused(_))).count();
        let needed = run_needed(self.background.share().max(share));
        if self.run.len() < needed && refused < 2 {
            return;
        }
        let run = std::mem::take(&mut self.run);
        match &mut self.latest {
            Some(last) if last.since <= QUIET => last.go_on(&run, book),
            _ => {
                let is_through = refused == 0
                    && run.first().is_some_and(|first| echoes.through_since(first.at) == Some(first.at));
                self.latest = Some(Outage::new(&run, row, is_through, book));
            }
        }
        self.echoed(echoes, row, book);
    }

    /// Takes in what echo requests to the target say of what lasts: it was another matter from the start, or is since
    /// a moment.
    pub fn echoed(&mut self, echoes: &Echoes, row: Row, book: &mut Book) {
        let Some(open) = self.latest.as_ref() else { return };
        if !open.entry.is_open() || open.refused > 0 {
            return;
        }
        let start = open.entry.start;
        let since =
            if open.is_echo_only { echoes.lost_since(open.run_since()) } else { echoes.through_since(start) };
        let Some(since) = since else { return };
        let run: Vec<Outcome> = open.fails.iter().filter(|fail| fail.at >= since).copied().collect();
        if run.is_empty() {
            return;
        }
        let is_echo_only = !open.is_echo_only;
        if let Some(before) = self.latest.take() {
            if since > start {
                before.end(since, &run, book);
            } else {
                book.withdraw(before.entry);
            }
        }
        self.latest = Some(Outage::new(&run, row, is_echo_only, book));
    }

    /// The share of tries that is usually lost.
    pub fn usual(&self) -> f64 {
        self.background.share()
    }

    /// Whether something is in force that is no mere part of a burst of losses.
    pub fn is_long(&self) -> bool {
        let is_long = |latest: &Outage| latest.longest >= LONG || latest.is_echo_only;
        self.latest.as_ref().is_some_and(|latest| latest.entry.is_open() && is_long(latest))
    }

    /// When the latest outage began.
    pub fn start(&self) -> Time {
        self.latest.as_ref().map_or(Time::FAR, |latest| latest.entry.start)
    }

    /// A burst of losses began at `since`: a short outage within is a part of it.
    pub fn absorb(&mut self, since: Time, book: &mut Book) {
        let is_part = |latest: &mut Outage| {
            latest.entry.start >= since && latest.longest < LONG && !latest.is_echo_only
        };
        if let Some(part) = self.latest.take_if(is_part) {
            (0..part.lost).for_each(|_| self.background.push(true));
            book.withdraw(part.entry);
        }
        self.run.clear();
    }

    /// This machine slept, or could not send: what was lost then is no outage.
    pub fn forgive(&mut self, locals: &Locals, book: &mut Book) {
        let is_local =
            |latest: &mut Outage| !latest.is_proven && latest.fails.iter().all(|fail| locals.covers(fail.at));
        if let Some(local) = self.latest.take_if(is_local) {
            book.withdraw(local.entry);
        }
        self.run.retain(|fail| !locals.covers(fail.at));
    }

    /// The row rations its answers since then: what began later was no outage, and what began before is over.
    /// That the latest try failed, or did not, is usual.
    pub fn excuse(&mut self, since: Time, is_failure: bool, book: &mut Book) {
        self.background.push(is_failure);
        self.run.clear();
        match self.latest.take_if(|latest| latest.entry.start >= since) {
            Some(none) => book.withdraw(none.entry),
            None => self.abandon(since, book),
        }
    }

    /// Another row is watched from `at` on.
    pub fn abandon(&mut self, at: Time, book: &mut Book) {
        self.run.clear();
        if let Some(mut latest) = self.latest.take()
            && latest.entry.is_open()
        {
            latest.entry.end = Some(at);
            latest.tell(book);
        }
    }

    /// The outage in force as it stands, with what was not told of it yet.
    pub fn in_force(&self) -> Option<Entry> {
        let latest = self.latest.as_ref().filter(|latest| latest.entry.is_open())?;
        Some(latest.entry())
    }

    /// A try was answered after all.
    pub fn late(&mut self, round: u32, index: u8, book: &mut Book) {
        let is_it = |fail: &Outcome| fail.round == round && fail.index == index;
        self.run.retain(|fail| !is_it(fail));
        let Some(latest) = &mut self.latest else { return };
        let Some(place) = latest.fails.iter().position(is_it) else { return };
        latest.fails.remove(place);
        latest.lost = latest.lost.saturating_sub(1);
        let left = latest.lost + latest.refused;
        if left < 2 {
            if let Some(gone) = self.latest.take() {
                book.withdraw(gone.entry);
            }
            return;
        }
        if place == 0
            && !latest.is_proven
            && let Some(first) = latest.fails.front()
        {
            latest.entry.start = first.at;
        }
        latest.told = latest.told.min(left);
        latest.tell(book);
    }

    /// Says at which row the latest outage begins to show.
    pub fn locate(&mut self, rounds: &VecDeque<Round>, watched: Row, book: &mut Book) {
        let Some(latest) = &mut self.latest else { return };
        // Only rounds from before its start can tell who answered before.
        let is_known = rounds.front().is_some_and(|first| first.start < latest.entry.start);
        if !is_known || latest.entry.end.is_some_and(|_| latest.since > QUIET / 3) {
            return;
        }
        let to = latest.entry.end.unwrap_or(if latest.answers > 0 { latest.back } else { Time::FAR });
        let most = (latest.share() / 2.0).min(0.5);
        let row = first_failing(rounds, watched, (latest.entry.start, to), |tally| tally.share() > most);
        if latest.entry.row != Some(row) {
            latest.entry.row = Some(row);
            latest.tell(book);
        }
    }
}
