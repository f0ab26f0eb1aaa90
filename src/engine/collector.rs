//! The one table of probes: what became of each, and the rounds that they make up.

mod entry;
mod flow;

use std::collections::VecDeque;
use std::time::Duration;

use self::entry::{Entry, State};
use super::path::{Meaning, Path};
use super::probe::{Flow, ProbeNo, Reply, SendOutcome, Stray};
use super::round::{LATE, Late, Round, RoundRow, Row};
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

/// Where a probe is booked: the row and the place in it, or past the end.
type Booking = (ProbeNo, Option<(Row, u8)>);

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
    /// One that comes in time for its round counts all the same. Gives how many that were.
    pub fn leave_unjudged(&mut self) -> u64 {
        let first = self.offset(self.undecided);
        let mut count = 0;
        for entry in self.entries.range_mut(first..).filter(|entry| entry.state == State::InFlight) {
            entry.state = State::Unjudged;
            count += 1;
        }
        count
    }

    /// The number of the latest probe handed out; `None` before the first.
    pub fn latest(&self) -> Option<ProbeNo> {
        self.next().0.checked_sub(1).map(ProbeNo)
    }

    /// The TTL and flow that a probe was sent with; `None` if it is unknown.
    pub fn ttl(&self, no: ProbeNo) -> Option<(u8, Flow)> {
        self.entry(no).filter(|entry| entry.sent.is_some()).map(|entry| (entry.ttl, entry.flow))
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

    /// Decides what has waited long enough. Gives how many probes never reached the wire, if any, and when the last of
    /// them was handed to the kernel.
    pub fn handle_timeout(&mut self, now: Time) -> Option<(u64, Time)> {
        let mut unsent: Option<(u64, Time)> = None;
        while let Some(entry) = self.entries.get_mut(self.undecided.0.wrapping_sub(self.base.0) as usize) {
            if entry.state == State::InFlight {
                if now < entry.deadline(self.timeout) {
                    break;
                }
                entry.state = if self.stamped && entry.stamp.is_none() {
                    let at = entry.sent.map_or(entry.created, |sent| sent.time);
                    unsent = Some((unsent.map_or(0, |(count, _)| count) + 1, at));
                    State::NotSent
                } else {
                    State::Lost
                };
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
        unsent
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to decide next.
    pub fn poll_timeout(&self) -> Option<Time> {
        let waiting = self.entries.iter().skip(self.offset(self.undecided));
        let first = waiting.into_iter().find(|entry| entry.state == State::InFlight)?;
        Some(first.deadline(self.timeout))
    }

    /// The oldest open round, once all of its tries are decided and no more will come (`closed`, or a
    /// later round has begun).
    pub fn settle(&mut self, path: &Path, closed: bool) -> Option<Round> {
        let open = *self.rounds.front()?;
        let end = self.rounds.get(1).map_or(self.next(), |next| next.first);
        let is_over = closed || self.rounds.len() > 1;
        // `undecided` stops at the first probe in flight, so answered ones behind it are looked through.
        let waits = self.range(open.first, end).any(|(_, entry)| entry.state == State::InFlight);
        if !is_over || waits {
            return None;
        }
        self.rounds.pop_front();
        let (round, booked) = self.assemble(open, end, path);
        for (no, place) in booked {
            match place {
                Some(_) => {
                    let offset = self.offset(no);
                    self.entries[offset].booked = place;
                }
                None => self.overshoot += 1,
            }
        }
        Some(round)
    }

    /// The rounds still open, as they stand, and the probes past the end in all rounds.
    pub fn open_rounds(&self, path: &Path) -> (Vec<Round>, u64) {
        let mut overshoot = self.overshoot;
        let ends = self.rounds.iter().skip(1).map(|next| next.first).chain([self.next()]);
        let rounds = self.rounds.iter().zip(ends).map(|(&open, end)| {
            let (round, booked) = self.assemble(open, end, path);
            overshoot += booked.iter().filter(|(_, place)| place.is_none()).count() as u64;
            round
        });
        (rounds.collect(), overshoot)
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

    fn assemble(&self, open: Open, end: ProbeNo, path: &Path) -> (Round, Vec<Booking>) {
        let mut rows: Vec<RoundRow> = Vec::new();
        let mut booked = Vec::new();
        for (no, entry) in self.range(open.first, end) {
            let Some(row) = entry.row(path) else {
                if entry.state != State::Skipped {
                    booked.push((no, None));
                }
                continue;
            };
            let at = rows.iter().position(|part| part.row == row).unwrap_or_else(|| {
                let part = RoundRow { row, ttl: entry.ttl, responders: Vec::new(), tries: Vec::new() };
                rows.push(part);
                rows.len() - 1
            });
            let part = &mut rows[at];
            part.ttl = part.ttl.min(entry.ttl);
            booked.push((no, Some((row, u8::try_from(part.tries.len()).unwrap_or(u8::MAX)))));
            let outcome = entry.outcome(&mut part.responders);
            part.tries.push(outcome);
        }
        rows.sort_by_key(|part| part.row);
        let Open { number, start, interval, .. } = open;
        (Round { number, start, interval, end: path.end(), rows }, booked)
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
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::engine::probe::{Answer, LocalFault, SentAt};
    use crate::engine::round::Try;
    use crate::wire::icmp::Icmp;

    const TARGET: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));
    const TIMEOUT: Duration = Duration::from_secs(3);

    const fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    /// A table with one round of three probes of TTL 1, sent at 0, 1 and 2 s.
    fn three() -> Collector {
        let mut collector = Collector::new(TIMEOUT);
        collector.open_round(0, Time::ZERO, Duration::from_secs(1));
        for ms in [0, 1_000, 2_000] {
            let no = collector.create(at(ms), 1, Flow::Stable);
            collector.handle_sent(no, Ok(SentAt { time: at(ms), wall: Wall(0) }));
        }
        collector
    }

    fn take(collector: &mut Collector, path: &mut Path, no: u32, ms: u64) -> Taken {
        let reply = Reply {
            no: Some(ProbeNo(no)),
            from: TARGET,
            answer: Answer::Icmp(Icmp::v4(3, 3)),
            received: at(ms),
            kernel: None,
            wall: Wall(0),
            measured: None,
            reply_ttl: None,
            labels: Vec::new(),
            rewritten: false,
            mtu: None,
            quoted: None,
        };
        let taken = collector.handle_reply(ProbeNo(no), &reply, Meaning::Target);
        if matches!(taken, Taken::Decided | Taken::Late(_)) {
            path.observe(ProbeNo(no), 1, &reply);
        }
        taken
    }

    #[test]
    fn a_round_settles_once_all_is_decided_and_no_more_comes() {
        let (mut collector, mut path) = (three(), Path::new(TARGET, 1, 30));
        assert_eq!(take(&mut collector, &mut path, 0, 20), Taken::Decided);
        assert_eq!(take(&mut collector, &mut path, 0, 21), Taken::Duplicate(None));
        assert_eq!(take(&mut collector, &mut path, 2, 2_020), Taken::Decided);
        assert_eq!(collector.poll_timeout(), Some(at(4_000)));
        assert_eq!(collector.settle(&path, true), None, "one is in flight");
        assert_eq!(collector.handle_timeout(at(4_000)), None);
        assert_eq!(collector.settle(&path, false), None, "its round may go on");
        let round = collector.settle(&path, true).unwrap();
        let tries = &round.row(Row::Target).unwrap().tries;
        assert!(matches!(tries[..], [Try::Answered { us: 20_000, .. }, Try::Lost, Try::Answered { .. }]));
        assert!(collector.is_quiet());
    }

    #[test]
    fn at_any_pace_it_takes_hardly_more_room_than_a_minute_needs() {
        for interval in [1, 20, 1_000] {
            let (mut collector, path) = (Collector::new(TIMEOUT), Path::new(TARGET, 1, 30));
            for number in 0..120_000 / interval as u32 {
                let now = at(u64::from(number) * interval);
                collector.open_round(number, now, Duration::from_millis(interval));
                let no = collector.create(now, 1, Flow::Stable);
                collector.handle_sent(no, Ok(SentAt { time: now, wall: Wall(0) }));
                collector.handle_timeout(now);
                while collector.settle(&path, false).is_some() {}
            }
            let needed = ((LATE + TIMEOUT).as_millis() as u64 / interval) as usize;
            let (held, room) = (collector.entries.len(), collector.entries.capacity());
            assert!((needed..=needed + 2).contains(&held), "every {interval} ms: {held}");
            assert!(room <= FEW.max(needed + needed / 4 + 2), "every {interval} ms: room for {room}");
        }
    }

    #[test]
    fn a_late_answer_mends_the_settled_try_once() {
        let (mut collector, mut path) = (three(), Path::new(TARGET, 1, 30));
        take(&mut collector, &mut path, 0, 20);
        collector.handle_timeout(at(5_000));
        assert!(collector.settle(&path, true).is_some());
        let Taken::Late(late) = take(&mut collector, &mut path, 1, 6_000) else { panic!("late") };
        assert_eq!((late.round, late.row, late.index, late.us), (0, Row::Target, 1, 5_000_000));
        assert_eq!(take(&mut collector, &mut path, 1, 6_001), Taken::Duplicate(Some(Row::Target)));
        assert_eq!(take(&mut collector, &mut path, 2, 62_001), Taken::Stray(Stray::Unknown));
    }

    #[test]
    fn what_was_never_sent_has_no_answer_and_no_row_in_sent() {
        let (mut collector, mut path) = (three(), Path::new(TARGET, 1, 30));
        let refused = collector.create(at(3_000), 1, Flow::Stable);
        collector.handle_sent(refused, Err(LocalFault::NoRoute));
        assert_eq!(take(&mut collector, &mut path, refused.0, 3_020), Taken::Stray(Stray::Unknown));
        assert_eq!(collector.handle_local(ProbeNo(1)), Some(true));
        assert_eq!(collector.handle_local(ProbeNo(1)), Some(false), "no news the second time");
        assert_eq!(collector.handle_local(ProbeNo(2)), Some(true));
        assert_eq!(collector.handle_local(ProbeNo(77)), None);
        take(&mut collector, &mut path, 0, 20);
        assert_eq!(collector.handle_local(ProbeNo(0)), None, "it was answered");
        let round = collector.settle(&path, true).unwrap();
        let tries = &round.row(Row::Target).unwrap().tries;
        assert!(matches!(tries[..], [Try::Answered { .. }, Try::NotSent, Try::NotSent, Try::NotSent]));
    }

    #[test]
    fn only_where_stamps_come_does_a_missing_one_tell() {
        let mut collector = three();
        assert!(collector.handle_stamp(ProbeNo(0), Wall(1)));
        assert!(!collector.handle_stamp(ProbeNo(3), Wall(1)));
        assert_eq!(collector.handle_timeout(at(9_000)), Some((2, at(2_000))));
        assert_eq!(three().handle_timeout(at(9_000)), None);
    }
}
