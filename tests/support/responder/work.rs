//! The responder's thread: takes probes in, keeps answers until they are due, pairs the kernel's stamps.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::time::TimeSpec;
use nix::unistd::Pid;

use super::super::packet::Probe;
use super::node::{Bucket, Node};
use super::socket::{PacketSocket, Stamped};
use super::{Fate, Seen, Shared, Wait};

/// Frames that wait for their send stamp; those of a link that was down never get one.
const UNSTAMPED: usize = 256;

/// An answer to come: due when, in which order, to which probe, what.
type Due = Reverse<(Instant, u64, usize, Vec<u8>)>;

/// The thread's state.
pub(super) struct Work {
    socket: PacketSocket,
    shared: Arc<Shared>,
    stopped: UnixStream,
    wait: Wait,
    due: BinaryHeap<Due>,
    order: u64,
    buckets: HashMap<(usize, bool), Bucket>,
    unstamped: VecDeque<(Vec<u8>, usize)>,
    chance: u64,
}

impl Work {
    /// Ready to run; ends when the other side of `stopped` is dropped.
    pub(super) fn new(socket: PacketSocket, shared: Arc<Shared>, stopped: UnixStream, wait: Wait) -> Self {
        Self {
            socket,
            shared,
            stopped,
            wait,
            due: BinaryHeap::new(),
            order: 0,
            buckets: HashMap::new(),
            unstamped: VecDeque::new(),
            chance: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// Runs until it is stopped.
    pub(super) fn run(&mut self) {
        if self.wait == Wait::Busy {
            let last = std::thread::available_parallelism().map_or(1, usize::from) - 1;
            let mut own = CpuSet::new();
            own.set(last).expect("a processor");
            sched_setaffinity(Pid::from_raw(0), &own).expect("a processor of its own");
        }
        while self.pause() {
            while let Some(came) = self.socket.receive() {
                self.take(&came);
            }
            let now = Instant::now();
            while self.due.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
                if let Some(Reverse((_, _, index, frame))) = self.due.pop() {
                    self.socket.send(&frame);
                    self.unstamped.push_back((frame, index));
                    if self.unstamped.len() > UNSTAMPED {
                        self.unstamped.pop_front();
                    }
                }
            }
            while let Some(left) = self.socket.left() {
                self.stamp(&left);
            }
        }
    }

    /// Waits until there may be work; false when it is to end.
    fn pause(&self) -> bool {
        let timeout = match (self.wait, self.due.peek()) {
            (Wait::Busy, _) => Some(Duration::ZERO),
            (_, Some(Reverse((at, ..)))) => Some(at.saturating_duration_since(Instant::now())),
            (_, None) => None,
        };
        let mut fds = [
            PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.stopped.as_fd(), PollFlags::POLLIN),
        ];
        match ppoll(&mut fds, timeout.map(TimeSpec::from_duration), None) {
            Ok(_) | Err(Errno::EINTR) => fds[1].revents().is_none_or(|events| events.is_empty()),
            Err(error) => panic!("the responder cannot wait: {error}"),
        }
    }

    fn take(&mut self, came: &Stamped) {
        let Some(probe) = Probe::parse(&came.frame) else { return };
        let now = Instant::now();
        let path = self.shared.path.lock().expect("nobody panics with the path").clone();
        let (index, says) = Node::ending(&path, &probe);
        let node = &path[index];
        let distance = u8::try_from(index + 1).expect("a path of at most 255");
        let frame = node.frame(says, &probe, distance);
        let fate = match frame {
            _ if self.draw() < node.loss => Fate::Loss,
            None => Fate::Silence,
            Some(_) if !self.has_token(index, &probe, node, now) => Fate::Limit,
            Some(_) => Fate::Answered,
        };
        let mut seen = self.shared.seen.lock().expect("nobody panics with the log");
        let place = seen.len();
        seen.push(Seen {
            ttl: probe.ttl,
            destination: probe.destination,
            is_echo: probe.is_echo,
            source_port: probe.source_port,
            port: probe.port,
            tos: probe.tos,
            cookie: probe.cookie(),
            number: probe.number(),
            payload: probe.payload,
            fate,
            received: came.at.unwrap_or_else(wall),
            sent: None,
        });
        drop(seen);
        self.shared.more.notify_all();
        if let (Fate::Answered, Some(frame)) = (fate, frame) {
            let at = now + node.delay + node.jitter.mul_f64(self.draw());
            for _ in 0..node.copies {
                self.order += 1;
                self.due.push(Reverse((at, self.order, place, frame.clone())));
            }
        }
    }

    fn has_token(&mut self, index: usize, probe: &Probe, node: &Node, now: Instant) -> bool {
        let Some(limit) = node.limit else { return true };
        let key = (index, probe.destination.is_ipv4());
        self.buckets.entry(key).or_insert_with(|| Bucket::new(limit, now)).take(limit, now)
    }

    /// The kernel loops a frame back as it left: that is the first one waiting that is equal to it.
    fn stamp(&mut self, left: &Stamped) {
        let place = self.unstamped.iter().position(|(frame, _)| *frame == left.frame);
        if let Some((_, index)) = place.and_then(|place| self.unstamped.remove(place)) {
            let mut seen = self.shared.seen.lock().expect("nobody panics with the log");
            seen[index].sent = seen[index].sent.or(left.at);
            drop(seen);
            self.shared.more.notify_all();
        }
    }

    /// An even number from 0 to 1, the same ones in every run (xorshift64*).
    fn draw(&mut self) -> f64 {
        self.chance ^= self.chance >> 12;
        self.chance ^= self.chance << 25;
        self.chance ^= self.chance >> 27;
        (self.chance.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The wall clock, for the first frames: the kernel may not be stamping yet.
fn wall() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_nanos()).expect("before 2262")
}
