//! Plays a trace over a simulated path on virtual time, and checks the books at every step.

use std::time::{Duration, SystemTime};

use hopwatch::engine::probe::{Command, Event, Record};
use hopwatch::engine::round::Row;
use hopwatch::engine::snapshot::{Pace, Snapshot};
use hopwatch::engine::table::{Span, TableRow};
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

pub struct Play {
    pub trace: Trace,
    pub path: Simulated,
    pub now: Time,
    pub records: Vec<Record>,
    handed_out: u64,
}

impl Play {
    pub fn new(scenario: Scenario) -> Self {
        Self::with(scenario, PACE, None)
    }

    pub fn with(scenario: Scenario, pace: Pace, count: Option<u32>) -> Self {
        let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
        let config = TraceConfig { target: scenario.target, pace, count, seed: 7 };
        let trace = Trace::new(config, Time::ZERO, anchor);
        Self { trace, path: Simulated::new(scenario), now: Time::ZERO, records: Vec::new(), handed_out: 0 }
    }

    /// Plays until `ms` after the start, or until the trace is finished.
    pub fn until_ms(mut self, ms: u64) -> Self {
        let end = Time::from_millis(ms);
        loop {
            self.step();
            let next = [self.trace.poll_timeout(), self.path.poll_timeout()].into_iter().flatten().min();
            match next {
                Some(next) if next <= end => self.now = self.now.max(next),
                _ => break,
            }
        }
        self.now = end;
        self
    }

    /// The user does something now.
    pub fn command(mut self, command: Command) -> Self {
        self.trace.handle_command(self.now, command);
        self
    }

    /// Something else arrives now.
    pub fn event(mut self, event: Event) -> Self {
        self.trace.handle_event(self.now, event);
        self.check();
        self
    }

    fn step(&mut self) {
        while let Some(event) = self.path.poll(self.now) {
            self.trace.handle_event(self.now, event);
            self.check();
        }
        self.trace.handle_timeout(self.now);
        self.check();
        while let Some(probe) = self.trace.poll_transmit(self.now) {
            self.handed_out += 1;
            let outcome = self.path.send(self.now, &probe);
            self.trace.handle_sent(self.now, probe.no, outcome);
            self.check();
        }
        while let Some(record) = self.trace.poll_record() {
            self.records.push(record);
        }
    }

    /// Every probe handed out is in one place: sent in some row, not sent, or past the end.
    fn check(&self) {
        let snapshot = self.snapshot();
        let counts = (0..=255u8).map(|ttl| if ttl == 0 { Row::Target } else { Row::Hop(ttl) }).map(|row| {
            let settled = snapshot.history.total(row).map(|total| total.counts).unwrap_or_default();
            let open = snapshot.open.iter().filter_map(|round| round.row(row));
            let mut totals = hopwatch::engine::history::Totals::default();
            open.for_each(|part| totals.push_row(part, 0));
            settled.sent() + settled.not_sent + totals.counts.sent() + totals.counts.not_sent
        });
        let booked: u64 = counts.sum::<u64>() + snapshot.overshoot;
        assert_eq!(booked, self.handed_out, "at {:?}", self.now);
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
        self.rows().into_iter().find(|row| row.row == Row::Hop(ttl)).unwrap()
    }

    /// The target's row.
    pub fn target(&self) -> TableRow {
        self.rows().into_iter().find(|row| row.row == Row::Target).unwrap()
    }

    /// When probes of `ttl` were sent, in ms.
    pub fn sent_ms(&self, ttl: u8) -> Vec<u64> {
        let asked = self.path.log.iter().filter(|(_, asked)| *asked == ttl);
        asked.map(|(at, _)| at.as_nanos() / 1_000_000).collect()
    }
}
