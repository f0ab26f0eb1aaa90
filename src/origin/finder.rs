//! Finds origins in the background: [`Lookup`] says what to ask, and a [`Source`] is asked.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::database::Database;
use super::lookup::{Answer, Lookup, Question};
use super::public::is_public;
use super::{Origin, Origins, dns};
use crate::engine::time::Time;

/// Who knows origins.
#[derive(Clone, Debug)]
pub enum Source {
    /// The zones of [`cymru`](super::cymru), by the system's DNS servers. Asked about public addresses only.
    Dns,
    /// A file.
    Database(Arc<Database>),
    /// A table, as the simulated path has one.
    Table(fn(IpAddr) -> Option<Origin<'static>>),
}

/// How origins are found.
#[derive(Clone, Debug)]
pub struct FinderConfig {
    /// Who is asked.
    pub source: Source,
    /// Whether anybody is asked from the start.
    pub enabled: bool,
}

/// Lookups of origins in the background.
///
/// A driver tells it what is wanted, calls [`drive`](Self::drive) after that, after every answer and at
/// [`poll_timeout`](Self::poll_timeout), and hands every [`answered`](Self::answered) back with the time. It
/// lives on a tokio runtime; dropping it calls off what is on its way.
#[derive(Debug)]
pub struct Finder {
    lookup: Lookup,
    source: Source,
    running: JoinSet<Answer>,
}

impl Finder {
    /// Nothing is wanted yet.
    pub fn new(config: FinderConfig) -> Self {
        Self { lookup: Lookup::new(config.enabled), source: config.source, running: JoinSet::new() }
    }

    /// Takes note that the origin of the route to an address is wanted; any number of times.
    pub fn want(&mut self, now: Time, address: IpAddr) {
        let is_local = !matches!(self.source, Source::Dns);
        if is_local || is_public(address) {
            self.lookup.want(now, address);
        }
    }

    /// Asks what is due. Never blocks.
    pub fn drive(&mut self, now: Time) {
        while let Some(question) = self.lookup.poll_ask(now) {
            let found = match (&self.source, question) {
                (Source::Dns, _) => {
                    self.running.spawn(dns::ask(question));
                    continue;
                }
                (_, Question::Name(_)) => None, // what they know came along with the number
                (Source::Database(database), Question::Origin(address)) => database.origin(address),
                (Source::Table(table), Question::Origin(address)) => {
                    table(address).map(|origin| (origin.number, origin.name.map(str::to_owned)))
                }
            };
            let answer = match (question, found) {
                (Question::Origin(address), Some((number, name))) => Answer::Origin(address, number, name),
                _ => Answer::Nothing(question),
            };
            self.lookup.handle_answer(now, answer);
        }
    }

    /// Waits for what comes of a question; nothing is lost if the wait is given up.
    pub async fn answered(&mut self) -> Answer {
        loop {
            match self.running.join_next().await {
                Some(Ok(answer)) => return answer,
                Some(Err(_)) => {} // it panicked: its place stays taken
                None => std::future::pending().await,
            }
        }
    }

    /// Takes what came of a question.
    pub fn handle_answer(&mut self, now: Time, answer: Answer) {
        self.lookup.handle_answer(now, answer);
    }

    /// When to [`drive`](Self::drive) next, if no answer comes before.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.lookup.poll_timeout()
    }

    /// Whether an answer may come soon: a question is out or due.
    pub fn is_waiting(&self, now: Time) -> bool {
        self.lookup.is_waiting(now)
    }

    /// The origins found so far: the same `Arc` as long as they are the same.
    pub fn origins(&self) -> Arc<Origins> {
        self.lookup.origins()
    }

    /// A number that grows with every change of the origins.
    pub const fn version(&self) -> u64 {
        self.lookup.version()
    }

    /// Asks, or stops doing so; what was found and what is wanted stays.
    pub const fn set_enabled(&mut self, enabled: bool) {
        self.lookup.set_enabled(enabled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finder(source: Source, enabled: bool) -> Finder {
        Finder::new(FinderConfig { source, enabled })
    }

    fn table(address: IpAddr) -> Option<Origin<'static>> {
        let known = address == IpAddr::from([10, 0, 0, 1]);
        known.then_some(Origin { number: 64_500, name: Some("EXAMPLE") })
    }

    #[test]
    fn what_is_known_here_is_there_at_once() {
        let mut finder = finder(Source::Table(table), true);
        let (known, unknown) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        finder.want(Time::ZERO, known);
        finder.want(Time::ZERO, unknown);
        finder.drive(Time::ZERO);
        assert_eq!(finder.origins().get(known), table(known));
        assert_eq!(finder.origins().get(unknown), None);
        assert!(!finder.is_waiting(Time::ZERO));
        assert!(finder.version() > 0);
    }

    #[test]
    fn switched_off_it_asks_nobody() {
        let mut finder = finder(Source::Table(|address| panic!("asked about {address}")), false);
        finder.want(Time::ZERO, [10, 0, 0, 1].into());
        finder.drive(Time::ZERO);
        assert_eq!((finder.poll_timeout(), finder.is_waiting(Time::ZERO)), (None, false));
    }

    #[test]
    fn nobody_outside_is_asked_about_private_addresses() {
        let mut finder = finder(Source::Dns, true);
        for address in ["10.0.0.1", "fd00::1", "fe80::1", "192.0.2.1", "2001:db8::1"] {
            finder.want(Time::ZERO, address.parse().unwrap());
            assert_eq!(finder.poll_timeout(), None, "{address}");
        }
        finder.want(Time::ZERO, [9, 9, 9, 9].into());
        assert_eq!(finder.poll_timeout(), Some(Time::ZERO));
    }
}
