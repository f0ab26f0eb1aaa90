//! A trace's channel, and what keeps it from sending: it follows the machine's addresses, links and routes.
//!
//! Whenever the kernel says that any of them changed, or a send fails as if they had, the kernel is asked for
//! the way out anew. Without one nothing is sent, and every probe fails at once, under the name of what is
//! missing; the question is put again at the next change, and in any case after a while that doubles.

use std::net::IpAddr;
use std::time::Duration;

use super::Way;
use crate::engine::probe::{Event, LocalFault, Probe, SendOutcome};
use crate::engine::time::Time;
use crate::net::channel::{Channel, ChannelChoice, ChannelConfig};
use crate::net::clock::Clock;
use crate::net::egress::WayOut;
use crate::net::open_error::OpenError;
use crate::net::routes::Routes;

/// The time between two questions at least: changes come in bunches.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a change of addresses and routes may take the kernel, once it has begun to tell of it.
const MIDST: Duration = Duration::from_millis(2);
/// The first time that is waited before asking again without having been woken, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What a look at the way out has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Probes cannot leave any more, or for another reason than before.
    Blocked(LocalFault),
    /// They can, from this address.
    Open(IpAddr),
}

/// The channel and the way out.
#[derive(Debug)]
pub struct Outlet {
    /// `None` once closed, and while a socket that was bound to what is gone cannot be opened anew.
    channel: Option<Channel>,
    /// `None` for a simulated path.
    network: Option<Box<Network>>,
    clock: Clock,
}

#[derive(Debug)]
struct Network {
    config: ChannelConfig,
    choice: ChannelChoice,
    routes: Routes,
    /// The way out as it was last found.
    out: Option<WayOut>,
    blocked: Option<LocalFault>,
    /// A route was found missing that was there just before, maybe in the midst of a change.
    is_in_doubt: bool,
    /// When the way out is to be looked at, if it is.
    due: Option<Time>,
    /// When it was looked at last.
    asked: Time,
    wait: Duration,
}

impl Network {
    /// Something changed, or seems to have.
    fn look_soon(&mut self, now: Time) {
        let soon = now.max(self.asked + PAUSE);
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }
}

impl Outlet {
    /// Opens the channel of a way to the network; within a tokio runtime.
    pub fn open(way: &Way, clock: Clock) -> Result<Self, OpenError> {
        let network = match way {
            // Listened to from before the first look on, so that no change is missed.
            Way::Network(config, choice) => Some(Box::new(Network {
                config: config.clone(),
                choice: *choice,
                routes: Routes::listen(),
                out: None,
                blocked: None,
                is_in_doubt: false,
                due: None,
                asked: clock.now(),
                wait: BACK_OFF.0,
            })),
            Way::Simulated(_) => None,
        };
        let mut outlet = Self { channel: Some(way.open(clock)?), network, clock };
        if let Some(network) = &mut outlet.network {
            network.out = WayOut::ask(&network.config, None).ok();
        }
        Ok(outlet)
    }

