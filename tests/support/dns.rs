//! A DNS server (RFC 1035) that knows a few TXT, PTR or A records and notes what it is asked.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::patience::deadline;

/// The kinds of records (RFC 1035, 3.2.2).
const A: u8 = 1;
const PTR: u8 = 12;
const TXT: u8 = 16;

/// Names, without the dot at the end, and the text of their records.
pub type Zone = HashMap<String, Vec<Vec<u8>>>;

/// The running server, on port 53 of 127.0.0.1; ends when dropped.
#[derive(Debug)]
pub struct DnsServer {
    asked: Arc<(Mutex<Vec<String>>, Condvar)>,
    ends: Arc<AtomicBool>,
    holds: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl DnsServer {
    /// One that knows these records, and of other names that they do not exist.
    pub fn start(zone: impl IntoIterator<Item = (&'static str, Vec<&'static [u8]>)>) -> Self {
        let records = |texts: Vec<&[u8]>| texts.into_iter().map(<[u8]>::to_vec).collect();
        let zone: Zone =
            zone.into_iter().map(|(name, texts)| (name.to_lowercase(), records(texts))).collect();
        Self::run(Some((TXT, zone)), false)
    }

    /// One that knows what addresses are called: the bytes of a PTR record's data, whatever they say.
    pub fn pointing(names: impl IntoIterator<Item = (Ipv4Addr, Vec<u8>)>) -> Self {
        Self::run(Some((PTR, Self::reverse(names))), false)
    }

    /// The same, but it keeps all its answers until [`release`](Self::release).
    pub fn pointing_late(names: impl IntoIterator<Item = (Ipv4Addr, Vec<u8>)>) -> Self {
        Self::run(Some((PTR, Self::reverse(names))), true)
    }

    /// One that knows where names lead, and keeps all its answers until [`release`](Self::release).
    pub fn leading_late(names: impl IntoIterator<Item = (&'static str, Ipv4Addr)>) -> Self {
        let records = |address: Ipv4Addr| vec![address.octets().to_vec()];
        let zone = names.into_iter().map(|(name, address)| (name.to_owned(), records(address))).collect();
        Self::run(Some((A, zone)), true)
    }

    fn reverse(names: impl IntoIterator<Item = (Ipv4Addr, Vec<u8>)>) -> Zone {
        let reverse = |address: Ipv4Addr| {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        };
        names.into_iter().map(|(address, data)| (reverse(address), vec![data])).collect()
    }

    /// One that takes questions and never answers.
    pub fn dead() -> Self {
        Self::run(None, false)
    }

    fn run(zone: Option<(u8, Zone)>, holds: bool) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:53").expect("port 53 of this namespace");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        let (asked, ends) =
            (Arc::new((Mutex::new(Vec::new()), Condvar::new())), Arc::new(AtomicBool::new(false)));
        let holds = Arc::new(AtomicBool::new(holds));
        let (note, end, hold) = (Arc::clone(&asked), Arc::clone(&ends), Arc::clone(&holds));
        let serve = move || {
            let mut buffer = [0; 512];
            let mut kept: Vec<(Vec<u8>, SocketAddr)> = Vec::new();
            while !end.load(Ordering::Relaxed) {
                if !hold.load(Ordering::Relaxed) {
                    for (reply, from) in kept.drain(..) {
                        // Whoever asked may have gone.
                        let _: std::io::Result<usize> = socket.send_to(&reply, from);
                    }
                }
                let (length, from) = match socket.recv_from(&mut buffer) {
                    Ok(received) => received,
                    Err(error)
                        if matches!(
                            error.kind(),
                            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                        ) =>
                    {
                        continue;
                    }
                    Err(error) => panic!("the server cannot receive: {error}"),
                };
                let (name, question) = question(&buffer[..length]);
                note.0.lock().expect("the test lives").push(name.clone());
                note.1.notify_all();
                if let Some((kind, zone)) = &zone {
                    kept.push((reply(&buffer[..2], question, *kind, zone.get(&name)), from));
                }
            }
        };
        let thread = std::thread::Builder::new().name("dns".into()).spawn(serve);
        Self { asked, ends, holds, thread: Some(thread.expect("a thread")) }
    }

    /// Gives the answers that were kept, and from now on all of them at once.
    pub fn release(&self) {
        self.holds.store(false, Ordering::Relaxed);
    }

    /// Waits until so many questions have come.
    pub fn until_asked(&self, times: usize) {
        let asked = self.asked.0.lock().expect("the server lives");
        let waited = self.asked.1.wait_timeout_while(asked, deadline(5.0), |asked| asked.len() < times);
        let (asked, waited) = waited.expect("the server lives");
        assert!(!waited.timed_out(), "{times} questions: not within the deadline; asked: {asked:?}");
    }

    /// The names asked for so far, sorted.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.0.lock().expect("the server lives").clone();
        asked.sort();
        asked
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the DNS server died");
        }
    }
}

/// The name that a message asks for, in lower case, and the bytes of its question.
fn question(message: &[u8]) -> (String, &[u8]) {
    let (mut labels, mut at) = (Vec::new(), 12);
    while message[at] != 0 {
        let end = at + 1 + usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..end]).to_lowercase());
        at = end;
    }
    (labels.join("."), &message[12..at + 5])
}

/// The answer to a question for records of one kind; without any, that the name does not exist.
fn reply(id: &[u8], question: &[u8], kind: u8, records: Option<&Vec<Vec<u8>>>) -> Vec<u8> {
    let code = if records.is_some() { 0 } else { 3 };
    // Asked for another kind, a name that is known has nothing to say.
    let is_kind = question[question.len() - 3] == kind;
    let records = records.filter(|_| is_kind).map(Vec::as_slice).unwrap_or_default();
    let mut message = id.to_vec();
    message.extend([0x81, 0x80 | code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
    message.extend(question);
    for text in records {
        // Whatever text is longer than one string can be comes in several.
        let strings = || {
            let parts = text.chunks(40);
            parts.flat_map(|part| [part.len() as u8].into_iter().chain(part.iter().copied())).collect()
        };
        let data: Vec<u8> = if kind == TXT { strings() } else { text.clone() };
        message.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60]);
        message.extend((data.len() as u16).to_be_bytes());
        message.extend(data);
    }
    message
}
