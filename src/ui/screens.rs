//! What whole screens look like, against pictures kept beside this file.

mod details;
mod journal;

use std::fmt::Write as _;
use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use ratatui::style::Modifier;

use super::action::{Action, Edit, Step};
use super::app::{App, UiConfig};
use super::testing::{Scene, balanced, clean, config, ip, lossy, picture, refused, silent_target, unplugged};
use super::theme::{Depth, Glyphs, Look, Theme};
use crate::engine::crosscheck::Echoes;
use crate::engine::path::End;
use crate::engine::probe::Protocol;
use crate::engine::round::Try;
use crate::engine::time::Time;
use crate::settings::Hosts;
use crate::watch::{About, Request, View};
use crate::wire::extension::Label;
use crate::wire::icmp::Icmp;

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

/// Half an hour and ten minutes at the default pace: the first ten minutes are told by slices alone.
fn long() -> Scene {
    let mut scene = clean();
    scene.rounds = 800;
    scene
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
    let mut later = long();
    later.rounds = 820;
    app.show(later.view());
    assert_eq!(header(&app), before);
    assert!(before.contains("since 14:39:01"), "{before}");
    app.update(Action::NextPeriod);
    assert!(header(&app).contains("last 10 min, since 14:30:01"), "{}", header(&app));
    app.update(Action::Freeze);
    assert!(header(&app).contains("last 10 min, since 14:31:01"), "{}", header(&app));
}

#[test]
fn a_restart_before_what_is_kept_by_try_begins_with_its_slice() {
    let mut app = long().app(120, 24);
    app.update(Action::Restart);
    let mut later = long();
    later.rounds = 1_500;
    app.show(later.view());
    assert!(header(&app).contains("statistics since 14:40:00"), "{}", header(&app));
    app.update(Action::NextPeriod);
    app.update(Action::NextPeriod);
    app.update(Action::NextPeriod);
    assert!(header(&app).contains("last 1 h, since 14:15:00"), "{}", header(&app));
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
fn a_silent_target_that_answers_echo_says_so_in_its_row() {
    let mut view = silent_target().view();
    let mut echoes = Echoes { last: Some(Duration::from_micros(12_300)), ..Echoes::default() };
    echoes.counts.answered = 40;
    view.echoes = Some(echoes);
    let mut app = silent_target().app(100, 24);
    app.show(view);
    let screen = picture(&app, 100, 24).to_string();
    assert!(screen.contains("UDP 33434 filtered, echo 12.3 ms, 0.0% of 40"), "{screen}");
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

fn any_try() -> impl Strategy<Value = Try> {
    use crate::engine::probe::Grade;
    prop_oneof![
        any::<(u32, u8)>().prop_map(|(us, by)| Try::Answered { us, by: by % 3, grade: Grade::Mixed }),
        any::<u32>().prop_map(|us| Try::Late { us, by: 0, grade: Grade::Kernel }),
        any::<u8>().prop_map(|by| Try::Refused { by }),
        Just(Try::Lost),
        Just(Try::InFlight),
        Just(Try::NotSent),
        Just(Try::Skipped),
    ]
}

fn any_end() -> impl Strategy<Value = End> {
    let icmp = any::<(u8, u8)>().prop_map(|(ty, code)| Icmp::v6(ty, code));
    prop_oneof![
        Just(End::Silent),
        any::<(u8, u8)>().prop_map(|(ttl, upto)| End::Target { ttl, upto }),
        any::<u8>().prop_map(|ttl| End::Loop { ttl }),
        (any::<u8>(), icmp.clone()).prop_map(|(ttl, icmp)| End::Other { ttl, address: ip("::1"), icmp }),
        (any::<u8>(), icmp).prop_map(|(ttl, icmp)| End::Refused { ttl, address: ip("::1"), icmp }),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    let bound: Vec<Action> = super::keys::BINDINGS.iter().map(|binding| binding.action).collect();
    prop_oneof![
        4 => prop::sample::select(bound),
        1 => any::<char>().prop_map(|c| Action::Edit(Edit::Type(c))),
        1 => (0u16..64).prop_map(Action::Click),
        1 => Just(Action::Details),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_size_no_path_and_no_keys_break_the_screen(
        (width, height) in (0u16..220, 0u16..64),
        tries in prop::collection::vec(prop::collection::vec(any_try(), 1..40), 0..40),
        end in any_end(),
        (rounds, last_hop, now) in (0u32..40, any::<u8>(), 0u64..1 << 62),
        (name, mtu, reply_ttl, labels) in (".{0,40}", any::<Option<u32>>(), any::<Option<u8>>(), 0u32..20),
        actions in prop::collection::vec(any_action(), 0..20),
    ) {
        let mut scene = tries.into_iter().fold(Scene::new(), |scene, tries| {
            let responders = ["192.0.2.1", "2001:db8:1234:5678:9abc:def0:1234:5678", "192.0.2.3"];
            scene.tries(&responders, move |n| tries[n as usize % tries.len()])
        });
        scene.rounds = rounds;
        let scene = scene.name("192.0.2.1", &name).mend(move |snapshot| {
            snapshot.path.end = end;
            snapshot.path.last_hop = last_hop;
            for hop in &mut snapshot.path.hops {
                let mtu = mtu.map(|mtu| (ip("192.0.2.1"), mtu));
                (hop.mtu, hop.reply_ttl, hop.by_target, hop.rewritten) = (mtu, reply_ttl, true, true);
                hop.labels = (0..labels).map(|label| Label { label, tc: 7, bottom: false, ttl: 255 }).collect();
            }
            snapshot.now = Time::from_nanos(now);
        });
        let mut app = scene.app(width, height);
        picture(&app, width, height);
        for action in actions {
            app.update(action);
            picture(&app, width, height);
        }
    }
}
