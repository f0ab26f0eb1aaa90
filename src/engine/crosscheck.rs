//! The cross-check: a target that does not answer is asked by ICMP echo as well, once an interval, with
//! statistics of its own that never mix with those of the trace.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::probe::{Answer, Event, Flow, Probe, ProbeNo, SendOutcome, SentAt};
use super::round::LATE;
use super::rtt::{Arrival, rtt};
use super::stats::{Counts, Running};
use super::time::{Time, Wall};

/// The TTL of an ordinary packet, as systems send them by default.
const TTL: u8 = 64;
/// So many are told at once, before a pause is over: a target may answer one request without end.
const MOST_UNTOLD: usize = 4_096;

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

impl Echoes {
    /// Takes in what became of a request.
    pub fn take(&mut self, echo: Echo) {
        let counts = &mut self.counts;
        match echo {
            Echo::Answered(us) => {
                counts.answered += 1;
                self.time(us);
            }
            Echo::Late(us) => {
                counts.lost = counts.lost.saturating_sub(1);
                counts.late += 1;
                self.time(us);
            }
            Echo::Refused => counts.refused += 1,
            Echo::RefusedLate => {
                counts.lost = counts.lost.saturating_sub(1);
                counts.refused += 1;
            }
            Echo::Lost => counts.lost += 1,
            Echo::NotSent => counts.not_sent += 1,
            Echo::Duplicate => counts.duplicates += 1,
            Echo::InFlight => counts.in_flight += 1,
        }
    }

    fn time(&mut self, us: u32) {
        self.last = Some(Duration::from_micros(us.into()));
        self.rtt.push(us.into());
    }
}

/// What became of an echo request, in the order in which it came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// Answered in time, after so many µs.
    Answered(u32),
    /// One that was lost is answered, after so many µs.
    Late(u32),
    /// Refused on the way.
    Refused,
    /// One that was lost is refused.
    RefusedLate,
    /// No answer within the timeout.
    Lost,
    /// This machine could not send it.
    NotSent,
    /// One that was answered is answered again.
    Duplicate,
    /// Not decided when the watch ended.
    InFlight,
}

impl Serialize for Echo {
    /// A time is a number, all else a mark: `!` refused, `*` lost, and so on; a `+` behind it if it came late.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Answered(us) => serializer.serialize_u32(*us),
            Self::Late(us) => serializer.collect_str(&format_args!("{us}+")),
            Self::Refused => serializer.serialize_str("!"),
            Self::RefusedLate => serializer.serialize_str("!+"),
            Self::Lost => serializer.serialize_str("*"),
            Self::NotSent => serializer.serialize_str("x"),
            Self::Duplicate => serializer.serialize_str("="),
            Self::InFlight => serializer.serialize_str("?"),
        }
    }
}

impl<'de> Deserialize<'de> for Echo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Time(u32),
            Mark(String),
        }
        let mark = match Written::deserialize(deserializer)? {
            Written::Time(us) => return Ok(Self::Answered(us)),
            Written::Mark(mark) => mark,
        };
        Ok(match mark.as_str() {
            "!" => Self::Refused,
            "!+" => Self::RefusedLate,
            "*" => Self::Lost,
            "x" => Self::NotSent,
            "=" => Self::Duplicate,
            "?" => Self::InFlight,
            late => {
                let us = late.strip_suffix('+').and_then(|us| us.parse().ok());
                Self::Late(us.ok_or_else(|| serde::de::Error::custom("an echo that means nothing"))?)
            }
        })
    }
}

/// What became of echo requests in about the length of a round.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Echoed {
    /// When it was known.
    pub at: Time,
    /// What became of each.
    pub us: Vec<Echo>,
    /// How many ms before `at` each was asked; nothing where nobody knows.
    #[serde(default)]
    pub ago: Vec<u32>,
}

