//! A made-up internet: a thread on a packet socket at the far end of a veth pair that answers probes of
//! both families as the nodes of a path would, and notes each of them with the kernel's own stamps.
//!
//! What a node can do is a field of [`Node`]; a new trick is a new field and a line in [`node`].

mod liar;
mod node;
mod socket;
mod work;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

pub use liar::{LIAR, Liar};
pub use node::{Node, Says};

use super::lab::{ip, sysctl};
use super::patience::deadline;

/// The prober's own addresses, in this laboratory and in the [`chain`](super::chain) of real routers.
pub const CLIENT: (Ipv4Addr, Ipv6Addr) =
    (Ipv4Addr::new(10, 0, 1, 254), Ipv6Addr::new(0xfd00, 0, 0, 1, 0, 0, 0, 0xfe));

/// The addresses of the node at a distance: `10.0.k.1` and `fd00:0:0:k::1`.
pub fn node_address(distance: u8) -> (Ipv4Addr, Ipv6Addr) {
    let v6 = Ipv6Addr::new(0xfd00, 0, 0, u16::from(distance), 0, 0, 0, 1);
    (Ipv4Addr::new(10, 0, distance, 1), v6)
}

/// The addresses of the node at a distance, IPv4 first.
pub fn both(distance: u8) -> [IpAddr; 2] {
    let (v4, v6) = node_address(distance);
    [v4.into(), v6.into()]
}

/// What became of a probe in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was answered.
    Answered,
    /// The node where it ended says nothing.
    Silence,
    /// Chance took it.
    Loss,
    /// The node had no token left.
    Limit,
}

/// A probe that came, and what became of it. Stamps are the kernel's, in nanoseconds since 1970.
#[derive(Clone, Debug)]
pub struct Seen {
    /// TTL or hop limit, as it was sent.
    pub ttl: u8,
    /// Whom it was for.
    pub destination: IpAddr,
    /// Whether it is an echo request.
    pub is_echo: bool,
    /// UDP source port, or the echo request's identifier.
    pub source_port: u16,
    /// UDP destination port, or the echo request's sequence number.
    pub port: u16,
    /// The type of service or the traffic class.
    pub tos: u8,
    /// What followed the UDP or ICMP header.
    pub payload: Vec<u8>,
    /// The cookie in its payload.
    pub cookie: Option<u64>,
    /// The number in its payload.
    pub number: Option<u32>,
    /// What became of it.
    pub fate: Fate,
    /// When it arrived.
    pub received: i64,
    /// When the first answer left.
    pub sent: Option<i64>,
}

impl Seen {
    /// The truth about its round trip: nanoseconds from its arrival to the answer's leaving.
    pub fn delay(&self) -> Option<i64> {
        Some(self.sent? - self.received)
    }
}

/// How the responder's thread waits for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It sleeps until something comes or is due.
    Asleep,
    /// It never sleeps, on the last processor, for itself alone if the test lets it.
    Busy,
}

/// What the thread and its owner both see.
#[derive(Debug)]
struct Shared {
    path: Mutex<Vec<Node>>,
    seen: Mutex<Vec<Seen>>,
    /// Told of every change to `seen`.
    more: Condvar,
}

/// The running responder; ends when dropped, and its links with it.
#[derive(Debug)]
pub struct Responder {
    shared: Arc<Shared>,
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Responder {
    /// Makes a veth pair in this thread's network namespace, with [`CLIENT`] on the near end and default
    /// routes over it, and plays `path` on the far one. The last node is the target.
    pub fn start(path: Vec<Node>, wait: Wait) -> Self {
        let (v4, v6) = CLIENT;
        sysctl("ipv6/conf/default/accept_dad", "0");
        ip("link add near type veth peer name far");
        sysctl("ipv6/conf/far/disable_ipv6", "1");
        let (gateway4, gateway6) = node_address(1);
        // Not the far end's own address, so that the kernel there takes the frames for somebody else's.
        let neighbour = "lladdr 02:00:00:00:00:01 dev near nud permanent";
        ip(&format!(
            "link set far up\nlink set near up\n\
             addr add {v4}/24 dev near\naddr add {v6}/64 dev near nodad\n\
             neigh add {gateway4} {neighbour}\nneigh add {gateway6} {neighbour}\n\
             route add default via {gateway4}\nroute add default via {gateway6}"
        ));
        let socket = socket::PacketSocket::open("far");
        let shared = Shared { path: Mutex::new(path), seen: Mutex::default(), more: Condvar::new() };
        let shared = Arc::new(shared);
        let (stop, stopped) = UnixStream::pair().expect("a socket pair");
        let mut work = work::Work::new(socket, Arc::clone(&shared), stopped, wait);
        let thread = std::thread::Builder::new().name("responder".into()).spawn(move || work.run());
        Self { shared, stop: Some(stop), thread: Some(thread.expect("a thread")) }
    }

    /// From now on the path is another.
    pub fn set_path(&self, path: Vec<Node>) {
        *self.shared.path.lock().expect("the responder lives") = path;
    }

    /// Every probe so far, in the order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("the responder lives").clone()
    }

    /// Waits until what was seen meets a condition; gives it then. Panics at the deadline.
    pub fn until(&self, what: &str, seconds: f64, met: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let seen = self.shared.seen.lock().expect("the responder lives");
        let unmet = |seen: &mut Vec<Seen>| !met(seen);
        let waited = self.shared.more.wait_timeout_while(seen, deadline(seconds), unmet);
        let (seen, waited) = waited.expect("the responder lives");
        assert!(!waited.timed_out(), "{what}: not within the deadline; seen: {seen:#?}");
        seen.clone()
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the responder died");
        }
        // A test may have taken the link away itself.
        Command::new("ip").args(["link", "del", "near"]).stderr(Stdio::null()).status().ok();
    }
}
