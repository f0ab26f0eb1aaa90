//! The target's name, asked for again while the watch goes on: by a key, or at a period. Time is passed in.
//!
//! A lookup runs on a thread of its own that nobody joins. One that has not answered by the deadline counts as
//! failed, and what it says later is dropped; while two such are stuck, no third is started.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use super::forward::{DEADLINE, ResolveError, Resolved, Why, choose, getaddrinfo};
use crate::engine::time::Time;
use crate::wire::icmp::Family;

/// Lookups that may run at a time, those included that are overdue.
const LOOKUPS: usize = 2;

/// A lookup, which may block for as long as it likes.
type Blocking = dyn Fn(&str, Option<Family>) -> Result<Vec<SocketAddr>, Why> + Send + Sync;

/// How names are looked up.
#[derive(Clone)]
pub struct Lookup(Arc<Blocking>);

impl Lookup {
    /// By any function.
    pub fn new(
        lookup: impl Fn(&str, Option<Family>) -> Result<Vec<SocketAddr>, Why> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(lookup))
    }

    /// By the system's resolver.
    pub fn system() -> Self {
        Self::new(getaddrinfo)
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

/// A target that was given by its name.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name.
    pub host: String,
    /// The family asked for.
    pub family: Option<Family>,
    /// How often it is looked up again without being told to; never if `None`.
    pub every: Option<Duration>,
    /// How.
    pub lookup: Lookup,
}

/// What came of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The user asked for it, and waits to be told.
    pub is_wanted: bool,
    /// The address to probe from now on, or why none could be found.
    pub found: Result<Resolved, ResolveError>,
}

/// The answer of a thread.
#[derive(Debug)]
pub struct Answer {
    no: u64,
    found: Result<Vec<SocketAddr>, Why>,
}

/// The lookups.
///
/// A driver calls [`drive`](Self::drive) at [`poll_timeout`](Self::poll_timeout), and hands every
/// [`answered`](Self::answered) back.
#[derive(Debug)]
pub struct Again {
    name: Name,
    /// When the period is over.
    due: Option<Time>,
    /// The lookup that is waited for.
    asked: Option<Asked>,
    /// The number of the last lookup.
    no: u64,
    running: usize,
    answer: mpsc::Sender<Answer>,
    answers: mpsc::Receiver<Answer>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    no: u64,
    deadline: Time,
    is_wanted: bool,
}

impl Again {
    /// For a name that was looked up just now.
    pub fn new(name: Name, now: Time) -> Self {
        let (answer, answers) = mpsc::channel(LOOKUPS);
        let due = name.every.map(|every| now + every);
        Self { name, due, asked: None, no: 0, running: 0, answer, answers }
    }

    /// Asks now, for a user who waits. Never blocks; gives an outcome only where nothing can be asked.
    pub fn ask(&mut self, now: Time) -> Option<Outcome> {
        match &mut self.asked {
            Some(asked) => {
                asked.is_wanted = true;
                None
            }
            None => self.start(now, true),
        }
    }

    /// Asks if the period is over; gives up a lookup that is overdue.
    pub fn drive(&mut self, now: Time) -> Option<Outcome> {
        if let Some(asked) = self.asked.take_if(|asked| asked.deadline <= now) {
            return Some(self.failed(asked.is_wanted, Why::Timeout(DEADLINE)));
        }
        let every = self.name.every?;
        self.due.filter(|due| *due <= now)?;
        self.due = Some(now + every);
        if self.asked.is_some() { None } else { self.start(now, false) }
    }

    /// When to [`drive`](Self::drive) next, if no answer comes before.
    pub fn poll_timeout(&self) -> Option<Time> {
        [self.asked.map(|asked| asked.deadline), self.due].into_iter().flatten().min()
    }

    /// Waits for an answer; nothing is lost if the wait is given up.
    pub async fn answered(&mut self) -> Answer {
        match self.answers.recv().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    /// Takes an answer, for a watch of `current`; nothing comes of one that is too late.
    pub fn handle_answer(&mut self, answer: Answer, current: IpAddr) -> Option<Outcome> {
        self.running = self.running.saturating_sub(1);
        let asked = self.asked.take_if(|asked| asked.no == answer.no)?;
        let found = answer.found.and_then(|found| next(&found, self.name.family, current));
        Some(match found {
            Ok(found) => Outcome { is_wanted: asked.is_wanted, found: Ok(found) },
            Err(why) => self.failed(asked.is_wanted, why),
        })
    }

    fn start(&mut self, now: Time, is_wanted: bool) -> Option<Outcome> {
        if self.running >= LOOKUPS {
            return Some(self.failed(is_wanted, Why::NoAnswer));
        }
        self.no += 1;
        let no = self.no;
        let (Name { host, family, lookup, .. }, answer) = (self.name.clone(), self.answer.clone());
        let work = move || {
            let found = (lookup.0)(&host, family);
            let _ = answer.blocking_send(Answer { no, found }); // unless the watch is over
        };
        if let Err(error) = thread::Builder::new().name("resolve".into()).spawn(work) {
            return Some(self.failed(is_wanted, Why::Other(format!("cannot start a thread ({error})"))));
        }
        self.running += 1;
        self.asked = Some(Asked { no, deadline: now + DEADLINE, is_wanted });
        None
    }

    fn failed(&self, is_wanted: bool, why: Why) -> Outcome {
        Outcome { is_wanted, found: Err(ResolveError { host: self.name.host.clone(), why }) }
    }
}

/// Which address to go on with: the same, if the name still stands for it among others; else the resolver's first
/// of the same family, or, where none was asked for, of the other.
fn next(found: &[SocketAddr], family: Option<Family>, current: IpAddr) -> Result<Resolved, Why> {
    let same: Vec<_> = found.iter().copied().filter(|one| one.ip().to_canonical() == current).collect();
    if !same.is_empty() {
        return choose(&same, family);
    }
    choose(found, family.or(Some(Family::of(current)))).or_else(|_| choose(found, family))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc as std_mpsc;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    fn name(every: Option<u64>, lookup: Lookup) -> Name {
        let every = every.map(Duration::from_secs);
        Name { host: "example.org".to_owned(), family: None, every, lookup }
    }

    fn finds(found: &'static [&'static str]) -> Lookup {
        Lookup::new(move |_, _| Ok(found.iter().map(|one| SocketAddr::new(ip(one), 0)).collect()))
    }

