//! The cross-check: a target that does not answer is asked by ICMP echo as well, once an interval, with
//! statistics of its own that never mix with those of the trace.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::probe::{Answer, Event, Flow, Probe, ProbeNo, SendOutcome, SentAt};
use super::round::LATE;
use super::rtt::{Arrival, rtt};
use super::stats::{Counts, Running};
use super::time::{Time, Wall};

/// The TTL of an ordinary packet, as systems send them by default.
const TTL: u8 = 64;

/// What has become of the echo requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Echoes {
    /// How many, by what became of them.
    pub counts: Counts,
    /// The latest answer's time; `None` before the first.
    pub last: Option<Duration>,
    /// The times of all answers, in µs.
    pub rtt: Running,
}

/// Asks a target by echo, and counts.
#[derive(Clone, Debug)]
pub struct CrossCheck {
    target: IpAddr,
    timeout: Duration,
    entries: VecDeque<Entry>,
    /// The number of the first entry.
    base: u32,
    /// When the next request is due; `None` while none is wanted.
    due: Option<Time>,
    echoes: Echoes,
    version: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    created: Time,
    sent: Option<SentAt>,
    stamp: Option<Wall>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InFlight,
    Lost,
    Decided,
}

impl CrossCheck {
    /// None asked yet; an answer is waited for as long as `timeout`.
    pub fn new(target: IpAddr, timeout: Duration) -> Self {
        Self {
            target,
            timeout,
            entries: VecDeque::new(),
            base: 0,
            due: None,
            echoes: Echoes::default(),
            version: 0,
        }
    }

    /// The request to send by `now`, one an `interval` while it `is_wanted`.
    pub fn poll_transmit(&mut self, now: Time, interval: Duration, is_wanted: bool) -> Option<Probe> {
        if !is_wanted {
            self.due = None;
            return None;
        }
        let due = *self.due.get_or_insert(now);
        if due > now {
            return None;
        }
        let next = due + interval;
        // A missed slot is not caught up.
        self.due = Some(if next > now { next } else { now + interval });
        let no = ProbeNo(self.base.wrapping_add(self.entries.len() as u32));
        self.entries.push_back(Entry { created: now, sent: None, stamp: None, state: State::InFlight });
        self.echoes.counts.in_flight += 1;
        self.version += 1;
        Some(Probe { no, ttl: TTL, flow: Flow::Stable })
    }

    /// What became of handing a request to the kernel.
    pub fn handle_sent(&mut self, no: ProbeNo, outcome: SendOutcome) {
        match outcome {
            Ok(sent) => {
                if let Some(entry) = self.entry(no) {
                    entry.sent = Some(sent);
                }
            }
            Err(_) => self.not_sent(no),
        }
    }

    /// Something the channel has to tell.
    pub fn handle_event(&mut self, event: Event) {
        match event {
            Event::SendStamp { no, kernel } => {
                if let Some(entry) = self.entry(no) {
                    entry.stamp = Some(kernel);
                }
            }
            Event::Reply(reply) => {
                let target = self.target;
                let Some(entry) = reply.no.and_then(|no| self.entry(no)) else { return };
                let (Some(sent), before) = (entry.sent, entry.state) else { return };
                entry.state = State::Decided;
                let arrival =
                    Arrival { kernel: reply.kernel, measured: reply.measured, received: reply.received };
                let (time, _) = rtt(sent, entry.stamp, arrival);
                let is_echo = reply.answer == Answer::Direct && reply.from == target;
                let echoes = &mut self.echoes;
                let counts = &mut echoes.counts;
                match before {
                    State::Decided => {
                        counts.duplicates += 1;
                        return;
                    }
                    State::InFlight => counts.in_flight -= 1,
                    State::Lost => counts.lost -= 1,
                }
                match (is_echo, before) {
                    (false, _) => counts.refused += 1,
                    (true, State::Lost) => counts.late += 1,
                    (true, _) => counts.answered += 1,
                }
                if is_echo {
                    echoes.last = Some(time);
                    echoes.rtt.push(time.as_secs_f64() * 1e6);
                }
                self.version += 1;
            }
            Event::Local { no: Some(no), .. } => self.not_sent(no),
            Event::Local { no: None, .. } | Event::Bare { .. } | Event::Stray(_) => {}
        }
    }

    /// Decides what has waited long enough.
    pub fn handle_timeout(&mut self, now: Time) {
        let timeout = self.timeout;
        for entry in &mut self.entries {
            if entry.state == State::InFlight && entry.created + timeout <= now {
                entry.state = State::Lost;
                self.echoes.counts.in_flight -= 1;
                self.echoes.counts.lost += 1;
                self.version += 1;
            }
        }
        while self.entries.front().is_some_and(|entry| now.since(entry.created) > LATE.max(timeout)) {
            self.entries.pop_front();
            self.base = self.base.wrapping_add(1);
        }
    }

    /// When to come back if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        let waiting = self.entries.iter().find(|entry| entry.state == State::InFlight);
        [self.due, waiting.map(|entry| entry.created + self.timeout)].into_iter().flatten().min()
    }

    /// What has become of the requests so far.
    pub const fn echoes(&self) -> Echoes {
        self.echoes
    }

    /// A number that grows with every change.
    pub const fn version(&self) -> u64 {
        self.version
    }

    fn not_sent(&mut self, no: ProbeNo) {
        let Some(entry) = self.entry(no).filter(|entry| entry.state == State::InFlight) else { return };
        entry.state = State::Decided;
        self.echoes.counts.in_flight -= 1;
        self.echoes.counts.not_sent += 1;
        self.version += 1;
    }

    fn entry(&mut self, no: ProbeNo) -> Option<&mut Entry> {
        self.entries.get_mut(no.0.wrapping_sub(self.base) as usize)
    }
}
