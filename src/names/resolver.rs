//! The threads that look names up, with [`Reverse`] telling them what.
//!
//! `getnameinfo` blocks and cannot be called off. So its threads are left to themselves: they hold nothing but
//! ends of channels, nobody ever joins them, and one that is stuck when the program ends dies with it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use tokio::sync::mpsc as answers;

use super::Names;
use super::reverse::{LOOKUPS, Reverse};
use crate::engine::time::Time;

/// The outcome of one lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    address: IpAddr,
    name: Option<String>,
}

/// Reverse lookups in the background.
///
/// A driver tells it what is wanted, calls [`drive`](Self::drive) after that, after every answer and at
/// [`poll_timeout`](Self::poll_timeout), and hands every [`answered`](Self::answered) back with the time.
#[derive(Debug)]
pub struct Resolver {
    reverse: Reverse,
    asks: mpsc::SyncSender<IpAddr>,
    answers: answers::Receiver<Answer>,
}

impl Resolver {
    /// Looks up by the system's resolver.
    pub fn system() -> Self {
        Self::new(|address| dns_lookup::lookup_addr(&address).ok())
    }

    /// Looks up by `lookup`, which may block for as long as it likes; called from four threads.
    ///
    /// A thread that cannot be started is done without.
    pub fn new(lookup: impl Fn(IpAddr) -> Option<String> + Send + Sync + 'static) -> Self {
        let (asks, asked) = mpsc::sync_channel(LOOKUPS);
        let (answer, answers) = answers::channel(LOOKUPS);
        let asked = Arc::new(Mutex::new(asked));
        let lookup = Arc::new(lookup);
        for n in 0..LOOKUPS {
            let (asked, answer, lookup) = (Arc::clone(&asked), answer.clone(), Arc::clone(&lookup));
            let work = move || {
                while let Some(address) = next(&asked) {
                    let name = lookup(address);
                    if answer.blocking_send(Answer { address, name }).is_err() {
                        break; // the resolver is gone
                    }
                }
            };
            let _ = thread::Builder::new().name(format!("names-{n}")).spawn(work);
        }
        Self { reverse: Reverse::default(), asks, answers }
    }

    /// Takes note that the name of an address is wanted; any number of times.
    pub fn want(&mut self, now: Time, address: IpAddr) {
        self.reverse.want(now, address);
    }

    /// Hands to the threads what is due. Never blocks.
    pub fn drive(&mut self, now: Time) {
        while let Some(address) = self.reverse.poll_ask(now) {
            if self.asks.try_send(address).is_err() {
                self.reverse.handle_answer(now, address, None); // no thread could be started at all
            }
        }
    }

    /// Waits for the outcome of a lookup; nothing is lost if the wait is given up.
    pub async fn answered(&mut self) -> Answer {
        match self.answers.recv().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    /// Takes an outcome.
    pub fn handle_answer(&mut self, now: Time, answer: &Answer) {
        self.reverse.handle_answer(now, answer.address, answer.name.as_deref());
    }

    /// When to [`drive`](Self::drive) next, if no answer comes before.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.reverse.poll_timeout()
    }

    /// Whether a name may come in soon: a lookup runs or is due.
    pub fn is_waiting(&self, now: Time) -> bool {
        self.reverse.is_waiting(now)
    }

    /// The names found so far: the same `Arc` as long as they are the same.
    pub fn names(&self) -> Arc<Names> {
        self.reverse.names()
    }

    /// Looks names up, or stops doing so; what was found and what is wanted stays.
    pub const fn set_enabled(&mut self, enabled: bool) {
        self.reverse.set_enabled(enabled);
    }
}

/// Waits for an address to look up; `None` once the resolver is gone.
fn next(asked: &Mutex<mpsc::Receiver<IpAddr>>) -> Option<IpAddr> {
    asked.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn address(n: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, n).into()
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    /// A lookup that says on the one channel that it has begun, and waits for the other to be closed.
    fn stuck() -> (Resolver, mpsc::Receiver<IpAddr>, mpsc::Sender<()>) {
        let (report, begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let resolver = Resolver::new(move |address| {
            report.send(address).unwrap();
            let _ = released.lock().unwrap().recv();
            Some(format!("{address}.example"))
        });
        (resolver, begun, release)
    }

    /// Waits until every thread has begun a lookup.
    fn wait_for_all(begun: &mpsc::Receiver<IpAddr>) {
        for _ in 0..LOOKUPS {
            begun.recv().unwrap();
        }
    }

    #[test]
    fn names_come_in_as_they_are_found() {
        let mut resolver = Resolver::new(|address| Some(format!("host-{address}.example.")));
        (1..=9).for_each(|n| resolver.want(Time::ZERO, address(n)));
        runtime().block_on(async {
            for _ in 1..=9 {
                resolver.drive(Time::ZERO);
                let answer = resolver.answered().await;
                resolver.handle_answer(Time::ZERO, &answer);
            }
        });
        assert_eq!(resolver.names().get(address(9)), Some("host-10.0.0.9.example"));
    }

    #[test]
    fn stuck_lookups_block_nobody_and_nothing_piles_up() {
        let (mut resolver, begun, release) = stuck();
        (1..=200).for_each(|n| resolver.want(Time::ZERO, address(n)));
        resolver.drive(Time::ZERO);
        wait_for_all(&begun);
        for minute in 0..600 {
            resolver.drive(Time::from_millis(minute * 60_000));
        }
        assert_eq!(begun.try_recv(), Err(mpsc::TryRecvError::Empty), "no thread is left to begin another");
        assert_eq!(resolver.poll_timeout(), None);
        assert_eq!(*resolver.names(), Names::default());

        drop(release);
        runtime().block_on(async {
            let answer = resolver.answered().await;
            resolver.handle_answer(Time::from_millis(1), &answer);
            assert!(resolver.names().get(answer.address).is_some(), "late, and yet taken");
        });
    }

    #[test]
    fn dropping_it_waits_for_no_lookup() {
        let (mut resolver, begun, release) = stuck();
        let runtime = runtime();
        (1..=4).for_each(|n| resolver.want(Time::ZERO, address(n)));
        resolver.drive(Time::ZERO);
        wait_for_all(&begun);
        drop(resolver);
        drop(runtime); // returns while all four are still stuck, or the test hangs
        assert_eq!(begun.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(release);
        let end = begun.recv_timeout(Duration::from_mins(1));
        assert_eq!(end, Err(mpsc::RecvTimeoutError::Disconnected), "the threads end once they can");
    }
}
