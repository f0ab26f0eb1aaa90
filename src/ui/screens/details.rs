//! The details of a hop: their pictures, and the ways into, through and out of them.

use insta::assert_snapshot;

use super::{SIZES, after, styles};
use crate::engine::probe::{Grade, Stray};
use crate::engine::round::{Row, Try};
use crate::ui::action::{Action, Step};
use crate::ui::details::Details;
use crate::ui::testing::{Scene, answered, clean, ip, picture, refused, silent_target};
use crate::wire::extension::Label;

/// Every detail that a hop can have, at hop 2.
fn detailed() -> Scene {
    let by_turns = |n: u32| match (n % 20, answered(6.0, n)) {
        (7, _) => Try::Lost,
        (11, _) => Try::Late { us: 3_400_000, by: 0, grade: Grade::User },
        (13, _) => Try::Refused { by: 0 },
        (_, Try::Answered { us, grade, .. }) => {
            Try::Answered { us, by: u8::from(n.is_multiple_of(3)), grade }
        }
        (_, other) => other,
    };
    Scene::new()
        .hop("198.51.100.1", 0.4)
        .tries(&["198.51.100.2", "2001:db8:1234:5678:9abc:def0:1234:5678"], by_turns)
        .silent(3)
        .target("203.0.113.9", 19.0)
        .name("198.51.100.2", "ae0.cr1.isp.example.net")
        .name("2001:db8:1234:5678:9abc:def0:1234:5678", "lag2.core.example.net")
        .mend(|snapshot| {
            let hop = &mut snapshot.path.hops[1];
            let label = |label, bottom| Label { label, tc: 0, bottom, ttl: 1 };
            hop.labels = vec![label(24_017, false), label(16_160, true)];
            hop.by_target = true;
            hop.mtu = Some((ip("198.51.100.2"), 1_400));
            hop.reply_ttl = Some(253);
            hop.rewritten = true;
            snapshot.strays = [(Stray::Foreign, 3), (Stray::Malformed, 1)].into();
        })
}

const ENTER: Action = Action::Details;
const DOWN: Action = Action::Move(Step::Down);

#[test]
fn the_details_of_a_hop() {
    for (width, height) in SIZES {
        let screen = after(&detailed(), (width, height), &[DOWN, DOWN, ENTER]);
        assert_snapshot!(format!("{width}x{height}"), screen);
    }
    let scrolled = after(&detailed(), (60, 12), &[DOWN, DOWN, ENTER, Action::Scroll(Step::PageDown)]);
    assert_snapshot!("60x12_scrolled", scrolled);
    assert_snapshot!("styles_80x24", styles(&after(&detailed(), (80, 24), &[DOWN, DOWN, ENTER])));
}

#[test]
fn the_details_of_a_hop_that_refuses() {
    assert_snapshot!("refused_80x24", after(&refused(), (80, 24), &[ENTER, Action::Move(Step::Up)]));
}

#[test]
fn the_details_of_a_target_that_is_silent() {
    assert_snapshot!("silent_80x24", after(&silent_target(), (80, 24), &[ENTER]));
}

#[test]
fn the_details_go_from_hop_to_hop_and_close_where_they_are() {
    let mut app = detailed().app(80, 24);
    app.update(ENTER);
    assert_eq!(app.selected(), Some(Row::Target));
    for row in [5, 4, 3, 2].map(Row::Hop) {
        app.update(Action::Move(Step::Up));
        assert_eq!(app.selected(), Some(row));
        let title = format!("Hop {}", app.details().unwrap().row.ttl);
        assert!(picture(&app, 80, 24).to_string().contains(&title));
    }
    app.update(Action::Move(Step::End));
    assert_eq!(app.selected(), Some(Row::Target));
    for action in [Action::Help, Action::Back] {
        app.update(action);
    }
    assert!(app.scroll().is_some(), "the help closes first");
    app.update(Action::Back);
    assert_eq!((app.scroll(), app.selected()), (None, Some(Row::Target)));
    app.update(Action::Back);
    assert_eq!(app.selected(), None);
}

#[test]
fn open_details_stay_live() {
    let mut app = clean().app(80, 24);
    app.update(ENTER);
    let before = picture(&app, 80, 24).to_string();
    let mut scene = clean();
    scene.rounds = 50;
    assert!(app.show(scene.view()));
    let after = picture(&app, 80, 24).to_string();
    assert!(before.contains("92 sent") && after.contains("152 sent"), "{before}{after}");
}

#[test]
fn a_click_selects_and_a_second_one_opens_the_details() {
    let mut app = detailed().app(80, 24);
    let hop_2 = app.areas().body.y + 2;
    app.update(Action::Click(hop_2));
    assert_eq!((app.selected(), app.scroll()), (Some(Row::Hop(2)), None));
    app.update(Action::Click(hop_2 + 1));
    assert!(app.scroll().is_some(), "its other responder is a part of it");
    app.update(Action::Back);
    for nowhere in [0, 1, 2, 3, 13, 23, u16::MAX] {
        app.update(Action::Click(nowhere));
        assert_eq!((app.selected(), app.scroll()), (Some(Row::Hop(2)), None), "at {nowhere}");
    }
}

#[test]
fn what_is_clicked_stays_below_the_pointer() {
    let mut app = clean().app(60, 12);
    for y in [10, 9, 4, 5] {
        app.update(Action::Click(y));
        let selected = app.selected();
        app.update(Action::Click(y));
        assert_eq!((app.selected(), app.scroll()), (selected, Some(0)), "at {y}");
        app.update(Action::Back);
    }
}

#[test]
fn a_responder_of_a_week_of_tries_has_its_figures_apart() {
    let mut scene = clean();
    scene.rounds = 800;
    let app = scene.app(80, 24);
    let mut row = app.table().expect("a table").rows[0].clone();
    row.responders[0].answered = 12_345_678;
    let details = Details { row: &row, ..app.details().expect("details") };
    let lines: Vec<String> = details.lines(80, 24).iter().map(ToString::to_string).collect();
    assert!(lines.iter().any(|line| line.contains(" 100% 12345678 ")), "{lines:#?}");
}
