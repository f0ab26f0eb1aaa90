//! The cross-check's driver: a channel for echo requests beside the trace's own, opened when first needed.

use std::time::Duration;

use super::Way;
use crate::engine::crosscheck::{CrossCheck, Echoed, Echoes};
use crate::engine::probe::Protocol;
use crate::engine::snapshot::Pace;
use crate::engine::time::Time;
use crate::engine::trace::Trace;
use crate::net::channel::{Channel, ChannelChoice, ChannelConfig, Egress};
use crate::net::clock::Clock;
use crate::net::simulated::Simulated;
use crate::wire::payload::Cookie;

/// The cross-check of a trace's target.
#[derive(Debug)]
pub struct Check {
    way: Way,
    clock: Clock,
    /// What became of requests before, if there were any.
    past: Option<Echoes>,
    state: Running,
}

#[derive(Debug)]
enum Running {
    /// The target has always answered.
    NotYet,
    /// It goes on, or waits for the target to fall silent again.
    Open(Box<(CrossCheck, Channel)>),
    /// Echo is not permitted here, or the trace sends echo requests itself.
    Never,
}

impl Check {
    /// One over the same way to the network, behind what is `past`; opens nothing yet.
    pub const fn new(way: Way, clock: Clock, past: Option<Echoes>) -> Self {
        Self { way, clock, past, state: Running::NotYet }
    }

    /// Hands over what has happened, and asks the target while it does not answer the trace, and this machine
    /// `can_send`.
    pub fn drive(&mut self, trace: &Trace, pace: Pace, can_send: bool) {
        let now = self.clock.now();
        let is_wanted = can_send && !trace.is_finished() && trace.is_target_silent(now);
        if is_wanted && matches!(self.state, Running::NotYet) {
            let check = CrossCheck::new(trace.target(), pace.timeout, self.past.unwrap_or_default());
            let opened = open(&self.way, self.clock);
            self.state = opened.map_or(Running::Never, |channel| Running::Open(Box::new((check, channel))));
        }
        if let Running::Open(open) = &mut self.state {
            drain(open, self.clock, pace.interval, is_wanted);
        }
    }

    /// Waits until something may have arrived.
    pub async fn ready(&self) {
        match &self.state {
            Running::Open(open) => open.1.ready().await,
            Running::NotYet | Running::Never => std::future::pending().await,
        }
    }

    /// When to come back if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        let Running::Open(open) = &self.state else { return None };
        [open.0.poll_timeout(), open.1.poll_timeout()].into_iter().flatten().min()
    }

    /// What has become of the requests; `None` if there never was one.
    pub fn echoes(&self) -> Option<Echoes> {
        match &self.state {
            Running::Open(open) => Some(open.0.echoes()),
            Running::NotYet | Running::Never => self.past,
        }
    }

    /// What became of requests since the last time, if it is to be told now.
    pub fn poll_record(&mut self, is_due: bool) -> Option<Echoed> {
        let Running::Open(open) = &mut self.state else { return None };
        open.0.poll_record(self.clock.now(), is_due)
    }

    /// What is left to be told at the end.
    pub fn finish(&mut self, now: Time) -> Option<Echoed> {
        let Running::Open(open) = &mut self.state else { return None };
        open.0.finish(now)
    }

    /// A number that grows with every change.
    pub fn version(&self) -> u64 {
        match &self.state {
            Running::Open(open) => open.0.version(),
            Running::NotYet | Running::Never => 0,
        }
    }
}

fn drain((check, channel): &mut (CrossCheck, Channel), clock: Clock, interval: Duration, is_wanted: bool) {
    loop {
        while let Some(event) = channel.poll(clock.now()) {
            check.handle_event(event);
        }
        let now = clock.now();
        check.handle_timeout(now);
        let Some(probe) = check.poll_transmit(now, interval, is_wanted) else { break };
        let outcome = channel.send(now, &probe);
        check.handle_sent(probe.no, outcome);
    }
}

/// A channel for echo requests to the same target.
fn open(way: &Way, clock: Clock) -> Option<Channel> {
    match way {
        Way::Network(config, _) if config.protocol == Protocol::Icmp => None,
        Way::Network(config, _) => {
            let mut target = config.target;
            target.set_port(0);
            let config = ChannelConfig {
                protocol: Protocol::Icmp,
                target,
                cookie: Cookie(config.cookie.0.wrapping_add(1)),
                egress: Egress { local_port: None, ..config.egress.clone() },
                ..config.clone()
            };
            Channel::open(&config, ChannelChoice::Auto, clock).ok()
        }
        Way::Simulated(scenario) => {
            let echo = scenario.echo.then(|| scenario.asked_by_echo())?;
            Some(Channel::Simulated(Box::new(Simulated::new(echo))))
        }
    }
}
