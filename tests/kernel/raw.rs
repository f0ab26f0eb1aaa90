//! The raw channel: the same path as without privileges, and what only the whole quote tells.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::process::Child;
use std::time::Instant;

use serde_json::json;

use crate::asker::Asker;
use crate::report::{self, Report};
use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::packet::Quote;
use crate::support::patience;
use crate::support::responder::{Node, Responder, Wait, both};

/// Each in its own way to be matched and timed.
const PROTOCOLS: [&str; 3] = ["--udp", "--icmp", "--tcp"];

fn start(target: IpAddr, arguments: &[&str]) -> Child {
    let arguments = [&["--channel", "raw"], arguments].concat();
    report::start_as(lab::privileged_hopwatch(), target, &arguments)
}

fn both_reports(distance: u8, arguments: &[&str]) -> [Report; 2] {
    both(distance).map(|target| start(target, arguments)).map(report::finish)
}

fn bare(distance: u8) -> Node {
    Node::router(distance).quoting(Quote { bare: true, ..Quote::default() })
}

#[test]
fn real_routers_are_all_there_by_kernel_stamps() {
    lab::inside(|| {
        let _chain = Chain::build(4);
        for (family, report) in both_reports(5, &["-c", "3"]).iter().enumerate() {
            let way: Vec<_> = (1..=5).map(|distance| Some(both(distance)[family])).collect();
            assert_eq!(report.path(), way);
            assert_eq!(report.at("/channel"), "raw");
            report.assert_clean(3);
            let graded: u64 = report.hops().iter().map(|hop| hop.count("grades/kernel")).sum();
            assert!(graded >= 13, "{graded} of 15 by the kernel");
            for hop in report.hops() {
                assert_eq!(hop.at("responders/0/quoted"), &json!({"ttl": 1, "tos": 0}));
            }
        }
    });
}

#[test]
fn a_rewritten_type_of_service_shows_from_the_next_hop_on() {
    lab::inside(|| {
        let chain = Chain::build(3);
        chain.routers[0].run(|| {
            lab::nft(
                "table inet edit { chain forward { type filter hook forward priority 0; \
                 ip dscp set cs1; ip6 dscp set cs1; }; }",
            );
        });
        for report in both_reports(4, &["-c", "2"]) {
            let tos: Vec<_> =
                report.hops().iter().map(|hop| hop.at("responders/0/quoted/tos").clone()).collect();
            assert_eq!(tos, [0, 0x20, 0x20, 0x20]);
        }
    });
}

#[test]
fn bare_quotes_at_one_hop_several_and_all_are_matched() {
    lab::inside(|| {
        let target = || Node::target(4).quoting(Quote { bare: true, ..Quote::default() });
        let paths = [
            vec![Node::router(1), bare(2), Node::router(3), Node::target(4)],
            vec![Node::router(1), bare(2), bare(3), Node::target(4)],
            vec![bare(1), bare(2), bare(3), target()],
        ];
        for path in paths {
            let _responder = Responder::start(path, Wait::Asleep);
            for (family, report) in both_reports(4, &["-c", "4", "-i", "200ms"]).iter().enumerate() {
                let way: Vec<_> = (1..=4).map(|distance| Some(both(distance)[family])).collect();
                assert_eq!(report.path(), way);
                // Each of the two hears the other's answers over its own family only.
                report.assert_clean(4);
            }
        }
    });
}

#[test]
fn answers_to_others_are_counted_and_dropped() {
    lab::inside(|| {
        const OTHERS: u64 = 200;
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        for target in both(4) {
            let already = responder.seen().len();
            let child = start(target, &["-c", "3", "-i", "500ms"]);
            responder.until("the sweep", 2.0, |seen| seen.len() >= already + 4);
            let asker = Asker::to(target);
            for count in 0..OTHERS {
                asker.ask((count % 4 + 1) as u8, b"a payload of more than sixteen bytes");
            }
            let report = report::finish(child);
            assert_eq!(report.at("/strays/foreign"), OTHERS, "{:#}", report.at(""));
            assert_eq!(report.strays(), OTHERS);
            for hop in report.hops() {
                assert_eq!((hop.count("answered"), hop.count("lost"), hop.count("duplicates")), (3, 0, 0));
            }
        }
    });
}

