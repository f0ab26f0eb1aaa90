//! Packets that lie, ten thousand a second, on every channel that a made-up path can answer: never a wrong hop,
//! never a wrong time, nothing lost by it, and all of it counted.
//!
//! ```text
//! cargo test --release --test kernel hostile -- --ignored --nocapture --test-threads=1
//! ```

use std::net::IpAddr;
use std::process::Command;

use crate::report::{self, Hop};
use crate::support::lab;
use crate::support::responder::{Fate, Liar, Node, Responder, Seen, Wait, both};

/// The distance of the target.
const TARGET: u8 = 4;
/// Lies a second.
const RATE: u32 = 10_000;

fn path() -> Vec<Node> {
    Node::path(TARGET - 1)
        .into_iter()
        .zip(1..)
        .map(|(node, far)| node.after_ms(3.0 * f64::from(far)))
        .collect()
}

/// A try may be this late where the machine itself stood still; a replay is told after a second.
const STOOD_STILL_MS: f64 = 100.0;

/// Milliseconds that the answers to a hop took, by the responder's stamps: the least, the one that a twentieth took
/// longer than, and the most; no bound above where the stamp of an answer that left was itself lost, as in a rush
/// after a stall of the responder.
fn truth(seen: &[Seen], target: IpAddr, hop: &Hop) -> [f64; 3] {
    let of = |probe: &&Seen| {
        probe.destination == target && u64::from(probe.ttl) == hop.ttl() && probe.fate == Fate::Answered
    };
    let ms = |probe: &Seen| {
        let nanos = probe.delay();
        if nanos.is_none() {
            println!("no stamp of an answer at TTL {}", probe.ttl);
        }
        nanos.map_or(f64::INFINITY, |nanos| nanos as f64 / 1e6)
    };
    let mut all: Vec<f64> = seen.iter().filter(of).map(ms).collect();
    all.sort_by(f64::total_cmp);
    let most = *all.last().expect("probes came");
    [all[0], all[(all.len() * 95).div_ceil(100) - 1], most]
}

/// Who gets the lies first.
#[derive(Clone, Copy, PartialEq)]
enum Judge {
    /// The channel, which counts each of them by its reason.
    Channel,
    /// The kernel, for TCP: what does not fit a connection it drops and counts itself.
    Kernel,
}

/// What the kernel's TCP has dropped and counted in this network namespace: ICMP out of the window of a connection,
/// and ICMP errors that it could make nothing of.
fn dropped() -> u64 {
    let of = |path: &str, name: &str| {
        let text = std::fs::read_to_string(path).expect(path);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let count = lines.chunks(2).find_map(|pair| {
            let [names, counts] = pair else { return None };
            let at = names.iter().position(|one| *one == name)?;
            counts.get(at)?.parse::<u64>().ok()
        });
        count.unwrap_or_else(|| panic!("{path} has no {name}"))
    };
    of("/proc/thread-self/net/netstat", "OutOfWindowIcmps") + of("/proc/thread-self/net/snmp", "InErrors")
}

/// Asks both targets by a channel until so many lies were told; gives those.
fn among_lies(start: fn() -> Command, flags: &[&str], judge: Judge, lies: u64) -> u64 {
    let before = dropped();
    let responder = Responder::start(path(), Wait::Asleep);
    let liar = Liar::start(TARGET, RATE);
    // A little longer than the lies take.
    let count = (lies / u64::from(RATE) * 10 + 10).to_string();
    let arguments = [flags, &["-c", &count, "-i", "100ms"]].concat();
    let children = both(TARGET).map(|target| report::start_as(start(), target, &arguments));
    let reports = children.map(report::finish);
    let told = liar.told();
    drop(liar);
    let seen = responder.seen();
    for (family, (report, target)) in reports.iter().zip(both(TARGET)).enumerate() {
        let way: Vec<_> = (1..=TARGET).map(|distance| Some(both(distance)[family])).collect();
        assert_eq!(report.path(), way, "{flags:?}: {:#}", report.at(""));
        for hop in report.hops() {
            let said = || format!("{flags:?}, TTL {}: {:#}", hop.ttl(), report.at(""));
            assert_eq!(hop.at("responders").as_array().map(Vec::len), Some(1), "{}", said());
            // A busy machine may find its queue overflowed now and then.
            let missing: u64 = ["lost", "late", "not_sent"].map(|name| hop.count(name)).iter().sum();
            assert!(missing <= hop.count("sent") / 20 && hop.count("refused") == 0, "{}", said());
            let [least, late, most] = truth(&seen, target, &hop);
            // The kernel stamps a probe, wakes who waits for the stamp, and only then passes the probe on: a virtual
            // machine may stand still for milliseconds in between. That is a try or two; a lie believed is more.
            let is_stamped = hop.count("grades/kernel") == hop.count("answered");
            let slack = if is_stamped { 2.0 } else { STOOD_STILL_MS };
            let [best, p95, worst] =
                ["best", "p95", "worst"].map(|name| hop.number(&format!("rtt_ms/{name}")).expect("a time"));
            let is_true = least - 0.05 <= best && p95 <= late + slack && worst <= most + STOOD_STILL_MS;
            assert!(is_true, "{least} to {most} ms, all but a twentieth within {late}; {}", said());
        }
        report.assert_way_out();
        println!("{flags:?}, IPv{}: {told} lies; strays {}", 4 + 2 * family, report.at("/strays"));
        if judge == Judge::Channel {
            assert!(report.strays() > told / 50, "{flags:?}: {:#}", report.at(""));
        }
    }
    if judge == Judge::Kernel {
        let dropped = dropped() - before;
        println!("{flags:?}: {dropped} dropped and counted by the kernel");
        assert!(dropped > told / 50, "{flags:?}: {dropped} of {told}");
    }
    told
}

/// How a channel is asked, and who judges what comes there.
type Asked = (fn() -> Command, &'static [&'static str], Judge);

/// Every channel, each among so many lies.
fn every_channel(lies: u64) -> u64 {
    lab::permit_ping();
    let ordinary = || lab::hopwatch(&[]);
    let raw = lab::privileged_hopwatch;
    let channels: [Asked; 6] = [
        (ordinary, &[], Judge::Channel),
        (ordinary, &["--icmp"], Judge::Channel),
        (ordinary, &["-T"], Judge::Kernel),
        (raw, &["--channel", "raw"], Judge::Channel),
        (raw, &["--icmp", "--channel", "raw"], Judge::Channel),
        (raw, &["-T", "--channel", "raw"], Judge::Channel),
    ];
    channels.into_iter().map(|(start, flags, judge)| among_lies(start, flags, judge, lies)).sum()
}

#[test]
fn among_lies_every_hop_and_every_time_is_true() {
    lab::inside(|| {
        every_channel(30_000);
    });
}

#[test]
#[ignore = "a million lies take three minutes"]
fn among_a_million_lies_every_hop_and_every_time_is_true() {
    lab::inside(|| {
        let mut told = 0;
        while told < 1_000_000 {
            told += every_channel(175_000);
        }
        println!("{told} lies told, none believed");
    });
}
