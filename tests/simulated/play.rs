//! Plays a trace over a simulated path on virtual time, and checks the books at every step.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use hopwatch::engine::history::{History, Totals};
use hopwatch::engine::probe::{Command, Event, Flows, Probe, Reply};
use hopwatch::engine::record::Record;
use hopwatch::engine::round::Row;
use hopwatch::engine::snapshot::{Pace, Snapshot};
use hopwatch::engine::span::Span;
use hopwatch::engine::table::TableRow;
use hopwatch::engine::time::{Anchor, Time};
use hopwatch::engine::trace::{Trace, TraceConfig};
use hopwatch::net::simulated::Simulated;
use hopwatch::net::simulated::scenario::Scenario;

/// The default pace: a try a second, three a round, three seconds to answer.
pub const PACE: Pace = Pace {
    interval: Duration::from_secs(1),
    tries: 3,
    timeout: Duration::from_secs(3),
    first_ttl: 1,
    max_ttl: 30,
};

/// What arrives in place of an event, and when.
pub type Bend = Box<dyn FnMut(Time, Event) -> Vec<(Time, Event)>>;

/// Every row that can be.
const ROWS: [Row; 256] = {
    let mut rows = [Row::Target; 256];
    let mut ttl = 1;
    while ttl < 256 {
        rows[ttl] = Row::Hop(ttl as u8);
        ttl += 1;
    }
    rows
};

pub struct Play {
    pub trace: Trace,
    pub path: Simulated,
    pub now: Time,
    pub records: Vec<Record>,
    /// Every probe handed out.
    pub probes: Vec<Probe>,
    /// Folded from the records alone.
    replayed: History,
    /// When each TTL was asked last.
    asked: BTreeMap<u8, Time>,
    bend: Option<Bend>,
    bent: Vec<(Time, Event)>,
}

impl Play {
    pub fn new(scenario: Scenario) -> Self {
        Self::with(scenario, PACE, None)
    }

    pub fn with(scenario: Scenario, pace: Pace, count: Option<u32>) -> Self {
        let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
        let flows = Flows::Stable;
        let config = TraceConfig { target: scenario.target, pace, count, flows, seed: 7 };
        let trace = Trace::new(config, Time::ZERO, anchor);
        Self {
            trace,
            path: Simulated::new(scenario).logged(),
            now: Time::ZERO,
            records: Vec::new(),
            probes: Vec::new(),
            replayed: History::default(),
            asked: BTreeMap::new(),
            bend: None,
            bent: Vec::new(),
        }
    }

    /// Lets something happen to events on their way.
    pub fn bend(mut self, bend: impl FnMut(Time, Event) -> Vec<(Time, Event)> + 'static) -> Self {
        self.bend = Some(Box::new(bend));
        self
    }

    /// Plays until `ms` after the start, or until the trace is finished.
    pub fn until_ms(mut self, ms: u64) -> Self {
        let end = Time::from_millis(ms);
        loop {
            self.step();
            let bent = self.bent.iter().map(|(at, _)| *at).min();
            let next = [self.trace.poll_timeout(), self.path.poll_timeout(), bent];
            match next.into_iter().flatten().min() {
                Some(next) if next <= end => self.now = self.now.max(next),
                _ => break,
            }
        }
        self.now = end;
        crate::replayed::check(&self.trace, &self.records, self.now, None);
        self
    }

    /// Nothing runs for so long: a stall, or a sleep.
    pub fn stall_ms(mut self, ms: u64) -> Self {
        self.now = self.now + Duration::from_millis(ms);
        self
    }

    /// The user does something now.
    pub fn command(mut self, command: Command) -> Self {
        self.trace.handle_command(self.now, command);
        self
    }

    /// Something else arrives now.
    pub fn event(mut self, event: Event) -> Self {
        let event = self.received(event);
        self.trace.handle_event(self.now, event);
        self.check();
        self
    }

    /// The event as it is read now.
    fn received(&self, event: Event) -> Event {
        match event {
            Event::Reply(reply) => Event::Reply(Reply { received: self.now, ..reply }),
            Event::Bare { flow, reply } => Event::Bare { flow, reply: Reply { received: self.now, ..reply } },
            other => other,
        }
    }

