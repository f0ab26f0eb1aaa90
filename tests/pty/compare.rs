//! hopwatch beside Debian's mtr and traceroute over one made-up path, in one run: the table in the README.
//! `tests/compare.sh` starts it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use vt100::Screen;

use crate::support::lab;
use crate::support::load::Load;
use crate::support::responder::{Node, Responder, Seen, Wait, both};
use crate::support::terminal::{Terminal, processor_time};

/// Routers on the way; the target is behind them.
const ROUTERS: u8 = 10;
/// Rounds that the cost is taken over.
const ROUNDS: usize = 60;
/// Busy loops beside, where the machine is loaded: two for each of two processors.
const LOOPS: usize = 4;

/// Whose probe it is: each tool keeps to a source port of its own.
fn owner(probe: &Seen) -> u16 {
    probe.source_port
}

/// A path whose hops are 2 ms apart.
fn path() -> Vec<Node> {
    Node::path(ROUTERS).into_iter().zip(1..).map(|(node, far)| node.after_ms(2.0 * f64::from(far))).collect()
}

fn target() -> String {
    both(ROUTERS + 1)[0].to_string()
}

/// A command as its user types it, the target behind it.
fn command(words: &str) -> Command {
    let mut words = words.split(' ');
    let mut command = match words.next() {
        Some("hopwatch") => lab::hopwatch(&[]),
        program => Command::new(program.expect("a program")),
    };
    command.args(words).arg(target());
    command
}

/// A tool that runs.
struct Runner {
    terminal: Option<Terminal>,
    child: Option<Child>,
    owner: u16,
}

/// What a runner has used so far.
#[derive(Clone, Copy)]
struct Reading {
    probes: usize,
    processor: Duration,
    drawn: usize,
}

impl Runner {
    /// Starts a tool, in a terminal of 120 by 30 or without one, and learns which probes are its own.
    fn start(words: &str, on_screen: bool, responder: &Responder) -> Self {
        let known: Vec<u16> = responder.seen().iter().map(owner).collect();
        let mut command = command(words);
        let (terminal, child) = if on_screen {
            (Some(Terminal::open(&command, 120, 30)), None)
        } else {
            (None, Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect(words)))
        };
        let new = |probe: &&Seen| !known.contains(&owner(probe));
        let seen = responder.until(words, 5.0, |seen| seen.iter().any(|probe| new(&probe)));
        let owner = owner(seen.iter().find(new).expect("just seen"));
        Self { terminal, child, owner }
    }

    fn pid(&self) -> Pid {
        let child = self.child.as_ref().map(|child| Pid::from_raw(child.id().cast_signed()));
        child.or_else(|| self.terminal.as_ref().map(Terminal::pid)).expect("one of them")
    }

    fn read(&self, responder: &Responder) -> Reading {
        Reading {
            probes: responder.seen().iter().filter(|probe| owner(probe) == self.owner).count(),
            processor: processor_time(self.pid()),
            drawn: self.terminal.as_ref().map_or(0, |terminal| terminal.drawn().bytes),
        }
    }

    /// KiB resident, of it and its children: all, and what is not the file of a program or a library.
    fn memory(&self) -> [u64; 2] {
        memory(self.pid())
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn memory(pid: Pid) -> [u64; 2] {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
    };
    let mut sum = [field("VmRSS:"), field("RssAnon:")];
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace() {
            let child = memory(Pid::from_raw(child.parse().expect("a number")));
            sum = [sum[0] + child[0], sum[1] + child[1]];
        }
    }
    sum
}

/// Mean times in ms by TTL.
type Means = BTreeMap<u8, f64>;

fn means(times: impl IntoIterator<Item = (u8, f64)>) -> Means {
    let mut sums: BTreeMap<u8, (f64, f64)> = BTreeMap::new();
    for (ttl, ms) in times {
        let sum = sums.entry(ttl).or_default();
        *sum = (sum.0 + ms, sum.1 + 1.0);
    }
    sums.into_iter().map(|(ttl, (sum, count))| (ttl, sum / count)).collect()
}

