//! What the fuzz targets and the tests of the parsers begin with: messages as routers send them, written by
//! the crate's own emitters.

use std::net::IpAddr;

use hopwatch::engine::probe::Protocol;
use hopwatch::net::error_queue::format::Format;
use hopwatch::wire::echo::Echo;
use hopwatch::wire::extension::{self, Label};
use hopwatch::wire::icmp::{Family, Icmp};
use hopwatch::wire::message::ErrorMessage;
use hopwatch::wire::payload;
use hopwatch::wire::quote::{Quote, UDP};
use hopwatch::wire::udp::Checksums;

use super::entries::{self, COOKIE, LAST, PAYLOAD, ends};

/// A parser's entry point, and what to begin with.
pub struct Target {
    /// Its name, which is the fuzz target's.
    pub name: &'static str,
    /// What takes the bytes.
    pub entry: fn(&[u8]),
    /// Valid input.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every one of them.
pub const TARGETS: [Target; 7] = [
    Target { name: "icmp_v4", entry: entries::icmp_v4, seeds: icmp_v4 },
    Target { name: "icmp_v6", entry: entries::icmp_v6, seeds: || messages(Family::V6) },
    Target { name: "quotes", entry: entries::quotes, seeds: quotes },
    Target { name: "extensions", entry: entries::extensions, seeds: extensions },
    Target { name: "error_queue", entry: entries::error_queue, seeds: error_queue },
    Target { name: "payloads", entry: entries::payloads, seeds: payloads },
    Target { name: "names", entry: entries::names, seeds: names },
];

const LABELS: [Label; 2] = [
    Label { label: 16_001, tc: 0, bottom: false, ttl: 1 },
    Label { label: 24, tc: 5, bottom: true, ttl: 254 },
];

/// Probe 77 as a router quotes it.
fn packet(family: Family) -> Vec<u8> {
    let (own, target) = ends(family);
    let payload = payload::build(COOKIE, 77, PAYLOAD);
    let udp_len = 8 + payload.len() as u16;
    let header = if family == Family::V4 { 20 } else { 40 };
    let quote = Quote {
        source: own.ip(),
        destination: target.ip(),
        ttl: 1,
        tos: 0x20,
        total_len: header + u32::from(udp_len),
        id: (family == Family::V4).then_some(7),
        protocol: Some(UDP),
        source_port: Some(own.port()),
        destination_port: Some(target.port()),
        udp_len: Some(udp_len),
        udp_checksum: Some(Checksums::new(own, target, COOKIE, PAYLOAD).of(77)),
        echo: None,
        payload: &payload,
    };
    quote.emit()
}

fn messages(family: Family) -> Vec<Vec<u8>> {
    let codes = match family {
        Family::V4 => [Icmp::v4(11, 0), Icmp::v4(3, 3), Icmp::v4(3, 4), Icmp::v4(3, 13), Icmp::v4(12, 0)],
        Family::V6 => [Icmp::v6(3, 0), Icmp::v6(1, 4), Icmp::v6(2, 0), Icmp::v6(1, 1), Icmp::v6(4, 1)],
    };
    let (packet, extension) = (packet(family), extension::emit(&LABELS));
    let header = packet.len() - PAYLOAD;
    let (own, _) = ends(family);
    let router: IpAddr =
        if family == Family::V4 { "203.0.113.9" } else { "2001:db8::9" }.parse().expect("one");
    let plain =
        codes.map(|icmp| ErrorMessage { icmp, mtu: 1_400, quoted: &packet, extension: &[], legacy: false });
    let first = plain[0];
    let others = [
        ErrorMessage { quoted: &packet[..header], ..first },
        ErrorMessage { extension: &extension, ..first },
        ErrorMessage { extension: &extension, legacy: true, ..first },
        ErrorMessage { extension: &extension, quoted: &packet[..header], ..first },
    ];
    let errors = plain.into_iter().chain(others).map(|message| message.emit(router, own.ip()));
    let echo = Echo { is_request: false, id: 7, seq: 9 };
    errors.chain([echo.emit(family, &payload::build(COOKIE, 9, PAYLOAD))]).collect()
}

fn icmp_v4() -> Vec<Vec<u8>> {
    let header = [0x45, 0, 0, 0, 0, 0, 0, 0, 60, 1, 0, 0, 203, 0, 113, 9, 192, 0, 2, 1];
    messages(Family::V4).into_iter().map(|message| [&header[..], &message].concat()).collect()
}

fn quotes() -> Vec<Vec<u8>> {
    let (v4, v6) = (packet(Family::V4), packet(Family::V6));
    let mut options = [&v4[..20], &[0x94, 4, 0, 0], &v4[20..]].concat();
    options[0] = 0x46;
    let mut chained =
        [&v6[..40], &[44, 0, 1, 4, 0, 0, 0, 0], &[UDP, 0, 0, 1, 0, 0, 0, 9], &v6[40..]].concat();
    chained[6] = 60;
    let mut fragment = v4.clone();
    fragment[7] = 1;
    let short = [v4[..28].to_vec(), v6[..48].to_vec()];
    [v4, v6, options, chained, fragment].into_iter().chain(short).collect()
}

fn extensions() -> Vec<Vec<u8>> {
    let structure = extension::emit(&LABELS);
    let mixed = [&structure[..4], &[0, 8, 2, 2, 0, 0, 0, 7], &structure[4..], &[0, 8, 0xf7, 0, 1, 2, 3, 4]];
    let mut mixed = mixed.concat();
    mixed[2..4].fill(0);
    let mut queued = u32::to_ne_bytes(100).to_vec();
    queued.extend([0, PAYLOAD as u8]);
    queued.extend(payload::build(COOKIE, 77, 100));
    queued.extend(&structure);
    let mut unsaid = queued.clone();
    unsaid[..4].fill(0);
    vec![structure, mixed, queued, unsaid]
}

/// For UDP and for echo, over both families: an error, one with labels, the shortest, a direct answer, a stamp.
fn error_queue() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (kind, family) in [(0_u8, Family::V4), (1, Family::V6)] {
        for (kind, protocol) in [(kind, Protocol::Udp), (kind | 2, Protocol::Icmp)] {
            let probe = Format::new(&entries::config(protocol, family))
                .build(hopwatch::engine::probe::ProbeNo(LAST - 5));
            let port = if protocol == Protocol::Udp { ends(family).1.port() } else { 0 };
            let (origin, ty) = if family == Family::V4 { (2, 11) } else { (3, 3) };
            let message = |kind: u8, origin: u8, said: u32, data: &[u8]| {
                let mut bytes = vec![kind, origin, ty, 0, 0, 0, 0, 0];
                bytes.extend(said.to_ne_bytes());
                bytes.extend(port.to_be_bytes());
                bytes.extend(data);
                bytes
            };
            let mut extended = probe.clone();
            extended.resize(100, 0);
            extended.extend(extension::emit(&LABELS));
            seeds.extend([
                message(kind, origin, 0, &probe),
                message(kind, origin, 100, &extended),
                message(kind, origin, 0, &probe[..8]),
                message(kind, origin, 0, &[]),
                message(kind | 4, origin, 0, &probe),
                message(kind | 16, 0, 0, &probe),
                message(kind, 1, 0, &probe),
                message(kind, 4, 0, &[&[0xee; 42], &probe[..]].concat()),
                message(kind | 128, 4, 0, &[]),
            ]);
        }
    }
    seeds
}

fn payloads() -> Vec<Vec<u8>> {
    vec![payload::build(COOKIE, 77, PAYLOAD), payload::build(COOKIE, 0, 0), vec![0; 12]]
}

fn names() -> Vec<Vec<u8>> {
    [
        "r1.example.net.",
        "b\u{fc}cher.example",
        "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31mhost",
        "a\u{202e}b\u{2066}c\u{ad}d\u{e0041}e\u{301}\u{301}\u{301}",
        "64500 64501 | 198.0.0.0/16 | US | arin | 2001-01-01",
        "64500 | US | arin | 2001-01-01 | EXAMPLE-AS, US",
        "..a..b..",
        "r1\r\nr2\tr3",
    ]
    .into_iter()
    .map(|name| name.as_bytes().to_vec())
    .chain([b"a\xff\xed\xa0\x80b".to_vec(), vec![b'x'; 255]])
    .collect()
}
