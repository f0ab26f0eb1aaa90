//! Measurements of recording and replaying, printed; they pass if they meet what was promised.
//!
//! ```text
//! cargo test --release --test session -- --ignored --nocapture --test-threads=1 measure
//! ```

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use hopwatch::engine::end::End;
use hopwatch::engine::journal::{Entry, What};
use hopwatch::engine::probe::Grade;
use hopwatch::engine::random::mix;
use hopwatch::engine::record::Record;
use hopwatch::engine::round::{Round, RoundRow, Row, Try};
use hopwatch::engine::snapshot::Pace;
use hopwatch::engine::span::Span;
use hopwatch::engine::time::Time;
use hopwatch::session::format::{Encoder, SCHEMA};
use hopwatch::session::header::Header;
use hopwatch::session::tape::Tape;
use nix::unistd::Pid;

use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait, both};
use crate::support::terminal::{Terminal, processor_time};
use crate::watch::{hopwatch, place, printed, text};

/// Rounds of a week at the default pace.
const WEEK: u32 = 7 * 28_800;
/// The target's TTL.
const HOPS: u8 = 11;

fn header() -> Header {
    let (interval, timeout) = (Duration::from_secs(1), Duration::from_secs(3));
    let pace = Pace { interval, tries: 3, timeout, first_ttl: 1, max_ttl: 30 };
    Header {
        schema: SCHEMA.to_owned(),
        session: "week".to_owned(),
        part: 1,
        version: "0".to_owned(),
        target: "example.org".to_owned(),
        address: [192, 0, 2, HOPS].into(),
        source: None,
        protocol: "udp".to_owned(),
        port: Some(33_434),
        tos: 0,
        flow_per_try: false,
        channel: "error-queue".to_owned(),
        host: "here".to_owned(),
        pace: pace.into(),
        started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        arguments: Vec::new(),
    }
}

/// A round with a try in two hundred lost, and times that jitter.
fn round(number: u32) -> Record {
    let row = |ttl: u8| {
        let tries = (0..3).map(|index: u32| {
            let noise = (number.wrapping_mul(2_654_435_761)
                ^ (index * 31 + u32::from(ttl)).wrapping_mul(40_503_777))
                >> 20;
            match noise % 200 {
                0 => Try::Lost,
                _ => Try::Answered { us: 2_000 * u32::from(ttl) + noise, by: 0, grade: Grade::Kernel },
            }
        });
        let row = if ttl == HOPS { Row::Target } else { Row::Hop(ttl) };
        RoundRow { row, ttl, responders: [IpAddr::from([192, 0, 2, ttl])].into(), tries: tries.collect() }
    };
    Record::Round(Round {
        number,
        start: Time::from_millis(3_000 * u64::from(number)),
        interval: Duration::from_secs(1),
        end: End::Target { ttl: HOPS, upto: HOPS },
        rows: (1..=HOPS).map(row).collect(),
    })
}

/// Writes a week with an outage an hour.
fn write_week(file: &Path) {
    let mut out = BufWriter::new(File::create(file).expect("a file"));
    let (mut encoder, mut text) = (Encoder::default(), header().line() + "\n");
    for number in 0..WEEK {
        encoder.encode(&round(number), None, &mut text);
        if number % 1_200 == 0 {
            let start = Time::from_millis(3_000 * u64::from(number));
            let what = What::Outage { lost: 9, refused: 0, of: 9, by: None };
            let end = Some(start + Duration::from_secs(9));
            let entry =
                Entry { number: number / 1_200, start, end, row: Some(Row::Hop(4)), withdrawn: false, what };
            encoder.encode(&Record::Journal(entry), None, &mut text);
        }
        out.write_all(text.as_bytes()).expect("room");
        text.clear();
    }
    out.flush().expect("room");
}

/// A line of a process's `status`, in KiB.
fn kib(pid: Pid, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("a size");
    line.trim_matches([':', '\t', ' ']).trim_end_matches(" kB").trim().parse().expect("a number")
}

#[test]
#[ignore = "a measurement; writes 50 MB"]
fn measure_a_week_opened() {
    let (_directory, file) = place();
    write_week(&file);
    let bytes = std::fs::metadata(&file).expect("a file").len();
    // Read once, so that the disk is not what is measured.
    printed(&["replay", "-r", text(&file)]);
    let mut opened: Vec<(Duration, u64)> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let terminal = Terminal::open(&hopwatch(&["replay", "-n", text(&file)]), 120, 30);
            terminal.until_within(30.0, "the table", |screen| screen.contents().contains("192.0.2.10"));
            (start.elapsed(), kib(terminal.pid(), "VmHWM"))
        })
        .collect();
    opened.sort_unstable();
    let start = Instant::now();
    let table = printed(&["replay", "-r", "-n", text(&file)]);
    let reported = start.elapsed();
    let start = Instant::now();
    printed(&["replay", "-r", "-n", "--from", "-2d", "--to", "-1d", text(&file)]);
    let part = start.elapsed();
    let (median, peak) = (opened[2].0, opened.iter().map(|(_, peak)| *peak).max().unwrap_or_default());
    println!(
        "a week of {HOPS} hops, {bytes} bytes: on screen after {median:?} (median of 5), {peak} KiB resident at most; \
         -r takes {reported:?}, -r of a day of it {part:?}"
    );
    assert!(table.contains("192.0.2.11"), "{table}");
    assert!(peak < 64 << 10, "{peak} KiB");
    assert!(cfg!(debug_assertions) || median < Duration::from_secs(1), "{median:?}");
}

