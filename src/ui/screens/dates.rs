//! Dates, where a time of day alone would be taken for today's.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Size;

use crate::ui::action::Action;
use crate::ui::app::App;
use crate::ui::testing::{Scene, clean, config, picture};
use crate::watch::{Recorded, View};

/// A recording of forty minutes, a year and more later.
fn replayed(width: u16) -> App {
    let mut scene: Scene = clean();
    scene.rounds = 800;
    let recorded = Recorded::Replay { name: "watch.jsonl".into(), unknown: 0, missed: 0 };
    let view = View { recorded: Arc::new(recorded), ..scene.view() };
    let now = scene.app(width, 24).now() + Duration::from_hours(24 * 400);
    let mut app = App::new(config(), Size::new(width, 24), now);
    app.show(view);
    app
}

#[test]
fn a_recording_of_another_day_has_its_date_wherever_it_has_a_time() {
    let mut app = replayed(80);
    let screen = |app: &App| picture(app, 80, 24).to_string();
    let table = screen(&app);
    assert!(
        table.contains("example.org (203.0.113.9)") && table.contains("  to 22 Nov 2025 14:40:01\""),
        "{table}"
    );
    assert!(table.contains("all since 22 Nov 14:00:00"), "{table}");
    app.update(Action::Evidence);
    let page = screen(&app);
    assert!(page.contains("\"Judged: 22 Nov 14:00:00 to 22 Nov 14:40:"), "{page}");
    app.update(Action::Timeline);
    let axis = screen(&app);
    assert!(axis.contains(" 22 Nov 14:00:00  ") && axis.contains("  22 Nov 14:40:01\""), "{axis}");
    app.update(Action::NextPeriod);
    let window = screen(&app);
    assert!(window.contains("last 1 min, since 22 Nov 14:39:01"), "{window}");
}

#[test]
fn a_narrow_screen_has_the_day_alone_and_the_target_whole() {
    let screen = picture(&replayed(60), 60, 24).to_string();
    assert!(screen.contains("192.0.2.20 → example.org (203.0.113.9)"), "{screen}");
    assert!(screen.contains("  to 22 Nov 2025\""), "{screen}");
}
