//! What happened on this machine itself: faults, and sleep.
//!
//! What is lost right before, in and right after such a time says nothing about the path.

use std::collections::VecDeque;
use std::time::Duration;

use super::book::Book;
use crate::engine::faults::Fault;
use crate::engine::journal::{Entry, What};
use crate::engine::record::{Gap, Why};
use crate::engine::time::Time;

/// Intervals within which a fault of the same kind is the same one, going on.
const QUIET: u32 = 10;
/// Intervals before and after in which loss is excused.
const MARGIN: u32 = 2;
/// Times remembered.
const MOST: usize = 16;

/// Follows what this machine could not do.
#[derive(Clone, Debug, Default)]
pub struct Locals {
    interval: Duration,
    fault: Option<Followed>,
    away: VecDeque<(Time, Option<Time>)>,
}

#[derive(Clone, Debug)]
struct Followed {
    entry: Entry,
    /// When the fault in force began, and what was not sent before that.
    since: Time,
    before: u64,
}

impl Locals {
    /// The interval in force.
    pub const fn pace(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// A fault began, ended, or got its name.
    pub fn fault(&mut self, fault: Fault, book: &mut Book) {
        self.away.retain(|(from, _)| *from != fault.since);
        self.remember(fault.since, fault.until);
        let quiet = self.interval.max(Duration::from_millis(100)) * QUIET;
        let followed = self.fault.take().filter(|followed| {
            let is_same =
                matches!(followed.entry.what, What::Local { fault: kind, .. } if kind == fault.kind);
            followed.since == fault.since
                || is_same && followed.entry.end.is_some_and(|end| fault.since.since(end) <= quiet)
        });
        let what = |before: u64| What::Local { fault: fault.kind, not_sent: before + fault.not_sent };
        let Some(mut followed) = followed else {
            let entry = book.open(fault.since, fault.until, None, what(0));
            self.fault = Some(Followed { entry, since: fault.since, before: 0 });
            return;
        };
        if followed.since != fault.since {
            if let What::Local { not_sent, .. } = followed.entry.what {
                followed.before = not_sent;
            }
            followed.since = fault.since;
        }
        followed.entry.end = fault.until;
        followed.entry.what = what(followed.before);
        book.tell(&followed.entry);
        self.fault = Some(followed);
    }

    /// Nothing was probed for a while.
    pub fn gap(&mut self, gap: Gap, book: &mut Book) {
        self.remember(gap.from, Some(gap.to));
        if gap.why == Why::Suspend {
            book.open(gap.from, Some(gap.to), None, What::Suspend);
        }
    }

    /// Whether what is lost at `at` may be this machine's doing.
    pub fn covers(&self, at: Time) -> bool {
        let margin = self.interval * MARGIN;
        self.away.iter().any(|(from, to)| at + margin >= *from && to.is_none_or(|to| at <= to + margin))
    }

    fn remember(&mut self, from: Time, to: Option<Time>) {
        self.away.push_back((from, to));
        if self.away.len() > MOST {
            self.away.pop_front();
        }
    }
}
