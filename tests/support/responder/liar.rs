//! Somebody who sends what is no answer, or what once was one, among the answers of a path: truncated, changed,
//! replayed, forged without a sight of the probes, meant for other programs, or nothing at all.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::super::packet::{self, Code, Probe, Quote};
use super::node_address;
use super::socket::PacketSocket;

/// The addresses that forged messages come from.
pub const LIAR: (Ipv4Addr, Ipv6Addr) =
    (Ipv4Addr::new(10, 66, 6, 6), Ipv6Addr::new(0xfd66, 0, 0, 0, 0, 0, 0, 6));

/// The destination port of the flow of all ordinary probes.
const STABLE: u16 = 33_434;
/// Probes kept to lie about.
const KEPT: usize = 600;
/// Lies of so long come at once, at most.
const MADE_UP: Duration = Duration::from_millis(10);
/// After so long a probe has had its answer, and the same again is a replay.
const ANSWERED: Duration = Duration::from_secs(1);

/// The running liar; ends when dropped.
#[derive(Debug)]
pub struct Liar {
    told: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Liar {
    /// Begins once a probe has come to the far end of a responder's path, whose target is the node at distance
    /// `target`, and then tells `rate` lies a second.
    pub fn start(target: u8, rate: u32) -> Self {
        let (told, ends) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let mut work = Work {
            socket: PacketSocket::open("far"),
            target,
            probes: VecDeque::new(),
            random: 0x2545_f491_4f6c_dd1d,
        };
        let (count, end) = (Arc::clone(&told), Arc::clone(&ends));
        let run = move || {
            let mut due = 0.0;
            let mut before = Instant::now();
            while !end.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1)); // the pace of the flood
                work.look();
                let now = Instant::now();
                if !work.probes.is_empty() {
                    due += (now - before).as_secs_f64() * f64::from(rate);
                }
                before = now;
                // What was missed while others had the processor is not made up for: it would come all at once.
                due = due.min(f64::from(rate) * MADE_UP.as_secs_f64());
                while due >= 1.0 && !end.load(Ordering::Relaxed) {
                    due -= 1.0;
                    let lie = work.lie();
                    work.socket.send(&lie);
                    while work.socket.left().is_some() {}
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let thread = std::thread::Builder::new().name("liar".into()).spawn(run).expect("a thread");
        Self { told, ends, thread: Some(thread) }
    }

    /// Lies so far.
    pub fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the liar died");
        }
    }
}

struct Work {
    socket: PacketSocket,
    target: u8,
    probes: VecDeque<(Instant, Probe)>,
    random: u64,
}

impl Work {
    fn look(&mut self) {
        while let Some(came) = self.socket.receive() {
            if let Some(probe) = Probe::parse(&came.frame) {
                self.probes.push_back((Instant::now(), probe));
            }
        }
        let more = self.probes.len().saturating_sub(KEPT);
        self.probes.drain(..more);
    }

