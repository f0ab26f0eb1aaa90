//! A watch and its end: by a signal, by a terminal that goes away, by SIGKILL.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::terminal::Terminal;
use crate::watch::{
    Watch, demo, hopwatch, kinds, lines, place, printed, recorded_tries, report, rounds, text, tries, until,
};

#[test]
fn a_signal_ends_a_watch_without_a_screen_and_its_recording_is_whole() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let (_directory, file) = place();
        let watch = Watch::start(demo(&file, &[]));
        let mut told = watch.until_round(5);
        watch.signal(signal);
        let (status, rest, said) = watch.ended();
        assert_eq!(status.code(), Some(0), "{signal}: {said}");
        assert_eq!(said, format!("hopwatch: recording to {}\n", file.display()));
        told.extend(rest);
        let recorded = lines(&file);
        assert_eq!(kinds(&recorded), kinds(&told), "what was told is what is on disk");
        let numbers = rounds(&recorded);
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        assert!(!std::fs::read(&file).expect("a file").is_empty());
        assert!(told[1..].iter().all(|record| record["time"].is_string()), "{told:#?}");
        assert!(recorded.iter().all(|record| record["time"].is_null()));
        let document = report(&file, &[]);
        assert_eq!(document["target"]["name"], "www.example.org");
        assert_eq!(tries(&document), recorded_tries(&recorded), "{document:#}");
    }
}

#[test]
fn where_it_is_recorded_is_said_before_the_end() {
    let (_directory, file) = place();
    let watch = Watch::start(demo(&file, &[]));
    watch.until_round(1);
    watch.signal(Signal::SIGKILL);
    let (_, _, said) = watch.ended();
    assert_eq!(said, format!("hopwatch: recording to {}\n", file.display()));
}

#[test]
fn what_is_streamed_can_be_kept_and_replayed() {
    let (_directory, file) = place();
    let out = std::fs::File::create(&file).expect("a file");
    let arguments = ["--demo", "--jsonl", "-n", "-i", "100ms", "-q", "1", "-Z", "300ms", "-c", "6"];
    let status = hopwatch(&arguments).stdout(out).stderr(Stdio::null()).status().expect("it runs");
    assert_eq!(status.code(), Some(0));
    let recorded = lines(&file);
    assert_eq!(rounds(&recorded).len(), 6);
    assert_eq!(tries(&report(&file, &[])), recorded_tries(&recorded));
}

#[test]
fn a_reader_that_takes_nothing_does_not_keep_a_watch_from_recording_and_ending() {
    let (_directory, file) = place();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut filler = writer.try_clone().expect("a pipe");
    // Whatever a pipe holds, it is full from here on.
    std::thread::spawn(move || while filler.write_all(&[b' '; 4096]).is_ok() {});
    let mut command = demo(&file, &[]);
    let mut child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(command);
    until("ten rounds are recorded", 10.0, || rounds(&lines(&file)).len() >= 10);
    kill(Pid::from_raw(i32::try_from(child.id()).expect("a pid")), Signal::SIGTERM).expect("it runs");
    until("it has ended", 10.0, || child.try_wait().expect("it runs").is_some());
    let output = child.wait_with_output().expect("it ended");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.ends_with("the reader of --jsonl takes nothing; the last records are lost\n"), "{said}");
    drop(reader);
}

#[test]
fn a_terminal_that_goes_away_leaves_a_whole_recording() {
    for is_ignored in [false, true] {
        let (_directory, file) = place();
        let mut command = Command::new("sh");
        let trap = if is_ignored { "trap '' HUP; " } else { "" };
        command.args(["-c", &format!("{trap}exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_hopwatch")]);
        command.args(["--demo", "-n", "-i", "100ms", "-q", "1", "-Z", "300ms", "--record", text(&file)]);
        let mut terminal = Terminal::open(&command, 80, 24);
        terminal.until("it says that it records", |screen| {
            screen.contents().contains("recording") && screen.contents().contains("Clean")
        });
        terminal.hang_up();
        terminal.ended();
        let recorded = lines(&file);
        let numbers = rounds(&recorded);
        assert!(numbers.len() > 5, "{numbers:?}");
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        let whole = std::fs::read(&file).expect("a file");
        assert_eq!(whole.last(), Some(&b'\n'), "no line is torn");
        assert_eq!(kinds(&recorded).last(), Some(&"end"), "it was ended, not cut off");
    }
}

#[test]
fn killed_at_random_moments_a_recording_has_all_that_was_decided() {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64;
    println!("seed {seed}");
    let mut random = seed;
    let watches: Vec<_> = (0..10)
        .map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (directory, file) = place();
            (random >> 60, Watch::start(demo(&file, &[])), directory, file)
        })
        .collect();
    for (until, watch, _directory, file) in watches {
        let mut told = watch.until_round(until);
        watch.signal(Signal::SIGKILL);
        let (_, rest, _) = watch.ended();
        told.extend(rest);
        let recorded = lines(&file);
        let (told, found) = (rounds(&told), rounds(&recorded));
        // The file's thread may be a round behind the stream's at the moment of the kill.
        assert!(found.len() + 1 >= told.len(), "seed {seed}: {found:?} of {told:?}");
        assert_eq!(found, (0..found.len() as u64).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(tries(&report(&file, &[])), recorded_tries(&recorded), "seed {seed}");
        assert!(printed(&["replay", "-r", text(&file)]).contains("www.example.org"));
    }
}
