//! The connections under way, each a socket that the runtime watches.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::net::TcpStream as Connecting;
use std::task::Poll;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::engine::probe::{ProbeNo, SentAt};
use crate::engine::time::Time;

/// Ports of probes that are over, by which a late answer is known as one of ours.
const REMEMBERED: usize = 1_024;

/// One probe under way.
#[derive(Debug)]
pub struct Attempt {
    /// Its socket.
    pub stream: TcpStream,
    /// Its number.
    pub no: ProbeNo,
    /// The TTL it was sent with.
    pub ttl: u8,
    /// Its source port.
    pub port: u16,
    /// When it was sent.
    pub sent: SentAt,
}

impl Attempt {
    /// Whether anything came of it: an answer or an error, either of which makes a connecting socket writable.
    fn is_ready(&self) -> bool {
        self.stream.try_io(Interest::WRITABLE, || Ok(())).is_ok()
    }
}

/// All probes under way.
#[derive(Debug, Default)]
pub struct Attempts {
    /// By a number that grows with every attempt, so that the first is the oldest.
    open: BTreeMap<u64, Attempt>,
    next: u64,
    /// The source ports of those that are over, oldest first.
    over: VecDeque<u16>,
}

impl Attempts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// The number of the one with this source port.
    pub fn of_port(&self, port: u16) -> Option<ProbeNo> {
        self.open.values().find(|attempt| attempt.port == port).map(|attempt| attempt.no)
    }

    /// Whether one with this source port was there not long ago.
    pub fn was_of(&self, port: u16) -> bool {
        self.over.contains(&port)
    }

    /// Adds one that has begun to connect; within a tokio runtime.
    pub fn add(&mut self, socket: Connecting, no: ProbeNo, ttl: u8, sent: SentAt) -> io::Result<u16> {
        let port = socket.local_addr()?.port();
        let stream = TcpStream::from_std(socket)?;
        self.open.insert(self.next, Attempt { stream, no, ttl, port, sent });
        self.next += 1;
        Ok(port)
    }

    /// Takes out one that something came of.
    pub fn pop_ready(&mut self) -> Option<Attempt> {
        let (&key, _) = self.open.iter().find(|(_, attempt)| attempt.is_ready())?;
        self.take(key)
    }

    /// Takes out the oldest if `patience` has passed since it was sent.
    pub fn pop_older(&mut self, now: Time, patience: Duration) -> Option<Attempt> {
        let (&key, oldest) = self.open.first_key_value()?;
        if oldest.sent.time + patience <= now { self.take(key) } else { None }
    }

    fn take(&mut self, key: u64) -> Option<Attempt> {
        let attempt = self.open.remove(&key)?;
        if self.over.len() == REMEMBERED {
            self.over.pop_front();
        }
        self.over.push_back(attempt.port);
        Some(attempt)
    }

    /// When the oldest was sent.
    pub fn first_sent(&self) -> Option<Time> {
        self.open.first_key_value().map(|(_, attempt)| attempt.sent.time)
    }

    /// Waits until [`pop_ready`](Self::pop_ready) has one.
    pub async fn ready(&self) {
        poll_fn(|context| {
            let mut polled = self.open.values().map(|attempt| attempt.stream.poll_write_ready(context));
            if polled.any(|poll| poll.is_ready()) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
