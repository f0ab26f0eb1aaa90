//! What a driver talks to: it tells what happened and when, and asks what to send next.
//!
//! Call order, each time something happened or [`Trace::poll_timeout`] is reached: hand over what the
//! channel has ([`handle_event`](Trace::handle_event)), then [`handle_timeout`](Trace::handle_timeout), then
//! [`poll_transmit`](Trace::poll_transmit) with [`handle_sent`](Trace::handle_sent) until nothing is due, then
//! [`poll_record`](Trace::poll_record) until it is empty. Answers come before timeouts, so that one which
//! waited in the kernel is not called lost.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::bare::Bare;
use super::collector::{Collector, Taken};
use super::detector::Detector;
use super::epoch::Epochs;
use super::faults::{Fault, Faults};
use super::history::History;
use super::journal::{Entry, Journal};
use super::path::{Meaning, Path, RecordedPath};
use super::probe::{
    Answer, Command, Event, Flow, Flows, LocalFault, Probe, ProbeNo, Reply, SendOutcome, Stray,
};
use super::prober::{Due, Prober};
use super::record::{Gap, Record, Slowed, Why};
use super::round::{LATE, RoundRow, Row, Try};
use super::snapshot::{Pace, Snapshot};
use super::span::Span;
use super::strays::Strays;
use super::telling::Telling;
use super::time::{Anchor, Time};
use super::verdict::{PaceWish, verdict};

/// Rounds between two looks at whether an experiment would settle something.
const JUDGED_EVERY: u32 = 5;

