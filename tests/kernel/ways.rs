//! Paths that are not simple, played by real Linux routers: what the rows and the end say, and how many
//! probes went past the end.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::json;

use crate::report::{self, Report};
use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::packet::Code;
use crate::support::responder::{Node, Responder, Says, Wait, both};

/// Counts what the prober sends with a TTL above this.
fn count_beyond(ttl: u8) {
    lab::nft(&format!(
        "table inet beyond {{ chain out {{ type filter hook output priority 0; \
         ip ttl > {ttl} ip protocol udp counter; ip6 hoplimit > {ttl} meta l4proto udp counter; }}; }}"
    ));
}

/// What was counted, IPv4 first.
fn beyond() -> Vec<u64> {
    let said = lab::run(&["nft", "list", "table", "inet", "beyond"]);
    let counts = said.split("packets ").skip(1);
    counts.map(|rest| rest.split(' ').next().expect("a count").parse().expect("a number")).collect()
}

/// Reports on both families, one after the other.
fn both_reports(distance: u8, count: &str) -> impl Iterator<Item = (Report, IpAddr)> {
    both(distance).into_iter().map(move |target| (report::run(target, &["-c", count, "-Z", "1s"]), target))
}

fn address(distance: u8, target: IpAddr) -> IpAddr {
    both(distance)[usize::from(target.is_ipv6())]
}

fn addresses(distances: &[u8], target: IpAddr) -> Vec<Option<IpAddr>> {
    distances.iter().map(|&distance| Some(address(distance, target))).collect()
}

/// Nothing was lost, and the rows before the target's are these.
fn assert_rows(report: &Report, target: IpAddr, distances: &[u8]) {
    let mut path = report.path();
    path.pop();
    assert_eq!(path, addresses(distances, target), "{:#}", report.at(""));
    for hop in report.hops() {
        assert_eq!(hop.count("lost"), 0, "{:#}", report.at(""));
    }
}

#[test]
fn a_reject_in_the_targets_place_is_not_the_target() {
    lab::inside(|| {
        let chain = Chain::build(5);
        chain.routers[2].run(|| {
            lab::nft(
                "table inet filter { chain forward { type filter hook forward priority 0; \
                 iifname home reject with icmpx type port-unreachable; }; }",
            );
        });
        count_beyond(4);
        for (report, target) in both_reports(6, "4") {
            assert_eq!(report.at("/end/kind"), "other", "{:#}", report.at(""));
            assert_eq!((report.at("/end/ttl"), report.at("/target/reached")), (&json!(4), &json!(false)));
            assert_eq!(report.at("/end/address"), &json!(address(3, target)));
            assert_rows(&report, target, &[1, 2, 3, 3]);
            assert_eq!(report.target().count("sent"), 0);
        }
        // The first sweep may be a little ahead of the answer that stops it.
        assert!(beyond().iter().all(|count| *count <= 3), "{:?}", beyond());
    });
}

#[test]
fn a_route_that_refuses_all_behind_it_is_one_row() {
    lab::inside(|| {
        let chain = Chain::build(5);
        count_beyond(3);
        for (kind, v4, v6) in [("unreachable", [3, 1], [1, 0]), ("prohibit", [3, 13], [1, 1])] {
            chain.routers[2].run(move || {
                lab::ip(&format!("route replace {kind} 10.0.6.0/24\nroute replace {kind} fd00:0:0:6::/64"));
            });
            for (report, target) in both_reports(6, "4") {
                let icmp = if target.is_ipv4() { v4 } else { v6 };
                assert_eq!(report.at("/end/kind"), "refused", "{:#}", report.at(""));
                assert_eq!((report.at("/end/ttl"), report.at("/end/icmp")), (&json!(3), &json!(icmp)));
                assert_rows(&report, target, &[1, 2, 3]);
                let refusing = report.hop(3);
                assert_eq!(
                    (refusing.count("refused"), refusing.count("answered")),
                    (4, 0),
                    "{:#}",
                    report.at("")
                );
                assert_eq!(report.target().count("sent"), 0);
            }
        }
        assert!(beyond().iter().all(|count| *count <= 6), "{:?}", beyond());
    });
}

