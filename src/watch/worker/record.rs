//! What the trace has settled: to those who keep it, and to those who are told of events.

use std::sync::Arc;

use super::super::Notice;
use super::Worker;
use crate::engine::record::Record;

impl<N: Fn(Notice)> Worker<'_, N> {
    pub(super) fn end_recording(mut self) {
        if self.sinks.are_open() {
            self.drain();
        }
        self.record_the_rest();
        self.sinks.close();
    }

    /// What is decided is recorded, and what is still open at the end of a trace as such.
    pub(super) fn record_the_rest(&mut self) {
        if !self.sinks.are_open() {
            return;
        }
        // What is shown last is what is recorded last.
        let now = self.ended.unwrap_or_else(|| self.clock.now());
        if let Some(echoed) = self.check.finish(now) {
            self.trace.handle_echoed(echoed);
        }
        self.trace.finish(now);
        while let Some(record) = self.trace.poll_record() {
            self.sinks.push(now, record);
        }
    }

    /// Tells of an event, if that is what the record is about.
    pub(super) fn tell(&mut self, record: &Record) {
        let (Some(events), Record::Journal(entry)) = (&mut self.events, record) else { return };
        let (trace, about) = (&self.trace, &self.about);
        events.push(entry, || (Arc::new(trace.snapshot(self.clock.now())), Arc::clone(about)));
    }

    /// Every responder's name and origin are wanted, for the recording and, where nobody looks on the way, early
    /// enough for an end at any time.
    pub(super) fn want_names(&mut self, record: &Record) {
        let Record::Round(round) = record else { return };
        let now = self.clock.now();
        for address in round.rows.iter().flat_map(|row| &row.responders) {
            self.resolver.want(now, *address);
            self.finder.want(now, *address);
        }
    }
}
