//! Virtual time: a trace and a simulated path, handed from one moment to the next.

use hopwatch::engine::record::Record;
use hopwatch::engine::time::Time;
use hopwatch::engine::trace::Trace;
use hopwatch::net::simulated::Simulated;

/// Does all that is due at a moment, and hands what the trace records then to `each`; gives the next moment that
/// something is due at.
pub fn step(
    trace: &mut Trace,
    path: &mut Simulated,
    now: Time,
    mut each: impl FnMut(&Trace, Record),
) -> Time {
    while let Some(event) = path.poll(now) {
        trace.handle_event(now, event);
    }
    trace.handle_timeout(now);
    while let Some(probe) = trace.poll_transmit(now) {
        let outcome = path.send(now, &probe);
        trace.handle_sent(now, probe.no, outcome);
    }
    while let Some(record) = trace.poll_record() {
        each(trace, record);
    }
    let next = [trace.poll_timeout(), path.poll_timeout()].into_iter().flatten().min();
    next.expect("a watch has no end").max(now)
}
