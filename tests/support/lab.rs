//! Namespaces for a test without root: the test program starts itself anew under `unshare`, and the test's
//! body runs in there as a user who may do anything to a network that nobody else sees.

use std::fmt::Display;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use super::patience::deadline;

/// Set in the process that runs inside; holds the name of the test that may run there.
const INSIDE: &str = "HOPWATCH_LAB_INSIDE";
/// `required` turns "namespaces are not allowed here" into a failure.
const DEMAND: &str = "HOPWATCH_LAB";

/// Runs a test's body in user, network and mount namespaces of its own.
///
/// Where those are not allowed, says `SKIPPED` with the reason and returns, unless `HOPWATCH_LAB=required`.
pub fn inside<F: FnOnce()>(body: F) {
    let name = name_of::<F>();
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        run(&["ip", "link", "set", "lo", "up"]);
        return body();
    }
    if let Some(reason) = missing() {
        assert!(std::env::var(DEMAND).as_deref() != Ok("required"), "the lab is required, but: {reason}");
        // Past the test harness's capture, so that it is seen without --nocapture.
        drop(writeln!(std::io::stderr(), "SKIPPED: {name}: {reason}"));
        return;
    }
    let output = Command::new("unshare")
        .args(["-Urnm", "--map-root-user", "--"])
        .arg(std::env::current_exe().expect("the test program has a path"))
        .args(["--exact", &name, "--include-ignored", "--nocapture", "--test-threads=1"])
        .env(INSIDE, &name)
        .stdin(Stdio::null())
        .output()
        .expect("unshare starts");
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}{}", String::from_utf8_lossy(&output.stderr));
    // "ok" alone would hold as well when the name matched no test.
    assert!(output.status.success() && said.contains("1 passed"), "{name} failed inside the lab");
}

/// The test's own name: the path of the function that the body was written in, without the crate.
fn name_of<F>() -> String {
    let path = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    path.split_once("::").map_or(path, |(_, name)| name).to_owned()
}

/// Why there can be no lab here; `None` where there can.
fn missing() -> Option<&'static str> {
    static REASON: OnceLock<Option<String>> = OnceLock::new();
    let reason = REASON.get_or_init(|| {
        let trial =
            ["-Urnm", "--map-root-user", "ip", "link", "add", "near", "type", "veth", "peer", "name", "far"];
        match Command::new("unshare").args(trial).output() {
            Err(error) => Some(format!("unshare does not start: {error}")),
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    });
    reason.as_deref()
}

/// Runs a command in this thread's namespaces; panics with what it said if it fails.
pub fn run(words: &[&str]) -> String {
    let (program, arguments) = words.split_first().expect("a command has a name");
    let output = Command::new(program).args(arguments).output().expect(program);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs lines of `ip` commands in this thread's namespaces, all in one process.
pub fn ip(lines: &str) {
    feed(&["ip", "-batch", "-"], lines);
}

/// Runs an nftables script in this thread's namespaces.
pub fn nft(script: &str) {
    feed(&["nft", "-f", "-"], script);
}

fn feed(words: &[&str], input: &str) {
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect(words[0]);
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("the command reads its input");
    let output = child.wait_with_output().expect("the command ends");
    assert!(output.status.success(), "{words:?}: {}\n{input}", String::from_utf8_lossy(&output.stderr));
}

/// Sets a `net.*` kernel setting of this thread's network namespace, slashes for dots:
/// `sysctl("ipv4/ip_forward", "1")`.
pub fn sysctl(name: &str, value: &str) {
    std::fs::write(format!("/proc/sys/net/{name}"), value).expect(name);
}

/// Waits until no IPv6 address of an interface is on trial any more: until no other machine is found to have it.
pub fn until_owned(interface: &str) {
    let end = Instant::now() + deadline(3.0);
    while !run(&["ip", "-6", "addr", "show", "dev", interface, "tentative"]).is_empty() {
        assert!(Instant::now() < end, "an address of {interface} stays on trial");
    }
}

/// Lets everybody in this thread's network namespace open ping sockets: the only group that there is.
pub fn permit_ping() {
    sysctl("ipv4/ping_group_range", "0 0");
}

/// Gives addresses names, by a hosts(5) file in the place of this mount namespace's own.
pub fn hosts<A: Display, N: Display>(named: impl IntoIterator<Item = (A, N)>) -> Hosts {
    let hosts = Hosts(tempfile::NamedTempFile::new().expect("a file"));
    hosts.set(named);
    // The mount keeps what is in the file after its name is gone.
    run(&["mount", "--bind", hosts.0.path().to_str().expect("a plain name"), "/etc/hosts"]);
    hosts
}

/// The hosts(5) file in force.
pub struct Hosts(tempfile::NamedTempFile);

impl Hosts {
    /// These are the names from now on, and no others.
    pub fn set<A: Display, N: Display>(&self, named: impl IntoIterator<Item = (A, N)>) {
        let lines = named.into_iter().map(|(address, name)| format!("{address} {name}\n"));
        std::fs::write(self.0.path(), lines.collect::<String>()).expect("a file");
    }
}

/// Names DNS servers, by a resolv.conf(5) file in the place of this mount namespace's own.
pub fn resolv_conf(text: &str) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("a file");
    let path = file.path().to_str().expect("a plain name").to_owned();
    // Read by a user without capabilities.
    run(&["chmod", "644", &path]);
    run(&["mount", "--bind", &path, "/etc/resolv.conf"]);
}

/// A command that has no capability at all, not even over its own namespaces, and dies with the thread
/// that started it.
pub fn without_capabilities(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--pdeathsig=KILL", "--"]);
    command.arg(program);
    command
}

/// The binary under test with `CAP_NET_RAW` over these namespaces, and more.
pub fn privileged_hopwatch() -> Command {
    Command::new(env!("CARGO_BIN_EXE_hopwatch"))
}

/// The binary under test, without any capability.
pub fn hopwatch(arguments: &[&str]) -> Command {
    let mut command = without_capabilities(env!("CARGO_BIN_EXE_hopwatch"));
    command.args(arguments);
    command
}
