//! The one table of probes: what became of each, and the rounds that they make up.

mod entry;
mod flow;
mod rounds;

use std::collections::VecDeque;
use std::time::Duration;

use self::entry::{Entry, State};
use super::path::Meaning;
use super::probe::{Flow, ProbeNo, Reply, SendOutcome, Stray};
use super::round::{LATE, Late, Row};
use super::rtt::{Arrival, rtt};
use super::time::{Time, Wall};

/// Room for so many probes is made at once.
const FEW: usize = 64;

/// A round whose tries are not all decided.
#[derive(Clone, Copy, Debug)]
struct Open {
    number: u32,
    start: Time,
    interval: Duration,
    /// The number of its first probe.
    first: ProbeNo,
}

/// What an answer came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Taken {
    /// It decides its try.
    Decided,
    /// It mends a try that a settled round called lost.
    Late(Late),
    /// Its try was answered before; the row to count it in, if any.
    Duplicate(Option<Row>),
    /// It answers nothing.
    Stray(Stray),
}

/// What the end of waiting has decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// How many probes never reached the wire, if any, and when the first of them was handed to the kernel.
    pub unsent: Option<(u64, Time)>,
    /// The latest probe that left, as far as known, and was not answered.
    pub lost: Option<ProbeNo>,
}

/// The probes of the last minute and the rounds still open.
#[derive(Clone, Debug)]
pub struct Collector {
    timeout: Duration,
    entries: VecDeque<Entry>,
    /// The number of the first entry.
    base: ProbeNo,
    /// No entry before this is in flight.
    undecided: ProbeNo,
    rounds: VecDeque<Open>,
    /// Send stamps come, so that a probe without one did not leave.
    stamped: bool,
    overshoot: u64,
}