    fn step(&mut self) {
        while let Some(event) = self.path.poll(self.now) {
            match &mut self.bend {
                Some(bend) => self.bent.extend(bend(self.now, event)),
                None => self.bent.push((self.now, event)),
            }
        }
        self.bent.sort_by_key(|(at, _)| *at);
        let due = self.bent.partition_point(|(at, _)| *at <= self.now);
        for (_, event) in self.bent.drain(..due).collect::<Vec<_>>() {
            let event = self.received(event);
            self.trace.handle_event(self.now, event);
            self.check();
        }
        self.trace.handle_timeout(self.now);
        self.check();
        while let Some(probe) = self.trace.poll_transmit(self.now) {
            self.probes.push(probe);
            self.check_distance(probe);
            let outcome = self.path.send(self.now, &probe);
            self.trace.handle_sent(self.now, probe.no, outcome);
            self.check();
        }
        let before = self.records.len();
        while let Some(record) = self.trace.poll_record() {
            self.replayed.apply(&record);
            self.records.push(record);
        }
        if self.records.len() > before {
            self.check_replay();
        }
    }

    /// The records alone tell what the live history holds.
    fn check_replay(&self) {
        let live = self.snapshot().history;
        let latest = |history: &History| history.recent().rev().take(30).cloned().collect::<Vec<_>>();
        assert_eq!(latest(&live), latest(&self.replayed), "at {:?}", self.now);
        for row in ROWS {
            assert_eq!(live.total(row), self.replayed.total(row), "{row:?} at {:?}", self.now);
            if live.total(row).is_some() {
                let cells = |history: &History| history.cells(row, self.lately()).collect::<Vec<_>>();
                assert_eq!(cells(&live), cells(&self.replayed), "{row:?} at {:?}", self.now);
            }
        }
    }

    /// The last two minutes: what a record may still change.
    fn lately(&self) -> Span {
        Span::Since(self.now - Duration::from_mins(2))
    }

    /// No hop, and no responder as far as known, is asked sooner than an interval after the last time.
    fn check_distance(&mut self, probe: Probe) {
        let path = self.trace.path();
        let address = path.address(probe.ttl);
        let is_same = |ttl: u8| ttl == probe.ttl || address.is_some() && path.address(ttl) == address;
        let last = self.asked.iter().filter(|(ttl, _)| is_same(**ttl)).map(|(_, at)| *at).max();
        let interval = self.snapshot().pace.interval;
        if let Some(last) = last {
            // Timers wake a little late, and the schedule is absolute: 5 ms are allowed for that.
            let distance = self.now.since(last) + Duration::from_millis(5);
            assert!(distance >= interval, "{probe:?} at {:?}, last at {last:?}", self.now);
        }
        self.asked.insert(probe.ttl, self.now);
    }

    /// Every probe handed out is in one place: sent in some row, not sent, or past the end.
    fn check(&self) {
        let snapshot = self.snapshot();
        let open = snapshot.open.iter().flat_map(|round| &round.rows).map(|part| {
            let mut totals = Totals::default();
            for &outcome in &part.tries {
                totals.push(outcome, false, &part.responders);
            }
            totals.counts
        });
        let settled = ROWS.iter().filter_map(|&row| Some(snapshot.history.total(row)?.counts));
        let booked: u64 = settled
            .chain(open)
            .map(|counts| {
                let parts = [counts.answered, counts.late, counts.refused, counts.lost, counts.in_flight];
                assert_eq!(counts.sent(), parts.iter().sum::<u64>());
                assert!(counts.loss().is_none_or(|loss| (0.0..=100.0).contains(&loss.pct)));
                counts.sent() + counts.not_sent
            })
            .sum();
        let booked = booked + snapshot.overshoot;
        assert_eq!(booked, self.probes.len() as u64, "at {:?}", self.now);
    }

    pub fn snapshot(&self) -> Snapshot {
        self.trace.snapshot(self.now)
    }

    /// The rows on screen.
    pub fn rows(&self) -> Vec<TableRow> {
        self.snapshot().table(Span::All).rows
    }

    /// The row of a hop, by TTL.
    pub fn hop(&self, ttl: u8) -> TableRow {
        self.rows().into_iter().find(|row| row.row == Row::Hop(ttl)).expect("a row for the hop")
    }

    /// The target's row.
    pub fn target(&self) -> TableRow {
        self.rows().into_iter().find(|row| row.row == Row::Target).expect("a row for the target")
    }

    /// When probes of `ttl` were sent, in ms.
    pub fn sent_ms(&self, ttl: u8) -> Vec<u64> {
        let asked = self.path.log.iter().filter(|(_, asked)| *asked == ttl);
        asked.map(|(at, _)| at.as_nanos() / 1_000_000).collect()
    }
}
