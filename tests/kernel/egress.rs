//! How probes leave: type of service, source address, interface and port, and what is said where that
//! cannot be had.

use std::net::{IpAddr, UdpSocket};

use crate::report;
use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait, both};

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
            for protocol in [&["-u", "-L", "40404"][..], &["--icmp"]] {
                let before = responder.seen().len();
                let asked = ["-Q", "184", "-a", second(target), "-I", "near"];
                let report = report::run(target, &[&QUICK[..], protocol, &asked].concat());
                assert_eq!(report.at("/source"), second(target));
                report.assert_clean(1);
                let seen = responder.seen().split_off(before);
                assert!(seen.iter().all(|probe| probe.tos == 184), "{seen:#?}");
                assert!(seen.iter().all(|probe| probe.is_echo || probe.source_port == 40_404), "{seen:#?}");
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