/// How much later than asked for a driver may come back before it is taken for a sleep of the machine, or a
/// stop of the program: no busy machine keeps a ready thread waiting as long.
const OVERSLEPT: Duration = Duration::from_secs(2);

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
    /// The last probe that a fault kept from leaving.
    fault_no: Option<ProbeNo>,
    /// The latest probe that is known to have left.
    left_no: Option<ProbeNo>,
    /// What is part of no row, but for the collector's share.
    strays: Strays,
    telling: Telling,
    /// When the target answered last; the start before it ever did.
    heard: Time,
    /// The last moment known to have been lived through.
    lived: Time,
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
            fault_no: None,
            left_no: None,
            strays: Strays::default(),
            telling: Telling::new(RecordedPath::new(config.target), Strays::default()),
            heard: now,
            lived: now,
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
        self.record(Record::Gap(Gap { from: past.ended, to: now, why: Why::Resumed }));
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

    /// What became of handing a probe to the kernel.
    pub fn handle_sent(&mut self, now: Time, no: ProbeNo, outcome: SendOutcome) {
        self.collector.handle_sent(no, outcome);
        match outcome {
            Err(fault) => self.local_fault(now, Some(no), fault, 1),
            // Where stamps come, they and not the call tell that a probe has left.
            Ok(_) if !self.collector.is_stamped() => self.left(now, no),
            Ok(_) => {}
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
            Event::Local { no, fault } => match no.map_or(Some(true), |no| self.collector.handle_local(no)) {
                Some(is_news) => self.local_fault(now, no, fault, is_news.into()),
                None => self.stray(Stray::Unknown),
            },
            Event::Stray(reason) => self.stray(reason),
        }
        self.settle(now);
    }

    /// Decides what has waited long enough.
    ///
    /// Coming here more than two seconds after [`poll_timeout`](Self::poll_timeout) means that the machine
    /// slept, or the program was stopped: a [`Gap`]. What was in flight and has no answer yet is not judged.
    pub fn handle_timeout(&mut self, now: Time) {
        let from = std::mem::replace(&mut self.lived, now);
        if self.poll_timeout().is_some_and(|due| now.since(due) > OVERSLEPT) {
            self.collector.leave_unjudged();
            self.version += 1;
            self.record(Record::Gap(Gap { from, to: now, why: Why::Suspend }));
        }
        // Of those that the last fault kept from leaving, the timeout may be over after the fault is.
        if let Some((unsent, sent)) = self.collector.handle_timeout(now)
            && !self.faults.has_told_of(sent)
        {
            self.local_fault(now, None, LocalFault::Unstamped, unsent);
        }
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

    /// This machine was found unable to send, whether or not a probe is due.
    pub fn handle_fault(&mut self, now: Time, fault: LocalFault) {
        self.version += 1;
        self.local_fault(now, self.collector.latest(), fault, 0);
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

    /// Tells all that is not settled as it is `now`, as the last facts of all.
    pub fn finish(&mut self, now: Time) {
        let (open, overshoot) = self.collector.open_rounds(&self.path);
        for round in &open {
            self.telling.round(round);
        }
        self.records.extend(open.into_iter().map(Record::Open));
        let strays = self.strays(overshoot);
        let last = self.telling.last(now, &self.path.view(), &strays);
        self.records.extend(last);
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

    /// The state at `now`.
    pub fn snapshot(&self, now: Time) -> Snapshot {
        let (open, overshoot) = self.collector.open_rounds(&self.path);
        Snapshot {
            now,
            started: self.started,
            anchor: self.anchor,
            target: self.config.target,
            path: self.path.view(),
            history: Arc::clone(&self.history),
            journal: Arc::clone(&self.journal),
            epochs: Arc::clone(&self.epochs),
            open,
            pace: self.prober.pace(),
            fault: self.faults.latest(),
            strays: self.strays.messages.clone(),
            overshoot: self.strays.overshoot + overshoot,
            finished: self.is_finished(),
        }
    }

    fn begin_cycle(&mut self, at: Time) {
        let tries = u32::from(self.config.pace.tries);
        if self.cycles.is_multiple_of(tries) {
            let interval: Duration = self.prober.pace().interval;
            self.collector.open_round(self.cycles / tries, at, interval);
        }
        self.cycles += 1;
    }

    /// An answer that tells nothing but its flow.
    ///
    /// From a port that is closed nobody answers: such an answer is of whoever guessed our port.
    fn bare(&mut self, now: Time, flow: Flow, reply: &Reply) {
        if reply.answer == Answer::Direct && self.closed.is_some_and(|at| now.since(at) <= LATE) {
            return self.stray(Stray::Forged);
        }
        match self.collector.only_candidate(flow, reply, &self.path) {
            Ok(no) => self.reply(now, no, reply),
            Err(reason) => {
                self.stray(reason);
                let is_sought = matches!(reason, Stray::Truncated | Stray::Ambiguous);
                if is_sought && self.config.flows == Flows::Stable {
                    self.bare.seek(now, reply, &self.path);
                }
            }
        }
    }

    fn reply(&mut self, now: Time, no: ProbeNo, reply: &Reply) {
        let Some((ttl, flow)) = self.collector.ttl(no) else { return self.stray(Stray::Unknown) };
        let meaning = Meaning::of(reply, self.config.target);
        match self.collector.handle_reply(no, reply, meaning) {
            Taken::Decided => self.observe(no, (ttl, flow), reply),
            Taken::Late(late) => {
                self.observe(no, (ttl, flow), reply);
                self.record(Record::Late(late));
            }
            Taken::Duplicate(row) => {
                let row = row.or_else(|| self.path.row(ttl, Some(meaning)));
                if let Some(row) = row {
                    self.record(Record::Duplicate(row));
                }
                return;
            }
            Taken::Stray(reason) => return self.stray(reason),
        }
        if meaning == Meaning::Target {
            self.heard = now;
            if reply.no.is_some() && reply.answer != Answer::Direct {
                self.closed = Some(now);
            }
        }
        self.left(now, no);
    }

    fn observe(&mut self, no: ProbeNo, (ttl, flow): (u8, Flow), reply: &Reply) {
        if self.config.flows == Flows::Stable {
            self.bare.answered(ttl, flow, reply, &mut self.path);
        }
        self.path.observe(no, ttl, reply);
    }

    fn stray(&mut self, reason: Stray) {
        *self.strays.messages.entry(reason).or_default() += 1;
    }

    fn local_fault(&mut self, now: Time, no: Option<ProbeNo>, fault: LocalFault, not_sent: u64) {
        // What is told of an old probe, when later ones have left, is over.
        if self.faults.current().is_none() && no.is_some_and(|no| Some(no) < self.left_no) {
            return;
        }
        self.fault_no = self.fault_no.max(no);
        let is_deaf = matches!(fault, LocalFault::NoRoute | LocalFault::LinkDown | LocalFault::AddressGone);
        let not_sent = not_sent + if is_deaf { self.collector.leave_unjudged() } else { 0 };
        let changes = self.faults.failed(now, fault, not_sent);
        self.records.extend(changes.into_iter().map(Record::Fault));
    }

    /// Probe `no` is known to have left this machine.
    fn left(&mut self, now: Time, no: ProbeNo) {
        self.left_no = self.left_no.max(Some(no));
        if Some(no) > self.fault_no {
            let ended: Option<Fault> = self.faults.worked(now);
            self.records.extend(ended.map(Record::Fault));
        }
    }

    fn settle(&mut self, now: Time) {
        let before = self.records.len();
        while let Some(round) = self.collector.settle(&self.path, self.prober.is_done()) {
            let is_due = round.number % JUDGED_EVERY == JUDGED_EVERY - 1;
            let is_open = self.slowed.is_some() || round.rows.iter().any(may_ration);
            self.record(Record::Round(round));
            self.version += 1;
            if is_due && is_open {
                self.experiment(now);
            }
        }
        if self.records.len() > before {
            let strays = self.strays(self.collector.overshoot());
            let news = self.telling.news(now, &self.path.view(), &strays);
            self.records.extend(news);
        }
    }

    /// What is part of no row, where so much of it is the collector's.
    fn strays(&self, overshoot: u64) -> Strays {
        Strays { overshoot: self.strays.overshoot + overshoot, ..self.strays.clone() }
    }

    /// Asks a hop less often while that would settle how it rations its answers.
    fn experiment(&mut self, now: Time) {
        let wish = verdict(&self.history, &self.path.view(), &self.journal, Span::All).wish;
        if wish == self.slowed {
            return;
        }
        let over = self.slowed.map(|slowed| Slowed { at: now, row: slowed.row, every: 1 });
        let begun = wish.map(|wish| Slowed { at: now, row: wish.row, every: wish.every });
        for slowed in over.into_iter().chain(begun) {
            self.record(Record::Slowed(slowed));
        }
        self.slowed = wish;
        self.prober.slow(wish.and_then(|wish| match wish.row {
            Row::Hop(ttl) => Some((ttl, wish.every)),
            Row::Target => None,
        }));
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

/// A hop that answers some of its tries and not others.
fn may_ration(part: &RoundRow) -> bool {
    let has = |wanted: fn(&Try) -> bool| part.tries.iter().any(wanted);
    part.row != Row::Target && has(|outcome| *outcome == Try::Lost) && has(|outcome| outcome.us().is_some())
}
