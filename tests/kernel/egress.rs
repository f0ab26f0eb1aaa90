//! How probes leave: type of service, source address, interface and port, and what is said where that
//! cannot be had.

use std::collections::BTreeSet;
use std::net::{IpAddr, UdpSocket};

use crate::report;
use crate::support::lab;
use crate::support::packet::Quote;
use crate::support::responder::{Node, Responder, Seen, Wait, both};

const QUICK: [&str; 6] = ["-c", "1", "-i", "200ms", "-Z", "600ms"];

/// A second address of the prober in the family of `target`.
fn second(target: IpAddr) -> &'static str {
    if target.is_ipv4() { "10.0.1.77" } else { "fd00:0:0:1::77" }
}

#[test]
fn probes_carry_what_was_asked_for() {
    lab::inside(|| {
        lab::permit_ping();
        let responder = Responder::start(Node::path(2), Wait::Asleep);
        lab::ip("addr add 10.0.1.77/24 dev near\naddr add fd00:0:0:1::77/64 dev near nodad");
        for target in both(3) {
            for protocol in [&["-u", "-L", "40404"][..], &["--icmp"], &["--tcp"]] {
                let before = responder.seen().len();
                let asked = ["-Q", "184", "-a", second(target), "-I", "near"];
                let report = report::run(target, &[&QUICK[..], protocol, &asked].concat());
                assert_eq!(report.at("/source"), second(target));
                // The responder's target speaks no TCP.
                for hop in report.hops().iter().filter(|hop| protocol != ["--tcp"] || !hop.is_target()) {
                    assert_eq!((hop.count("answered"), hop.count("sent")), (1, 1), "{:#}", report.at(""));
                }
                let seen = responder.seen().split_off(before);
                assert!(seen.iter().all(|probe| probe.tos == 184), "{seen:#?}");
                let has_port = |probe: &Seen| protocol[0] != "-u" || probe.source_port == 40_404;
                assert!(!seen.is_empty() && seen.iter().all(has_port), "{seen:#?}");
            }
        }
    });
}

#[test]
fn a_low_port_is_had_by_the_privileged_on_the_raw_channel_too() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(2), Wait::Asleep);
        for target in both(3) {
            let before = responder.seen().len();
            let flags = [&QUICK[..], &["--channel", "raw", "-L", "500"]].concat();
            let report = report::finish(report::start_as(lab::privileged_hopwatch(), target, &flags));
            report.assert_clean(1);
            let seen = responder.seen().split_off(before);
            assert!(!seen.is_empty() && seen.iter().all(|probe| probe.source_port == 500), "{seen:#?}");
        }
    });
}

#[test]
fn per_try_every_probe_has_a_port_of_its_own() {
    lab::inside(|| {
        let bare = Node::router(2).quoting(Quote { bare: true, ..Quote::default() });
        let responder = Responder::start(vec![Node::router(1), bare, Node::target(3)], Wait::Asleep);
        for target in both(3) {
            for (protocol, channel) in [("-u", "error-queue"), ("-u", "raw"), ("--tcp", "error-queue")] {
                let before = responder.seen().len();
                let flags = [protocol, "--channel", channel, "--flow", "per-try", "-c", "4", "-i", "150ms"];
                let report = report::finish(report::start_as(lab::privileged_hopwatch(), target, &flags));
                assert_eq!(report.at("/flow"), "per-try");
                for hop in report.hops().iter().filter(|hop| protocol == "-u" || !hop.is_target()) {
                    assert_eq!((hop.count("answered"), hop.count("sent")), (4, 4), "{:#}", report.at(""));
                    let rewritten = hop.at("responders/0").get("rewritten");
                    assert!(rewritten.is_none_or(|rewritten| rewritten == false), "{:#}", report.at(""));
                }
                assert_eq!(report.strays(), 0, "{:#}", report.at(""));
                let seen = responder.seen().split_off(before);
                let ports = seen.iter().map(|probe| (probe.source_port, probe.port));
                let different: BTreeSet<_> = ports.collect();
                assert_eq!(different.len(), seen.len(), "{seen:#?}");
            }
        }
    });
}

#[test]
fn what_cannot_be_had_is_one_line_that_names_the_flag() {
    lab::inside(|| {
        let _responder = Responder::start(Node::path(1), Wait::Asleep);
        let taken = UdpSocket::bind("10.0.1.254:40404").expect("a port");
        for (flags, complaint) in [
            (["-a", "10.9.9.9"], "-a 10.9.9.9: no interface of this machine has that address"),
            (["-I", "eth77"], "-I eth77: there is no such interface"),
            (["-L", "40404"], "-L 40404: that port is in use"),
            (["-L", "53"], "-L 53: a port that low needs CAP_NET_BIND_SERVICE"),
        ] {
            let target = both(2)[0].to_string();
            let arguments = [&["-r"], &flags[..], &[&target]].concat();
            let (code, stdout, stderr) = report::output(lab::hopwatch(&arguments));
            assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(1), "", 1), "{stderr}");
            assert!(stderr.contains(complaint), "{stderr}");
        }
        drop(taken);
    });
}