#[test]
fn a_loop_of_two_routers_is_seen_and_not_followed() {
    lab::inside(|| {
        let chain = Chain::build(4);
        chain.routers[2].run(|| {
            lab::ip(
                "route replace default via 10.0.3.254 dev home\n\
                 route replace default via fd00:0:0:3::fe dev home",
            );
        });
        count_beyond(6);
        for (report, target) in both_reports(5, "6") {
            // Over IPv6 router 2 answers with its other address to what comes back to it, once more round.
            let last = if target.is_ipv4() { 5 } else { 6 };
            assert_eq!(report.at("/end/kind"), "loop", "{:#}", report.at(""));
            assert_eq!((report.at("/end/ttl"), report.at("/target/reached")), (&json!(last), &json!(false)));
            let mut path = report.path();
            path.truncate(last);
            assert_eq!(path[..3], addresses(&[1, 2, 3], target));
            assert_eq!(path[last - 4..last - 2], path[last - 2..], "{:#}", report.at(""));
            assert!(report.hops().iter().all(|hop| hop.count("lost") == 0), "{:#}", report.at(""));
            assert_eq!((report.hops().len(), report.target().count("sent")), (last + 1, 0));
        }
        assert!(beyond().iter().all(|count| *count <= 3), "{:?}", beyond());
    });
}

#[test]
fn a_nat_that_sends_the_targets_packets_elsewhere_answers_as_the_target() {
    lab::inside(|| {
        let chain = Chain::build(5);
        chain.routers[1].run(|| {
            lab::nft(
                "table ip nat { chain before { type nat hook prerouting priority -100; \
                 ip daddr 10.0.6.1 dnat to 10.0.4.1; }; }\n\
                 table ip6 nat { chain before { type nat hook prerouting priority -100; \
                 ip6 daddr fd00:0:0:6::1 dnat to fd00:0:0:4::1; }; }",
            );
        });
        count_beyond(4);
        for (report, target) in both_reports(6, "4") {
            assert_eq!(
                (report.at("/end/kind"), report.at("/end/ttl")),
                (&json!("target"), &json!(4)),
                "{:#}",
                report.at("")
            );
            // The NAT gives the target's address to whatever answers behind it, and to its own answers.
            assert_rows(&report, target, &[1, 6, 6]);
            assert_eq!(report.target().address(), Some(target));
            for ttl in 2..=4 {
                let hop = report.hop(ttl);
                assert!(hop.count("answered") >= 1, "one address, asked by turns: {:#}", report.at(""));
                assert_eq!(hop.count("answered") + hop.count("skipped"), 4, "{:#}", report.at(""));
            }
        }
        assert!(beyond().iter().all(|count| *count <= 3), "{:?}", beyond());
    });
}

#[test]
fn one_flow_takes_one_of_two_balanced_ways() {
    lab::inside(|| {
        let chain = Chain::build(3);
        let _bypass = chain.bypass(1);
        let ways: Vec<[IpAddr; 2]> = vec![both(2), both(102)];
        let mut taken = BTreeSet::new();
        for _ in 0..16 {
            for target in both(4) {
                taken.insert(report::run(target, &["-c", "1"]).hop(2).address().expect("it answers"));
            }
        }
        // By chance alone one of the ways is missed once in some thirty thousand runs.
        assert_eq!(taken, ways.into_iter().flatten().collect());
        for (report, _) in both_reports(4, "6") {
            report.assert_clean(6);
            let responders = report.hop(2).at("responders").as_array().expect("an array").len();
            assert_eq!(responders, 1, "{:#}", report.at(""));
        }
    });
}

#[test]
fn time_exceeded_from_the_target_alone_is_its_end() {
    lab::inside(|| {
        let exceeded = Node::target(4).saying(Says::Error(Code::TIME_EXCEEDED));
        let responder =
            Responder::start(vec![Node::router(1), Node::router(2), Node::router(3), exceeded], Wait::Asleep);
        for target in both(4) {
            let before = responder.seen().len();
            let report = report::run(target, &["-c", "4", "-Z", "1s"]);
            assert_eq!(
                (report.at("/end/kind"), report.at("/end/ttl")),
                (&json!("target"), &json!(4)),
                "{:#}",
                report.at("")
            );
            assert_rows(&report, target, &[1, 2, 3]);
            assert_eq!(report.target().count("answered"), 4);
            // Two more must say the same before it is believed.
            let seen = responder.seen();
            let beyond = seen[before..].iter().filter(|probe| probe.ttl > 4).count();
            assert!(beyond <= 5, "{beyond}");
        }
    });
}