    /// The outcome of the lookup that runs, for a watch of `current`.
    fn outcome(again: &mut Again, current: &str) -> Option<Outcome> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(again.answered());
        again.handle_answer(answer, ip(current))
    }

    /// A resolver that is stuck until the other end is dropped, and then finds 192.0.2.9.
    fn stuck() -> (Lookup, std_mpsc::Sender<()>) {
        let (release, released) = std_mpsc::channel::<()>();
        let released = Mutex::new(released);
        let lookup = Lookup::new(move |_, _| {
            let _ = released.lock().unwrap().recv();
            Ok(vec![SocketAddr::new(ip("192.0.2.9"), 0)])
        });
        (lookup, release)
    }

    #[test]
    fn the_same_address_is_kept_wherever_it_stands_among_others() {
        let chosen = |found: &[&str], family| {
            let found: Vec<_> = found.iter().map(|one| SocketAddr::new(ip(one), 0)).collect();
            next(&found, family, ip("192.0.2.1")).map(|found| found.address)
        };
        assert_eq!(chosen(&["192.0.2.3", "192.0.2.1"], None), Ok(ip("192.0.2.1")));
        assert_eq!(chosen(&["2001:db8::1", "192.0.2.3"], None), Ok(ip("192.0.2.3")), "the same family first");
        assert_eq!(chosen(&["2001:db8::1"], None), Ok(ip("2001:db8::1")));
        assert_eq!(chosen(&["2001:db8::1"], Some(Family::V4)), Err(Why::NoneOfFamily(Family::V4)));
        assert_eq!(chosen(&[], None), Err(Why::NoName));
    }

    #[test]
    fn a_period_asks_by_itself_and_a_key_at_once() {
        let mut again = Again::new(name(Some(60), finds(&["192.0.2.9"])), at(0));
        assert_eq!(again.poll_timeout(), Some(at(60)));
        assert_eq!(again.drive(at(59)), None);
        assert!(again.asked.is_none());
        assert_eq!(again.drive(at(60)), None);
        let found = outcome(&mut again, "192.0.2.1").unwrap();
        assert_eq!((found.is_wanted, found.found.unwrap().address), (false, ip("192.0.2.9")));
        assert_eq!(again.poll_timeout(), Some(at(120)));

        assert_eq!(again.ask(at(61)), None);
        assert_eq!(again.ask(at(61)), None, "one is on its way");
        assert!(outcome(&mut again, "192.0.2.1").unwrap().is_wanted);
        assert_eq!(again.no, 2);
        let mut never = Again::new(name(None, finds(&[])), at(0));
        assert_eq!((never.poll_timeout(), never.drive(at(1 << 20))), (None, None));
    }

    #[test]
    fn a_resolver_that_does_not_answer_is_given_up_and_its_late_answer_dropped() {
        let (lookup, release) = stuck();
        let mut again = Again::new(name(None, lookup), at(0));
        for start in [0, 20] {
            assert_eq!(again.ask(at(start)), None);
            assert_eq!(again.drive(at(start + 9)), None);
            let error = again.drive(at(start + 10)).unwrap().found.unwrap_err();
            assert_eq!(error.why, Why::Timeout(DEADLINE));
        }
        for press in 40..1_000 {
            assert_eq!(again.ask(at(press)).unwrap().found.unwrap_err().why, Why::NoAnswer, "no third");
        }
        drop(release);
        assert_eq!(outcome(&mut again, "192.0.2.1"), None);
        assert_eq!(outcome(&mut again, "192.0.2.1"), None);
        assert_eq!(again.ask(at(2_000)), None);
        assert!(outcome(&mut again, "192.0.2.1").unwrap().found.is_ok(), "it answers again");
    }

    #[test]
    fn an_answer_after_the_end_finds_nobody_and_waits_for_nobody() {
        let (told, ended) = std_mpsc::channel();
        let (release, released) = std_mpsc::channel::<()>();
        let released = Mutex::new(released);
        let lookup = Lookup::new(move |_, _| {
            let _ = released.lock().unwrap().recv();
            told.send(()).unwrap();
            Ok(vec![])
        });
        let mut again = Again::new(name(None, lookup), at(0));
        again.ask(at(0));
        drop(again); // returns though the lookup is stuck, or the test hangs
        drop(release);
        assert_eq!(ended.recv_timeout(Duration::from_mins(1)), Ok(()));
    }
}
