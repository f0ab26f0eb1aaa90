//! ICMP echo probes: by ping sockets over real routers and made-up ones, and where those are not permitted.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::report::{self, Report};
use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::packet::Quote;
use crate::support::responder::{Node, Responder, Says, Wait, both};

/// Two quick echo requests per hop.
const QUICK: [&str; 7] = ["--icmp", "-c", "2", "-i", "200ms", "-Z", "600ms"];

/// Runs a check in the lab, with ping sockets permitted, over a path once for each family.
fn over(path: &[Node], check: impl Fn(Report, IpAddr, &Responder)) {
    lab::permit_ping();
    let responder = Responder::start(path.to_vec(), Wait::Asleep);
    let distance = u8::try_from(path.len()).expect("a short path");
    for target in both(distance) {
        check(report::run(target, &QUICK), target, &responder);
    }
}

fn way(target: IpAddr, routers: u8) -> Vec<Option<IpAddr>> {
    (1..=routers + 1).map(|distance| Some(both(distance)[usize::from(target.is_ipv6())])).collect()
}

#[test]
fn ten_real_routers_and_the_target_are_all_there() {
    lab::inside(|| {
        lab::permit_ping();
        let _chain = Chain::build(10);
        let reports = both(11).map(|target| report::start(target, &["--icmp", "-c", "3"]));
        for (report, target) in reports.map(report::finish).iter().zip(both(11)) {
            assert_eq!(report.path(), way(target, 10));
            assert_eq!((report.at("/protocol"), report.at("/port")), (&json!("icmp"), &Value::Null));
            assert_eq!((report.at("/end/kind"), report.at("/end/ttl")), (&json!("target"), &json!(11)));
            report.assert_clean(3);
            let graded: u64 = report.hops().iter().map(|hop| hop.count("grades/kernel")).sum();
            // The kernel may begin to stamp a moment after it was told to.
            assert!(graded >= 30, "{graded} of 33 by the kernel");
        }
    });
}

#[test]
fn every_probe_is_an_echo_request_of_one_flow() {
    lab::inside(|| {
        over(&Node::path(3), |report, target, responder| {
            report.assert_clean(2);
            let seen = responder.seen();
            let ours: Vec<_> = seen.iter().filter(|probe| probe.destination == target).collect();
            assert!(ours.len() >= 8 && ours.iter().all(|probe| probe.is_echo), "{seen:#?}");
            assert!(ours.iter().all(|probe| probe.source_port == ours[0].source_port), "one identifier");
        });
    });
}

#[test]
fn a_quote_of_eight_bytes_tells_the_probe_by_its_sequence_number() {
    lab::inside(|| {
        let bare = Quote { bare: true, ..Quote::default() };
        let routers = (1..=3).map(|distance| Node::router(distance).quoting(bare.clone()));
        let path: Vec<Node> = routers.chain([Node::target(4)]).collect();
        over(&path, |report, target, _| {
            assert_eq!(report.path(), way(target, 3));
            report.assert_clean(2);
        });
    });
}

#[test]
fn labels_are_reported_whichever_way_they_come() {
    lab::inside(|| {
        let quote = |legacy| Quote { labels: vec![(16001, 5, 1), (24, 0, 254)], legacy, ..Quote::default() };
        let path =
            [Node::router(1).quoting(quote(false)), Node::router(2).quoting(quote(true)), Node::target(3)];
        over(&path, |report, _, _| {
            let expected = json!([
                {"label": 16001, "tc": 5, "bottom": false, "ttl": 1},
                {"label": 24, "tc": 0, "bottom": true, "ttl": 254},
            ]);
            for ttl in [1, 2] {
                assert_eq!(report.hop(ttl).at("responders/0/mpls"), &expected, "TTL {ttl}");
            }
            report.assert_clean(2);
        });
    });
}

#[test]
fn a_quote_rewritten_by_a_nat_is_believed() {
    lab::inside(|| {
        let rewritten = Some(("192.168.7.7".parse().expect("v4"), "fd07::7".parse().expect("v6")));
        let quote = Quote { rewritten, ..Quote::default() };
        over(&[Node::router(1), Node::router(2).quoting(quote), Node::target(3)], |report, _, _| {
            report.assert_clean(2);
        });
    });
}

#[test]
fn two_at_once_take_none_of_each_others_replies() {
    lab::inside(|| {
        lab::permit_ping();
        let path: Vec<Node> = Node::path(5).into_iter().map(|node| node.after_ms(3.0)).collect();
        let _responder = Responder::start(path, Wait::Asleep);
        let arguments = ["--icmp", "-c", "20", "-i", "100ms"];
        for report in [(); 2].map(|()| report::start(both(6)[0], &arguments)).map(report::finish) {
            report.assert_clean(20);
        }
    });
}

#[test]
fn a_target_that_answers_no_echo_says_so() {
    lab::inside(|| {
        lab::permit_ping();
        let silent = Node::router(2).saying(Says::Nothing);
        let _responder = Responder::start(vec![Node::router(1), silent], Wait::Asleep);
        for target in both(2) {
            let arguments = ["-n", "--icmp", "-rc", "2", "-i", "200ms", "-Z", "300ms", &target.to_string()];
            let (code, stdout, stderr) = report::output(lab::hopwatch(&arguments));
            assert_eq!((code, stderr.as_str()), (Some(0), ""));
            assert!(stdout.contains("no answer to ICMP echo (filtered?)"), "{stdout}");
        }
    });
}

#[test]
fn a_target_that_drops_udp_is_cross_checked_where_echo_is_permitted() {
    lab::inside(|| {
        let silent = Node::target(3).saying(Says::Nothing).after_ms(5.0);
        let path = vec![Node::router(1), Node::router(2), silent];
        let responder = Responder::start(path, Wait::Asleep);
        let arguments = ["-c", "6", "-i", "200ms", "-Z", "400ms"];
        for is_permitted in [false, true] {
            if is_permitted {
                lab::permit_ping();
            }
            for target in both(3) {
                let before = responder.seen().len();
                let report = report::run(target, &arguments);
                let seen = responder.seen().split_off(before);
                let asked = seen.iter().filter(|probe| probe.is_echo).count() as u64;
                let check = report.at("/cross_check");
                assert_eq!(report.at("/end/kind"), "silent", "{:#}", report.at(""));
                assert_eq!(report.target().count("answered"), 0, "never mixed");
                if is_permitted {
                    assert!(asked >= 3, "{:#}", report.at(""));
                    assert_eq!((&check["sent"], &check["lost"]), (&json!(asked), &json!(0)));
                    assert!(check["rtt_ms"]["best"].as_f64() >= Some(5.0), "{check:#}");
                } else {
                    assert_eq!((asked, check), (0, &Value::Null));
                }
            }
        }
    });
}

#[test]
fn without_permission_one_line_names_both_remedies() {
    lab::inside(|| {
        let _responder = Responder::start(Node::path(1), Wait::Asleep);
        for target in both(2) {
            let (code, stdout, stderr) =
                report::output(lab::hopwatch(&["--icmp", "-r", &target.to_string()]));
            assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(1), "", 1), "{stderr}");
            for remedy in ["sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"", "setcap cap_net_raw+ep /"]
            {
                assert!(stderr.contains(remedy), "{stderr}");
            }
        }
    });
}