impl Echoed {
    /// What became of each, and when it was asked.
    pub fn asked(&self) -> impl Iterator<Item = (Time, Echo)> {
        let asked = self.ago.iter().map(|ms| self.at - Duration::from_millis((*ms).into()));
        asked.zip(self.us.iter().copied())
    }
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
    /// What is not told yet, and when it was asked.
    untold: Vec<(Time, Echo)>,
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
    /// Goes on behind `past`; an answer is waited for as long as `timeout`.
    pub fn new(target: IpAddr, timeout: Duration, past: Echoes) -> Self {
        Self {
            target,
            timeout,
            entries: VecDeque::new(),
            base: 0,
            due: None,
            echoes: past,
            untold: Vec::new(),
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
                let Some(entry) = reply.no.and_then(|no| self.entry(no)) else { return };
                let (Some(sent), before, asked) = (entry.sent, entry.state, entry.created) else { return };
                entry.state = State::Decided;
                let arrival =
                    Arrival { kernel: reply.kernel, measured: reply.measured, received: reply.received };
                let (time, _) = rtt(sent, entry.stamp, arrival);
                let us = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
                let is_echo = reply.answer == Answer::Direct && reply.from == self.target;
                let echo = match (before, is_echo) {
                    (State::Decided, _) => Echo::Duplicate,
                    (State::InFlight, true) => Echo::Answered(us),
                    (State::InFlight, false) => Echo::Refused,
                    (State::Lost, true) => Echo::Late(us),
                    (State::Lost, false) => Echo::RefusedLate,
                };
                self.decide(asked, echo);
            }
            Event::Local { no: Some(no), .. } => self.not_sent(no),
            Event::Local { no: None, .. } | Event::Bare { .. } | Event::Stray(_) => {}
        }
    }

    /// Decides what has waited long enough.
    pub fn handle_timeout(&mut self, now: Time) {
        let timeout = self.timeout;
        let mut lost = Vec::new();
        for entry in &mut self.entries {
            if entry.state == State::InFlight && entry.created + timeout <= now {
                entry.state = State::Lost;
                lost.push(entry.created);
            }
        }
        for asked in lost {
            self.decide(asked, Echo::Lost);
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
    pub fn echoes(&self) -> Echoes {
        let mut echoes = self.echoes;
        for _ in self.in_flight() {
            echoes.take(Echo::InFlight);
        }
        echoes
    }

    /// What became of requests since the last time, if it `is_due`, or a lot.
    pub fn poll_record(&mut self, now: Time, is_due: bool) -> Option<Echoed> {
        if self.untold.is_empty() || !is_due && self.untold.len() < MOST_UNTOLD {
            return None;
        }
        let told = self.untold.drain(..).map(|(asked, echo)| (now.millis_since(asked), echo));
        let (ago, us) = told.unzip();
        Some(Echoed { at: now, us, ago })
    }

    /// What is left to be told if this is the end, what is not decided included.
    pub fn finish(&mut self, now: Time) -> Option<Echoed> {
        let in_flight: Vec<_> = self.in_flight().map(|asked| (asked, Echo::InFlight)).collect();
        self.untold.extend(in_flight);
        self.poll_record(now, true)
    }

    /// A number that grows with every change.
    pub const fn version(&self) -> u64 {
        self.version
    }

    fn not_sent(&mut self, no: ProbeNo) {
        let Some(entry) = self.entry(no).filter(|entry| entry.state == State::InFlight) else { return };
        entry.state = State::Decided;
        let asked = entry.created;
        self.decide(asked, Echo::NotSent);
    }

    fn decide(&mut self, asked: Time, echo: Echo) {
        self.echoes.take(echo);
        self.untold.push((asked, echo));
        self.version += 1;
    }

    /// When those were asked that nobody knows anything of yet.
    fn in_flight(&self) -> impl Iterator<Item = Time> {
        self.entries.iter().filter(|entry| entry.state == State::InFlight).map(|entry| entry.created)
    }

    fn entry(&mut self, no: ProbeNo) -> Option<&mut Entry> {
        self.entries.get_mut(no.0.wrapping_sub(self.base) as usize)
    }
}

#[cfg(test)]
mod tests;
