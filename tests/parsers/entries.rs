//! Every parser of untrusted bytes behind one entry point each: any bytes in, a panic where something that
//! must hold does not. The fuzz targets and the tests of this folder run the same ones.

use std::net::{IpAddr, SocketAddr};

use hopwatch::engine::probe::{Event, Flow, Probe, ProbeNo, Protocol, Stray};
use hopwatch::net::channel::ChannelConfig;
use hopwatch::net::clock::Clock;
use hopwatch::net::error_queue::format::Format;
use hopwatch::net::error_queue::message::{Context, Extended, Message as Queue};
use hopwatch::net::raw::matching::Matching;
use hopwatch::net::stamps::SendStamps;
use hopwatch::origin::cymru;
use hopwatch::scrub;
use hopwatch::wire::echo::Echo;
use hopwatch::wire::extension::{self, MAX_LABELS, QUOTE, Queued};
use hopwatch::wire::icmp::Family;
use hopwatch::wire::message::{self, Message};
use hopwatch::wire::payload::{self, Cookie, Recognised};
use hopwatch::wire::quote::{self, Quote};
use hopwatch::wire::udp::Checksums;

/// What marks the probes that the seeds answer.
pub const COOKIE: Cookie = Cookie(0x1122_3344_5566_7788);
/// The length of their payload.
pub const PAYLOAD: usize = 36;
/// The last of them that was sent.
pub const LAST: u32 = 70_000;
/// Cuts are tried up to this length: headers end long before.
const CUTS: usize = 220;

/// Our address and the target's, with their ports.
pub fn ends(family: Family) -> (SocketAddr, SocketAddr) {
    let (own, target) = match family {
        Family::V4 => ("192.0.2.1:54321", "198.51.100.7:33434"),
        Family::V6 => ("[2001:db8::1]:54321", "[2001:db8::2]:33434"),
    };
    (own.parse().expect("an address"), target.parse().expect("an address"))
}

/// What a channel by `protocol` is told.
pub fn config(protocol: Protocol, family: Family) -> ChannelConfig {
    ChannelConfig { payload_len: PAYLOAD, ..ChannelConfig::new(protocol, ends(family).1, COOKIE) }
}

/// An `ICMPv4` message as a raw socket gives it, from its IP header on.
pub fn icmp_v4(bytes: &[u8]) {
    if let Some(message) = quote::behind_header(bytes) {
        assert!(message.len() + 20 <= bytes.len());
        message::checksum_ok(message);
        icmp(Family::V4, message);
    }
}

/// An `ICMPv6` message as a raw socket gives it.
pub fn icmp_v6(bytes: &[u8]) {
    icmp(Family::V6, bytes);
}

fn icmp(family: Family, bytes: &[u8]) {
    Echo::parse(family, bytes);
    let Some(whole) = Message::parse(family, bytes) else { return assert!(bytes.len() < 8) };
    assert!(whole.labels.len() <= MAX_LABELS);
    let Some(quoted) = whole.quote else { return };
    matched(family, &quoted);
    // Behind these bytes an extension may begin, and one cut short is taken for more of the quote.
    for len in 0..bytes.len().min(8 + QUOTE) {
        let Some(part) = Message::parse(family, &bytes[..len]) else { continue };
        assert_eq!((part.icmp, part.rest, part.mtu), (whole.icmp, whole.rest, whole.mtu));
        if let Some(part) = part.quote {
            assert_agrees(&part, &quoted, len);
        }
    }
}

/// The packet that an error quotes.
pub fn quotes(bytes: &[u8]) {
    let Some(whole) = Quote::parse(bytes) else { return };
    assert!(whole.payload.len() <= bytes.len());
    assert_eq!(whole.source.is_ipv4(), whole.destination.is_ipv4());
    whole.emit();
    matched(Family::of(whole.destination), &whole);
    for len in 0..bytes.len().min(CUTS) {
        if let Some(part) = Quote::parse(&bytes[..len]) {
            assert_agrees(&part, &whole, len);
        }
    }
}

/// A cut leaves fields out and changes none.
fn assert_agrees(part: &Quote, whole: &Quote, len: usize) {
    fn known<T: PartialEq + Copy>(part: Option<T>, whole: Option<T>) -> bool {
        part.is_none() || part == whole
    }
    let fixed =
        |quote: &Quote| (quote.source, quote.destination, quote.ttl, quote.tos, quote.total_len, quote.id);
    assert_eq!(fixed(part), fixed(whole), "cut at {len}");
    let agrees = known(part.protocol, whole.protocol)
        && known(part.source_port, whole.source_port)
        && known(part.destination_port, whole.destination_port)
        && known(part.udp_len, whole.udp_len)
        && known(part.udp_checksum, whole.udp_checksum)
        && part.payload.iter().zip(whole.payload).all(|(one, other)| one == other);
    assert!(agrees, "cut at {len}: {part:?} of {whole:?}");
}

/// A quote is a probe's only by the cookie, or where that is not quoted by everything else that is ours.
fn matched(family: Family, quoted: &Quote) {
    let (own, target) = ends(family);
    let mut matching = Matching::new(&config(Protocol::Udp, family), own);
    matching.sent(&Probe { no: ProbeNo(LAST), ttl: 1, flow: Flow::Stable });
    let Ok(found) = matching.find(quoted, |_| Err(Stray::Foreign)) else { return };
    if let Recognised::Ours(no) = payload::recognise(quoted.payload, COOKIE) {
        return assert_eq!(found.no, ProbeNo(no));
    }
    let ours = (Some(own.port()), Some(target.port()), target.ip());
    assert_eq!((quoted.source_port, quoted.destination_port, quoted.destination), ours);
    let checksum = Checksums::new(own, target, COOKIE, PAYLOAD).of(found.no.0);
    assert!(found.no.0 <= LAST && quoted.udp_checksum == Some(checksum) && !found.rewritten);
}

