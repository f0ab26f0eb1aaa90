//! The real binary's command line: what it prints, where, and the status it ends with.

use std::fs::OpenOptions;
use std::process::{Command, Output, Stdio};

fn hopwatch(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hopwatch"));
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = hopwatch(args).output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn help_and_version_go_to_standard_output() {
    for flag in ["-h", "--help"] {
        let (code, out, err) = run(&[flag]);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains("Usage: hopwatch [OPTIONS] TARGET"), "{out}");
    }
    for flag in ["-v", "--version"] {
        let version = concat!("hopwatch ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(run(&[flag]), (Some(0), version.to_owned(), String::new()));
    }
}

#[test]
fn a_wrong_command_line_is_one_line_and_status_2() {
    let cases: [(&[&str], &str); 12] = [
        (&[], "no target given"),
        (&["--repotr", "x"], "unexpected argument '--repotr', did you mean '--report'?"),
        (&["x", "y"], "unexpected argument 'y'"),
        (&["x", "-i"], "a value is required for '--interval <TIME>' but none was supplied"),
        (&["-i", "soon", "x"], "-i 'soon': must be a time such as 1, 0.5, 500ms, 2s or 1m"),
        (&["-q", "11", "x"], "-q '11': must be a whole number from 1 to 10"),
        (&["-f", "9", "-m", "8", "x"], "-f 9 is above the last TTL, -m 8"),
        (&["-s", "20", "x"], "-s '20': must be a whole number from 44 to 65000"),
        (&["--once", "-r", "x"], "--once and --report exclude each other"),
        (&["-4", "-6", "x"], "-4 and -6 exclude each other"),
        (&["--demo", "nowhere"], "no scenario 'nowhere': there are clean, lossy, filtered-target"),
        (&["--demo", "clean", "x"], "--demo and a target exclude each other"),
    ];
    for (args, complaint) in cases {
        let expected = format!("hopwatch: {complaint} (see hopwatch --help)\n");
        assert_eq!(run(args), (Some(2), String::new(), expected), "{args:?}");
    }
}

#[test]
fn control_characters_are_not_repeated_to_the_terminal() {
    for args in [&["--x\x1b[2J\ny"][..], &["-q", "\x1b]0;x\x07\n", "x"], &["--demo", "a\nb"]] {
        let (code, _, err) = run(args);
        assert_eq!((code, err.lines().count()), (Some(2), 1), "{err:?}");
        assert!(!err.trim_end().contains(char::is_control), "{err:?}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = hopwatch(&["--help"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let Output { status, stderr, .. } = output.wait_with_output().unwrap();
    assert_eq!((status.code(), stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = hopwatch(&["--help"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let Output { status, stderr, .. } = output.wait_with_output().unwrap();
    let told = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(told.starts_with("hopwatch: cannot write: No space left on device"), "{told}");
}

#[test]
fn a_closed_standard_error_changes_no_status() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = hopwatch(&["-q", "0", "x"]).stdout(Stdio::null()).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(2));
}
