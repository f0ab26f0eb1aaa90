//! The watch's own thread: one loop that hands time, events and requests to the trace.

mod anew;
mod front;
mod record;

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use tokio::runtime::Builder;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use self::front::PATIENCE;
use super::check::Check;
use super::events::Events;
use super::outlet::{Found, Outlet};
use super::publish::Publishing;
use super::recording::Sinks;
use super::signals::Signals;
use super::{About, Notice, Request, Slot, WatchConfig, Way};
use crate::engine::probe::Protocol;
use crate::engine::record::Record;
use crate::engine::time::Time;
use crate::engine::trace::{Trace, TraceConfig};
use crate::names::again::{Again, Answer};
use crate::names::resolver::Resolver;
use crate::net::clock::Clock;
use crate::net::open_error::OpenError;
use crate::origin::finder::Finder;

/// Events and sends in a row before signals, keys and names have their turn again.
const BATCH: u32 = 1_024;

/// Opens the channel, says so through `opened`, and watches until it is told to quit or all is done.
pub fn run(
    config: WatchConfig,
    clock: Clock,
    resolver: Resolver,
    requests: Receiver<Request>,
    front: Front<'_, impl Fn(Notice)>,
    opened: &SyncSender<Result<(), OpenError>>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return opened.send(Err(error.into())).unwrap_or_default(),
    };
    runtime.block_on(async {
        let ready = Worker::open(config, clock, resolver, requests, front);
        match ready {
            Ok((worker, signals)) => {
                let _ = opened.send(Ok(()));
                worker.watch(signals).await;
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        }
    });
    // Nothing that the runtime still holds is waited for.
    runtime.shutdown_background();
}

/// The front end, as the watch sees it.
pub struct Front<'a, N> {
    pub slot: &'a Slot,
    pub notify: &'a N,
    pub restore: fn(),
}

struct Worker<'a, N> {
    clock: Clock,
    trace: Trace,
    channel: Outlet,
    check: Check,
    /// The way and the trace as they were asked for at the start.
    way: Way,
    trace_config: TraceConfig,
    /// The protocol asked for last.
    asked: Protocol,
    /// The target's name, if it has one.
    name: Option<Again>,
    /// What was last said to the user.
    said: Option<Arc<str>>,
    resolver: Resolver,
    finder: Finder,
    requests: Receiver<Request>,
    front: Front<'a, N>,
    about: Arc<About>,
    publishing: Publishing,
    sinks: Sinks,
    events: Option<Events>,
    live: bool,
    /// Grows with every answer to a lookup.
    names_version: u64,
    /// When every try asked for was decided.
    finished: Option<Time>,
    /// When the front end was told of it.
    ended: Option<Time>,
    /// When to end the process, once a front end was asked to end it.
    deadline: Option<(Time, i32)>,
}

impl<'a, N: Fn(Notice)> Worker<'a, N> {
    fn open(
        config: WatchConfig,
        clock: Clock,
        mut resolver: Resolver,
        requests: Receiver<Request>,
        front: Front<'a, N>,
    ) -> Result<(Self, Signals), OpenError> {
        let signals = Signals::listen(config.screen)?;
        let channel = Outlet::open(&config.way, clock)?;
        let about = About { source: channel.source(), channel: channel.name(), ..config.about.clone() };
        let (now, anchor) = (clock.now(), clock.anchor());
        let what = (&about, config.trace.pace, anchor);
        let mut sinks = Sinks::open(config.recording, config.stream, what)?;
        resolver.set_enabled(config.names);
        let mut trace = Trace::new(config.trace, now, anchor);
        let mut journal = None;
        if let Some(tape) = &config.resumed {
            let past = tape.past();
            journal = Some(Arc::clone(&past.journal));
            trace.resume(now, past);
            if let Some(source) = about.source.filter(|source| tape.source() != Some(*source)) {
                sinks.push(now, Record::Source(now, source));
            }
            // The clock may have been set since, or been too early to be believed.
            if tape.anchor().is_outdated_by(&clock.anchor()) {
                trace.handle_clock_step(clock.anchor());
            }
        }
        let worker = Self {
            clock,
            trace,
            channel,
            check: Check::new(
                config.way.clone(),
                clock,
                config.resumed.as_ref().and_then(|tape| tape.echoes()),
            ),
            asked: config.about.protocol,
            way: config.way,
            trace_config: config.trace,
            name: config.name.map(|name| Again::new(name, now)),
            said: None,
            resolver,
            finder: Finder::new(config.origins),
            requests,
            front,
            about: Arc::new(about),
            publishing: Publishing::new(now),
            sinks,
            events: config.events.map(|link| Events::new(link, journal.as_deref())),
            live: config.live,
            names_version: 0,
            finished: None,
            ended: None,
            deadline: None,
        };
        Ok((worker, signals))
    }

    /// Watches until the front end is gone, or says that it is enough.
    async fn watch(mut self, mut signals: Signals) {
        if !self.live {
            // Where it is recorded is worth saying before the end.
            self.publish(self.clock.now());
        }
        self.until_the_end(&mut signals).await;
        self.end_recording();
    }

