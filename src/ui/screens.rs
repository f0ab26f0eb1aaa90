//! What whole screens look like, against pictures kept beside this file.

mod anything;
mod dates;
mod details;
mod journal;
mod periods;
mod timeline;
mod verdict;
mod words;

use std::fmt::Write as _;
use std::time::Duration;

use insta::assert_snapshot;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use ratatui::style::Modifier;

use super::action::{Action, Edit, Step};
use super::app::{App, UiConfig};
use super::testing::{Scene, balanced, clean, config, lossy, picture, refused, silent_target, unplugged};
use super::theme::{Depth, Glyphs, Look, Theme};
use crate::settings::Hosts;
use crate::watch::Request;

const SIZES: [(u16, u16); 3] = [(60, 12), (80, 24), (200, 60)];

/// Compares the scene's screen at every size.
fn at_every_size(name: &str, scene: &Scene) {
    for (width, height) in SIZES {
        let app = scene.app(width, height);
        assert_snapshot!(format!("{name}_{width}x{height}"), picture(&app, width, height));
    }
}

fn after(scene: &Scene, (width, height): (u16, u16), actions: &[Action]) -> TestBackend {
    let mut app = scene.app(width, height);
    for &action in actions {
        app.update(action);
    }
    picture(&app, width, height)
}

/// Every cell's style as a letter: what a picture of text does not show.
fn styles(backend: &TestBackend) -> String {
    let buffer = backend.buffer();
    let mut text = String::new();
    for row in buffer.content().chunks(usize::from(buffer.area.width)) {
        for cell in row {
            let letter = match (cell.fg, cell.modifier) {
                (_, modifier) if modifier.contains(Modifier::REVERSED) => 'R',
                (_, modifier) if modifier.contains(Modifier::UNDERLINED) => 'u',
                (_, modifier) if modifier.contains(Modifier::DIM) => 'd',
                (ratatui::style::Color::Reset, modifier) if modifier.contains(Modifier::BOLD) => 'b',
                (ratatui::style::Color::Reset, _) => '.',
                (ratatui::style::Color::Red, _) => 'r',
                (ratatui::style::Color::Magenta, _) => 'm',
                _ => '#',
            };
            text.push(letter);
        }
        let _ = writeln!(text);
    }
    text
}

#[test]
fn a_clean_path() {
    at_every_size("clean", &clean());
}

#[test]
fn a_lossy_path() {
    at_every_size("lossy", &lossy());
    assert_snapshot!("lossy_styles_80x24", styles(&picture(&lossy().app(80, 24), 80, 24)));
}

#[test]
fn a_balanced_path_with_silent_hops() {
    at_every_size("balanced", &balanced());
}

#[test]
fn a_silent_target() {
    at_every_size("silent_target", &silent_target());
}

#[test]
fn a_refused_path() {
    at_every_size("refused", &refused());
}

#[test]
fn a_local_fault() {
    at_every_size("local_fault", &unplugged());
}

#[test]
fn an_ended_fault_stays_for_a_minute() {
    let ended = |seconds: u64| {
        unplugged().mend(move |snapshot| {
            let fault = snapshot.fault.as_mut();
            if let Some(fault) = fault {
                fault.until = Some(snapshot.now - Duration::from_secs(seconds));
            } else {
                snapshot.fault = Some(crate::engine::faults::Fault {
                    kind: crate::engine::probe::LocalFault::LinkDown,
                    since: snapshot.now - Duration::from_secs(seconds + 6),
                    until: Some(snapshot.now - Duration::from_secs(seconds)),
                    not_sent: 14,
                });
            }
        })
    };
    let line = |seconds| picture(&ended(seconds).app(80, 24), 80, 24).to_string();
    assert!(line(25).contains("local fault: link down, 14:01:00 to 14:01:06, 14 not sent"), "{}", line(25));
    assert!(!line(61).contains("local fault"));
}

#[test]
fn before_the_first_view_and_while_searching() {
    let app = App::new(config(), Size::new(60, 12), std::time::UNIX_EPOCH);
    assert_snapshot!("before_the_first_view", picture(&app, 60, 12));
    let mut searching = silent_target();
    searching.rounds = 0;
    assert_snapshot!("searching", picture(&searching.app(60, 12), 60, 12));
}

#[test]
fn a_frozen_picture_stays_while_the_watch_goes_on() {
    let mut app = clean().app(80, 24);
    app.update(Action::Freeze);
    let before = picture(&app, 80, 24);
    assert!(!app.show(lossy().view()), "a frozen picture does not change");
    assert_eq!(picture(&app, 80, 24), before);
    assert_snapshot!("frozen_80x24", before);
    app.update(Action::Freeze);
    assert_eq!(picture(&app, 80, 24).to_string(), picture(&lossy().app(80, 24), 80, 24).to_string());
}