    fn draw(&mut self, below: usize) -> usize {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.draw(most + 1)).map(|_| self.draw(256) as u8).collect()
    }

    /// A probe of late, how long ago it came, and the true answer to it.
    fn truth(&mut self) -> (Probe, Duration, Vec<u8>) {
        let at = self.draw(self.probes.len());
        let (came, probe) = self.probes[at].clone();
        let distance = probe.ttl.min(self.target);
        let (v4, v6) = node_address(distance);
        let from: IpAddr = if probe.source.is_ipv4() { v4.into() } else { v6.into() };
        let code = if distance < self.target { Code::TIME_EXCEEDED } else { Code::PORT };
        let frame = if probe.is_echo && distance == self.target {
            probe.echo_reply(distance)
        } else if probe.is_syn && distance == self.target {
            probe.reset(distance, probe.sequence().wrapping_add(1))
        } else {
            probe.error(from, distance, code, &Quote::default())
        };
        (probe, came.elapsed(), frame)
    }

    fn lie(&mut self) -> Vec<u8> {
        let (probe, age, truth) = self.truth();
        if probe.is_syn {
            return self.about_syn(&probe, age, truth);
        }
        let liar: IpAddr = if probe.source.is_ipv4() { LIAR.0.into() } else { LIAR.1.into() };
        let mut body = packet::body(&truth).to_vec();
        let is_reply = probe.is_echo && probe.ttl >= self.target;
        // What quotes the whole of a probe, or returns it: cookie, number and all.
        let header = if is_reply { 8 } else { 8 + if probe.source.is_ipv4() { 20 } else { 40 } + 8 };
        match self.draw(9) {
            // Cut short of the number, at any length. Down to the ports and the checksum it is what old routers
            // say; what was true once is a replay then. Of a flow of its own it is all that tells, so that a
            // replay could not be told from an answer.
            0 => {
                let is_old = age > ANSWERED && !probe.is_echo && probe.port == STABLE;
                let most = if is_old || is_reply { header + 16 } else { header - 8 };
                body.truncate(self.draw(most));
                packet::with_body(&truth, &body, self.draw(4) > 0)
            }
            // Changed on the way back.
            1 => {
                for _ in 0..=self.draw(4) {
                    let at = self.draw(body.len());
                    body[at] ^= 1 << self.draw(8);
                }
                // Changes may make up for each other: then it would be as if nobody had meddled.
                let changed = packet::with_body(&truth, &body, false);
                if changed == packet::with_body(&truth, &body, true) {
                    body[3] ^= 1;
                }
                packet::with_body(&truth, &body, false)
            }
            // Changed on the way there, and quoted as it came: in the check, the cookie or the number.
            2 => {
                let at = header + self.draw(16);
                body[at] ^= 1 << self.draw(8);
                packet::with_body(&truth, &body, true)
            }
            // Said once more, long after.
            3 if age > ANSWERED => truth,
            // Forged without a sight of it: the right destination and port, a guessed port of ours.
            4 => {
                let port = (1 + self.draw(u16::MAX.into()) as u16).to_be_bytes();
                if port != probe.source_port.to_be_bytes() && !is_reply {
                    let at = header - 8 + if probe.is_echo { 4 } else { 0 };
                    body[at..at + 2].copy_from_slice(&port);
                    let cut = [body.len(), header][self.draw(2)];
                    body.truncate(cut);
                }
                body.iter_mut().skip(header).take(12).for_each(|byte| *byte ^= 0x5a);
                Self::from(liar, &probe, &body)
            }
            // The right ports, learnt somewhere, but not the cookie.
            5 => {
                let bytes = self.bytes(64);
                let at = header + bytes.len().min(16);
                body.truncate(header);
                body.extend(bytes);
                body.resize(at.max(header + 16), 1);
                if is_reply {
                    packet::with_body(&truth, &body, true)
                } else {
                    Self::from(liar, &probe, &body)
                }
            }
            // About packets of other programs.
            6 => {
                if !is_reply {
                    let at = if probe.source.is_ipv4() { 8 + 16 } else { 8 + 24 };
                    body[at] ^= 0x40;
                    body[header..header + 16].fill(7);
                }
                body[4] = self.draw(256) as u8;
                Self::from(liar, &probe, &body)
            }
            // By UDP from the target's address and another port, or to one.
            7 if !probe.is_echo => {
                let bytes = self.bytes(40);
                let mut other = packet::body(&probe.answer(self.target, &bytes)).to_vec();
                let at = [0, 2][self.draw(2)];
                other[at] ^= 1 + self.draw(255) as u8;
                other[6..8].fill(0); // no checksum: IPv6 takes none such
                packet::with_body(&probe.answer(self.target, &bytes), &other, false)
            }
            // Nothing that can be read.
            _ => {
                let mut bytes = self.bytes(120);
                let types: [u8; 4] = if probe.source.is_ipv4() { [3, 11, 12, 0] } else { [1, 3, 4, 129] };
                if let Some(first) = bytes.first_mut() {
                    *first = types[self.draw(4)];
                }
                Self::from(liar, &probe, &bytes)
            }
        }
    }

    /// Lies about a SYN. Of these the kernel asks for ports and sequence number alone; so every lie spoils one of
    /// them, or the check, or comes when the connection is gone.
    fn about_syn(&mut self, probe: &Probe, age: Duration, truth: Vec<u8>) -> Vec<u8> {
        let liar: IpAddr = if probe.source.is_ipv4() { LIAR.0.into() } else { LIAR.1.into() };
        let ip = if probe.source.is_ipv4() { 20 } else { 40 };
        let (ports, end) = (8 + ip, 8 + ip + 8);
        if probe.ttl >= self.target {
            // Of another connection; said once more, long after; by nobody who saw it.
            let sequence = probe.sequence();
            return match self.draw(3) {
                0 if age > ANSWERED => truth,
                1 => probe.reset(self.target, sequence ^ (1 << (8 + self.draw(24)))),
                _ => probe.reset(self.target, sequence.wrapping_add(2 + self.draw(1 << 30) as u32)),
            };
        }
        let mut body = packet::body(&truth).to_vec();
        match self.draw(8) {
            0 => {
                body.truncate(self.draw(end));
                packet::with_body(&truth, &body, self.draw(4) > 0)
            }
            1 => {
                let at = self.draw(body.len());
                body[at] ^= 1 << self.draw(8);
                packet::with_body(&truth, &body, false)
            }
            // The number after the SYN's is in the window too.
            2 => {
                body[ports + self.draw(8)] ^= 2 << self.draw(7);
                packet::with_body(&truth, &body, true)
            }
            3 if age > ANSWERED => truth,
            // The right ports, guessed, but not the number.
            4 => {
                let guess = probe.sequence().wrapping_add(2 + self.draw(1 << 30) as u32);
                body[ports + 4..end].copy_from_slice(&guess.to_be_bytes());
                Self::from(liar, probe, &body)
            }
            // The right number, which nobody can know, but not the port.
            5 => {
                let port = probe.source_port ^ (1 + self.draw(0xffff) as u16);
                body[ports..ports + 2].copy_from_slice(&port.to_be_bytes());
                Self::from(liar, probe, &body)
            }
            // About a connection to somebody else.
            6 => {
                body[8 + ip - 4] ^= 0x40;
                Self::from(liar, probe, &body)
            }
            _ => {
                let mut bytes = self.bytes(120);
                let types: [u8; 3] = if probe.source.is_ipv4() { [3, 11, 12] } else { [1, 3, 4] };
                if let Some(first) = bytes.first_mut() {
                    *first = types[self.draw(3)];
                }
                Self::from(liar, probe, &bytes)
            }
        }
    }

    /// An ICMP message from an address.
    fn from(from: IpAddr, probe: &Probe, body: &[u8]) -> Vec<u8> {
        let frame = probe.error(from, 7, Code::TIME_EXCEEDED, &Quote::default());
        packet::with_body(&frame, body, true)
    }
}