fn output(words: &str) -> String {
    let output = command(words).output().expect(words);
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn hopwatch_means() -> Means {
    let report = output("hopwatch -j -n -c 10 -i 200ms");
    let report: serde_json::Value = serde_json::from_str(&report).expect("a document");
    let hops = report["hops"].as_array().expect("hops").iter();
    means(hops.map(|hop| {
        (hop["ttl"].as_u64().expect("a TTL") as u8, hop["rtt_ms"]["avg"].as_f64().expect("a time"))
    }))
}

/// Its raw form: `p PLACE MICROSECONDS NUMBER`.
fn mtr_means() -> Means {
    let said = output("mtr -l -u -n -c 10 -i 0.2");
    means(said.lines().filter_map(|line| {
        let mut words =
            line.strip_prefix("p ")?.split(' ').map(|word| word.parse::<u32>().expect("a number"));
        Some((words.next()? as u8 + 1, f64::from(words.next()?) / 1e3))
    }))
}

/// A line is `TTL  ADDRESS  1.234 ms  1.345 ms …`.
fn traceroute_means() -> Means {
    let said = output("traceroute -n -q 10");
    means(said.lines().skip(1).flat_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ttl: u8 = words[0].parse().expect("a TTL");
        let times = words.windows(2).filter(|pair| pair[1] == "ms").map(|pair| pair[0].parse().expect("ms"));
        times.map(|ms| (ttl, ms)).collect::<Vec<(u8, f64)>>()
    }))
}

/// The error of a tool's mean times in µs: the median and the worst over the hops.
fn rtt_error(responder: &Responder, tool: fn() -> Means) -> [f64; 2] {
    let before = responder.seen().len();
    let said = tool();
    let seen =
        responder.until("every stamp", 5.0, |seen| seen[before..].iter().all(|probe| probe.sent.is_some()));
    let truth = seen[before..].iter().map(|probe| (probe.ttl, probe.delay().expect("a stamp") as f64 / 1e6));
    let truth = means(truth);
    let hops = 1..=ROUTERS + 1;
    let mut errors: Vec<f64> = hops.map(|ttl| (said[&ttl] - truth[&ttl]).abs() * 1e3).collect();
    errors.sort_by(f64::total_cmp);
    [errors[errors.len() / 2], errors[errors.len() - 1]]
}

/// Whether every hop has its line: its number first, its address in it.
fn shows_all(screen: &Screen) -> bool {
    let contents = screen.contents();
    (1..=ROUTERS + 1).all(|distance| {
        let (number, address) = (distance.to_string(), format!(" {}", both(distance)[0]));
        contents.lines().any(|line| {
            // Before the number there may be a mark.
            let row = line.trim_start_matches(|c: char| !c.is_ascii_digit());
            row.starts_with(&number) && line.contains(&address)
        })
    })
}

/// Milliseconds from the start to the whole path, the median of five.
fn time_to_path(words: &str, on_screen: bool) -> f64 {
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            if on_screen {
                let terminal = Terminal::open(&command(words), 120, 30);
                terminal.until_within(10.0, "the whole path", shows_all);
            } else {
                output(words);
            }
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[2]
}

/// What a runner used from one reading to the next: ms of processor time for 1,000 probes, bytes for one round.
fn cost([from, to]: [Reading; 2]) -> [f64; 2] {
    let probes = (to.probes - from.probes) as f64;
    let processor = to.processor.saturating_sub(from.processor).as_secs_f64() * 1e3;
    [processor * 1e3 / probes, (to.drawn - from.drawn) as f64 / ROUNDS as f64]
}