impl Collector {
    /// An empty table; answers are waited for as long as `timeout`.
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            entries: VecDeque::new(),
            base: ProbeNo(0),
            undecided: ProbeNo(0),
            rounds: VecDeque::new(),
            stamped: false,
            overshoot: 0,
        }
    }

    /// Later probes belong to a new round.
    pub fn open_round(&mut self, number: u32, start: Time, interval: Duration) {
        self.rounds.push_back(Open { number, start, interval, first: self.next() });
    }

    /// A probe is handed out.
    pub fn create(&mut self, now: Time, ttl: u8, flow: Flow) -> ProbeNo {
        self.enter(now, ttl, flow, State::InFlight)
    }

    /// A hop is not asked, on purpose.
    pub fn skip(&mut self, now: Time, ttl: u8) {
        self.enter(now, ttl, Flow::Stable, State::Skipped);
    }

    /// What became of handing a probe to the kernel.
    pub fn handle_sent(&mut self, no: ProbeNo, outcome: SendOutcome) {
        let Some(entry) = self.entry_mut(no) else { return };
        match outcome {
            Ok(sent) => entry.sent = Some(sent),
            Err(_) => entry.state = State::NotSent,
        }
    }

    /// The kernel's send stamp of a probe. Gives whether it is one of ours.
    pub fn handle_stamp(&mut self, no: ProbeNo, kernel: Wall) -> bool {
        let Some(entry) = self.entry_mut(no) else { return false };
        entry.stamp = Some(kernel);
        self.stamped = true;
        true
    }

    /// This machine dropped a probe after the send call. Gives whether that is news of the probe; `None` if
    /// it can't be true of any of ours.
    ///
    /// The next hop's silence on the link may be told only after the timeout.
    pub fn handle_local(&mut self, no: ProbeNo) -> Option<bool> {
        let entry = self.entry_mut(no)?;
        let is_news = matches!(entry.state, State::InFlight | State::Lost) && entry.booked.is_none();
        if is_news {
            entry.state = State::NotSent;
        }
        (is_news || matches!(entry.state, State::Lost | State::NotSent | State::Unjudged)).then_some(is_news)
    }

    /// What is still in flight will not be judged by its silence: this machine could not have heard an answer.
    /// One that comes in time for its round counts all the same. Gives how many that were, and when the first of
    /// them that no later probe was answered before was handed over.
    pub fn leave_unjudged(&mut self) -> (u64, Option<Time>) {
        let first = self.offset(self.undecided);
        let (mut count, mut since) = (0, None);
        for entry in self.entries.range_mut(first..) {
            if entry.answered.is_some() {
                since = None;
            } else if entry.state == State::InFlight && entry.sent.is_some() {
                entry.state = State::Unjudged;
                count += 1;
                since = since.or_else(|| Some(entry.handed_over()));
            }
        }
        (count, since)
    }

    /// The number of the latest probe handed out; `None` before the first.
    pub fn latest(&self) -> Option<ProbeNo> {
        self.next().0.checked_sub(1).map(ProbeNo)
    }

    /// The TTL and flow that a probe was sent with; `None` if it is unknown.
    pub fn ttl(&self, no: ProbeNo) -> Option<(u8, Flow)> {
        self.entry(no).filter(|entry| entry.sent.is_some()).map(|entry| (entry.ttl, entry.flow))
    }

    /// When a probe was handed to the kernel; `None` if it is unknown.
    pub fn handed_over(&self, no: ProbeNo) -> Option<Time> {
        self.entry(no).map(Entry::handed_over)
    }

    /// Books an answer, whose meaning for the path is known already.
    pub fn handle_reply(&mut self, no: ProbeNo, reply: &Reply, meaning: Meaning) -> Taken {
        let timeout = self.timeout;
        let offset = self.offset(no);
        let Some(entry) = self.entries.get_mut(offset) else { return Taken::Stray(Stray::Unknown) };
        let Some(sent) = entry.sent.filter(|sent| reply.received.since(sent.time) <= LATE.max(timeout))
        else {
            return Taken::Stray(Stray::Unknown);
        };
        if matches!(entry.state, State::Answered { .. } | State::Refused { .. } | State::Skipped) {
            return Taken::Duplicate(entry.booked.map(|(row, _)| row));
        }
        if entry.stamp.is_none() {
            self.stamped = false;
        }
        let (time, grade) = rtt(
            sent,
            entry.stamp,
            Arrival { kernel: reply.kernel, measured: reply.measured, received: reply.received },
        );
        let us = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        let late = entry.state == State::Lost || time > timeout;
        entry.answered = Some(reply.received);
        if let Some((row, index)) = entry.booked {
            // A settled round is mended only where the answer says what the try was booked as.
            if entry.state == State::Unjudged {
                return Taken::Stray(Stray::Unknown);
            }
            let fits = (row == Row::Target) == (meaning == Meaning::Target);
            if entry.state != State::Lost || !(fits || meaning.is_refusal()) {
                return Taken::Duplicate(Some(row));
            }
            let refused = meaning.is_refusal();
            entry.state = if refused {
                State::Refused { by: reply.from, meaning }
            } else {
                State::Answered { us, grade, by: reply.from, meaning, late }
            };
            return Taken::Late(Late {
                round: entry.round,
                row,
                index,
                refused,
                us,
                grade,
                from: reply.from,
            });
        }
        entry.state = if meaning.is_refusal() {
            State::Refused { by: reply.from, meaning }
        } else {
            State::Answered { us, grade, by: reply.from, meaning, late }
        };
        Taken::Decided
    }

    /// Decides what has waited long enough. Silence says nothing of a probe that this machine `kept_back`, by its
    /// number and when it was handed over: with all that left in the same rush, it or its answer may have been
    /// dropped for want of room.
    pub fn handle_timeout(&mut self, now: Time, kept_back: impl Fn(ProbeNo, Time) -> bool) -> Overdue {
        let mut overdue = Overdue::default();
        while let Some(entry) = self.entries.get_mut(self.undecided.0.wrapping_sub(self.base.0) as usize) {
            if entry.state == State::InFlight {
                if now < entry.deadline(self.timeout) {
                    break;
                }
                if self.stamped && entry.stamp.is_none() {
                    entry.state = State::NotSent;
                    let (count, since) = overdue.unsent.unwrap_or((0, entry.handed_over()));
                    overdue.unsent = Some((count + 1, since));
                } else if kept_back(self.undecided, entry.handed_over()) {
                    entry.state = State::Unjudged;
                } else {
                    entry.state = State::Lost;
                    overdue.lost = Some(self.undecided);
                }
            }
            self.undecided.0 = self.undecided.0.wrapping_add(1);
        }
        let oldest_open = self.rounds.front().map_or(self.next(), |round| round.first);
        while self.base < oldest_open
            && self.entries.front().is_some_and(|entry| entry.created + LATE + self.timeout <= now)
        {
            self.entries.pop_front();
            self.base.0 += 1;
        }
        overdue
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to decide next.
    pub fn poll_timeout(&self) -> Option<Time> {
        let waiting = self.entries.iter().skip(self.offset(self.undecided));
        let first = waiting.into_iter().find(|entry| entry.state == State::InFlight)?;
        Some(first.deadline(self.timeout))
    }

    /// Probes past the end in the rounds that are settled.
    pub const fn overshoot(&self) -> u64 {
        self.overshoot
    }

    /// Whether every try handed out so far is decided.
    pub fn is_quiet(&self) -> bool {
        self.poll_timeout().is_none()
    }

    /// Whether send stamps are known to come.
    pub const fn is_stamped(&self) -> bool {
        self.stamped
    }

    fn enter(&mut self, now: Time, ttl: u8, flow: Flow, state: State) -> ProbeNo {
        let no = self.next();
        let round = self.rounds.back().map_or(0, |round| round.number);
        // By a quarter, not twofold as by itself: in time the ring comes round to all the room that it has.
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(FEW.max(self.entries.len() / 4));
        }
        self.entries.push_back(Entry::new(now, ttl, flow, round, state));
        no
    }

    fn next(&self) -> ProbeNo {
        ProbeNo(self.base.0 + self.entries.len() as u32)
    }

    fn offset(&self, no: ProbeNo) -> usize {
        no.0.wrapping_sub(self.base.0) as usize
    }

    fn entry(&self, no: ProbeNo) -> Option<&Entry> {
        self.entries.get(self.offset(no))
    }

    fn entry_mut(&mut self, no: ProbeNo) -> Option<&mut Entry> {
        let offset = self.offset(no);
        self.entries.get_mut(offset)
    }

    fn range(&self, from: ProbeNo, to: ProbeNo) -> impl Iterator<Item = (ProbeNo, &Entry)> {
        let range = self.offset(from)..self.offset(to);
        (from.0..).map(ProbeNo).zip(self.entries.range(range))
    }
}

#[cfg(test)]
mod tests;
