//! A watch without a screen, its records read as they come, and recordings read back line by line.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::patience::deadline;

/// A quick pace: a round of one try every 100 ms, decided within 400 ms.
pub const QUICK: [&str; 7] = ["-n", "-i", "100ms", "-q", "1", "-Z", "300ms"];

/// A running `--headless --jsonl`. Killed when dropped.
pub struct Watch {
    child: Child,
    told: Receiver<Value>,
}

impl Watch {
    /// Starts a command that prints records.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, told) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let record = serde_json::from_str(&line).expect("a line is a JSON document");
                if tell.send(record).is_err() {
                    break;
                }
            }
        });
        Self { child, told }
    }

    /// Waits until a record meets a condition; gives all up to that one.
    pub fn until(&self, what: &str, seconds: f64, met: impl Fn(&Value) -> bool) -> Vec<Value> {
        let end = Instant::now() + deadline(seconds);
        let mut seen = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(record) = self.told.recv_timeout(left) else {
                panic!("{what}: not within the deadline: {seen:#?}")
            };
            let is_it = met(&record);
            seen.push(record);
            if is_it {
                return seen;
            }
        }
    }

    /// Waits until the round of that number is decided.
    pub fn until_round(&self, number: u64) -> Vec<Value> {
        self.until("a round", 20.0, |record| record["round"]["n"].as_u64() >= Some(number))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it runs");
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"))
    }

    /// Waits for its end: the status, the rest of what it told, and what it said on standard error.
    pub fn ended(mut self) -> (ExitStatus, Vec<Value>, String) {
        let rest: Vec<Value> = self.told.iter().collect();
        let mut said = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        (self.child.wait().expect("it ends"), rest, said)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The binary.
pub fn hopwatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hopwatch"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The binary on a simulated path, recording to `file` without a screen and printing records.
pub fn demo(file: &Path, more: &[&str]) -> Command {
    let mut command = hopwatch(&["--demo", "--headless", "--jsonl", "--record"]);
    command.arg(file).args(QUICK).args(more);
    command
}

/// Runs the binary to its end; gives what it printed. It must succeed.
pub fn printed(arguments: &[&str]) -> String {
    let output = hopwatch(arguments).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}: {said}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

/// A report of a recording, as a document.
pub fn report(file: &Path, more: &[&str]) -> Value {
    let arguments = [&["replay", "-j", text(file)], more].concat();
    serde_json::from_str(&printed(&arguments)).expect("a document")
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

/// The whole lines of a file.
pub fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.map(|line| serde_json::from_str(line).expect("a line is a JSON document")).collect()
}

/// The numbers of the rounds among records.
pub fn rounds(records: &[Value]) -> Vec<u64> {
    records.iter().filter_map(|record| record["round"]["n"].as_u64()).collect()
}

/// The kinds of records, in order.
pub fn kinds(records: &[Value]) -> Vec<&str> {
    let kind = |record: &'_ Value| -> Option<String> {
        record.as_object()?.keys().find(|key| *key != "time").cloned()
    };
    let known = [
        "path",
        "round",
        "late",
        "duplicate",
        "fault",
        "command",
        "epoch",
        "journal",
        "gap",
        "slowed",
        "clock_step",
        "name",
        "hop",
        "strays",
        "cross_check",
        "source",
        "end",
        "missed",
    ];
    records
        .iter()
        .map(|record| {
            kind(record).and_then(|kind| known.into_iter().find(|known| *known == kind)).unwrap_or("header")
        })
        .collect()
}

/// A directory, and a file in it that is not there yet.
pub fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("watch.jsonl");
    (directory, file)
}

/// Waits until a condition is met, which is looked at again and again.
pub fn until(what: &str, seconds: f64, mut met: impl FnMut() -> bool) {
    let end = Instant::now() + deadline(seconds);
    while !met() {
        assert!(Instant::now() < end, "{what}: not within the deadline");
        // Paces the looks, so that they cost next to nothing.
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Tries of the first hop in a report, whatever became of them; none where it was never asked.
pub fn tries(report: &Value) -> u64 {
    let hop = &report["hops"][0];
    ["sent", "skipped", "not_sent"].iter().filter_map(|what| hop[what].as_u64()).sum()
}

/// The same among records.
pub fn recorded_tries(records: &[Value]) -> u64 {
    let first = records.iter().filter_map(|record| record["round"]["us"][0].as_array());
    first.map(|tries| tries.len() as u64).sum()
}
