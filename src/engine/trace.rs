//! What a driver talks to: it tells what happened and when, and asks what to send next.
//!
//! Call order, each time something happened or [`Trace::poll_timeout`] is reached: hand over what the
//! channel has ([`handle_event`](Trace::handle_event)), then [`handle_timeout`](Trace::handle_timeout), then
//! [`poll_transmit`](Trace::poll_transmit) with [`handle_sent`](Trace::handle_sent) until nothing is due, then
//! [`poll_record`](Trace::poll_record) until it is empty. Answers come before timeouts, so that one which
//! waited in the kernel is not called lost.

mod answers;
mod experiment;
mod faults;
mod sleep;
mod state;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::bare::Bare;
use super::collector::Collector;
use super::crosscheck::Echoed;
use super::detector::Detector;
use super::epoch::Epochs;
use super::faults::Faults;
use super::history::History;
use super::journal::{Entry, Journal};
use super::path::{Path, RecordedPath};
use super::probe::{Command, Event, Flow, Flows, Probe, Stray};
use super::prober::{Due, Prober};
use super::record::{Gap, Record, Why};
use super::snapshot::Pace;
use super::strays::Strays;
use super::telling::Telling;
use super::time::{Anchor, Time};
use super::verdict::PaceWish;

/// How to trace.
#[derive(Clone, Copy, Debug)]
pub struct TraceConfig {
    /// Whom to reach.
    pub target: IpAddr,
    /// How to probe.
    pub pace: Pace,
    /// Tries per hop after which to stop; `None` goes on for ever.
    pub count: Option<u32>,
    /// In which flows.
    pub flows: Flows,
    /// Shuffles the order of hops; any number.
    pub seed: u64,
}

/// What an earlier trace to the same target has left.
#[derive(Clone, Debug)]
pub struct Past {
    /// Its settled rounds.
    pub history: Arc<History>,
    /// Its events.
    pub journal: Arc<Journal>,
    /// The routes that it saw.
    pub epochs: Arc<Epochs>,
    /// The path as it was recorded.
    pub path: RecordedPath,
    /// What was part of no row.
    pub strays: Strays,
    /// When it began.
    pub started: Time,
    /// The last moment that it told of.
    pub ended: Time,
    /// How many rounds it counted.
    pub rounds: u32,
    /// The number of the next event.
    pub next_entry: u32,
}

/// One trace to one target.
#[derive(Clone, Debug)]
pub struct Trace {
    config: TraceConfig,
    anchor: Anchor,
    started: Time,
    prober: Prober,
    collector: Collector,
    path: Path,
    bare: Bare,
    history: Arc<History>,
    detector: Detector,
    journal: Arc<Journal>,
    epochs: Arc<Epochs>,
    faults: Faults,
    /// What is part of no row, but for the collector's share.
    strays: Strays,
    telling: Telling,
    /// When the target answered last; the start before it ever did.
    heard: Time,
    /// The last moment known to have been lived through.
    lived: Time,
    /// How long the machine had slept in all by then, and has now; `None` where nobody told.
    slept: (Option<Duration>, Option<Duration>),
    /// When the target last refused a probe's port, with the probe's cookie in what it quoted.
    closed: Option<Time>,
    cycles: u32,
    /// The experiment under way.
    slowed: Option<PaceWish>,
    records: VecDeque<Record>,
    version: u64,
}

impl Trace {
    /// A trace that begins at `now`, which is `anchor` on the wall clock.
    pub fn new(config: TraceConfig, now: Time, anchor: Anchor) -> Self {
        let pace = config.pace;
        Self {
            config,
            anchor,
            started: now,
            prober: Prober::new(pace, config.count, config.seed, now),
            collector: Collector::new(pace.timeout),
            path: Path::new(config.target, pace.first_ttl, pace.max_ttl),
            bare: Bare::default(),
            history: Arc::default(),
            detector: Detector::default(),
            journal: Arc::default(),
            epochs: Arc::default(),
            faults: Faults::default(),
            strays: Strays::default(),
            telling: Telling::new(RecordedPath::new(config.target), Strays::default()),
            heard: now,
            lived: now,
            slept: (None, None),
            closed: None,
            cycles: 0,
            slowed: None,
            records: VecDeque::new(),
            version: 0,
        }
    }

    /// Goes on with what was recorded before: its rounds, events and routes, and the time since, which is a gap.
    /// Events that were in force end with the recording: nobody knows how long they lasted. Nothing may have been
    /// asked yet.
    pub fn resume(&mut self, now: Time, past: Past) {
        self.started = past.started;
        self.history = past.history;
        self.journal = past.journal;
        self.cycles = past.rounds.saturating_mul(self.config.pace.tries.into());
        self.detector.resume(past.next_entry, &past.epochs);
        self.epochs = past.epochs;
        self.telling = Telling::new(past.path, past.strays.clone());
        self.strays = past.strays;
        let open = self.journal.iter().filter(|entry| entry.is_open());
        let ended = open.map(|entry| {
            let end = Some(past.ended.max(entry.start));
            Record::Journal(Entry { end, ..entry.clone() })
        });
        self.records.extend(ended);
        self.record(Record::Gap(Gap { from: past.ended, to: now, why: Why::Resumed, slept: None }));
    }

    /// The next probe to send by `now`; tell what became of it before asking again.
    pub fn poll_transmit(&mut self, now: Time) -> Option<Probe> {
        loop {
            match self.prober.poll(now, &self.path)? {
                Due::Cycle(at) => self.begin_cycle(at),
                Due::Skip(ttl) => self.collector.skip(now, ttl),
                Due::Ask(ttl)
                    if self.bare.holds(now, ttl, self.prober.pace(), &self.path, &self.collector) =>
                {
                    self.collector.skip(now, ttl);
                }
                Due::Ask(ttl) => {
                    self.version += 1;
                    let flow = match self.config.flows {
                        Flows::PerTry => self.collector.next_flow(),
                        Flows::Stable => {
                            self.bare.flow(now, ttl, self.prober.pace(), &self.path, &self.collector)
                        }
                    };
                    return Some(Probe { no: self.collector.create(now, ttl, flow), ttl, flow });
                }
            }
        }
    }

