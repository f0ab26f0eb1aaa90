//! The README's pictures, `assets/*.svg`, from real runs over made-up paths:
//!
//! ```text
//! cargo test --test pty -- --ignored picture
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::start::{demo, under};
use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait};
use crate::support::svg;
use crate::support::terminal::Terminal;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
/// Tries per hop before a picture is taken.
const TRIES: u32 = 150;

/// What stands at each distance: the name, the address (for documentation, RFC 5737), the milliseconds.
const PATH: [(&str, [u8; 4], f64); 9] = [
    ("gateway.home", [192, 0, 2, 1], 0.6),
    ("access-17.isp.example", [192, 0, 2, 33], 4.2),
    ("agg1.fra.isp.example", [192, 0, 2, 65], 6.9),
    ("core2.fra.isp.example", [192, 0, 2, 97], 7.4),
    ("fra-ix.transit.example", [198, 51, 100, 9], 8.1),
    ("ae4.ams.transit.example", [198, 51, 100, 41], 14.8),
    ("ae2.lon.transit.example", [198, 51, 100, 77], 19.6),
    ("edge.hoster.example", [203, 0, 113, 2], 21.3),
    ("www.example.org", [203, 0, 113, 80], 21.9),
];

fn node((_, address, ms): (&str, [u8; 4], f64), distance: usize) -> Node {
    let router = if distance == PATH.len() { Node::target(9) } else { Node::router(1) };
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, distance as u16);
    router.at(Ipv4Addr::from(address), v6).after_ms(ms).jitter_ms(ms * 0.12)
}

/// Takes a picture of the path with its hops changed, once the verdict says so.
fn take(file: &str, verdict: &str, change: fn(Node, usize) -> Node) {
    lab::hosts(PATH.map(|(name, address, _)| (Ipv4Addr::from(address), name)));
    let path = (1..).zip(PATH).map(|(distance, entry)| change(node(entry, distance), distance)).collect();
    let _responder = Responder::start(path, Wait::Asleep);
    let terminal = Terminal::open(&lab::hopwatch(&["www.example.org"]), 112, 16);
    let screen = terminal.until_within(300.0, verdict, |screen| {
        let sent = under(screen, "Snt", "1").and_then(|sent| sent.parse().ok());
        sent >= Some(TRIES) && screen.contents().contains(verdict)
    });
    let file = format!("{FOLDER}/{file}.svg");
    std::fs::write(&file, svg::render(&screen)).expect(&file);
}

#[test]
#[ignore = "writes assets/screen.svg, in three minutes"]
fn picture() {
    lab::inside(|| {
        take("screen", "on the link 6-7", |node, distance| match distance {
            // A router that limits its own answers, and loss from the seventh on.
            3 => node.limited(2, 0.7),
            7.. => node.losing(0.06).jitter_ms(9.0),
            _ => node,
        });
    });
}

#[test]
#[ignore = "writes assets/loss.svg, in three minutes"]
fn picture_of_loss() {
    lab::inside(|| {
        take("loss", "on the link 5-6", |node, at| if at >= 6 { node.losing(0.12) } else { node });
    });
}

#[test]
#[ignore = "writes assets/limiting.svg, in three minutes"]
fn picture_of_limiting() {
    lab::inside(|| {
        let harmless = "hop 4 limits its own answers: harmless";
        take("limiting", harmless, |node, at| if at == 4 { node.limited(2, 0.4) } else { node });
    });
}

#[test]
fn a_terminal_that_can_only_print_lines_is_told_of_the_table() {
    let mut command = demo(&[]);
    command.env("TERM", "dumb");
    let terminal = Terminal::open(&command, 100, 24);
    assert_eq!(terminal.ended().exit_code(), 2);
    let screen = terminal.until_text("-r prints a table");
    assert_eq!(screen.contents().trim_end().lines().count(), 1, "{}", screen.contents());
}