    async fn until_the_end(&mut self, signals: &mut Signals) {
        loop {
            let is_more = self.drain();
            let now = self.clock.now();
            let overdue = self.name.as_mut().and_then(|name| name.drive(now));
            self.handle_outcome(overdue);
            self.end_if_finished(now);
            if self.live && self.publishing.is_due(now, self.version()) {
                self.publish(now);
            }
            if let Some((deadline, status)) = self.deadline
                && deadline <= now
            {
                (self.front.restore)();
                std::process::exit(status);
            }
            let wake = if is_more { Some(now) } else { self.next_wake() };
            tokio::select! {
                biased;
                notice = signals.next() => {
                    if let Notice::Signal(number) = notice {
                        self.expect_end(128 + number);
                        // A front end that is to end now has all there is.
                        self.publish(self.clock.now());
                    }
                    (self.front.notify)(notice);
                }
                request = self.requests.recv() => match request {
                    // The front end is gone, or about to be.
                    None | Some(Request::Finish) => return,
                    Some(request) => self.handle_request(request),
                },
                () = self.channel.ready() => {}
                () = self.channel.changed() => self.channel.look_soon(self.clock.now()),
                () = self.check.ready() => {}
                answer = self.resolver.answered() => {
                    let now = self.clock.now();
                    self.resolver.handle_answer(now, &answer);
                    self.names_version += 1;
                    self.sinks.names(now, &self.resolver.names());
                }
                answer = self.finder.answered() => {
                    self.finder.handle_answer(self.clock.now(), answer);
                    self.names_version += 1;
                }
                answer = answered(&mut self.name) => {
                    let outcome = self.name.as_mut().and_then(|name| name.handle_answer(answer, self.about.address));
                    self.handle_outcome(outcome);
                }
                () = until(wake, &self.clock) => {}
            }
        }
    }

    /// Hands over all that has happened, and sends all that is due.
    ///
    /// What sending itself brings, the send stamps and the answers of near hops, is read before going to
    /// sleep: each is a wake-up less. Gives whether a flood left more to do, once others had their turn.
    fn drain(&mut self) -> bool {
        let anchor = self.clock.anchor();
        if self.trace.anchor().is_outdated_by(&anchor) {
            self.trace.handle_clock_step(anchor);
        }
        self.look_out();
        let mut left = BATCH;
        while left > 0 {
            while let Some(event) = self.channel.poll(self.clock.now()) {
                self.trace.handle_event(self.clock.now(), event);
                left -= 1;
                if left == 0 {
                    return true;
                }
            }
            let now = self.clock.now();
            self.trace.handle_slept(Clock::slept());
            self.trace.handle_timeout(now);
            if !self.send(now) {
                break;
            }
            left -= 1;
        }
        self.check.drive(&self.trace, self.trace.pace(), self.channel.blocked().is_none());
        // Once a round, and ahead of it: what its tries lost is judged by what echo requests tell.
        if let Some(echoed) = self.check.poll_record(self.trace.has_records()) {
            self.trace.handle_echoed(echoed);
        }
        // History has its share already.
        while let Some(record) = self.trace.poll_record() {
            self.want_names(&record);
            self.tell(&record);
            if self.sinks.are_open() {
                self.sinks.push(self.clock.now(), record);
            }
        }
        let now = self.clock.now();
        self.resolver.drive(now);
        self.finder.drive(now);
        left == 0
    }

    /// Sends what is due at `now`, if anything is.
    fn send(&mut self, now: Time) -> bool {
        if self.trace.poll_timeout().is_some_and(|due| due <= now) {
            self.channel.heed_changes(now);
            self.look_out();
        }
        let Some(probe) = self.trace.poll_transmit(now) else { return false };
        let outcome = self.channel.send(now, &probe);
        if outcome.is_err() {
            self.look_out();
        }
        // The way out knows better than the error of a call what keeps probes here.
        let outcome = outcome.map_err(|fault| self.channel.blocked().unwrap_or(fault));
        self.trace.handle_sent(now, probe.no, outcome);
        true
    }

    /// Follows what has become of the way out of this machine.
    fn look_out(&mut self) {
        let now = self.clock.now();
        match self.channel.look(now) {
            Some(Found::Blocked(fault)) => self.trace.handle_fault(now, fault),
            Some(Found::Open(source)) if self.about.source != Some(source) => {
                self.about = Arc::new(About { source: Some(source), ..(*self.about).clone() });
                self.sinks.push(now, Record::Source(now, source));
                self.names_version += 1;
            }
            Some(Found::Open(_)) | None => {}
        }
    }

    fn version(&self) -> u64 {
        self.trace.version() + self.check.version() + self.names_version + self.finder.version()
    }

    fn next_wake(&self) -> Option<Time> {
        let deadline = self.deadline.map(|(at, _)| at);
        let publish = self.publishing.due(self.version()).filter(|_| self.live);
        let patience = self.finished.filter(|_| self.ended.is_none()).map(|at| at + PATIENCE);
        let name = self.name.as_ref().and_then(Again::poll_timeout);
        let lookups = [self.resolver.poll_timeout(), self.finder.poll_timeout(), name];
        let channels = [self.channel.poll_timeout(), self.check.poll_timeout()];
        let others = [self.trace.poll_timeout(), publish, deadline, patience];
        channels.into_iter().chain(others).chain(lookups).flatten().min()
    }
}

/// Waits for an answer about the target's name; for ever without one.
async fn answered(name: &mut Option<Again>) -> Answer {
    match name {
        Some(name) => name.answered().await,
        None => std::future::pending().await,
    }
}

/// Sleeps until `wake` on the session's clock; for ever without one.
async fn until(wake: Option<Time>, clock: &Clock) {
    match wake {
        Some(wake) => sleep_until(Instant::now() + wake.since(clock.now())).await,
        None => std::future::pending().await,
    }
}
