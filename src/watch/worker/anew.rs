//! The watch goes on as another: by the next protocol, or where the target's name leads now.

use std::sync::Arc;

use super::super::check::Check;
use super::super::outlet::Outlet;
use super::super::{About, Notice, Way};
use super::Worker;
use crate::engine::trace::{Trace, TraceConfig};
use crate::names::again::Outcome;
use crate::names::forward::{self, Resolved};

impl<N: Fn(Notice)> Worker<'_, N> {
    /// Goes on with the next protocol; if that cannot be had, as before.
    pub(super) fn next_protocol(&mut self) -> Result<(), String> {
        self.asked = self.asked.next();
        let way = self.way.by(self.asked).ok_or("a simulated path has one protocol only")?;
        if self.asked == self.about.protocol {
            return Ok(());
        }
        let about = About { protocol: self.asked, port: way.port(), ..(*self.about).clone() };
        self.begin_anew(way, about)
    }

    /// Tells what came of looking the target's name up, and goes where it leads. The period asks silently, but
    /// for what is news.
    pub(super) fn handle_outcome(&mut self, outcome: Option<Outcome>) {
        let Some(Outcome { is_wanted, found }) = outcome else { return };
        let About { target, address, .. } = &*self.about;
        let (text, is_news) = match found {
            Ok(found) if found.address == *address => (format!("{target} is still {address}"), false),
            Ok(found) => {
                let (was, is) = (*address, found.address);
                let moved = format!("{target} was {was}, is {is} now");
                let text = match self.move_to(&found) {
                    Ok(()) => format!("{moved}; statistics restarted"),
                    Err(why) => format!("{moved}, but {was} stays watched: {why}"),
                };
                (text, true)
            }
            Err(error) => (format!("{address} stays watched: {error}"), true),
        };
        let is_told = self.said.as_deref() == Some(&*text);
        if is_wanted || is_news && !is_told {
            self.say(text);
        }
    }

    /// Goes on at another address of the target; if that cannot be probed, as before.
    fn move_to(&mut self, found: &Resolved) -> Result<(), String> {
        if !forward::is_one_host(found.address) {
            return Err("that is not the address of one host".to_owned());
        }
        let way = self.way.to(found)?;
        let by = way.by(self.about.protocol).unwrap_or_else(|| way.clone());
        let about = About { address: found.address, ..(*self.about).clone() };
        self.begin_anew(by, about)?;
        self.way = way;
        Ok(())
    }

    /// Goes on with a new trace over a new channel, recorded on its own; if that cannot be had, as before.
    fn begin_anew(&mut self, way: Way, about: About) -> Result<(), String> {
        if way.holds_a_port() {
            self.channel.close(self.clock.now());
        }
        let channel = Outlet::open(&way, self.clock).map_err(|error| error.to_string())?;
        self.record_the_rest();
        let about = Arc::new(About { source: channel.source(), channel: channel.name(), ..about });
        let config = TraceConfig { target: about.address, pace: self.trace.pace(), ..self.trace_config };
        if let Some(events) = &mut self.events {
            events.begin_anew(&Arc::new(self.trace.snapshot(self.clock.now())), &self.about);
        }
        // Versions only grow, whatever the new trace starts with.
        self.names_version += self.trace.version() + self.check.version();
        self.trace = Trace::new(config, self.clock.now(), self.clock.anchor());
        self.channel = channel;
        self.check = Check::new(way, self.clock, None);
        self.about = about;
        self.sinks.begin_anew(&self.about, self.trace.pace(), self.trace.anchor());
        self.sinks.names(self.clock.now(), &self.resolver.names());
        Ok(())
    }
}

/// Why there is nothing to look up.
pub(super) fn nameless(about: &About) -> String {
    if about.is_simulated() {
        return format!("a simulated path: {} leads nowhere else", about.target);
    }
    format!("{} is an address: there is no name to look up", about.target)
}
