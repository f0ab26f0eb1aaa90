//! What answers come to.

use super::Trace;
use crate::engine::collector::Taken;
use crate::engine::path::Meaning;
use crate::engine::probe::{Answer, Flow, Flows, ProbeNo, Reply, Stray};
use crate::engine::record::Record;
use crate::engine::round::LATE;
use crate::engine::time::Time;

impl Trace {
    /// An answer that tells nothing but its flow.
    ///
    /// From a port that is closed nobody answers: such an answer is of whoever guessed our port.
    pub(super) fn bare(&mut self, now: Time, flow: Flow, reply: &Reply) {
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

    pub(super) fn reply(&mut self, now: Time, no: ProbeNo, reply: &Reply) {
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

    pub(super) fn stray(&mut self, reason: Stray) {
        *self.strays.messages.entry(reason).or_default() += 1;
    }
}
