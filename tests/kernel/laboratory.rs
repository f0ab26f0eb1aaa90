//! The laboratory itself: it is what it says it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::asker::{Asker, Reply};
use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::packet::{Code, Quote};
use crate::support::responder::{Fate, Node, Responder, Says, Wait, both};

const PAYLOAD: &[u8] = b"a payload of more than eight bytes";

fn error(reply: Reply) -> (IpAddr, (u8, u8)) {
    match reply {
        Reply::Error { from, code, .. } => (from, code),
        Reply::Answer(bytes) => panic!("not an error: {bytes:?}"),
    }
}

fn quoted(reply: Reply) -> Vec<u8> {
    match reply {
        Reply::Error { quoted, .. } => quoted,
        Reply::Answer(bytes) => panic!("not an error: {bytes:?}"),
    }
}

#[test]
fn a_command_in_there_has_no_capability() {
    lab::inside(|| {
        let output = lab::without_capabilities("cat").arg("/proc/self/status").output().expect("cat");
        let status = String::from_utf8(output.stdout).expect("text");
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert!(status.contains(&format!("{set}:\t0000000000000000\n")), "{set} in {status}");
        }
        let outcome =
            lab::without_capabilities("ip").args(["link", "add", "type", "dummy"]).output().expect("ip");
        assert!(String::from_utf8_lossy(&outcome.stderr).contains("not permitted"), "{outcome:?}");
    });
}

#[test]
fn real_routers_answer_one_after_the_other() {
    lab::inside(|| {
        let chain = Chain::build(10);
        assert_eq!(chain.routers.len(), 10);
        for family in 0..2 {
            let target = both(11)[family];
            let asker = Asker::to(target);
            let (exceeded, port) = if family == 0 { ((11, 0), (3, 3)) } else { ((3, 0), (1, 4)) };
            for ttl in 1..=10 {
                assert_eq!(error(asker.ask(ttl, PAYLOAD)), (both(ttl)[family], exceeded));
            }
            assert_eq!(error(asker.ask(11, PAYLOAD)), (target, port));
        }
    });
}

#[test]
fn a_real_router_can_be_told_to_refuse() {
    lab::inside(|| {
        let chain = Chain::build(3);
        chain.routers[1].run(|| {
            lab::nft(
                "table inet filter { chain forward { type filter hook forward priority 0; \
                 iifname home reject with icmpx type admin-prohibited; }; }",
            );
        });
        for (target, code) in both(4).into_iter().zip([(3, 13), (1, 1)]) {
            let asker = Asker::to(target);
            let refusing = both(2)[usize::from(target.is_ipv6())];
            assert_eq!(error(asker.ask(9, PAYLOAD)), (refusing, code));
        }
    });
}

#[test]
fn made_up_routers_answer_one_after_the_other() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(4), Wait::Asleep);
        for family in 0..2 {
            let target = both(5)[family];
            let asker = Asker::to(target);
            let (exceeded, port) = if family == 0 { ((11, 0), (3, 3)) } else { ((3, 0), (1, 4)) };
            for ttl in 1..=4 {
                let reply = asker.ask(ttl, PAYLOAD);
                let from = both(ttl)[family];
                assert_eq!(
                    reply,
                    Reply::Error { from, code: exceeded, quoted: PAYLOAD.to_vec(), about: target }
                );
            }
            assert_eq!(error(asker.ask(5, PAYLOAD)), (target, port));
            assert_eq!(error(asker.ask(30, PAYLOAD)), (target, port));
        }
        let seen = responder.until("every stamp", 1.0, |seen| seen.iter().all(|probe| probe.sent.is_some()));
        assert_eq!(
            seen.iter().map(|probe| probe.ttl).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5, 30, 1, 2, 3, 4, 5, 30]
        );
        assert!(seen.iter().all(|probe| probe.delay() > Some(0)), "{seen:#?}");
        assert!(seen.iter().all(|probe| probe.payload == PAYLOAD && probe.port == 33434), "{seen:#?}");
    });
}

#[test]
fn a_delay_is_what_the_stamps_say() {
    lab::inside(|| {
        let responder = Responder::start(vec![Node::target(1).after_ms(40.0).jitter_ms(5.0)], Wait::Busy);
        for target in both(1) {
            error(Asker::to(target).ask(1, PAYLOAD));
        }
        let seen = responder.until("both stamps", 1.0, |seen| seen.iter().all(|probe| probe.sent.is_some()));
        assert!(seen.iter().all(|probe| probe.delay() >= Some(40_000_000)), "{seen:#?}");
    });
}