/// Spans of a week: the whole, its last minutes to days, and two hundred others.
fn spans() -> impl Iterator<Item = Span> {
    let week = 3_000 * u64::from(WEEK);
    let at = Time::from_millis;
    let last = [1, 10, 29, 31, 60, 299, 301, 1_440, 2_880, 4_320]
        .map(|minutes| Span::Since(at(week - minutes * 60_000)));
    let moments = (0..200).map(move |number| (mix(number) % week, mix(number + 1_000) % week));
    let between = moments.map(move |(one, other)| Span::Between(at(one.min(other)), at(one.max(other))));
    [Span::All].into_iter().chain(last).chain(between)
}

#[test]
#[ignore = "a measurement"]
fn measure_the_table_of_any_span_of_a_week() {
    let mut tape = Tape::new(&header(), Span::All);
    (0..WEEK).for_each(|number| tape.push(round(number)));
    let snapshot = tape.snapshot();
    let took = |span: Span| {
        let once = || {
            let start = Instant::now();
            let rows = snapshot.table(span).rows.len();
            (start.elapsed(), rows)
        };
        // Whatever else the machine does, the quickest of some is near to what it costs.
        let (took, rows) = (0..5).map(|_| once()).min().expect("some");
        assert_eq!(rows, usize::from(HOPS));
        (took, span)
    };
    let mut times: Vec<(Duration, Span)> = spans().map(took).collect();
    times.sort_by_key(|(took, _)| *took);
    let (median, _) = times[times.len() / 2];
    let (worst, span) = times[times.len() - 1];
    println!(
        "a table of a week of {HOPS} hops: {median:.2?} (median of spans), {worst:.2?} at worst ({span:?})"
    );
    assert!(cfg!(debug_assertions) || worst < Duration::from_millis(20), "{worst:?}");
}

/// Processor time of the thread of that name, of a running process.
fn thread_time(pid: Pid, name: &str) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let of_name = tasks
        .filter_map(Result::ok)
        .map(|task| task.path())
        .find(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name));
    let stat = std::fs::read_to_string(of_name.expect("such a thread").join("schedstat")).expect("it runs");
    Duration::from_nanos(
        stat.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).expect("a number"),
    )
}

/// Pairs of watches that run side by side, one of each recorded.
const PAIRS: usize = 3;
/// Times that each pair is read, twenty seconds apart.
const READINGS: usize = 12;

#[test]
#[ignore = "a measurement of four minutes"]
fn measure_what_recording_costs() {
    lab::inside(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let responder = Responder::start(Node::path(HOPS - 1), Wait::Asleep);
        let target = both(HOPS)[0].to_string();
        let open = |flags: &[&str]| {
            let mut command = lab::hopwatch(&["-n"]);
            command.args(flags).arg(&target);
            let terminal = Terminal::open(&command, 120, 30);
            terminal.until_text(&target);
            terminal
        };
        // Whatever else the machine does meets both of a pair; which one started first must not matter either.
        let watches = (0..PAIRS).map(|pair| {
            let file = directory.path().join(format!("{pair}.jsonl"));
            let recorded = || open(&["--record", text(&file)]);
            let plain = || open(&["--no-record"]);
            if pair.is_multiple_of(2) {
                let recorded = recorded();
                [recorded, plain()]
            } else {
                let plain = plain();
                [recorded(), plain]
            }
        });
        let watches: Vec<[Terminal; 2]> = watches.collect();
        let reading = || -> Vec<[Duration; 2]> {
            watches.iter().map(|pair| pair.each_ref().map(|watch| processor_time(watch.pid()))).collect()
        };
        let writers = || watches.iter().map(|[recorded, _]| thread_time(recorded.pid(), "recording")).sum();
        let after = |tries: usize| {
            let end = responder.seen().len() + 2 * PAIRS * usize::from(HOPS) * tries;
            responder.until("some more tries", 60.0, |seen| seen.len() >= end);
        };
        // Past the first sight.
        after(20);
        let (first, before): (_, Duration) = (reading(), writers());
        let (mut shares, mut last) = (Vec::new(), first.clone());
        for _ in 0..READINGS {
            after(20);
            let now = reading();
            shares.extend(now.iter().zip(&last).map(|(now, last)| {
                let [with, without] = [0, 1].map(|of| now[of].saturating_sub(last[of]).as_secs_f64());
                100.0 * (with / without - 1.0)
            }));
            last = now;
        }
        shares.sort_by(f64::total_cmp);
        let [low, median, high] = [1, 2, 3].map(|quarter| shares[shares.len() * quarter / 4]);
        let total = |of: usize| -> Duration {
            last.iter().zip(&first).map(|(last, first)| last[of].saturating_sub(first[of])).sum()
        };
        let writers: Duration = writers();
        let own = 100.0 * writers.saturating_sub(before).as_secs_f64() / total(0).as_secs_f64();
        println!(
            "{PAIRS} pairs, {READINGS} readings each at the default pace: recording adds {median:+.1} % of processor \
             time (median; half of all {low:+.1} to {high:+.1}); in all {:?} with and {:?} without; the threads that \
             write took {own:.1} %",
            total(0),
            total(1)
        );
        assert!(median < 10.0, "{median} %");
        assert!(own < 10.0, "{own} %");
    });
}
