//! The binary over made-up paths: what each kind of answer means, and that its counts are the responder's.

use std::net::IpAddr;

use serde_json::json;

use crate::report;
use crate::support::lab;
use crate::support::packet::{Code, Quote};
use crate::support::responder::{Node, Responder, Says, Wait, both};

/// Two quick tries per hop.
const QUICK: [&str; 6] = ["-c", "2", "-i", "200ms", "-Z", "600ms"];

/// Runs a check over a path once for each family.
fn over(path: &[Node], check: impl Fn(report::Report, IpAddr, &Responder)) {
    let responder = Responder::start(path.to_vec(), Wait::Asleep);
    let distance = u8::try_from(path.len()).expect("a short path");
    for target in both(distance) {
        check(report::run(target, &QUICK), target, &responder);
    }
}

/// The path of `routers` routers and a target of its own.
fn before(routers: u8, target: Node) -> Vec<Node> {
    (1..=routers).map(Node::router).chain([target]).collect()
}

#[test]
fn the_reports_losses_are_the_paths() {
    lab::inside(|| {
        let mut path = Node::path(8);
        path[4] = Node::router(5).losing(0.4);
        let responder = Responder::start(path, Wait::Asleep);
        let report = report::run(both(9)[0], &["-c", "40", "-i", "100ms", "-Z", "500ms"]);
        assert!((5..=30).contains(&report.hop(5).count("lost")), "{:#}", report.at(""));
        report.assert_agrees_with(&responder.seen());
    });
}

#[test]
fn an_udp_answer_is_the_targets() {
    lab::inside(|| {
        over(&before(2, Node::target(3).saying(Says::Echo)), |report, target, _| {
            assert_eq!(report.at("/end/kind"), "target", "{:#}", report.at(""));
            assert_eq!(report.path().last(), Some(&Some(target)));
            report.assert_clean(2);
        });
    });
}

#[test]
fn an_udp_answer_of_other_bytes_is_the_targets_too() {
    lab::inside(|| {
        let other = Node::target(3).saying(Says::Bytes(b"who are you?".to_vec())).after_ms(20.0);
        let _responder = Responder::start(before(2, other), Wait::Asleep);
        for target in both(3) {
            // Which of the sweep's probes the first answers are to, nothing in them says.
            let report = report::run(target, &["-c", "4", "-i", "400ms", "-Z", "200ms"]);
            assert_eq!(report.at("/end/kind"), "target", "{:#}", report.at(""));
            assert_eq!(report.path().last(), Some(&Some(target)));
            assert!(report.target().count("answered") >= 3, "{:#}", report.at(""));
        }
    });
}

#[test]
fn an_udp_answer_of_other_bytes_is_no_loss() {
    lab::inside(|| {
        let path = before(2, Node::target(3).saying(Says::Bytes(b"who are you?".to_vec())).after_ms(20.0));
        over(&path, |report, _, _| assert_eq!(report.target().count("lost"), 0, "{:#}", report.at("")));
    });
}

#[test]
fn a_silent_target_keeps_its_row_and_has_no_loss() {
    lab::inside(|| {
        over(&before(3, Node::target(4).saying(Says::Nothing)), |report, _, _| {
            assert_eq!(report.at("/end/kind"), "silent", "{:#}", report.at(""));
            assert_eq!(report.at("/target/reached"), false);
            let target = report.target();
            assert_eq!((target.address(), target.number("loss_pct")), (None, None));
            assert!(target.count("sent") > 0, "it is asked all the same");
            for ttl in 1..=3 {
                assert_eq!((report.hop(ttl).count("answered"), report.hop(ttl).count("lost")), (2, 0));
            }
        });
    });
}

#[test]
fn a_silent_router_is_lost_there_and_nowhere_else() {
    lab::inside(|| {
        let mut path = Node::path(3);
        path[1] = Node::router(2).saying(Says::Nothing);
        over(&path, |report, _, _| {
            assert_eq!(report.at("/end/ttl"), 4);
            let silent = report.hop(2);
            assert_eq!((silent.address(), silent.count("sent"), silent.count("lost")), (None, 2, 2));
            assert_eq!(report.target().count("lost"), 0);
        });
    });
}