#[test]
fn the_help_at_every_size() {
    for size in SIZES {
        let (width, height) = size;
        assert_snapshot!(format!("help_{width}x{height}"), after(&clean(), size, &[Action::Help]));
    }
    let bottom = after(&clean(), (60, 12), &[Action::Help, Action::Move(Step::End)]);
    assert_snapshot!("help_60x12_bottom", bottom);
}

#[test]
fn the_prompt_and_its_error() {
    let typed = "50ms".chars().map(|c| Action::Edit(Edit::Type(c)));
    let mut actions: Vec<Action> = [Action::AskInterval].into_iter().chain(typed).collect();
    assert_snapshot!("prompt_60x12", after(&clean(), (60, 12), &actions));
    actions.push(Action::Submit);
    assert_snapshot!("prompt_error_80x24", after(&clean(), (80, 24), &actions));
}

#[test]
fn hosts_in_every_way() {
    for presses in 1..=2 {
        let actions = vec![Action::NextHosts; presses];
        assert_snapshot!(format!("hosts_{presses}_80x24"), after(&clean(), (80, 24), &actions));
    }
}

#[test]
fn a_selection_scrolls_and_keeps_the_target_in_sight() {
    let down = vec![Action::Move(Step::Down); 7];
    let selected = after(&clean(), (60, 12), &down);
    assert_snapshot!("selected_60x12", selected);
    assert_snapshot!("selected_styles_60x12", styles(&selected));
}

#[test]
fn columns_come_in_the_order_asked_for() {
    let order = crate::report::figures::order("9L5A").ok();
    let mut app = App::new(UiConfig { order, ..config() }, Size::new(80, 24), std::time::UNIX_EPOCH);
    app.show(clean().view());
    assert_snapshot!("order_80x24", picture(&app, 80, 24));
}

#[test]
fn a_restart_counts_from_now() {
    let mut app = clean().app(80, 24);
    app.update(Action::Restart);
    assert_snapshot!("restarted_80x24", picture(&app, 80, 24));
}

#[test]
fn a_terminal_without_unicode_or_colours() {
    let look = Look { theme: Theme::new(Depth::Mono), glyphs: Glyphs::ASCII };
    let scene = lossy();
    let mut app = App::new(UiConfig { look, ..config() }, Size::new(80, 24), std::time::UNIX_EPOCH);
    app.show(scene.view());
    let screen = picture(&app, 80, 24);
    assert_snapshot!("ascii_80x24", screen);
    assert!(screen.buffer().content().iter().all(|cell| cell.symbol().is_ascii()));
    assert!(!styles(&screen).contains(['r', 'm', '#']));
}

#[test]
fn origins_at_every_size() {
    let scene = clean()
        .origin("198.51.100.3", 64_500, Some("ISP-EXAMPLE Example Internet Access, ZZ"))
        .origin("198.51.100.4", 64_500, Some("ISP-EXAMPLE Example Internet Access, ZZ"))
        .origin("198.51.100.8", 4_200_000_000, None)
        .origin("203.0.113.9", 64_502, Some("HOSTING"));
    for (width, height) in SIZES {
        let screen = after(&scene, (width, height), &[Action::Origins]);
        assert_snapshot!(format!("origins_{width}x{height}"), screen);
    }
    let off = after(&scene, (80, 24), &[Action::Origins, Action::Origins]);
    assert_eq!(off, picture(&clean().app(80, 24), 80, 24));
}

#[test]
fn names_are_asked_for_when_first_needed() {
    let mut app =
        App::new(UiConfig { hosts: Hosts::Addresses, ..config() }, Size::new(80, 24), std::time::UNIX_EPOCH);
    assert_eq!(app.update(Action::NextHosts), Some(Request::Names(true)));
    assert_eq!((0..4).find_map(|_| app.update(Action::NextHosts)), None);
}

#[test]
fn below_the_help_the_table_is_no_reason_to_draw() {
    let mut app = clean().app(80, 24);
    assert!(app.show(lossy().view()));
    app.update(Action::Help);
    assert!(!app.show(clean().view()));
    app.update(Action::Back);
    assert_eq!(picture(&app, 80, 24).to_string(), picture(&clean().app(80, 24), 80, 24).to_string());
}

#[test]
fn another_second_is_a_change_and_half_a_second_is_none() {
    let mut app = clean().app(80, 24);
    let now = app.now();
    assert!(!app.tick(now + Duration::from_millis(400)));
    assert!(app.tick(now + Duration::from_millis(600)));
    assert!(!app.tick(now + Duration::from_millis(700)));
}

#[test]
fn the_styles_of_every_depth() {
    let themes = [Depth::Mono, Depth::Ansi, Depth::True].map(|depth| format!("{:#?}", Theme::new(depth)));
    assert_snapshot!("themes", themes.join("\n").replace("Style::new()", "plain"));
}