/// A line of the table: a figure of each tool, and the ratio to mtr's.
fn line(table: &mut String, what: &str, unit: &str, ours: f64, mtr: f64, traceroute: Option<f64>) {
    let figure = |value: f64| {
        let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
        format!("{value:.digits$} {unit}")
    };
    let third = traceroute.map_or("–".to_owned(), figure);
    let ratio = ours / mtr;
    writeln!(table, "| {what} | {} | {} | {third} | {ratio:.2} |", figure(ours), figure(mtr))
        .expect("a string");
}

#[test]
#[ignore = "a comparison of two minutes, with mtr and traceroute; tests/compare.sh starts it"]
fn compare() {
    lab::inside(|| {
        let responder = Responder::start(path(), Wait::Asleep);
        let runners = [
            Runner::start("hopwatch -n", true, &responder),
            Runner::start("mtr -u -n", true, &responder),
            Runner::start("hopwatch -r -n -c 1000", false, &responder),
            Runner::start("mtr -u -n -r -c 1000", false, &responder),
        ];
        let rounds = |seen: &[Seen], runner: &Runner| {
            seen.iter().filter(|probe| probe.ttl == 1 && owner(probe) == runner.owner).count()
        };
        // Past the first sight, which each begins in its own way.
        let reading = |count: usize| {
            responder
                .until("the rounds", 20.0, |seen| runners.iter().all(|runner| rounds(seen, runner) >= count));
            [0, 1, 2, 3].map(|at: usize| runners[at].read(&responder))
        };
        let (from, to) = (reading(5), reading(5 + ROUNDS));
        let [ours, mtr, ours_report, mtr_report] = [0, 1, 2, 3].map(|at: usize| cost([from[at], to[at]]));
        let [memory, mtr_memory, memory_report, mtr_memory_report] =
            [0, 1, 2, 3].map(|at: usize| runners[at].memory().map(|kib| kib as f64 / 1024.0));
        drop(runners);

        let tools = [hopwatch_means, mtr_means, traceroute_means];
        let idle = tools.map(|tool| rtt_error(&responder, tool));
        let load = Load::of(LOOPS);
        let loaded = tools.map(|tool| rtt_error(&responder, tool));
        drop(load);
        let way = time_to_path("hopwatch -n", true);
        let mtr_way = time_to_path("mtr -u -n", true);
        let traceroute_way = time_to_path("traceroute -n", false);

        let mut table = String::from(
            "| | hopwatch | mtr -u | traceroute | hopwatch : mtr |\n| --- | --- | --- | --- | --- |\n",
        );
        let t = &mut table;
        for (when, [a, b, c]) in [("idle", idle), ("loaded", loaded)] {
            line(t, &format!("RTT error, {when}: median hop"), "µs", a[0], b[0], Some(c[0]));
            line(t, &format!("RTT error, {when}: worst hop"), "µs", a[1], b[1], Some(c[1]));
        }
        line(t, "time to the whole path", "ms", way, mtr_way, Some(traceroute_way));
        line(t, "CPU per 1,000 probes, report", "ms", ours_report[0], mtr_report[0], None);
        line(t, "CPU per 1,000 probes, on screen", "ms", ours[0], mtr[0], None);
        line(t, "memory resident, report", "MiB", memory_report[0], mtr_memory_report[0], None);
        line(t, "memory resident, on screen", "MiB", memory[0], mtr_memory[0], None);
        line(t, "of that not a file, report", "MiB", memory_report[1], mtr_memory_report[1], None);
        line(t, "of that not a file, on screen", "MiB", memory[1], mtr_memory[1], None);
        line(t, "drawn per second", "B", ours[1], mtr[1], None);
        println!("\n{table}");
        if cfg!(debug_assertions) {
            return println!("not a release build: nothing is promised of it");
        }
        assert!(ours_report[0] <= mtr_report[0], "a report costs more than mtr's");
        assert!(ours[0] <= 1.25 * mtr[0], "the screen costs more than one and a quarter of mtr's");
    });
}
