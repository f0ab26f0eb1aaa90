//! Windows and restarts: which stretch of time the figures are of.

use crate::ui::action::Action;
use crate::ui::app::App;
use crate::ui::testing::{Scene, clean, picture};

/// A watch of so many rounds.
fn of(rounds: u32) -> Scene {
    let mut scene = clean();
    scene.rounds = rounds;
    scene
}

/// Half an hour and ten minutes at the default pace: the first ten minutes are told by slices alone.
fn long() -> Scene {
    of(800)
}

fn header(app: &App) -> String {
    let picture = picture(app, 120, 24);
    let row = picture.buffer().content().chunks(120).nth(1).expect("a second line");
    row.iter().map(ratatui::buffer::Cell::symbol).collect()
}

#[test]
fn windows_go_round_and_the_header_says_which_and_from_when() {
    let mut app = long().app(120, 24);
    assert!(header(&app).contains("all since 14:00:00"), "{}", header(&app));
    let sent = |app: &App| app.table().map(|table| table.rows[0].counts.sent());
    assert_eq!(sent(&app), Some(2_402));
    // The scene ends 1.5 s into its 801st round, at 14:40:01.5.
    let windows =
        [("last 1 min, since 14:39:01", 60), ("last 10 min, since 14:30:01", 600), ("last 1 h", 2_402)];
    for (text, tries) in windows {
        app.update(Action::NextPeriod);
        assert!(header(&app).contains(text), "{text}: {}", header(&app));
        assert_eq!(sent(&app), Some(tries), "{text}");
    }
    app.update(Action::NextPeriod);
    assert!(header(&app).contains("all since"), "{}", header(&app));
    assert_eq!(sent(&app), Some(2_402));
}

#[test]
fn a_window_slides_with_the_watch_and_stands_still_when_frozen() {
    let mut app = long().app(120, 24);
    app.update(Action::NextPeriod);
    app.update(Action::Freeze);
    let before = header(&app);
    app.show(of(820).view());
    assert_eq!(header(&app), before);
    assert!(before.contains("since 14:39:01"), "{before}");
    app.update(Action::NextPeriod);
    assert!(header(&app).contains("last 10 min, since 14:30:01"), "{}", header(&app));
    app.update(Action::Freeze);
    assert!(header(&app).contains("last 10 min, since 14:31:01"), "{}", header(&app));
}

#[test]
fn a_frozen_picture_does_not_come_to_a_restart_behind_it() {
    let mut app = long().app(120, 24);
    app.update(Action::Freeze);
    app.show(of(820).view());
    app.update(Action::Restart);
    for _ in 0..5 {
        app.update(Action::NextPeriod);
        assert!(!header(&app).contains("statistics since"), "{}", header(&app));
    }
}

#[test]
fn a_restart_before_what_is_kept_by_try_begins_with_its_slice() {
    let mut app = long().app(120, 24);
    app.update(Action::Restart);
    app.show(of(1_500).view());
    assert!(header(&app).contains("statistics since 14:40:00"), "{}", header(&app));
    app.update(Action::NextPeriod);
    app.update(Action::NextPeriod);
    app.update(Action::NextPeriod);
    assert!(header(&app).contains("last 1 h, since 14:15:00"), "{}", header(&app));
    app.update(Action::NextPeriod);
    app.update(Action::NextPeriod);
    assert!(header(&app).contains("statistics since 14:40:00"), "it comes back: {}", header(&app));
}
