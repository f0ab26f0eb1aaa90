//! The verdict on screen: its line at every size, its page, and what is left of it on quitting.

use ratatui::layout::Size;

use crate::engine::path::End;
use crate::engine::round::{Row, Try};
use crate::ui::action::Action;
use crate::ui::app::App;
use crate::ui::testing::{Scene, answered, clean, config, lossy, picture, silent_target};
use crate::watch::View;

/// A path of nine hops that loses one of twelve past the sixth, for ten minutes.
fn loses_past_six() -> Scene {
    let mut scene =
        (1..=6).fold(Scene::new(), |scene, n| scene.hop(&format!("198.51.100.{n}"), f64::from(n)));
    for n in 7..=9u32 {
        let is_lost =
            move |try_: u32| (try_.wrapping_mul(2_654_435_761) ^ n.wrapping_mul(40_503)) >> 16 & 0xff < 22;
        scene = scene.tries(&[&format!("198.51.100.{n}")], move |try_| {
            if is_lost(try_) { Try::Lost } else { answered(f64::from(n), try_) }
        });
    }
    scene.rounds = 200;
    scene
}

#[test]
fn what_is_wrong_and_where_stands_at_every_size() {
    for (width, height) in [(120, 30), (100, 24), (80, 24), (60, 12), (40, 10), (80, 8)] {
        let screen = picture(&loses_past_six().app(width, height), width, height).to_string();
        let words = screen.replace("\"\n\"", " ");
        assert!(
            words.contains("Loss from hop 7 on") && words.contains("link 6-7"),
            "{width}x{height}\n{screen}"
        );
    }
}

#[test]
fn a_row_has_one_interval_in_its_details_and_on_the_page() {
    let mut app = loses_past_six().app(100, 40);
    let row = app.table().and_then(|table| table.rows.iter().find(|row| row.row == Row::Hop(8)).cloned());
    let [low, high] = row.and_then(|row| row.loss).expect("a share").ci95;
    let interval = format!("{low:.1} to {high:5.1}%");
    app.update(Action::Evidence);
    let page = picture(&app, 100, 40).to_string();
    assert!(page.contains(&interval), "{interval}\n{page}");
    app.update(Action::Back);
    for _ in 0..2 {
        app.update(Action::Move(crate::ui::action::Step::End));
        app.update(Action::Move(crate::ui::action::Step::Up));
        app.update(Action::Move(crate::ui::action::Step::Up));
    }
    app.update(Action::Details);
    let details = picture(&app, 100, 40).to_string();
    assert!(details.contains("Hop 8") && details.contains(&interval.replace("  ", " ")), "{details}");
}

#[test]
fn the_page_names_each_row_as_the_table_does() {
    let mut app = silent_target().app(100, 40);
    let ttl = app.table().and_then(|table| table.rows.last()).map(|row| row.ttl).expect("a target");
    app.update(Action::Evidence);
    let page = picture(&app, 100, 40).to_string();
    let listed = |ttl: u8| page.lines().filter(|line| line.starts_with(&format!("\"{ttl:>3} "))).count();
    assert_eq!((1..=ttl).map(listed).collect::<Vec<_>>(), vec![1; usize::from(ttl)], "{page}");
}

#[test]
fn the_page_names_no_row_twice_after_the_route_has_become_shorter() {
    // Nine hops long until now, and five since: hops 6 to 9 are in the rounds, and the target is at 6.
    let mut scene = loses_past_six().target("203.0.113.9", 9.0).mend(|snapshot| {
        snapshot.path.last_hop = 5;
        snapshot.path.hops.truncate(5);
        snapshot.path.end = End::Target { ttl: 6, upto: 6 };
        snapshot.path.target_ttl = Some(6);
    });
    scene.rounds = 40;
    let mut app = scene.app(100, 40);
    app.update(Action::Evidence);
    let page = picture(&app, 100, 40).to_string();
    let listed = |ttl: u8| page.lines().filter(|line| line.starts_with(&format!("\"{ttl:>3} "))).count();
    assert_eq!((1..=10).map(listed).collect::<Vec<_>>(), [1, 1, 1, 1, 1, 1, 0, 0, 0, 0], "{page}");
    assert!(page.contains("  6 example.org "), "{page}");
    assert!(page.contains("4 more on a route that is no longer taken"), "{page}");
}

#[test]
fn what_was_found_is_left_behind_unless_it_is_nothing_yet() {
    let farewell = |view: View| {
        let mut app = App::new(config(), Size::new(80, 24), std::time::UNIX_EPOCH);
        app.show(view);
        app.farewell()
    };
    let found = farewell(lossy().view());
    assert!(found.len() == 1 && found[0].starts_with("example.org: "), "{found:?}");
    let mut early = clean();
    early.rounds = 1;
    assert!(farewell(early.view()).is_empty());
    assert!(App::new(config(), Size::new(80, 24), std::time::UNIX_EPOCH).farewell().is_empty());
}
