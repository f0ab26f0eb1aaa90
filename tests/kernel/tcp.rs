//! TCP probes over real Linux routers: to a closed port, to an open one, to one that drops all SYNs.

use std::net::TcpListener;

use serde_json::Value;

use crate::report::{self, Report};
use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::responder::both;

/// Reports on both families, made at the same time.
fn both_reports(arguments: &[&str]) -> [Report; 2] {
    let arguments = [&["-T"], arguments].concat();
    both(4).map(|target| report::start(target, &arguments)).map(report::finish)
}

/// Every router and the target answered all of `tries`.
fn assert_whole(reports: &[Report; 2], tries: u64) {
    for (family, report) in reports.iter().enumerate() {
        let way: Vec<_> = (1..=4).map(|distance| Some(both(distance)[family])).collect();
        assert_eq!(report.path(), way);
        assert_eq!(report.at("/protocol"), "tcp");
        assert_eq!(report.at("/end/kind"), "target");
        report.assert_clean(tries);
        // A user-space send time, but the kernel's own of receiving.
        for ttl in 1..=3 {
            assert!(report.hop(ttl).count("grades/mixed") >= tries - 1, "{:#}", report.at(""));
        }
    }
}

/// What `nft -j list` says about an object of this thread's namespace.
fn listed(what: &[&str]) -> Value {
    let text = lab::run(&[&["nft", "-j", "list"], what].concat());
    serde_json::from_str(&text).expect("a JSON document")
}

/// The packets that a named counter of the table `seen` has counted.
fn counted(name: &str) -> u64 {
    let listed = listed(&["counter", "inet", "seen", name]);
    listed["nftables"][1]["counter"]["packets"].as_u64().expect("a count")
}

#[test]
fn a_closed_port_answers_for_the_target() {
    lab::inside(|| {
        let _chain = Chain::build(3);
        let reports = both_reports(&["-c", "3"]);
        assert_whole(&reports, 3);
        // A RST bears no stamp.
        assert!(reports.iter().all(|report| report.target().count("grades/user") == 3));
    });
}

#[test]
fn an_open_port_answers_by_the_kernels_own_handshake_time_and_is_left_alone() {
    lab::inside(|| {
        let chain = Chain::build(3);
        let listener = chain.target.run(|| TcpListener::bind("[::]:8080").expect("a listener"));
        let reports = both_reports(&["-c", "3", "-P", "8080"]);
        assert_whole(&reports, 3);
        assert!(reports.iter().all(|report| report.target().count("grades/kernel") == 3));
        let left = chain.target.run(|| lab::run(&["ss", "-Htn", "state", "connected"]));
        assert_eq!(left, "", "every connection is gone");
        drop(listener);
    });
}

#[test]
fn a_port_that_drops_syns_is_a_silent_target_and_no_syn_is_sent_twice() {
    lab::inside(|| {
        let chain = Chain::build(3);
        chain.target.run(|| {
            lab::nft(
                "table inet seen { counter v4 { }; counter v6 { }; chain input { type filter hook input priority 0; \
                 meta nfproto ipv4 tcp dport 443 counter name v4 drop; \
                 meta nfproto ipv6 tcp dport 443 counter name v6 drop; }; }",
            );
        });
        let reports = both_reports(&["-c", "2", "-i", "1200ms", "-Z", "2s"]);
        let came = chain.target.run(|| ["v4", "v6"].map(counted));
        for (report, came) in reports.iter().zip(came) {
            assert_eq!(report.at("/end/kind"), "silent", "{:#}", report.at(""));
            assert_eq!(report.target().number("loss_pct"), None);
            let routers: u64 = (1..=3).map(|ttl| report.hop(ttl).count("answered")).sum();
            assert_eq!(routers, 6, "{:#}", report.at(""));
            let sent: u64 = report.hops().iter().map(|hop| hop.count("sent")).sum();
            let overshoot = report.at("/overshoot").as_u64().expect("a count");
            assert_eq!(came, sent - routers + overshoot, "each SYN once: {:#}", report.at(""));
        }
    });
}

#[test]
fn each_ttl_keeps_its_port() {
    lab::inside(|| {
        let chain = Chain::build(3);
        chain.routers[0].run(|| {
            lab::nft(
                "table inet seen { set ports { type inet_service; flags dynamic; size 1000; }; counter syns { }; \
                 chain prerouting { type filter hook prerouting priority 0; \
                 tcp dport 443 tcp flags syn counter name syns add @ports { tcp sport }; }; }",
            );
        });
        let report = report::run(both(4)[0], &["-T", "-c", "5", "-i", "300ms"]);
        report.assert_clean(5);
        let overshoot = report.at("/overshoot").as_u64().expect("a count");
        let (ports, syns) = chain.routers[0].run(|| {
            let listed = listed(&["set", "inet", "seen", "ports"]);
            (listed["nftables"][1]["set"]["elem"].as_array().expect("elements").len() as u64, counted("syns"))
        });
        assert_eq!((ports, syns), (4 + overshoot, 20 + overshoot));
    });
}

#[test]
fn a_refusal_by_a_router_and_by_this_machine_are_told_apart() {
    lab::inside(|| {
        let chain = Chain::build(3);
        let rules = |hook: &str| {
            format!(
                "table inet filter {{ chain {hook} {{ type filter hook {hook} priority 0; \
                 tcp dport 443 reject with icmpx type admin-prohibited; }}; }}"
            )
        };
        let forward = rules("forward");
        chain.routers[1].run(move || lab::nft(&forward));
        for (report, icmp) in both_reports(&["-c", "2"]).iter().zip([[3, 13], [1, 1]]) {
            assert_eq!(report.at("/end/kind"), "refused", "{:#}", report.at(""));
            assert_eq!(report.at("/end/icmp"), &serde_json::json!(icmp));
        }
        lab::nft(&rules("output"));
        for report in &both_reports(&["-c", "2", "-Z", "1s"]) {
            for hop in report.hops() {
                let counts = (hop.count("sent"), hop.count("lost"));
                assert_eq!(counts, (0, 0), "{:#}", report.at(""));
                assert!(hop.count("not_sent") > 0, "{:#}", report.at(""));
            }
        }
    });
}
