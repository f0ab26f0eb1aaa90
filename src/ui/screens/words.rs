//! What is said in words beside the figures.

use std::time::Duration;

use super::after;
use crate::engine::crosscheck::Echoes;
use crate::engine::path::End;
use crate::engine::probe::Protocol;
use crate::ui::action::{Action, Step};
use crate::ui::testing::{Scene, clean, ip, picture, silent_target};
use crate::watch::{About, Request, View};
use crate::wire::extension::Label;
use crate::wire::icmp::Icmp;

#[test]
fn every_end_of_a_path_has_its_words() {
    let icmp = Icmp::v4(3, 3);
    let address = ip("198.51.100.2");
    for (end, header, row) in [
        (End::Target { ttl: 3, upto: 4 }, "target at 3-4", "3-4 example.org"),
        (End::Other { ttl: 2, address, icmp }, "hop 2 answers in its place", "(in the target's place)"),
        (End::Loop { ttl: 2 }, "loop at hop 2", "packets loop at hop 2"),
        (End::Refused { ttl: 2, address, icmp: Icmp::v4(3, 1) }, "!H from hop 2", "!H from hop 2"),
    ] {
        let scene = Scene::new().hop("198.51.100.1", 1.0).hop("198.51.100.2", 2.0).mend(move |snapshot| {
            snapshot.path.end = end;
        });
        let screen = picture(&scene.app(100, 24), 100, 24).to_string();
        assert!(screen.contains(header) && screen.contains(row), "{end:?}\n{screen}");
    }
}

#[test]
fn the_key_for_origins_tells_the_watch_each_time() {
    let mut app = clean().app(80, 24);
    assert_eq!(app.update(Action::Origins), Some(Request::Origins(true)));
    assert_eq!(app.update(Action::Origins), Some(Request::Origins(false)));
}

#[test]
fn without_servers_to_ask_the_footer_says_so_while_origins_are_shown() {
    let mut scene = clean();
    scene.trouble = Some("/etc/resolv.conf: No such file or directory (os error 2)");
    let footer = |actions: &[Action]| after(&scene, (80, 24), actions).to_string();
    let said = "no AS numbers: /etc/resolv.conf: No such file or directory (os error 2)";
    assert!(footer(&[Action::Origins]).contains(said), "{}", footer(&[Action::Origins]));
    assert!(!footer(&[]).contains("no AS"));
}

#[test]
fn another_protocol_is_told_in_the_footer_and_so_is_why_not() {
    let mut app = silent_target().app(100, 24);
    assert!(picture(&app, 100, 24).to_string().contains("u try another protocol"));
    assert!(!picture(&clean().app(100, 24), 100, 24).to_string().contains("try another protocol"));
    assert_eq!(app.update(Action::NextProtocol), Some(Request::NextProtocol));
    let refused = View { said: Some("not here".into()), ..silent_target().view() };
    app.show(refused.clone());
    assert_eq!(app.message(), Some("not here"));
    app.update(Action::Move(Step::Down));
    app.show(refused);
    assert_eq!(app.message(), None, "told once");
    let mut other = silent_target().view();
    other.about = About { protocol: Protocol::Icmp, port: None, ..(*other.about).clone() }.into();
    app.show(other);
    assert!(picture(&app, 100, 24).to_string().contains("ICMP echo; statistics restarted"));
}

#[test]
fn a_message_too_long_loses_its_last_clause_whole() {
    let mut app = clean().app(60, 12);
    let moved = "www.example.org was 198.51.100.220, is 198.51.100.221 now";
    app.show(View { said: Some(format!("{moved}; statistics restarted").into()), ..clean().view() });
    let screen = picture(&app, 60, 12).to_string();
    assert!(screen.contains(&format!("\"{moved}  ")), "{screen}");
}

#[test]
fn a_silent_target_that_answers_echo_says_so_in_its_row() {
    let mut view = silent_target().view();
    let mut echoes = Echoes { last: Some(Duration::from_micros(12_300)), ..Echoes::default() };
    echoes.counts.answered = 40;
    view.echoes = Some(echoes);
    let mut app = silent_target().app(100, 24);
    app.show(view);
    let screen = picture(&app, 100, 24).to_string();
    assert!(screen.contains("UDP 33434 filtered, echo 12.3 ms, 0 of 40 lost"), "{screen}");
}

#[test]
fn labels_stand_below_their_hop_until_they_are_hidden() {
    let scene = clean().mend(|snapshot| {
        snapshot.path.hops[2].labels = vec![Label { label: 16_001, tc: 5, bottom: true, ttl: 1 }];
    });
    let mut app = scene.app(80, 24);
    let plain = picture(&clean().app(80, 24), 80, 24).to_string();
    let line = |screen: &str, text| screen.lines().position(|line| line.contains(text));
    let screen = picture(&app, 80, 24).to_string();
    assert_eq!(
        line(&screen, "[MPLS: Lbl 16001 TC 5 S 1 TTL 1]"),
        line(&plain, "\"  3 ").map(|y| y + 1),
        "{screen}"
    );
    app.update(Action::Labels);
    assert_eq!(picture(&app, 80, 24).to_string(), plain);
}
