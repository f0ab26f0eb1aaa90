//! Keys and sizes.

use std::time::Instant;

use vt100::{Color, MouseProtocolEncoding, MouseProtocolMode, Screen};

use crate::start::{demo, opened, restored, shows_a_hop, under};
use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait, both};
use crate::support::terminal::Terminal;

/// The number under `Snt` in the first row.
fn sent(screen: &Screen) -> Option<u32> {
    under(screen, "Snt", "1")?.parse().ok()
}

#[test]
fn q_and_ctrl_c_quit_and_leave_the_terminal_as_it_was() {
    for key in ["q", "\x03"] {
        let mut terminal = opened(80, 24);
        terminal.keys(key);
        assert_eq!(terminal.ended().exit_code(), 0, "{key:?}");
        terminal.until("the terminal restored", restored);
    }
}

#[test]
fn help_opens_and_closes_and_probing_goes_on() {
    let mut terminal = opened(100, 30);
    terminal.keys("?");
    terminal.until("the help", |screen| screen.contents().to_lowercase().contains("restart"));
    terminal.keys("?");
    let before = sent(&terminal.until("the table again", |screen| sent(screen).is_some()));
    terminal.until("more tries", |screen| sent(screen) > before);
}

#[test]
fn z_shows_origins_and_takes_them_away() {
    let mut terminal = opened(100, 30);
    terminal.keys("z");
    terminal.until_text(" AS64500 ");
    terminal.keys("z");
    terminal.until("none", |screen| !screen.contents().contains(" AS64500 ") && shows_a_hop(screen));
}

#[test]
fn a_frozen_view_says_so_and_probing_goes_on() {
    let mut terminal = opened(100, 30);
    terminal.keys("p");
    let frozen =
        terminal.until("a word about it", |screen| screen.contents().to_lowercase().contains("frozen"));
    terminal.keys(" ");
    terminal.until("tries sent meanwhile", |screen| {
        !screen.contents().to_lowercase().contains("frozen") && sent(screen) > sent(&frozen)
    });
}

#[test]
fn a_frozen_view_draws_nothing_but_its_clock() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        let target = both(4)[0].to_string();
        let mut terminal = Terminal::open(&lab::hopwatch(&["-n", "-i", "200ms", &target]), 120, 30);
        terminal.until("the first hop", shows_a_hop);
        terminal.keys("p");
        terminal.until_text("FROZEN");
        let (seen, frames, start) = (responder.seen().len(), terminal.drawn().frames, Instant::now());
        responder.until("ten rounds more", 3.0, |now| now.len() >= seen + 40);
        let drawn = terminal.drawn().frames - frames;
        // The clock in the header ticks once a second.
        assert!(drawn as u64 <= start.elapsed().as_secs() + 2, "{drawn} frames");
    });
}

#[test]
fn n_goes_through_names_addresses_and_both() {
    lab::inside(|| {
        lab::hosts([("10.0.1.1", "r1.lab"), ("10.0.2.1", "target.lab")]);
        let _responder = Responder::start(Node::path(1), Wait::Asleep);
        let mut terminal = Terminal::open(&lab::hopwatch(&["target.lab"]), 120, 30);
        let host = |screen: &Screen| {
            let contents = screen.contents();
            let row = contents.lines().find(|line| line.trim_start().starts_with("1 ")).unwrap_or_default();
            (row.contains("r1.lab"), row.contains("10.0.1.1"))
        };
        terminal.until("the name", |screen| host(screen) == (true, false));
        terminal.keys("n");
        terminal.until("the address", |screen| host(screen) == (false, true));
        terminal.keys("n");
        terminal.until("both", |screen| host(screen) == (true, true));
        terminal.keys("n");
        terminal.until("the name again", |screen| host(screen) == (true, false));
    });
}

#[test]
fn r_counts_from_now() {
    let mut terminal = opened(80, 24);
    terminal.until("some tries", |screen| sent(screen) >= Some(3));
    terminal.keys("r");
    terminal.until("fewer tries", |screen| sent(screen) < Some(3));
}

