//! The verdict on screen: its line at every size, its page, and what is left of it on quitting.

use jiff::tz::TimeZone;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;
use ratatui::layout::Size;

use crate::engine::path::End;
use crate::engine::random::mix;
use crate::engine::round::{Row, Try};
use crate::engine::span::Span;
use crate::engine::verdict::Kind;
use crate::report::figures::usual;
use crate::report::json;
use crate::report::once::Once;
use crate::report::text::{self, Layout};
use crate::settings::Hosts;
use crate::ui::action::Action;
use crate::ui::app::{App, UiConfig};
use crate::ui::testing::{Scene, answered, clean, config, lossy, picture, refused, silent_target, unplugged};
use crate::ui::theme::{Depth, Glyphs, Look, Theme};
use crate::watch::View;

/// A path of nine hops that loses one of twelve past the sixth, for ten minutes.
fn loses_past_six() -> Scene {
    let mut scene =
        (1..=6).fold(Scene::new(), |scene, n| scene.hop(&format!("198.51.100.{n}"), f64::from(n)));
    for n in 7..=9u32 {
        let is_lost = move |try_: u32| mix(u64::from(try_) ^ mix(n.into())) & 0xff < 22;
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
fn the_page_rules_something_out_whatever_was_found() {
    for scene in [loses_past_six(), limited(), lossy(), silent_target(), clean(), refused(), unplugged()] {
        let mut app = scene.app(100, 60);
        app.update(Action::Evidence);
        let page = picture(&app, 100, 60).to_string();
        let mut lines = page.lines().skip_while(|line| !line.contains("What was ruled out, and why"));
        let reason = lines.nth(1).expect("a line below the heading");
        assert!(!reason.trim_matches(['"', ' ']).is_empty(), "{page}");
    }
}

/// What each of the reports says of a span.
fn reported(view: &View, span: Span) -> [String; 2] {
    let figures = usual();
    let layout =
        Layout { hosts: Hosts::Names, wide: true, origins: false, labels: true, span, figures: &figures };
    let mut out = Vec::new();
    text::write(&mut out, view, layout, &TimeZone::UTC).expect("a report");
    let table = String::from_utf8(std::mem::take(&mut out)).expect("text");
    json::write(&mut out, view, span, &TimeZone::UTC).expect("a document");
    let document: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let line = table.lines().find_map(|line| line.strip_prefix("verdict: ")).unwrap_or_default();
    [line.to_owned(), document["verdict"]["text"].as_str().unwrap_or_default().to_owned()]
}

#[test]
fn every_report_says_what_the_screen_says_of_the_same_span() {
    for scene in [loses_past_six(), limited(), lossy(), silent_target(), clean()] {
        let mut app = scene.app(250, 30);
        let view = scene.view();
        for _ in 0..3 {
            let found = app.finding().expect("a verdict").text();
            let said = Kind::Gathering != app.finding().expect("a verdict").kind;
            assert!(said && picture(&app, 250, 30).to_string().contains(&found), "{found}");
            assert_eq!(reported(&view, app.span()), [found.clone(), found.clone()]);
            if app.span() == Span::All {
                let mut out = Vec::new();
                Once::new(Hosts::Names, 64).finish(&view, &mut out).expect("a trace");
                let once = String::from_utf8(out).expect("text");
                assert!(once.lines().any(|line| line == format!("verdict: {found}")), "{once}");
            }
            app.update(Action::NextPeriod);
        }
    }
}

/// A router that answers one of three tries, as evenly as a token bucket makes it, before two hops that lose none.
fn limited() -> Scene {
    let mut scene = Scene::new()
        .hop("198.51.100.1", 1.0)
        .tries(&["198.51.100.2"], |n| if n % 3 == 0 { answered(2.0, n) } else { Try::Lost })
        .hop("198.51.100.3", 3.0)
        .target("203.0.113.9", 4.0);
    scene.rounds = 60;
    scene
}

#[test]
fn loss_that_does_no_harm_is_tagged_and_dim_in_every_look() {
    for depth in [Depth::Mono, Depth::Ansi, Depth::True] {
        let theme = Theme::new(depth);
        let shown = |scene: &Scene, timeline: bool| {
            let look = Look { theme, glyphs: Glyphs::ASCII };
            let mut app =
                App::new(UiConfig { look, ..config() }, Size::new(100, 24), scene.app(100, 24).now());
            app.show(scene.view());
            if timeline {
                app.update(Action::Timeline);
            }
            picture(&app, 100, 24)
        };
        // The styles of whatever stands in the row of a host and says that tries were lost.
        let lost = |screen: &TestBackend, host: &str| {
            let rows: Vec<String> = screen.to_string().lines().map(str::to_owned).collect();
            let y = rows.iter().position(|row| row.contains(host)).expect(host);
            let cells = (0..100).map(|x| screen.buffer()[(x, y as u16)].clone());
            let cells = cells.skip(host.len() + 4).filter(|cell| "X%x".contains(cell.symbol()));
            cells.map(|cell| cell.style()).collect::<Vec<_>>()
        };
        let style = |style| Cell::default().set_style(style).style();
        for timeline in [false, true] {
            let screen = shown(&limited(), timeline);
            let harmless = lost(&screen, "198.51.100.2");
            assert!(
                !harmless.is_empty() && harmless.iter().all(|cell| *cell == style(theme.dim)),
                "{screen}"
            );
            assert_eq!(screen.to_string().contains("198.51.100.2 (limited)"), !timeline, "{screen}");
            let screen = shown(&loses_past_six(), timeline);
            let loud = [style(theme.loss), style(theme.lost)];
            assert!(lost(&screen, "198.51.100.8").iter().all(|cell| loud.contains(cell)), "{screen}");
        }
    }
}

#[test]
fn what_was_found_is_left_behind_also_where_it_is_nothing_yet() {
    let shown = |view: View| {
        let mut app = App::new(config(), Size::new(80, 24), std::time::UNIX_EPOCH);
        app.show(view);
        app
    };
    let found = shown(lossy().view()).farewell();
    assert!(found.len() == 1 && found[0].starts_with("example.org: "), "{found:?}");
    let mut early = clean();
    early.rounds = 1;
    assert_eq!(shown(early.view()).farewell(), ["example.org: Gathering: 3 of 10 tries"]);
    let mut restarted = shown(lossy().view());
    restarted.update(Action::Restart);
    assert_eq!(restarted.farewell(), ["example.org: Gathering: 0 of 10 tries"]);
    assert!(App::new(config(), Size::new(80, 24), std::time::UNIX_EPOCH).farewell().is_empty());
}