#[test]
fn a_flood_of_answers_to_others_wakes_nobody() {
    lab::inside(|| {
        const FLOOD: u64 = 3_000;
        const BATCH: u64 = 100;
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        for (family, target) in both(4).into_iter().enumerate() {
            for protocol in ["--udp", "--icmp", "--tcp"] {
                let already = responder.seen().len();
                let mut child = start(target, &[protocol, "-c", "3", "-i", "500ms"]);
                responder.until("the sweep", 2.0, |seen| seen.len() >= already + 4);
                let before = wake_ups(&child);
                let asker = Asker::to(both(9)[family]);
                let (mut flooded, mut woken) = (0, 0);
                // On a busy machine the report may be done before the flood is.
                while flooded < FLOOD && child.try_wait().expect("a child").is_none() {
                    woken = wake_ups(&child).saturating_sub(before);
                    for count in 0..BATCH {
                        asker.ask((count % 3 + 1) as u8, b"a payload of more than sixteen bytes");
                    }
                    flooded += BATCH;
                }
                assert!(flooded > 2 * BATCH, "the flood was to be one");
                // Its own probes and answers wake it some dozens of times.
                assert!(woken < 60 + flooded / 10, "{protocol}: woken {woken} times by {flooded} answers");
                let report = report::finish(child);
                assert_eq!(report.strays(), 0, "{:#}", report.at(""));
                // The responder speaks no TCP, so that only its routers answer SYNs.
                for hop in report.hops().iter().filter(|hop| protocol != "--tcp" || !hop.is_target()) {
                    assert_eq!((hop.count("answered"), hop.count("lost")), (3, 0), "{:#}", report.at(""));
                }
            }
        }
    });
}

/// How often the threads of a process have gone to sleep and been woken.
fn wake_ups(child: &Child) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).expect("threads");
    let of_one = |thread: std::io::Result<std::fs::DirEntry>| {
        let status = std::fs::read_to_string(thread.ok()?.path().join("status")).ok()?;
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        count.trim().parse::<u64>().ok()
    };
    threads.filter_map(of_one).sum()
}

#[test]
fn echo_requests_and_syns_are_matched_and_their_quotes_kept() {
    lab::inside(|| {
        let chain = Chain::build(4);
        chain.routers[1].run(|| {
            lab::nft(
                "table inet edit { chain forward { type filter hook forward priority 0; \
                 ip dscp set cs1; ip6 dscp set cs1; }; }",
            );
        });
        for protocol in ["--icmp", "--tcp"] {
            for (family, report) in both_reports(5, &[protocol, "-c", "3"]).iter().enumerate() {
                let way: Vec<_> = (1..=5).map(|distance| Some(both(distance)[family])).collect();
                assert_eq!(report.path(), way);
                assert_eq!(report.at("/channel"), "raw");
                report.assert_clean(3);
                let routers = &report.hops()[..4];
                let tos: Vec<_> =
                    routers.iter().map(|hop| hop.at("responders/0/quoted/tos").clone()).collect();
                assert_eq!(tos, [0, 0, 0x20, 0x20], "{protocol}");
                assert_eq!(report.target().at("responders/0/quoted"), &json!(null));
            }
        }
    });
}

#[test]
fn echo_needs_no_ping_sockets_where_raw_ones_are_permitted() {
    lab::inside(|| {
        let bare = vec![Node::router(1), bare(2), Node::router(3), Node::target(4)];
        let _responder = Responder::start(bare, Wait::Asleep);
        for (family, target) in both(4).into_iter().enumerate() {
            let way: Vec<_> = (1..=4).map(|distance| Some(both(distance)[family])).collect();
            for channel in ["auto", "raw"] {
                let arguments = ["--channel", channel, "--icmp", "-c", "3", "-i", "200ms"];
                let report = report::finish(report::start_as(lab::privileged_hopwatch(), target, &arguments));
                assert_eq!(report.path(), way, "{channel}");
                report.assert_clean(3);
                let name = if channel == "raw" { "raw" } else { "error-queue" };
                assert_eq!(report.at("/channel"), name);
                let graded: u64 = report.hops().iter().map(|hop| hop.count("grades/kernel")).sum();
                assert!(graded >= 10, "{graded} of 12 by the kernel");
            }
        }
    });
}

