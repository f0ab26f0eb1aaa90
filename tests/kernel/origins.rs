//! AS numbers: by a DNS server of this laboratory, without any, and from a file.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use serde_json::{Value, json};

use crate::report::{self, Report};
use crate::support::dns::DnsServer;
use crate::support::lab;
use crate::support::mmdb;
use crate::support::patience::deadline;
use crate::support::responder::{Node, Responder, Wait, both};
use crate::support::terminal::Terminal;

const QUICK: [&str; 7] = ["-z", "-c", "2", "-i", "200ms", "-Z", "600ms"];

/// The addresses of the node at a distance, as if they were of the internet.
fn public(distance: u8) -> (Ipv4Addr, Ipv6Addr) {
    let v6 = Ipv6Addr::new(0x2001, 0x4860, 0, u16::from(distance), 0, 0, 0, 1);
    (Ipv4Addr::new(9, 1, distance, 1), v6)
}

/// A private router, two routers of the internet, and a target there.
fn path() -> Vec<Node> {
    let at = |node: Node, distance| {
        let (v4, v6) = public(distance);
        node.at(v4, v6)
    };
    vec![Node::router(1), at(Node::router(2), 2), at(Node::router(3), 3), at(Node::target(4), 4)]
}

fn targets() -> [IpAddr; 2] {
    let (v4, v6) = public(4);
    [v4.into(), v6.into()]
}

fn origin(report: &Report, ttl: u64) -> Value {
    report.hop(ttl).at("responders/0/asn").clone()
}

#[test]
fn origins_by_dns() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\nsearch lab.example\n");
        let _responder = Responder::start(path(), Wait::Asleep);
        let v6 = |distance| {
            let hop = format!("{distance}.0.0.0.0.0.0.0.0.6.8.4.1.0.0.2.origin6.asn.cymru.com");
            &*format!("1{}.{hop}", ".0".repeat(15)).leak()
        };
        let own: &[u8] = b"64501 | 9.1.3.0/24 | ZZ | ripencc | 2001-01-01";
        let long: &[u8] =
            b"64500 | ZZ | ripencc | 2001-01-01 | EXAMPLE-AS \x1b[31mExample\xe2\x80\xae Networks, ZZ";
        let server = DnsServer::start([
            ("1.2.1.9.origin.asn.cymru.com", vec![&b"64500 | 9.1.0.0/16 | ZZ | ripencc | 2001-01-01"[..]]),
            ("1.3.1.9.origin.asn.cymru.com", vec![&b"64500 64502 | 9.0.0.0/8 | ZZ | ripencc |"[..], own]),
            ("1.4.1.9.origin.asn.cymru.com", vec![&b"64500 | 9.1.0.0/16 | ZZ | ripencc |"[..]]),
            (v6(2), vec![&b"64500 | 2001:4860::/32 | ZZ | ripencc |"[..]]),
            (v6(3), vec![&b"64501 | 2001:4860::/32 | ZZ | ripencc |"[..]]),
            (v6(4), vec![&b"64500 | 2001:4860::/32 | ZZ | ripencc |"[..]]),
            ("AS64500.asn.cymru.com", vec![long]),
        ]);
        for target in targets() {
            let before = server.asked().len();
            let report = report::run(target, &QUICK);
            report.assert_clean(2);
            let example = json!({"number": 64500, "name": "EXAMPLE-AS [31mExample Networks, ZZ"});
            assert_eq!(origin(&report, 1), Value::Null, "{:#}", report.at(""));
            assert_eq!(origin(&report, 2), example);
            assert_eq!(origin(&report, 3), json!({"number": 64501, "name": null}));
            assert_eq!(origin(&report, 4), example);
            let asked = server.asked().len() - before;
            assert_eq!(asked, 5, "three addresses and two systems, once each: {:#?}", server.asked());
        }
        assert!(server.asked().iter().all(|name| name.ends_with(".asn.cymru.com")), "{:#?}", server.asked());
    });
}