#[test]
fn every_refusal_ends_the_path_where_it_comes_from() {
    lab::inside(|| {
        for code in [Code::NET, Code::HOST, Code::PROHIBITED] {
            let refusing = Node::router(2).stopping(Says::Error(code));
            let path = [Node::router(1), refusing, Node::router(3), Node::target(4)];
            over(&path, |report, target, _| {
                let (ty, number) = if target.is_ipv4() { code.v4 } else { code.v6 };
                assert_eq!(report.at("/end/kind"), "refused", "{:#}", report.at(""));
                assert_eq!(report.at("/end/icmp"), &json!([ty, number]));
                let refusing = both(2)[usize::from(target.is_ipv6())];
                assert_eq!(report.at("/end/address"), &json!(refusing));
                // It is asked no more than once an interval, at whichever TTL.
                assert!(report.hop(2).count("answered") >= 1, "{:#}", report.at(""));
                assert!(report.hops().iter().all(|hop| hop.count("lost") == 0), "{:#}", report.at(""));
            });
        }
    });
}

#[test]
fn protocol_unreachable_is_the_targets_too() {
    lab::inside(|| {
        over(&before(1, Node::target(2).saying(Says::Error(Code::PROTOCOL))), |report, _, _| {
            assert_eq!(report.at("/end/kind"), "target", "{:#}", report.at(""));
            report.assert_clean(2);
        });
    });
}

#[test]
fn port_unreachable_from_somebody_else_is_not_the_target() {
    lab::inside(|| {
        let other = Node::router(2).saying(Says::Error(Code::PORT)).stopping(Says::Error(Code::PORT));
        over(&[Node::router(1), other, Node::target(3)], |report, target, _| {
            let address = both(2)[usize::from(target.is_ipv6())];
            assert_eq!(report.at("/end/kind"), "other", "{:#}", report.at(""));
            assert_eq!(report.at("/end/address"), &json!(address));
            assert_eq!(report.at("/target/reached"), false);
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
            assert_eq!(report.target().at("responders/0/mpls"), &json!([]));
            report.assert_clean(2);
        });
    });
}

#[test]
fn a_router_that_quotes_eight_bytes_is_found_and_told_apart() {
    lab::inside(|| {
        let bare = Quote { bare: true, ..Quote::default() };
        let path = [
            Node::router(1),
            Node::router(2).quoting(bare.clone()),
            Node::router(3).quoting(bare),
            Node::target(4),
        ];
        let responder = Responder::start(path.to_vec(), Wait::Asleep);
        for target in both(4) {
            let report = report::run(target, &["-c", "10", "-i", "200ms", "-Z", "600ms"]);
            for ttl in [2, 3] {
                let hop = report.hop(ttl);
                let address = both(u8::try_from(ttl).expect("a TTL"))[usize::from(target.is_ipv6())];
                assert_eq!(hop.address(), Some(address), "{:#}", report.at(""));
                assert!(hop.count("answered") >= 7, "{:#}", report.at(""));
            }
        }
        drop(responder);
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
fn a_second_answer_is_a_duplicate_and_nothing_else() {
    lab::inside(|| {
        over(&[Node::router(1).repeating(3), Node::target(2)], |report, _, _| {
            let hop = report.hop(1);
            assert_eq!((hop.count("answered"), hop.count("duplicates")), (2, 4), "{:#}", report.at(""));
        });
    });
}

#[test]
fn an_answer_after_the_timeout_is_late_and_not_lost() {
    lab::inside(|| {
        let responder =
            Responder::start(vec![Node::router(1).after_ms(300.0), Node::target(2)], Wait::Asleep);
        let report = report::run(both(2)[0], &["-c", "6", "-i", "200ms", "-Z", "150ms"]);
        let hop = report.hop(1);
        // The last of them may still be on their way when the report is made.
        assert!(hop.count("late") >= 4 && hop.count("answered") == 0, "{:#}", report.at(""));
        assert!(hop.number("rtt_ms/best") >= Some(300.0), "{:#}", report.at(""));
        assert_eq!(hop.count("sent"), responder.seen().iter().filter(|probe| probe.ttl == 1).count() as u64);
    });
}

#[test]
fn two_at_once_take_none_of_each_others_replies() {
    lab::inside(|| {
        let path: Vec<Node> = Node::path(5).into_iter().map(|node| node.after_ms(3.0)).collect();
        let responder = Responder::start(path, Wait::Asleep);
        let arguments = ["-c", "20", "-i", "100ms"];
        let two = [(); 2].map(|()| report::start(both(6)[0], &arguments)).map(report::finish);
        for report in &two {
            report.assert_clean(20);
        }
        let seen = responder.seen();
        let first = seen.iter().filter(|probe| probe.cookie == seen[0].cookie).count();
        assert!(first > 0 && first < seen.len(), "two cookies");
        for hop in two[0].hops().iter().filter(|hop| !hop.is_target()) {
            let sent: u64 = two.iter().map(|report| report.hop(hop.ttl()).count("sent")).sum();
            assert_eq!(sent, seen.iter().filter(|probe| u64::from(probe.ttl) == hop.ttl()).count() as u64);
        }
    });
}
