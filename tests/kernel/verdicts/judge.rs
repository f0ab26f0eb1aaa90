//! One case: the binary watches a path in namespaces of its own, and what it records is judged as it comes.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use hopwatch::engine::record::Record;
use hopwatch::engine::span::Span;
use hopwatch::engine::verdict::{Finding, Kind};
use hopwatch::session::format::{Decoded, Decoder};
use hopwatch::session::header::Header;
use hopwatch::session::tape::Tape;
use nix::sched::{CloneFlags, unshare};

use super::cases::Case;
use crate::support::lab;
use crate::support::responder::both;

/// Tries of each hop: 200 rounds, two minutes.
const TRIES: &str = "600";

/// What came of a case.
pub struct Judged {
    pub name: &'static str,
    /// Verdicts looked at: one a round.
    rounds: u32,
    /// Those that were wrong, the first of them in words.
    wrong: u32,
    first_wrong: Option<String>,
    /// The round from which on the verdict was the one expected at the end, and stayed it.
    right_from: Option<u32>,
    /// What was wrong at the end, if anything was.
    end: Result<(), String>,
    last: String,
}

impl Judged {
    pub fn is_right(&self) -> bool {
        self.wrong == 0 && self.end.is_ok()
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.right_from.map_or_else(|| "never".to_owned(), |round| round.to_string());
        write!(f, "{:<24} {:>6} {:>6} {from:>9}  {}", self.name, self.rounds, self.wrong, self.last)?;
        if let Err(why) = &self.end {
            write!(f, "\n    AT THE END: {why}")?;
        }
        if let Some(first) = &self.first_wrong {
            write!(f, "\n    FIRST WRONG: {first}")?;
        }
        Ok(())
    }
}

/// Builds a case's path around this thread, watches it, and judges every round.
pub fn watch(case: &Case) -> Judged {
    unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace");
    lab::run(&["ip", "link", "set", "lo", "up"]);
    let stage = case.stage();
    let target = both(case.hops)[0].to_string();
    let mut child = lab::hopwatch(&["--headless", "--jsonl", "--no-record", "-n", "-i", "200ms", "-Z", "1s"])
        .args(["-c", TRIES, &target])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hopwatch starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line).expect("a line");
    let header = Header::parse(line.trim_ascii_end()).expect("the first line is the header");
    let (mut tape, mut decoder) = (Tape::new(&header, Span::All), Decoder::default());
    let mut judged = Judged {
        name: case.name,
        rounds: 0,
        wrong: 0,
        first_wrong: None,
        right_from: None,
        end: Err("nothing was watched".to_owned()),
        last: String::new(),
    };
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).expect("a line") == 0 {
            break;
        }
        let told = decoder.decode(line.trim_ascii_end()).expect("a line of the format");
        let Decoded::Record(record) = told else { continue };
        let is_round = matches!(record, Record::Round(_));
        tape.push(record);
        if is_round {
            judge(case, judged.rounds, &tape.snapshot().verdict(Span::All), &mut judged);
            case.act(&stage, judged.rounds);
            judged.rounds += 1;
        }
    }
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert!(child.wait().expect("it ends").success(), "{}: {said}", case.name);
    judged
}

/// Looks at one round's verdict.
fn judge(case: &Case, round: u32, finding: &Finding, judged: &mut Judged) {
    let text = format!("{} {:?}: {}", finding.kind.name(), finding.between, finding.text());
    if let Err(why) = allowed(case, round, finding) {
        judged.wrong += 1;
        judged.first_wrong.get_or_insert_with(|| format!("round {round}: {why}: {text}"));
    }
    judged.end = expected(case, finding);
    judged.right_from = judged.end.as_ref().ok().map(|()| judged.right_from.unwrap_or(round));
    judged.last = text;
}

/// Whether it may be said in this round: nothing of a trouble before it began, no other trouble after, and no
/// place that the trouble is not at.
fn allowed(case: &Case, round: u32, finding: &Finding) -> Result<(), String> {
    let kind = finding.kind;
    let (before, after) = (case.before.contains(&kind), case.after.contains(&kind));
    let is_in_time = match round {
        _ if kind == Kind::Gathering => round < 10,
        round if round <= case.hurt => before || case.hurt == 0 && after,
        round if round <= case.hurt + case.grace => before || after || case.meanwhile.contains(&kind),
        _ => after,
    };
    if !is_in_time {
        return Err(format!("{} is not the case", kind.name()));
    }
    holds_place(case, finding)
}

/// Whether the place that it names, if it names one, holds the link in trouble.
fn holds_place(case: &Case, finding: &Finding) -> Result<(), String> {
    let placed =
        matches!(finding.kind, Kind::Loss | Kind::Outage | Kind::Latency | Kind::Refused | Kind::Loop);
    match (finding.between, case.place) {
        (Some((from, to)), Some((near, far))) if placed && (from > near || to < far) => {
            Err(format!("{from} to {to} does not hold {near} to {far}"))
        }
        (Some(between), None) if placed => Err(format!("{between:?} is in no trouble")),
        _ => Ok(()),
    }
}

/// Whether it is what is to be said in the end.
fn expected(case: &Case, finding: &Finding) -> Result<(), String> {
    if finding.kind != case.end {
        return Err(format!("{} is expected", case.end.name()));
    }
    holds_place(case, finding)?;
    if case.is_exact && finding.between != case.place {
        return Err(format!("{:?} is expected", case.place));
    }
    if let Some(limited) = case.limited {
        let found = finding.secondary.iter().any(|other| other.hop == Some(limited));
        if !found {
            return Err(format!("{limited:?} is expected to limit its answers"));
        }
    }
    if finding.silent_target != case.silent_target {
        return Err(format!("silent target: {} is expected", case.silent_target));
    }
    Ok(())
}