    /// The channel's name, as in reports; empty while it cannot be opened anew.
    pub fn name(&self) -> &'static str {
        self.channel.as_ref().map_or("", Channel::name)
    }

    /// The address that probes leave from, or left from last.
    pub fn source(&self) -> Option<IpAddr> {
        self.channel.as_ref().map(Channel::source)
    }

    /// Why nothing can be sent; `None` while something can.
    pub fn blocked(&self) -> Option<LocalFault> {
        self.network.as_ref()?.blocked
    }

    /// Sends a probe at `now`.
    pub fn send(&mut self, now: Time, probe: &Probe) -> SendOutcome {
        if let Some(fault) = self.blocked() {
            return Err(fault);
        }
        let channel = self.channel.as_mut().ok_or(LocalFault::LinkDown)?;
        let outcome = channel.send(now, probe);
        if let (Err(fault), Some(network)) = (outcome, &mut self.network)
            && seems_changed(fault)
        {
            network.look_soon(now);
        }
        outcome
    }

    /// Has what changed meanwhile looked at before the next probe leaves.
    pub fn heed_changes(&mut self, now: Time) {
        if let Some(network) = &mut self.network
            && network.blocked.is_none()
            && (network.routes.take() || network.due.is_some())
        {
            network.due = Some(now);
        }
    }

    /// The next event that has arrived by `now`.
    pub fn poll(&mut self, now: Time) -> Option<Event> {
        self.channel.as_mut()?.poll(now)
    }

    /// When to come back if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        let due = self.network.as_ref().and_then(|network| network.due);
        [due, self.channel.as_ref().and_then(Channel::poll_timeout)].into_iter().flatten().min()
    }

    /// Waits until something may have arrived.
    pub async fn ready(&self) {
        match &self.channel {
            Some(channel) => channel.ready().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until the machine's links, addresses or routes have changed; then [`look_soon`](Self::look_soon).
    pub async fn changed(&self) {
        match &self.network {
            Some(network) => network.routes.changed().await,
            None => std::future::pending().await,
        }
    }

    /// Makes room for another channel; opens its own anew at the next look, should it live on.
    pub fn close(&mut self, now: Time) {
        self.channel = None;
        self.look_soon(now);
    }

    /// Has the way out looked at.
    pub fn look_soon(&mut self, now: Time) {
        if let Some(network) = &mut self.network {
            network.look_soon(now);
        }
    }

    /// Looks at the way out, if that is due by `now`; gives what is new.
    pub fn look(&mut self, now: Time) -> Option<Found> {
        let network = self.network.as_mut()?;
        if network.due.is_none_or(|due| due > now) {
            return None;
        }
        network.due = None;
        network.asked = now;
        let before = network.blocked;
        let found = WayOut::ask(&network.config, network.out.as_ref());
        // An address and its routes go one after the other: what is missing is told once both are gone.
        let may_change = found == Err(LocalFault::NoRoute) && before.is_none() && !network.is_in_doubt;
        network.is_in_doubt = may_change;
        if may_change {
            network.due = Some(now + MIDST);
            return None;
        }
        let source = match found {
            Ok(out) if before.is_none() && self.channel.is_some() && network.out.as_ref() == Some(&out) => {
                return None;
            }
            Ok(out) => {
                let source = out.source;
                network.out = Some(out);
                self.follow(source, before.is_some())
            }
            Err(fault) => Err(fault),
        };
        let network = self.network.as_mut()?;
        network.blocked = source.err();
        match source {
            Ok(source) => {
                network.wait = BACK_OFF.0;
                Some(Found::Open(source))
            }
            Err(fault) => {
                network.due = Some(now + network.wait);
                network.wait = (network.wait * 2).min(BACK_OFF.1);
                (before != Some(fault)).then_some(Found::Blocked(fault))
            }
        }
    }

    /// Goes on from `source`. A socket that is bound to an interface is opened anew where that was gone: it
    /// would wait for ever for one that has the same name, but not the same number.
    fn follow(&mut self, source: IpAddr, was_blocked: bool) -> Result<IpAddr, LocalFault> {
        let Some(network) = &self.network else { return Ok(source) };
        let is_stale = was_blocked && network.config.egress.interface.is_some();
        if is_stale || self.channel.is_none() {
            // The old one may hold the port that the new one is to have.
            self.channel = None;
            let opened = Channel::open(&network.config, network.choice, self.clock);
            self.channel = Some(opened.map_err(|_| LocalFault::LinkDown)?);
        } else if let Some(channel) = &mut self.channel {
            channel.follow(source);
        }
        Ok(source)
    }
}

/// What a failed send may have to do with addresses, links and routes: a link without a carrier has no room for
/// packets, either.
const fn seems_changed(fault: LocalFault) -> bool {
    use LocalFault::{AddressGone, Errno, LinkDown, NoBuffer, NoRoute};
    matches!(fault, NoRoute | LinkDown | AddressGone | NoBuffer | Errno(_))
}
