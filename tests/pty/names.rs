//! Names that attack, and resolvers that are dead: screen, reports and JSON stay clean, and nobody waits.

use std::net::IpAddr;
use std::time::Instant;

use crate::start::{restored, shows_a_hop};
use crate::support::dns::DnsServer;
use crate::support::lab;
use crate::support::patience::deadline;
use crate::support::responder::{Node, Responder, Wait, both, node_address};
use crate::support::terminal::Terminal;

/// A name as it is on the wire: each label with its length before it, the root's at the end.
fn wire(labels: &[&[u8]]) -> Vec<u8> {
    let labels = labels.iter().flat_map(|label| [&[label.len() as u8][..], label].concat());
    labels.chain([0]).collect()
}

/// What each hop is called: one honest, the others as bad as can be.
fn names() -> Vec<Vec<u8>> {
    let long = [b'x'; 63];
    vec![
        wire(&[b"r1", b"example"]),
        wire(&[b"\x1b]0;evil\x07\x1b[2J\x1b[31mr2", b"example"]),
        wire(&["a\u{202e}b\u{2066}c\u{200b}\u{9b}31m".as_bytes(), b"example"]),
        wire(&[&long, &long, &long, &[b'y'; 61]]),
        wire(&[]),
        wire(&[b"a\0b\r\nc\td", b"example"]),
        wire(&[b"\xff\xfe\xed\xa0\x80", b"example"]),
        wire(&[b"10.9.9.9"]),
        vec![0xc0, 0xff],     // points past the message's end
        vec![63, b'x', b'y'], // ends within a label
        wire(&[b"target", b"example"]),
    ]
}

/// The addresses of eleven hops, the last the target's.
fn hops() -> impl Iterator<Item = u8> {
    1..=11
}

/// No control but the ends of lines, nothing that turns or hides, no label in the place of an address.
fn assert_clean(text: &str) {
    let bad = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
    };
    assert!(!text.contains(bad), "{text:?}");
    assert!(!text.contains("10.9.9.9"), "{text:?}");
}

#[test]
fn names_that_attack_change_no_screen_and_no_report() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\n");
        let _responder = Responder::start(Node::path(10), Wait::Asleep);
        let _server = DnsServer::pointing(hops().map(|hop| node_address(hop).0).zip(names()));
        let target = both(11)[0].to_string();
        for flags in [["-j", "-c1"], ["-rw", "-c1"], ["--once", "-b"]] {
            let output = lab::hopwatch(&flags).arg(&target).output().expect("it runs");
            let said = String::from_utf8(output.stdout).expect("text");
            assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
            assert_clean(&said);
            assert!(said.contains("r1.example") && said.contains("target.example"), "{said}");
            if flags[0] == "-j" {
                let document: serde_json::Value = serde_json::from_str(&said).expect("a document");
                for (hop, at) in document["hops"].as_array().expect("hops").iter().zip(1..) {
                    let address: IpAddr = both(at)[0];
                    assert_eq!(hop["responders"][0]["address"], address.to_string());
                }
            }
        }
        let mut terminal = Terminal::open(&lab::hopwatch(&["-b", &target]), 120, 30);
        let screen = terminal.until_text("target.example");
        assert_clean(&screen.contents());
        // The fourth's name takes all the room that there is.
        for hop in hops().filter(|hop| *hop != 4) {
            let address = both(hop)[0].to_string();
            assert!(screen.contents().lines().any(|line| line.contains(&address)), "{}", screen.contents());
        }
        terminal.keys("q");
        assert_eq!(terminal.ended().exit_code(), 0);
        terminal.until("the terminal restored", restored);
    });
}

#[test]
fn a_dead_resolver_keeps_neither_the_picture_nor_the_end_waiting() {
    lab::inside(|| {
        lab::resolv_conf("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n");
        let _responder = Responder::start(Node::path(10), Wait::Asleep);
        let server = DnsServer::dead();
        let target = both(11)[0].to_string();
        let start = Instant::now();
        let mut terminal = Terminal::open(&lab::hopwatch(&[&target]), 120, 30);
        terminal.until("the first hop", shows_a_hop);
        terminal.until("the whole path", |screen| screen.contents().contains("10.0.10.1"));
        terminal.keys("?");
        terminal.until_text("quit, whatever is open");
        terminal.keys("\x03");
        assert_eq!(terminal.ended().exit_code(), 0);
        assert!(start.elapsed() < deadline(3.0), "{:?} with names looked up in vain", start.elapsed());
        assert!(!server.asked().is_empty(), "nothing was looked up");
        terminal.until("the terminal restored", restored);
    });
}
