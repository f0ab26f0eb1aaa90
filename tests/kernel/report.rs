//! The binary's JSON report, read back by its schema, and the invariants that hold in every one.

use std::net::IpAddr;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::lab;
use crate::support::responder::{Fate, Seen};

/// A report.
pub struct Report(Value);

/// One of its hops.
pub struct Hop<'a>(&'a Value);

/// Starts the binary, without any capability and without names, for a report about `target`.
pub fn start(target: IpAddr, arguments: &[&str]) -> Child {
    start_as(lab::hopwatch(&[]), target, arguments)
}

/// The same for the binary as a command starts it.
pub fn start_as(mut command: Command, target: IpAddr, arguments: &[&str]) -> Child {
    command.args(["--json", "--no-dns"]).args(arguments).arg(target.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("hopwatch starts")
}

/// Waits for the report of a binary that was started.
pub fn finish(child: Child) -> Report {
    let output = child.wait_with_output().expect("hopwatch ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    assert_eq!(said, "", "nothing to say beside the report");
    let report = Report(serde_json::from_slice(&output.stdout).expect("a JSON document"));
    report.check();
    report
}

/// Runs the binary for a report about `target`.
pub fn run(target: IpAddr, arguments: &[&str]) -> Report {
    finish(start(target, arguments))
}

/// Runs a command to its end: exit code, stdout, stderr.
pub fn output(mut command: Command) -> (Option<i32>, String, String) {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

impl Report {
    /// What stands at a JSON pointer (RFC 6901).
    pub fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {:#}", self.0))
    }

    /// The hops, the target last.
    pub fn hops(&self) -> Vec<Hop<'_>> {
        self.at("/hops").as_array().expect("an array").iter().map(Hop).collect()
    }

    /// The target's row.
    pub fn target(&self) -> Hop<'_> {
        self.hops().pop().filter(Hop::is_target).expect("the target's row is the last")
    }

    /// The row of a TTL.
    pub fn hop(&self, ttl: u64) -> Hop<'_> {
        let hop = self.hops().into_iter().find(|hop| hop.ttl() == ttl);
        hop.unwrap_or_else(|| panic!("no hop {ttl} in {:#}", self.0))
    }

    /// The first responder of each hop.
    pub fn path(&self) -> Vec<Option<IpAddr>> {
        self.hops().iter().map(Hop::address).collect()
    }

    /// Answers that were nobody's.
    pub fn strays(&self) -> u64 {
        self.at("/strays").as_object().expect("an object").values().filter_map(Value::as_u64).sum()
    }

    /// Asserts that nothing was lost, late, refused or kept back at any hop, and each one sent `count` times.
    pub fn assert_clean(&self, count: u64) {
        for hop in self.hops() {
            let other = ["late", "refused", "lost", "in_flight", "not_sent", "skipped", "duplicates"];
            let other = other.map(|name| hop.count(name));
            assert_eq!((hop.count("answered"), other), (count, [0; 7]), "{:#}", self.0);
        }
        assert_eq!(self.strays(), 0, "{:#}", self.0);
    }

    /// Asserts that this machine was never found to have no way out: no error of the network is taken for that.
    pub fn assert_way_out(&self) {
        let journal = self.at("/journal").as_array().expect("an array");
        assert!(journal.iter().all(|entry| entry["fault"] != "no route"), "{journal:#?}");
    }

    /// Asserts that the report counts what the responder saw: probes and losses, TTL by TTL.
    pub fn assert_agrees_with(&self, seen: &[Seen]) {
        for hop in self.hops().iter().filter(|hop| !hop.is_target()) {
            let there = || seen.iter().filter(|probe| u64::from(probe.ttl) == hop.ttl());
            let lost = there().filter(|probe| probe.fate != Fate::Answered).count();
            let expected = (there().count() as u64, lost as u64);
            assert_eq!((hop.count("sent"), hop.count("lost")), expected, "TTL {}: {:#}", hop.ttl(), self.0);
        }
    }

    /// What holds in every report.
    fn check(&self) {
        assert_eq!(self.at("/schema"), "hopwatch.report/1");
        assert!(["error-queue", "raw"].iter().any(|channel| self.at("/channel") == channel), "{:#}", self.0);
        assert_eq!(self.hops().iter().filter(|hop| hop.is_target()).count(), 1, "{:#}", self.0);
        for hop in self.hops() {
            let parts = ["answered", "late", "refused", "lost", "in_flight"].map(|name| hop.count(name));
            assert_eq!(hop.count("sent"), parts.iter().sum::<u64>(), "{:#}", self.0);
            let graded = ["kernel", "mixed", "user"].map(|grade| hop.count(&format!("grades/{grade}")));
            assert_eq!(graded.iter().sum::<u64>(), parts[0] + parts[1], "{:#}", self.0);
        }
    }
}

impl Hop<'_> {
    /// Its TTL.
    pub fn ttl(&self) -> u64 {
        self.count("ttl")
    }

    /// Whether it is the target's row.
    pub fn is_target(&self) -> bool {
        self.0["target"] == true
    }

    /// A count, by its path in the document.
    pub fn count(&self, name: &str) -> u64 {
        let value = self.0.pointer(&format!("/{name}")).and_then(Value::as_u64);
        value.unwrap_or_else(|| panic!("no {name} in {:#}", self.0))
    }

    /// A number, by its path in the document; `None` if it is null.
    pub fn number(&self, name: &str) -> Option<f64> {
        let value = self.0.pointer(&format!("/{name}"));
        value.unwrap_or_else(|| panic!("no {name} in {:#}", self.0)).as_f64()
    }

    /// What stands at a path of it.
    pub fn at(&self, name: &str) -> &Value {
        self.0.pointer(&format!("/{name}")).unwrap_or_else(|| panic!("no {name} in {:#}", self.0))
    }

    /// Its first responder.
    pub fn address(&self) -> Option<IpAddr> {
        Some(self.0.pointer("/responders/0/address")?.as_str()?.parse().expect("an address"))
    }
}