#[test]
fn nobody_is_asked_unless_that_is_wanted() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\n");
        let server = DnsServer::dead();
        let _responder = Responder::start(path(), Wait::Asleep);
        let report = report::run(targets()[0], &QUICK[1..]);
        assert_eq!(origin(&report, 2), Value::Null);
        assert_eq!(server.asked(), Vec::<String>::new());
    });
}

#[test]
fn a_dead_server_keeps_a_report_for_two_seconds_at_most() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\n");
        let server = DnsServer::dead();
        let _responder = Responder::start(path(), Wait::Asleep);
        let start = Instant::now();
        let report = report::run(targets()[0], &QUICK);
        // A lookup by itself would be given up after five seconds.
        assert!(start.elapsed() < deadline(0.9), "{:?}", start.elapsed());
        report.assert_clean(2);
        assert_eq!(origin(&report, 2), Value::Null);
        assert!(!server.asked().is_empty());
    });
}

#[test]
fn a_dead_server_keeps_neither_the_screen_nor_a_quit() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\n");
        let server = DnsServer::dead();
        let _responder = Responder::start(path(), Wait::Asleep);
        let command = lab::hopwatch(&["--no-record", "-n", "-z", &targets()[0].to_string()]);
        let mut terminal = Terminal::open(&command, 80, 24);
        terminal.until("the path", |screen| screen.contents().contains("target at 4"));
        terminal.until("the question", |_| !server.asked().is_empty());
        let start = Instant::now();
        terminal.keys("q");
        assert!(terminal.ended().success());
        assert!(start.elapsed() < deadline(0.4), "{:?}", start.elapsed());
    });
}

#[test]
fn without_a_server_to_ask_it_says_so_in_one_line() {
    lab::inside(|| {
        lab::resolv_conf("# no server\n");
        let _responder = Responder::start(path(), Wait::Asleep);
        let target = targets()[0].to_string();
        for form in ["-j", "-r", "--once"] {
            let form: &[&str] = if form == "--once" { &[form] } else { &[form, "-c", "2"] };
            let arguments = [form, &["-z", "-n", "-i", "200ms", "-Z", "600ms", &target]].concat();
            let (code, stdout, stderr) = report::output(lab::hopwatch(&arguments));
            assert_eq!(code, Some(0), "{stderr}");
            assert!(stdout.contains("9.1.2.1"), "{stdout}");
            let expected = "hopwatch: no AS numbers: /etc/resolv.conf: no nameservers found in config\n";
            assert_eq!(stderr, expected, "{form:?}");
        }
    });
}

#[test]
fn origins_from_a_file_need_no_server() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\n");
        let server = DnsServer::dead();
        let _responder = Responder::start(Node::path(2), Wait::Asleep);
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let records = [("10.0.0.0/8", 64_500, "EXAMPLE Networks"), ("fd00::/8", 64_501, "")];
        file.write_all(&mmdb::write("Test-ASN", &records)).expect("a file");
        let database = file.path().to_str().expect("a plain name");
        let [v4, v6] = both(3).map(|target| {
            let arguments = ["--asn-db", database, "-c", "2", "-i", "200ms", "-Z", "600ms"];
            report::run(target, &arguments)
        });
        for ttl in 1..=3 {
            assert_eq!(origin(&v4, ttl), json!({"number": 64500, "name": "EXAMPLE Networks"}));
            assert_eq!(origin(&v6, ttl), json!({"number": 64501, "name": null}));
        }
        assert_eq!(server.asked(), Vec::<String>::new());
        let target = both(3)[0].to_string();
        let arguments = ["-rn", "-c", "1", "-Z", "600ms", "--asn-db", database, &target];
        let (code, stdout, stderr) = report::output(lab::hopwatch(&arguments));
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert!(stdout.contains("  1.|-- AS64500   10.0.1.1  "), "{stdout}");
    });
}
