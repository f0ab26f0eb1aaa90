//! Time that was not lived through: the machine slept, or the program stood still.

use std::time::Duration;

use super::Trace;
use crate::engine::record::{Gap, Record, Why};
use crate::engine::time::Time;

/// How much later than asked for a driver may come back before it is taken for a sleep of the machine, or a
/// stop of the program: hardly any machine is so busy that a ready thread waits as long.
const OVERSLEPT: Duration = Duration::from_secs(2);

impl Trace {
    /// How long the machine has slept in all, ever since whenever: what the clock that goes on meanwhile
    /// (`CLOCK_BOOTTIME`) is ahead of the one that does not (`CLOCK_MONOTONIC`). Tells the two kinds of [`Gap`] apart.
    pub const fn handle_slept(&mut self, slept: Duration) {
        self.slept.1 = Some(slept);
    }

    /// It is `now`. What was in flight before a gap and has no answer yet is not judged.
    pub(super) fn wake(&mut self, now: Time) {
        let from = std::mem::replace(&mut self.lived, now);
        let (before, after) = self.slept;
        self.slept.0 = after;
        if self.poll_timeout().is_some_and(|due| now.since(due) > OVERSLEPT) {
            self.collector.leave_unjudged();
            self.version += 1;
            // Most of the least gap there is.
            let slept = before.zip(after).map(|(before, after)| after.saturating_sub(before) > OVERSLEPT / 2);
            self.record(Record::Gap(Gap { from, to: now, why: Why::Suspend, slept }));
        }
    }
}
