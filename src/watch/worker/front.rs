//! What the front end is told, and what it asks.

use std::sync::Arc;
use std::time::Duration;

use super::super::events::Events;
use super::super::{Notice, Request, View};
use super::{Worker, anew};
use crate::engine::time::Time;

/// How long a front end that was told to end may take before the process ends without it.
const GRACE: Duration = Duration::from_secs(1);
/// How long names that were asked for last are waited for at the end of a counted run.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

impl<N: Fn(Notice)> Worker<'_, N> {
    /// Once every try asked for is decided, tells the front end so; names and origins that were asked for late get
    /// a moment to come in first. The loop goes on, for signals, until the front end is gone.
    pub(super) fn end_if_finished(&mut self, now: Time) {
        if self.ended.is_some() || !self.trace.is_finished() {
            return;
        }
        let finished = *self.finished.get_or_insert_with(|| {
            self.publishing.is_due(now, self.trace.version());
            now
        });
        if finished == now {
            self.publish(now);
            self.resolver.drive(now);
            self.finder.drive(now);
        }
        if !self.is_looking_up(now) || now >= finished + PATIENCE {
            self.ended = Some(now);
            self.publish(now);
            (self.front.notify)(Notice::Ended);
        }
    }

    pub(super) fn handle_request(&mut self, request: Request) {
        match request {
            Request::Trace(command) => self.trace.handle_command(self.clock.now(), command),
            Request::Names(enabled) => {
                self.resolver.set_enabled(enabled);
                self.names_version += 1;
            }
            Request::Origins(enabled) => self.finder.set_enabled(enabled),
            Request::NextProtocol => {
                if let Err(why) = self.next_protocol() {
                    self.say(why);
                }
            }
            Request::Reresolve => {
                let now = self.clock.now();
                let outcome = match &mut self.name {
                    Some(name) => name.ask(now),
                    None => return self.say(anew::nameless(&self.about)),
                };
                self.handle_outcome(outcome);
            }
            Request::Quit | Request::Finish => self.expect_end(0),
        }
    }

    /// Tells the user something; at once where views are not wanted on the way.
    pub(super) fn say(&mut self, text: String) {
        self.said = Some(Arc::from(text));
        self.names_version += 1;
        if !self.live {
            self.publish(self.clock.now());
        }
    }

    /// A front end was told to end. If it is stuck, in a terminal that takes nothing, this thread ends the
    /// process.
    pub(super) fn expect_end(&mut self, status: i32) {
        self.deadline.get_or_insert((self.clock.now() + GRACE, status));
    }

    pub(super) fn publish(&mut self, now: Time) {
        // By the wall clock as it is recorded, so that a replay tells the same moments.
        let snapshot = self.trace.snapshot(now);
        for address in snapshot.responders() {
            self.resolver.want(now, address);
            self.finder.want(now, address);
        }
        // What is known here need not wait for the next view.
        self.finder.drive(now);
        let view = View {
            snapshot: Arc::new(snapshot),
            names: self.resolver.names(),
            origins: self.finder.origins(),
            naming: self.is_looking_up(now),
            about: Arc::clone(&self.about),
            echoes: self.check.echoes(),
            said: self.said.clone(),
            recorded: Arc::new(self.sinks.recorded()),
            untold: self.events.as_ref().and_then(Events::trouble),
        };
        if self.front.slot.put(view) {
            (self.front.notify)(Notice::View);
        }
    }

    /// Whether a name or an origin may come in soon.
    pub(super) fn is_looking_up(&self, now: Time) -> bool {
        self.resolver.is_waiting(now) || self.finder.is_waiting(now)
    }
}
