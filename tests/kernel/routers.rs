//! The binary over real Linux routers with their default ICMP limits.

use std::net::IpAddr;

use crate::report::{self, Report};
use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::responder::both;

fn way(target: IpAddr, routers: u8) -> Vec<Option<IpAddr>> {
    (1..=routers + 1).map(|distance| Some(both(distance)[usize::from(target.is_ipv6())])).collect()
}

/// Reports on both families, made at the same time.
fn both_reports(distance: u8, arguments: &[&str]) -> [Report; 2] {
    both(distance).map(|target| report::start(target, arguments)).map(report::finish)
}

#[test]
fn ten_routers_and_the_target_are_all_there() {
    lab::inside(|| {
        let _chain = Chain::build(10);
        for (report, target) in both_reports(11, &["-c", "3"]).iter().zip(both(11)) {
            assert_eq!(report.path(), way(target, 10));
            assert_eq!(report.at("/end/kind"), "target");
            assert_eq!(report.at("/end/ttl"), 11);
            assert_eq!(report.at("/target/reached"), true);
            assert_eq!(report.at("/target/address"), &target.to_string());
            report.assert_clean(3);
            let graded: u64 = report.hops().iter().map(|hop| hop.count("grades/kernel")).sum();
            // The kernel may begin to stamp a moment after it was told to.
            assert!(graded >= 30, "{graded} of 33 by the kernel");
        }
    });
}

#[test]
fn default_limits_cost_the_default_pace_nothing() {
    lab::inside(|| {
        let _chain = Chain::build(4);
        for report in both_reports(5, &["-c", "12"]) {
            report.assert_clean(12);
        }
    });
}

#[test]
#[ignore = "takes three minutes"]
fn default_limits_cost_the_default_pace_nothing_for_three_minutes() {
    lab::inside(|| {
        let _chain = Chain::build(10);
        for report in both_reports(11, &["-c", "180"]) {
            report.assert_clean(180);
        }
    });
}

#[test]
fn once_passes_default_limits_and_says_whether_the_target_answered() {
    lab::inside(|| {
        let _chain = Chain::build(3);
        for target in both(4) {
            let (code, stdout, stderr) =
                report::output(lab::hopwatch(&["--once", "-n", &target.to_string()]));
            assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
            for (line, address) in stdout.lines().skip(1).zip(way(target, 3)) {
                let address = address.expect("a hop").to_string();
                assert!(line.contains(&address) && line.matches(" ms").count() == 3, "{line}");
            }
            assert_eq!(stdout.lines().count(), 5, "{stdout}");
        }
    });
}

#[test]
fn a_refusal_is_no_loss_at_the_router_that_refuses() {
    lab::inside(|| {
        let chain = Chain::build(4);
        chain.routers[2].run(|| {
            lab::nft(
                "table inet filter { chain forward { type filter hook forward priority 0; \
                 iifname home reject with icmpx type admin-prohibited; }; }",
            );
        });
        for ((report, target), icmp) in
            both_reports(5, &["-c", "2"]).iter().zip(both(5)).zip([[3, 13], [1, 1]])
        {
            assert_eq!(report.at("/end/kind"), "refused", "{:#}", report.at(""));
            assert_eq!(report.at("/end/icmp"), &serde_json::json!(icmp));
            assert_eq!(report.at("/target/reached"), false);
            let refusing = report.hop(3);
            assert_eq!(refusing.address(), Some(both(3)[usize::from(target.is_ipv6())]));
            assert_eq!((refusing.count("answered"), refusing.count("lost")), (2, 0));
        }
    });
}

#[test]
fn names_come_from_the_hosts_file() {
    lab::inside(|| {
        let _chain = Chain::build(2);
        lab::hosts([("10.0.1.1", "r1.lab"), ("10.0.2.1", "r2.lab"), ("10.0.3.1", "target.lab")]);
        let (code, stdout, stderr) = report::output(lab::hopwatch(&["--json", "-c", "2", "target.lab"]));
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        let report: serde_json::Value = serde_json::from_str(&stdout).expect("a JSON document");
        assert_eq!(report["target"]["name"], "target.lab");
        for (hop, name) in
            report["hops"].as_array().expect("hops").iter().zip(["r1.lab", "r2.lab", "target.lab"])
        {
            assert_eq!(hop["responders"][0]["name"], name, "{hop:#}");
        }
    });
}