/// An extension structure, and one in what the error queue returns: four bytes of its data field, two of the
/// length that was sent, then what was quoted.
pub fn extensions(bytes: &[u8]) {
    for labels in [extension::parse(bytes), extension::parse_legacy(bytes)].into_iter().flatten() {
        assert!(labels.len() <= MAX_LABELS);
    }
    let Some((&[a, b, c, d, high, low], data)) = bytes.split_first_chunk::<6>() else { return };
    let (ee_data, sent) = (u32::from_ne_bytes([a, b, c, d]), usize::from(u16::from_be_bytes([high, low])));
    for before in [0, 20, 28, 40, 48, 1_000] {
        let queued = Queued::parse(before, data, sent, ee_data);
        assert!(queued.labels.len() <= MAX_LABELS);
        assert!(data.starts_with(queued.payload) && queued.payload.len() <= sent);
    }
}

/// What [`error_queue`] reads before the data: kind, origin, type, code, four bytes of information, four of data,
/// two of the quoted destination's port.
pub const QUEUE_HEADER: usize = 14;

/// A message of the error queue, or of the socket itself, with the kernel's fields in its first bytes.
pub fn error_queue(bytes: &[u8]) {
    let Some((&header, data)) = bytes.split_first_chunk::<QUEUE_HEADER>() else { return };
    let [kind, origin, ty, code, i0, i1, i2, i3, d0, d1, d2, d3, p0, p1] = header;
    let bit = |n: u8| kind >> n & 1 == 1;
    let family = if bit(0) { Family::V6 } else { Family::V4 };
    let protocol = if bit(1) { Protocol::Icmp } else { Protocol::Udp };
    let (own, target) = ends(family);
    let router: IpAddr = if bit(2) { own.ip() } else { "203.0.113.9".parse().expect("an address") };
    let mut address = target;
    address.set_port(u16::from_be_bytes([p0, p1]));
    let err = libc::sock_extended_err {
        ee_errno: code.into(),
        ee_origin: origin,
        ee_type: ty,
        ee_code: code,
        ee_pad: 0,
        ee_info: u32::from_ne_bytes([i0, i1, i2, i3]),
        ee_data: u32::from_ne_bytes([d0, d1, d2, d3]),
    };
    let message = Queue {
        len: data.len(),
        address: (!bit(3)).then_some(address),
        error: (!bit(4)).then_some(Extended { err, offender: (!bit(5)).then_some(router) }),
        is_cut: bit(6),
        ..Queue::default()
    };
    let context = Context {
        target: if protocol == Protocol::Icmp { SocketAddr::new(target.ip(), 0) } else { target },
        format: Format::new(&config(protocol, family)),
        last: Some(ProbeNo(LAST)),
        clock: Clock::start(),
        source: own.ip(),
    };
    let event = context.read(&message, data, &SendStamps::new(bit(7)));
    // Nothing names a probe but the cookie; or, on a ping socket, where the kernel has held the identifier
    // against ours, an echo request's sequence number.
    let number = match event {
        Some(Event::Reply(ref reply)) => reply.no,
        Some(Event::Local { no, .. }) => no,
        Some(Event::SendStamp { no, .. }) => Some(no),
        Some(Event::Bare { ref reply, .. }) => return assert_eq!(reply.no, None),
        Some(Event::Stray(Stray::Unknown | Stray::Ambiguous)) => panic!("only the engine can tell"),
        Some(Event::Stray(_)) | None => None,
    };
    let Some(ProbeNo(no)) = number else { return };
    let ours = |at: usize| {
        data.get(at..).is_some_and(|part| payload::recognise(part, COOKIE) == Recognised::Ours(no))
    };
    let by_sequence = protocol == Protocol::Icmp
        && no <= LAST
        && Echo::parse(family, data).is_some_and(|(echo, _)| echo.is_request && echo.seq == !(no as u16));
    let tail = data.len().checked_sub(PAYLOAD);
    assert!(ours(0) || ours(8) || tail.is_some_and(ours) || by_sequence, "{event:?}");
}

/// Our own payload.
pub fn payloads(bytes: &[u8]) {
    match payload::recognise(bytes, COOKIE) {
        Recognised::Ours(no) => assert!(bytes.starts_with(&payload::build(COOKIE, no, 0))),
        Recognised::NotOurs => assert!(bytes.len() >= payload::LEN),
        Recognised::Short => assert!(bytes.len() < payload::LEN),
    }
}

/// A name, an error text and the records of AS numbers.
pub fn names(bytes: &[u8]) {
    let name = scrub::name(bytes).unwrap_or_default();
    assert!(!name.contains(char::is_whitespace) && !name.ends_with('.'));
    assert_eq!(scrub::name(&name).unwrap_or_default(), name, "a second time changes nothing");
    let text = scrub::text(bytes);
    assert_eq!(scrub::text(&text), text, "a second time changes nothing");
    let records: Vec<&[u8]> = bytes.split(|byte| *byte == 0).collect();
    let system = cymru::name(&records).unwrap_or_default();
    assert_ne!(cymru::origin(&records), Some(0));
    for out in [name, text, system] {
        assert!(out.len() <= scrub::MAX_LEN);
        let bad = |c: char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        };
        assert!(!out.contains(bad), "{out:?}");
    }
}
