//! The binary's command line from outside: exit codes, and which stream says what.

use std::io::Read;
use std::process::{Command, Stdio};

fn hopwatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hopwatch"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Exit code, stdout, stderr.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = hopwatch(arguments).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn misuse_is_one_line_and_status_2() {
    for arguments in [
        &[] as &[&str],
        &["-4", "-6", "example.org"],
        &["--once", "-r", "example.org"],
        &["--nonsense", "example.org"],
        &["-c", "0", "example.org"],
        &["-q", "11", "example.org"],
        &["-i", "never", "example.org"],
        &["-m", "256", "example.org"],
        &["-f", "9", "-m", "3", "example.org"],
        &["-s", "3", "example.org"],
        &["-P", "65536", "example.org"],
        &["-6", "192.0.2.1"],
        &["--demo", "nonsense"],
        &["--demo=clean", "example.org"],
        &["one.example", "two.example"],
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("hopwatch: "), "{arguments:?}: {stderr}");
    }
}

#[test]
fn help_and_version_are_what_was_asked_for() {
    for (flag, text) in [("--help", "--once"), ("-h", "--once"), ("-v", env!("CARGO_PKG_VERSION"))] {
        let (code, stdout, stderr) = run(&[flag]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert!(stdout.contains(text), "{stdout}");
    }
}

#[test]
fn a_name_that_does_not_exist_is_one_line_and_status_1() {
    // Reserved never to exist (RFC 2606), and no name that a resolver would be asked about.
    let (code, stdout, stderr) = run(&["-r", "no such name.invalid"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("no such name.invalid"), "{stderr}");
}

#[test]
fn a_demo_reports_in_every_form_and_plainly() {
    for (arguments, text) in [
        (&["--demo", "-r", "-c", "2", "-i", "100ms"] as &[&str], "Loss%"),
        (&["--demo", "-w", "-c", "2", "-i", "100ms"], "Loss%"),
        (&["--demo", "-j", "-c", "2", "-i", "100ms"], "hopwatch.report/1"),
        (&["--demo", "--once"], " ms"),
        // Without a terminal and a mode it is a report.
        (&["--demo", "-c", "2", "-i", "100ms"], "Loss%"),
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?}: {stdout}");
        assert!(stdout.contains(text) && !stdout.contains('\x1b'), "{arguments:?}: {stdout}");
    }
}

#[test]
fn a_broken_pipe_is_no_error() {
    let mut child =
        hopwatch(&["--demo", "--once"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    child.wait().expect("it ends");
    assert_eq!(said, "");
}