    /// Something the channel has to tell.
    pub fn handle_event(&mut self, now: Time, event: Event) {
        self.version += 1;
        match event {
            Event::SendStamp { no, kernel } => {
                if self.collector.handle_stamp(no, kernel) {
                    self.left(now, no);
                }
            }
            Event::Reply(reply) => match reply.no {
                Some(no) => self.reply(now, no, &reply),
                None => self.bare(now, Flow::Stable, &reply),
            },
            Event::Bare { flow, reply } => self.bare(now, flow, &reply),
            Event::Local { no, fault } => {
                if !self.dropped(now, no, fault) {
                    self.stray(Stray::Unknown);
                }
            }
            Event::Stray(reason) => self.stray(reason),
        }
        self.settle(now);
    }

    /// Decides what has waited long enough.
    ///
    /// Coming here more than two seconds after [`poll_timeout`](Self::poll_timeout) means that the machine
    /// slept, or the program was stopped: a [`Gap`]. What was in flight and has no answer yet is not judged.
    pub fn handle_timeout(&mut self, now: Time) {
        self.wake(now);
        let faults = &self.faults;
        let overdue = self.collector.handle_timeout(now, |no, handed_over| faults.kept_back(no, handed_over));
        self.overdue(now, overdue);
        self.settle(now);
    }

    /// When to come back if nothing happens before; `None` when all is done.
    pub fn poll_timeout(&self) -> Option<Time> {
        [self.prober.poll_timeout(), self.collector.poll_timeout()].into_iter().flatten().min()
    }

    /// What the user asks.
    pub fn handle_command(&mut self, now: Time, command: Command) {
        match command {
            Command::MaxTtl(ttl) => {
                let ttl = ttl.max(self.config.pace.first_ttl);
                self.path.set_max_ttl(ttl);
                self.prober.set_max_ttl(ttl);
            }
            Command::Interval(interval) => {
                self.prober.set_interval(now, interval);
                // A round has one interval: what was begun ends here.
                self.cycles = self.cycles.next_multiple_of(self.config.pace.tries.into());
            }
        }
        self.version += 1;
        self.records.push_back(Record::Command(now, command));
    }

    /// The wall clock was set, or has drifted away: what it says to the session's times from here on.
    pub fn handle_clock_step(&mut self, anchor: Anchor) {
        self.anchor = anchor;
        self.version += 1;
        self.records.push_back(Record::ClockStep(anchor));
    }

    /// What became of echo requests to the target: told ahead of all that waits to be told.
    pub fn handle_echoed(&mut self, echoed: Echoed) {
        self.records.push_front(Record::CrossCheck(echoed));
    }

    /// Whether anything waits to be told.
    pub fn has_records(&self) -> bool {
        !self.records.is_empty()
    }

    /// What the wall clock says to the session's times.
    pub const fn anchor(&self) -> Anchor {
        self.anchor
    }

    /// The next settled fact.
    ///
    /// What it tells of events and of the route follows right behind it.
    pub fn poll_record(&mut self) -> Option<Record> {
        let record = self.records.pop_front()?;
        match &record {
            Record::Journal(entry) => Arc::make_mut(&mut self.journal).take(entry.clone()),
            Record::Epoch(epoch) => Arc::make_mut(&mut self.epochs).take(epoch.clone()),
            _ => {}
        }
        for news in self.detector.handle(&record).into_iter().rev() {
            self.version += 1;
            self.records.push_front(news);
        }
        Some(record)
    }

    /// A number that grows with every change that a front end could show.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Every try asked for is decided.
    pub fn is_finished(&self) -> bool {
        self.prober.is_done() && self.collector.is_quiet()
    }

    /// Whom it is to reach.
    pub const fn target(&self) -> IpAddr {
        self.config.target
    }

    /// Whether the target has answered nothing for a round, and for long enough that it could have.
    pub fn is_target_silent(&self, now: Time) -> bool {
        let pace = self.prober.pace();
        now.since(self.heard) >= (pace.interval * pace.tries.into()).max(pace.timeout)
    }

    /// How it probes now.
    pub const fn pace(&self) -> Pace {
        self.prober.pace()
    }

    /// Where the path leads, and ends.
    pub const fn path(&self) -> &Path {
        &self.path
    }

    fn begin_cycle(&mut self, at: Time) {
        let tries = u32::from(self.config.pace.tries);
        if self.cycles.is_multiple_of(tries) {
            let interval: Duration = self.prober.pace().interval;
            self.collector.open_round(self.cycles / tries, at, interval);
        }
        self.cycles += 1;
    }

    fn settle(&mut self, now: Time) {
        let before = self.records.len();
        while let Some(round) = self.collector.settle(&self.path, self.prober.is_done()) {
            let is_open = self.is_open(&round);
            self.record(Record::Round(round));
            self.version += 1;
            if is_open {
                self.experiment(now);
            }
        }
        if self.records.len() > before {
            let strays = self.strays(self.collector.overshoot());
            let news = self.telling.news(now, &self.path.view(), &strays);
            self.records.extend(news);
        }
    }

    /// Tells a settled fact: history learns what it knows from these alone.
    fn record(&mut self, record: Record) {
        Arc::make_mut(&mut self.history).apply(&record);
        if let Record::Round(round) = &record {
            self.telling.round(round);
        }
        self.records.push_back(record);
    }
}
