//! The watch's own thread: one loop that hands time, events and requests to the trace.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use super::publish::Publishing;
use super::signals::Signals;
use super::{About, Notice, Request, Slot, View, WatchConfig, Way};
use crate::engine::snapshot::Snapshot;
use crate::engine::time::Time;
use crate::engine::trace::Trace;
use crate::names::resolver::Resolver;
use crate::net::channel::Channel;
use crate::net::clock::Clock;
use crate::net::error_queue::ErrorQueue;
use crate::net::simulated::Simulated;

/// How long a front end that was told to end may take before the process ends without it.
const GRACE: Duration = Duration::from_secs(1);

/// How long names that were asked for last are waited for at the end of a counted run.
const PATIENCE: Duration = Duration::from_secs(2);
/// Events and sends in a row before signals, keys and names have their turn again.
const BATCH: u32 = 1_024;

/// Opens the channel, says so through `opened`, and watches until it is told to quit or all is done.
pub fn run(
    config: WatchConfig,
    clock: Clock,
    resolver: Resolver,
    requests: Receiver<Request>,
    front: Front<'_, impl Fn(Notice)>,
    opened: &SyncSender<io::Result<()>>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return opened.send(Err(error)).unwrap_or_default(),
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
    channel: Channel,
    resolver: Resolver,
    requests: Receiver<Request>,
    front: Front<'a, N>,
    about: Arc<About>,
    publishing: Publishing,
    live: bool,
    /// Grows with every batch of names.
    names_version: u64,
    /// When every try asked for was decided.
    finished: Option<Time>,
    /// The front end was told of it.
    is_ended: bool,
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
    ) -> io::Result<(Self, Signals)> {
        let signals = Signals::listen(config.screen)?;
        let channel = match config.way {
            Way::ErrorQueue(config) => Channel::ErrorQueue(Box::new(ErrorQueue::open(config, clock)?)),
            Way::Simulated(scenario) => Channel::Simulated(Box::new(Simulated::new(*scenario))),
        };
        let about = About { source: Some(channel.source()), channel: channel.name(), ..config.about };
        let now = clock.now();
        resolver.set_enabled(config.names);
        let worker = Self {
            clock,
            trace: Trace::new(config.trace, now, clock.anchor()),
            channel,
            resolver,
            requests,
            front,
            about: Arc::new(about),
            publishing: Publishing::new(now),
            live: config.live,
            names_version: 0,
            finished: None,
            is_ended: false,
            deadline: None,
        };
        Ok((worker, signals))
    }

    async fn watch(mut self, mut signals: Signals) {
        loop {
            let is_more = self.drain();
            let now = self.clock.now();
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
                    Some(request) => self.handle_request(request),
                    // The front end is gone.
                    None => return,
                },
                () = self.channel.ready() => {}
                answer = self.resolver.answered() => {
                    self.resolver.handle_answer(self.clock.now(), &answer);
                    self.names_version += 1;
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
            self.trace.handle_timeout(now);
            let Some(probe) = self.trace.poll_transmit(now) else { break };
            let outcome = self.channel.send(now, &probe);
            self.trace.handle_sent(now, probe.no, outcome);
            left -= 1;
        }
        // History has its share already; the recording will read the rest here.
        while self.trace.poll_record().is_some() {}
        self.resolver.drive(self.clock.now());
        left == 0
    }

    /// Once every try asked for is decided, tells the front end so; names that were asked for late get a
    /// moment to come in first. The loop goes on, for signals, until the front end is gone.
    fn end_if_finished(&mut self, now: Time) {
        if self.is_ended || !self.trace.is_finished() {
            return;
        }
        let finished = *self.finished.get_or_insert_with(|| {
            self.publishing.is_due(now, self.trace.version());
            now
        });
        if finished == now {
            self.publish(now);
            self.resolver.drive(now);
        }
        if !self.resolver.is_waiting(now) || now >= finished + PATIENCE {
            self.is_ended = true;
            self.publish(now);
            (self.front.notify)(Notice::Ended);
        }
    }

    fn handle_request(&mut self, request: Request) {
        match request {
            Request::Trace(command) => self.trace.handle_command(self.clock.now(), command),
            Request::Names(enabled) => {
                self.resolver.set_enabled(enabled);
                self.names_version += 1;
            }
            Request::Quit => self.expect_end(0),
        }
    }

    /// A front end was told to end. If it is stuck, in a terminal that takes nothing, this thread ends the
    /// process.
    fn expect_end(&mut self, status: i32) {
        self.deadline.get_or_insert((self.clock.now() + GRACE, status));
    }

    fn version(&self) -> u64 {
        self.trace.version() + self.names_version
    }

    fn next_wake(&self) -> Option<Time> {
        let deadline = self.deadline.map(|(at, _)| at);
        let publish = self.publishing.due(self.version()).filter(|_| self.live);
        let patience = self.finished.filter(|_| !self.is_ended).map(|at| at + PATIENCE);
        let others = [self.trace.poll_timeout(), self.channel.poll_timeout(), self.resolver.poll_timeout()];
        others.into_iter().chain([publish, deadline, patience]).flatten().min()
    }

    fn publish(&mut self, now: Time) {
        // The wall clock may have been set since: what is shown goes by what it says now.
        let snapshot = Snapshot { anchor: self.clock.anchor(), ..self.trace.snapshot(now) };
        for address in snapshot.responders() {
            self.resolver.want(now, address);
        }
        let view = View {
            snapshot: Arc::new(snapshot),
            names: self.resolver.names(),
            naming: self.resolver.is_waiting(now),
            about: Arc::clone(&self.about),
        };
        if self.front.slot.put(view) {
            (self.front.notify)(Notice::View);
        }
    }
}

/// Sleeps until `wake` on the session's clock; for ever without one.
async fn until(wake: Option<Time>, clock: &Clock) {
    match wake {
        Some(wake) => sleep_until(Instant::now() + wake.since(clock.now())).await,
        None => std::future::pending().await,
    }
}
