//! The binary over paths whose answers name no probe: it must find whose they are, and never guess.

use std::net::UdpSocket;

use crate::report::{self, Report};
use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::packet::Quote;
use crate::support::responder::{Node, Responder, Wait, both};

const TEN: [&str; 6] = ["-c", "10", "-i", "200ms", "-Z", "600ms"];

fn bare(node: Node) -> Node {
    node.quoting(Quote { bare: true, ..Quote::default() })
}

/// Four routers and a target, 5 ms from one to the next; those at the distances given quote eight bytes.
fn path(distances: &[u8]) -> Vec<Node> {
    let nodes = Node::path(4).into_iter().zip(1u8..).map(|(node, distance)| {
        let node = node.after_ms(5.0 * f64::from(distance));
        if distances.contains(&distance) { bare(node) } else { node }
    });
    nodes.collect()
}

/// Each row is its node's, by address, mark and time.
fn assert_true(report: &Report, v6: bool, distances: &[u8]) {
    assert_eq!(report.at("/end/kind"), "target", "{:#}", report.at(""));
    for distance in 1..=5u8 {
        let hop = report.hop(distance.into());
        assert_eq!(hop.address(), Some(both(distance)[usize::from(v6)]), "{:#}", report.at(""));
        assert_eq!(hop.at("other_flow"), distances.contains(&distance), "{:#}", report.at(""));
        let delay = 5.0 * f64::from(distance);
        let [best, worst] = ["rtt_ms/best", "rtt_ms/worst"].map(|name| hop.number(name).expect("a time"));
        assert!(best >= delay && worst < delay + 100.0, "{:#}", report.at(""));
    }
}

#[test]
fn one_some_or_all_hops_quote_eight_bytes() {
    lab::inside(|| {
        for distances in [&[3][..], &[1, 2, 4], &[1, 2, 3, 4, 5]] {
            let _responder = Responder::start(path(distances), Wait::Asleep);
            let children = both(5).map(|target| report::start(target, &TEN));
            for (report, v6) in children.map(report::finish).iter().zip([false, true]) {
                assert_true(report, v6, distances);
                for hop in report.hops() {
                    assert_eq!(hop.count("lost"), 0, "{:#}", report.at(""));
                    assert!(hop.count("answered") >= 7, "{:#}", report.at(""));
                }
            }
        }
    });
}

#[test]
fn loss_there_is_the_paths() {
    lab::inside(|| {
        let mut path = path(&[2, 4]);
        path[1].loss = 0.3;
        let responder = Responder::start(path, Wait::Asleep);
        let report = report::run(both(5)[0], &["-c", "40", "-i", "100ms", "-Z", "500ms"]);
        assert_true(&report, false, &[2, 4]);
        let own =
            |ttl| responder.seen().into_iter().filter(move |probe| probe.ttl == ttl && probe.port != 33434);
        for ttl in [2, 4] {
            let answered = own(ttl).filter(|probe| probe.sent.is_some()).count() as u64;
            let hop = report.hop(ttl.into());
            assert_eq!(hop.count("answered"), answered, "{:#}", report.at(""));
            let lost = own(ttl).count() as u64 - answered;
            assert!((lost..=lost + 3).contains(&hop.count("lost")), "{lost}: {:#}", report.at(""));
        }
        assert!(report.hop(2).count("lost") >= 4);
    });
}

#[test]
fn an_answer_after_the_timeout_and_several_intervals_is_late_by_what_it_is() {
    lab::inside(|| {
        let mut path = path(&[3]);
        path[2] = path[2].clone().after_ms(730.0);
        let _responder = Responder::start(path, Wait::Asleep);
        let report = report::run(both(5)[0], &["-c", "20", "-i", "200ms", "-Z", "300ms"]);
        let hop = report.hop(3);
        assert!(hop.count("late") >= 8 && hop.count("answered") == 0, "{:#}", report.at(""));
        let [best, worst] = ["rtt_ms/best", "rtt_ms/worst"].map(|name| hop.number(name).expect("a time"));
        assert!(best >= 730.0 && worst < 830.0, "{:#}", report.at(""));
    });
}

#[test]
fn two_at_once_find_them_each_by_its_own() {
    lab::inside(|| {
        let _responder = Responder::start(path(&[2, 3]), Wait::Asleep);
        let two = [(); 2].map(|()| report::start(both(5)[0], &TEN)).map(report::finish);
        for report in &two {
            assert_true(report, false, &[2, 3]);
            assert!(report.hops().iter().all(|hop| hop.count("lost") == 0), "{:#}", report.at(""));
        }
    });
}

#[test]
fn an_application_at_one_port_alone_is_the_target() {
    lab::inside(|| {
        let chain = Chain::build(2);
        chain.target.run(|| {
            for any in ["0.0.0.0:33434", "[::]:33434"] {
                lab::sysctl("ipv6/bindv6only", "1");
                let socket = UdpSocket::bind(any).expect("a port");
                std::thread::spawn(move || {
                    let mut buffer = [0; 2048];
                    while let Ok((_, from)) = socket.recv_from(&mut buffer) {
                        drop(socket.send_to(b"who are you?", from));
                    }
                });
            }
        });
        let children = both(3).map(|target| report::start(target, &["-c", "6"]));
        for report in children.map(report::finish) {
            assert_eq!(report.at("/end/kind"), "target", "{:#}", report.at(""));
            assert_eq!(report.at("/end/ttl"), 3);
            assert!(report.target().count("answered") >= 4, "{:#}", report.at(""));
        }
    });
}