#[test]
fn no_thread_keeps_a_capability() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(2), Wait::Asleep);
        let child = start(both(3)[0], &["-c", "3", "-i", "300ms"]);
        responder.until("a probe", 2.0, |seen| !seen.is_empty());
        let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).expect("threads");
        let mut count = 0;
        for thread in threads {
            let status = thread.expect("a thread").path().join("status");
            let Ok(status) = std::fs::read_to_string(status) else { continue };
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                assert!(status.contains(&format!("{set}:\t0000000000000000\n")), "{set} in {status}");
            }
            count += 1;
        }
        assert!(count >= 2, "{count} threads");
        report::finish(child).assert_clean(3);
    });
}

#[test]
fn without_the_capability_it_says_how_to_give_it() {
    lab::inside(|| {
        let (code, stdout, stderr) = report::output(lab::hopwatch(&["--channel", "raw", "127.0.0.1"]));
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.lines().count() == 1 && stderr.contains("setcap cap_net_raw+ep"), "{stderr}");
    });
}

#[test]
fn every_way_sees_the_same_path_and_the_same_times() {
    lab::inside(|| {
        let chain = Chain::build(3);
        for machine in chain.routers.iter().chain([&chain.target]) {
            // No limits, so that many tries take little time.
            machine.run(|| {
                lab::sysctl("ipv4/icmp_ratemask", "0");
                lab::sysctl("ipv6/icmp/ratemask", "\n");
            });
        }
        lab::sysctl("ipv4/ping_group_range", "0 0");
        for (family, target) in both(4).into_iter().enumerate() {
            let way: Vec<_> = (1..=4).map(|distance| Some(both(distance)[family])).collect();
            let mut best = Best::default();
            let deadline = Instant::now() + patience::deadline(20.0);
            // The more a machine has to do, the more tries it takes until each way has seen every hop undisturbed.
            while best.is_apart().is_some() && Instant::now() < deadline {
                best.take(target, &way);
            }
            println!("best ms at hops 1 to 4: {best:?}");
            assert_eq!(best.is_apart(), None, "{best:?}");
        }
    });
}

/// The shortest times so far, in ms, by way and hop.
#[derive(Debug, Default)]
struct Best(BTreeMap<(bool, &'static str), [f64; 4]>);

impl Best {
    /// Asks every hop thirty times more by every way: all at the same time, so that a machine that has other things
    /// to do is as busy for one as for the others.
    fn take(&mut self, target: IpAddr, path: &[Option<IpAddr>]) {
        let ways = [false, true].into_iter().flat_map(|is_raw| PROTOCOLS.map(|flag| (is_raw, flag)));
        let begin = |(is_raw, flag): (bool, &'static str)| {
            let arguments = [flag, "-c", "30", "-i", "100ms"];
            let child = if is_raw { start(target, &arguments) } else { report::start(target, &arguments) };
            ((is_raw, flag), child)
        };
        let children: Vec<_> = ways.map(begin).collect();
        for (way, child) in children {
            let report = report::finish(child);
            assert_eq!(report.path(), path, "{way:?}");
            let best = self.0.entry(way).or_insert([f64::INFINITY; 4]);
            for (best, hop) in best.iter_mut().zip(report.hops()) {
                *best = best.min(hop.number("rtt_ms/best").expect("an answer"));
            }
        }
    }

    /// A way whose times are not those of UDP without privileges, to 20 µs; a handshake takes the kernel longer than
    /// the answer to a datagram, and its probes are timed less well: 100 µs at the first hop.
    fn is_apart(&self) -> Option<(bool, &'static str)> {
        let Some(udp) = self.0.get(&(false, "--udp")) else { return Some((false, "--udp")) };
        let is_near = |way: (bool, &str), best: &[f64; 4]| match way {
            (_, "--tcp") => (best[0] - udp[0]).abs() <= 0.100,
            _ => best.iter().zip(udp).all(|(one, other)| (one - other).abs() <= 0.020),
        };
        self.0.iter().find(|(way, best)| !is_near(**way, best)).map(|(way, _)| *way)
    }
}
