//! A disk that is really full: the program lives, says so, and nothing is lost once there is room.

use std::path::Path;

use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait, both};
use crate::support::terminal::Terminal;
use crate::watch::{QUICK, lines, recorded_tries, report, rounds, text, tries};

/// A file system of 256 KiB, filled by a file of which it leaves one page.
fn nearly_full(at: &Path) -> std::path::PathBuf {
    lab::run(&["mount", "-t", "tmpfs", "-o", "size=256k", "none", text(at)]);
    let ballast = at.join("ballast");
    let mut size = 256 << 10;
    // What a file system takes for itself differs.
    while std::fs::write(&ballast, vec![0; size]).is_err() {
        size -= 4_096;
    }
    std::fs::File::options()
        .write(true)
        .open(&ballast)
        .expect("a file")
        .set_len(size as u64 - 4_096)
        .expect("shorter");
    ballast
}

#[test]
fn a_full_disk_is_shown_stops_nothing_and_loses_nothing() {
    lab::inside(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let ballast = nearly_full(directory.path());
        let file = directory.path().join("watch.jsonl");
        let responder = Responder::start(Node::path(10), Wait::Asleep);
        let mut command = lab::hopwatch(&["--record", text(&file)]);
        command.args(QUICK).arg(both(11)[0].to_string());
        let mut terminal = Terminal::open(&command, 120, 30);
        terminal.until_text("recording");
        terminal.until_within(10.0, "the fault", |screen| {
            screen.contents().contains("recording: no space left since")
        });
        let asked = responder.seen().len();
        responder.until("probing goes on", 10.0, |seen| seen.len() > asked + 200);
        let full = lines(&file);
        assert!(!rounds(&full).is_empty());
        std::fs::remove_file(ballast).expect("it is there");
        terminal.until("all is well", |screen| {
            screen.contents().contains("recording") && !screen.contents().contains("no space left")
        });
        assert!(!terminal.screen().contents().contains("records lost"));
        terminal.keys("q");
        assert_eq!(terminal.ended().exit_code(), 0);
        let all = lines(&file);
        assert_eq!(all[..full.len()], full[..]);
        let numbers = rounds(&all);
        assert!(numbers.len() > rounds(&full).len() + 10, "{numbers:?}");
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>(), "every round is there");
        assert_eq!(tries(&report(&file, &[])), recorded_tries(&all));
        // Nothing may use the file system when its directory is removed.
        lab::run(&["umount", text(directory.path())]);
    });
}