#[test]
fn plus_and_minus_move_the_last_ttl_while_it_runs() {
    let mut terminal = opened(100, 40);
    let rows = |screen: &Screen| {
        let numbered =
            |line: &str| line.split_whitespace().next().is_some_and(|word| word.parse::<u8>().is_ok());
        screen.contents().lines().filter(|line| numbered(line)).count()
    };
    let all = rows(&terminal.until_text("target at 11"));
    terminal.keys(&"-".repeat(27));
    terminal.until("fewer hops", |screen| rows(screen) < all);
    terminal.keys(&"+".repeat(27));
    terminal.until("all hops again", |screen| rows(screen) == all);
}

#[test]
fn enter_opens_the_details_and_esc_goes_back() {
    let mut terminal = opened(80, 24);
    terminal.keys("jj\r");
    let opened = |hop: &str| {
        let title = format!("Hop {hop} ");
        move |screen: &Screen| screen.contents().contains(&title) && screen.contents().contains("Spread")
    };
    let first = terminal.until("the second hop", opened("2"));
    let count = |screen: &Screen| {
        let contents = screen.contents();
        let (before, _) = contents.split_once(" sent")?;
        before.rsplit_once(' ')?.1.parse::<u32>().ok()
    };
    terminal.until("more tries in it", |screen| count(screen) > count(&first));
    terminal.keys("j");
    terminal.until("the hop behind it", opened("3"));
    terminal.keys("\x1b");
    terminal.until("the table again", |screen| shows_a_hop(screen) && screen.contents().contains("Loss%"));
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
}

#[test]
fn the_mouse_selects_and_opens_and_is_given_back() {
    let mut terminal = opened(80, 24);
    let screen = terminal.until("the target", |screen| screen.contents().contains("target at 11"));
    assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::PressRelease);
    assert_eq!(screen.mouse_protocol_encoding(), MouseProtocolEncoding::Sgr);
    // Two header lines, the verdict and the table's own come before the first hop.
    let (click, wheel) = ("\x1b[<0;10;6M\x1b[<0;10;6m", "\x1b[<65;10;6M");
    terminal.keys(click);
    terminal.until("a selection", |screen| screen.cell(5, 5).is_some_and(vt100::Cell::inverse));
    terminal.keys(wheel);
    terminal.until("the one below", |screen| screen.cell(6, 5).is_some_and(vt100::Cell::inverse));
    terminal.keys(&click.replace(";6", ";7"));
    terminal.until("its details", |screen| screen.contents().contains("Hop 3 "));
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.until("the terminal restored", restored);
}

#[test]
fn ctrl_l_draws_everything_anew() {
    let mut terminal = opened(80, 24);
    let before = terminal.screen().contents().len();
    let drawn = terminal.drawn();
    terminal.keys("\x0c");
    terminal.until_drawn("a screenful", |now| now.bytes - drawn.bytes > before / 2);
}

#[test]
fn every_size_shows_the_target() {
    let terminal = opened(80, 24);
    let first = terminal.screen();
    let target = first.contents().lines().filter(|line| !line.trim().is_empty()).count();
    assert!(target > 5, "{}", first.contents());
    for (columns, rows) in [(60, 12), (200, 60), (20, 5), (1, 1), (80, 24)] {
        terminal.resize(columns, rows);
        if columns >= 60 {
            terminal.until("a table of that size", |screen| {
                let fits = screen.contents().lines().all(|line| line.chars().count() <= usize::from(columns));
                fits && shows_a_hop(screen) && screen.contents().contains("Loss%")
            });
        }
        assert!(!terminal.has_ended(), "{columns}x{rows}");
    }
}

#[test]
fn without_colour_there_is_none() {
    let mut command = demo(&[]);
    command.env("NO_COLOR", "1");
    let terminal = Terminal::open(&command, 80, 24);
    let screen = terminal.until("the first hop", shows_a_hop);
    for (row, column) in (0..24).flat_map(|row| (0..80).map(move |column| (row, column))) {
        let cell = screen.cell(row, column).expect("a cell");
        assert_eq!((cell.fgcolor(), cell.bgcolor()), (Color::Default, Color::Default), "{row}, {column}");
    }
}

#[test]
fn the_interval_is_asked_for_and_taken() {
    let mut terminal = opened(100, 30);
    terminal.keys("i");
    terminal.until("a prompt", |screen| screen.contents().to_lowercase().contains("interval"));
    terminal.keys("\x15200ms\r");
    terminal.until("the new interval", |screen| {
        let contents = screen.contents();
        contents.contains("200 ms") || contents.contains("200ms") || contents.contains("0.2 s")
    });
}
