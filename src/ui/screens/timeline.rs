//! The path over time.

use std::time::Duration;

use insta::assert_snapshot;

use super::after;
use crate::engine::round::Try;
use crate::ui::action::Action;
use crate::ui::app::Layer;
use crate::ui::testing::{Scene, answered, picture};

/// Forty minutes: an outage past the first hop from 14:10 to 14:14, and scattered loss behind the second.
fn scene() -> Scene {
    let is_down = |n: u32| (600..840).contains(&n);
    let mut scene =
        Scene::new()
            .hop("198.51.100.1", 1.0)
            .tries(&["198.51.100.2"], move |n| if is_down(n) { Try::Lost } else { answered(8.0, n) })
            .tries(&["198.51.100.3"], move |n| {
                if is_down(n) || n % 400 == 399 { Try::Lost } else { answered(30.0, n) }
            })
            .silent(1);
    scene.rounds = 800;
    scene
}

#[test]
fn an_outage_stands_where_it_was() {
    assert_snapshot!("timeline_80x24", after(&scene(), (80, 24), &[Action::Timeline]));
    assert_snapshot!(
        "timeline_60x12_window",
        after(&scene(), (60, 12), &[Action::Timeline, Action::NextPeriod])
    );
}

#[test]
fn it_opens_and_closes_and_takes_its_window_along() {
    let mut app = scene().app(80, 24);
    let table = picture(&app, 80, 24).to_string();
    app.update(Action::Timeline);
    assert_eq!(*app.layer(), Layer::Timeline(0));
    app.update(Action::Back);
    assert_eq!(picture(&app, 80, 24).to_string(), table);
}

#[test]
fn no_column_is_narrower_than_the_time_between_two_tries() {
    // Also where the pace has only just become quicker.
    let quicker = scene().mend(|snapshot| snapshot.pace.interval = Duration::from_millis(100));
    for scene in [scene(), quicker] {
        let screen = after(&scene, (200, 24), &[Action::Timeline, Action::NextPeriod]).to_string();
        let line = screen.lines().find(|line| line.contains("198.51.100.1 ")).unwrap_or_default();
        let strip = line.rsplit_once("198.51.100.1").map_or("", |(_, rest)| rest.trim_matches([' ', '"']));
        assert!((50..=60).contains(&strip.chars().count()) && !strip.contains(' '), "{screen}");
    }
}
