//! The real binary's command line: what it prints, where, and the status it ends with.

#[path = "support/mmdb.rs"]
mod mmdb;

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
    let cases: [(&[&str], &str); 19] = [
        (&[], "no target given"),
        (&["--repotr", "x"], "unexpected argument '--repotr', did you mean '--report'?"),
        (&["x", "y"], "unexpected argument 'y'"),
        (&["x", "-i"], "a value is required for '--interval <TIME>' but none was supplied"),
        (&["-i", "soon", "x"], "-i 'soon': must be a time such as 1, 0.5, 500ms, 2s, 1m or 1h"),
        (&["-q", "11", "x"], "-q '11': must be a whole number from 1 to 10"),
        (&["-f", "9", "-m", "8", "x"], "-f 9 is above the last TTL, -m 8"),
        (&["-s", "20", "x"], "-s '20': must be a whole number from 44 to 65000"),
        (&["--once", "-r", "x"], "--once and --report exclude each other"),
        (&["-4", "-6", "x"], "-4 and -6 exclude each other"),
        (
            &["--demo", "nowhere"],
            "no scenario 'nowhere': there are clean, lossy, limited, outage, route-change, filtered-target, mpls",
        ),
        (&["--demo", "clean", "x"], "--demo and a target exclude each other"),
        (&["-u", "-T", "x"], "--udp and --tcp exclude each other"),
        (&["-T", "--icmp", "x"], "--icmp and --tcp exclude each other"),
        (&["--demo", "-Q", "8"], "--demo and --tos exclude each other"),
        (&["--reresolve", "1m", "192.0.2.1"], "--reresolve needs a name: '192.0.2.1' is an address"),
        (&["--reresolve", "1m", "-r", "x"], "--report and --reresolve exclude each other"),
        (
            &["-o", "LX", "x"],
            "-o 'LX': no column is called 'X': there are L Loss%, S Snt, N Last, A Avg, B Best, W Wrst, V StDev, \
             5 P50, 9 P95, 1 P99, M Javg, D Drop, R Rcv",
        ),
        (
            &["-o", " ", "x"],
            "-o ' ': must name columns: L Loss%, S Snt, N Last, A Avg, B Best, W Wrst, V StDev, 5 P50, 9 P95, \
             1 P99, M Javg, D Drop, R Rcv",
        ),
    ];
    for (args, complaint) in cases {
        let expected = format!("hopwatch: {complaint} (see hopwatch --help)\n");
        assert_eq!(run(args), (Some(2), String::new(), expected), "{args:?}");
    }
}

#[test]
fn a_wrong_command_line_names_the_help_that_explains_it() {
    let cases: [(&[&str], &str, &str); 5] = [
        (&["--record", "-", "x"], "--record '-': must be a file; --jsonl prints the records", "hopwatch"),
        (&["replay", "--nosuch"], "unexpected argument '--nosuch'", "hopwatch replay"),
        (&["replay", "--list", "-j"], "--list and --json exclude each other", "hopwatch replay"),
        (&["resume", "--nosuch"], "unexpected argument '--nosuch'", "hopwatch resume"),
        (
            &["resume"],
            "no recording given: hopwatch resume FILE; hopwatch replay --list shows those there are",
            "hopwatch resume",
        ),
    ];
    for (args, complaint, command) in cases {
        let expected = format!("hopwatch: {complaint} (see {command} --help)\n");
        assert_eq!(run(args), (Some(2), String::new(), expected), "{args:?}");
    }
}

#[test]
fn a_report_has_the_columns_asked_for() {
    let (code, out, err) = run(&["--demo", "-rc1", "-Z", "500ms", "-o", "S95"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let head = out.lines().find(|line| line.starts_with("HOST")).expect("a header");
    assert_eq!(head.split_whitespace().skip(2).collect::<Vec<_>>(), ["Snt", "P95", "P50"], "{out}");
}

#[test]
fn a_database_that_will_not_do_is_one_line_and_status_1() {
    let foreign = tempfile::NamedTempFile::new().unwrap();
    let city = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(foreign.path(), b"no database").unwrap();
    std::fs::write(city.path(), mmdb::write("City", &[])).unwrap();
    for (file, why) in [
        ("/none\n\x1b[2J", "cannot use the AS database \"/none [2J\": no such file or directory\n"),
        ("/", "it is not a plain file"),
        (foreign.path().to_str().unwrap(), "it is not in MaxMind's format, or damaged"),
        (city.path().to_str().unwrap(), "it has no AS numbers, its type is \"City\""),
    ] {
        let (code, out, err) = run(&["--demo", "-j", "--asn-db", file]);
        assert_eq!((code, out.as_str(), err.lines().count()), (Some(1), "", 1), "{err}");
        assert!(err.contains(why) && !err.trim_end().contains(char::is_control), "{err:?}");
    }
    let (code, _, err) = run(&["--demo", "--asn-db"]);
    assert_eq!((code, err.lines().count()), (Some(2), 1), "{err}");
}

#[test]
fn a_demo_has_origins_of_its_own_and_takes_a_database_for_them() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), mmdb::write("ASN", &[("198.51.100.0/24", 64_511, "FILE")])).unwrap();
    for (flags, shown) in [
        (&["-z"][..], r#"{"number":64502,"name":"HOSTING-EXAMPLE Example Hosting"}"#),
        (&["--asn-db", file.path().to_str().unwrap()][..], r#"{"number":64511,"name":"FILE"}"#),
        (&[][..], "null"),
    ] {
        let (code, out, err) = run(&[&["--demo", "-j", "-c", "1", "-Z", "500ms"], flags].concat());
        assert_eq!((code, err.as_str()), (Some(0), ""));
        let compact: String = out.lines().map(str::trim).collect::<String>().replace("\": ", "\":");
        let target = format!(r#""name":"www.example.org","asn":{shown}"#);
        assert!(compact.contains(&target), "{target}\n{out}");
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
    let demo = ["--demo", "-i", "100ms", "-q", "1", "-Z", "100ms"];
    for what in [&["--help"][..], &["-r", "-c", "1"], &["-j", "-c", "1"], &["--once"], &["--jsonl"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = hopwatch(what);
        if what != ["--help"] {
            command.args(demo);
        }
        let output = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let Output { status, stderr, .. } = output.wait_with_output().unwrap();
        assert_eq!((status.code(), stderr.as_slice()), (Some(0), &b""[..]), "{what:?}");
    }
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