#[test]
fn a_limited_node_answers_its_burst_and_no_more() {
    lab::inside(|| {
        let responder = Responder::start(vec![Node::target(1).limited(6, 0.001)], Wait::Asleep);
        for target in both(1) {
            let asker = Asker::to(target);
            for _ in 0..9 {
                asker.send(1, PAYLOAD);
            }
        }
        let seen = responder.until("18 probes", 1.0, |seen| seen.len() == 18);
        let fates = |from: usize| seen[from..from + 9].iter().map(|probe| probe.fate);
        let expected = [Fate::Answered; 6].into_iter().chain([Fate::Limit; 3]);
        assert!(fates(0).eq(expected.clone()) && fates(9).eq(expected), "{seen:#?}");
    });
}

#[test]
fn a_lossy_node_loses_its_share_alike_in_every_run() {
    lab::inside(|| {
        let responder = Responder::start(vec![Node::target(1).losing(0.3)], Wait::Asleep);
        let asker = Asker::to(both(1)[0]);
        for count in 1..=400 {
            asker.send(1, PAYLOAD);
            responder.until("the probe", 1.0, |seen| seen.len() == count);
        }
        let lost = responder.seen().iter().filter(|probe| probe.fate == Fate::Loss).count();
        assert!((90..=150).contains(&lost), "{lost} of 400");
    });
}

#[test]
fn a_bare_quote_returns_nothing_of_the_payload() {
    lab::inside(|| {
        let quote = Quote { bare: true, ..Quote::default() };
        let _responder =
            Responder::start(vec![Node::router(1).quoting(quote), Node::target(2)], Wait::Asleep);
        for target in both(2) {
            assert_eq!(quoted(Asker::to(target).ask(1, PAYLOAD)), b"");
        }
    });
}

#[test]
fn labels_come_as_an_extension_at_the_place_that_rfc_4884_names() {
    // Version 2, checksum; an object of 12 bytes, class 1, type 1; 16001 class 5 TTL 1; 24 bottom TTL 254.
    let expected = [0x20, 0, 0x3f, 0x0a, 0, 12, 1, 1, 0x03, 0xe8, 0x1a, 0x01, 0x00, 0x01, 0x81, 0xfe];
    lab::inside(move || {
        for legacy in [false, true] {
            let labels = vec![(16001, 5, 1), (24, 0, 254)];
            let quote = Quote { labels, legacy, ..Quote::default() };
            let path = vec![Node::router(1).quoting(quote), Node::target(2)];
            let _responder = Responder::start(path, Wait::Asleep);
            for (target, place) in both(2).into_iter().zip([100, 80]) {
                let quoted = quoted(Asker::to(target).ask(1, PAYLOAD));
                assert_eq!(quoted[..PAYLOAD.len()], *PAYLOAD);
                assert!(quoted[PAYLOAD.len()..place].iter().all(|&byte| byte == 0));
                assert_eq!(quoted[place..], expected, "legacy: {legacy}");
            }
        }
    });
}

#[test]
fn a_quote_may_name_another_destination() {
    lab::inside(|| {
        let (v4, v6) = (Ipv4Addr::new(192, 168, 7, 7), Ipv6Addr::new(0xfd07, 0, 0, 0, 0, 0, 0, 7));
        let quote = Quote { rewritten: Some((v4, v6)), ..Quote::default() };
        let _responder =
            Responder::start(vec![Node::router(1).quoting(quote), Node::target(2)], Wait::Asleep);
        for (target, other) in both(2).into_iter().zip([IpAddr::from(v4), v6.into()]) {
            match Asker::to(target).ask(1, PAYLOAD) {
                Reply::Error { about, .. } => assert_eq!(about, other),
                Reply::Answer(bytes) => panic!("not an error: {bytes:?}"),
            }
        }
    });
}

#[test]
fn a_node_may_say_other_things_twice_or_nothing() {
    lab::inside(|| {
        let refusing = Node::router(2).stopping(Says::Error(Code::PROHIBITED));
        let responder = Responder::start(vec![Node::router(1), refusing, Node::target(3)], Wait::Asleep);
        let asker = Asker::to(both(3)[0]);
        assert_eq!(error(asker.ask(2, PAYLOAD)), (both(2)[0], (11, 0)));
        assert_eq!(error(asker.ask(3, PAYLOAD)), (both(2)[0], (3, 13)));
        responder.set_path(vec![Node::target(1).saying(Says::Echo).repeating(2)]);
        let echo = Reply::Answer(PAYLOAD.to_vec());
        for target in both(1) {
            let asker = Asker::to(target);
            assert_eq!((asker.ask(1, PAYLOAD), asker.reply()), (echo.clone(), echo.clone()));
        }
        responder.set_path(vec![Node::target(1).saying(Says::Bytes(b"no".to_vec()))]);
        assert_eq!(Asker::to(both(1)[1]).ask(1, PAYLOAD), Reply::Answer(b"no".to_vec()));
        responder.set_path(vec![Node::target(1).saying(Says::Nothing)]);
        Asker::to(both(1)[0]).send(1, PAYLOAD);
        responder.until("a probe met with silence", 1.0, |seen| {
            seen.last().is_some_and(|probe| probe.fate == Fate::Silence)
        });
    });
}
