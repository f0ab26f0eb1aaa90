use std::fs;
use std::io::BufRead;
use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::engine::path::{HopView, Seen};
use crate::engine::round::Row;
use crate::engine::span::Span;
use crate::session::fold::fold;
use crate::session::reader::Session;
use crate::session::testing::{header, round, rounds_of};
use crate::wire::extension::Label;

/// A disk that takes as many bytes as it is let.
struct Disk {
    taken: Arc<Mutex<(Vec<u8>, usize)>>,
}

impl Medium for Disk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = self.taken.lock().unwrap();
        let room = taken.1.saturating_sub(taken.0.len());
        if room == 0 {
            return Err(io::Error::from_raw_os_error(libc::ENOSPC));
        }
        let some = &bytes[..bytes.len().min(room)];
        taken.0.extend(some);
        Ok(some.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Never;

impl Supply<Disk> for Never {
    fn next(&mut self, _: Option<Anchor>) -> io::Result<(Disk, PathBuf, String)> {
        Err(io::Error::from_raw_os_error(libc::ENOSPC))
    }

    fn most(&self) -> u64 {
        1
    }

    fn tidy(&self) {}
}

/// A writer to this, at its beginning.
fn writer<M>(medium: M) -> Writer<M, Never> {
    let status = Status { path: Arc::from(Path::new("x")), trouble: None, lost: 0 };
    Writer {
        parts: Never,
        medium,
        size: 0,
        head: 0,
        standing: Standing::default(),
        encoder: Encoder::default(),
        spool: Spool::default(),
        status: Arc::new(Mutex::new(status)),
        retry: None,
        synced: None,
        is_unsynced: false,
    }
}

/// Waits until nobody holds a part: a child that another test forks holds them all until it is another program.
fn until_unlocked(first: &Path) {
    while files::siblings(first).iter().any(|part| files::is_written(part)) {
        thread::yield_now();
    }
}

fn lines(records: impl IntoIterator<Item = Record>) -> String {
    let (mut encoder, mut text) = (Encoder::default(), String::new());
    records.into_iter().for_each(|record| encoder.encode(&record, None, &mut text));
    text
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost_once_it_has_room() {
    let expected = lines((0..30).map(round));
    // Full after any of these bytes, in the middle of lines and at their ends.
    for room in (0..expected.len()).step_by(97) {
        let taken = Arc::new(Mutex::new((Vec::new(), room)));
        let mut writer = writer(Disk { taken: Arc::clone(&taken) });
        let trouble = |writer: &Writer<Disk, Never>| writer.status.lock().unwrap().trouble.clone();
        for number in 0..20 {
            writer.take(&round(number), None);
            writer.flush();
        }
        let first = trouble(&writer);
        assert_eq!(first.is_some(), taken.lock().unwrap().0.len() == room, "{room}");
        if let Some((what, since)) = first {
            assert_eq!(&*what, "no space left");
            writer.flush();
            assert_eq!(trouble(&writer).map(|(_, since)| since), Some(since), "since when stays");
        }
        taken.lock().unwrap().1 = usize::MAX;
        for number in 20..30 {
            writer.take(&round(number), None);
        }
        writer.flush();
        assert_eq!(trouble(&writer), None);
        assert_eq!(String::from_utf8(taken.lock().unwrap().0.clone()).unwrap(), expected, "{room}");
    }
}

/// A disk that takes everything and keeps nothing for sure.
struct Unsure(Arc<AtomicU64>);

impl Medium for Unsure {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        if left == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EIO)) }
    }
}

impl Supply<Unsure> for Never {
    fn next(&mut self, _: Option<Anchor>) -> io::Result<(Unsure, PathBuf, String)> {
        Err(io::Error::from_raw_os_error(libc::ENOSPC))
    }

    fn most(&self) -> u64 {
        u64::MAX
    }

    fn tidy(&self) {}
}

#[test]
fn a_disk_that_keeps_nothing_for_sure_is_in_trouble_until_it_does() {
    let mut writer = writer(Unsure(Arc::new(AtomicU64::new(2))));
    let mut troubles = Vec::new();
    for number in 0..3 {
        writer.take(&round(number), None);
        writer.flush();
        writer.sync();
        // What comes next is written, but that does not make it sure.
        writer.flush();
        troubles.push(writer.status.lock().unwrap().trouble.is_some());
    }
    assert_eq!(troubles, [true, true, false]);
}

#[test]
fn a_writer_that_is_stuck_blocks_nobody_and_what_is_lost_is_counted() {
    let (queue, records) = bounded(QUEUE);
    let status = Status { path: Arc::from(Path::new("x")), trouble: None, lost: 0 };
    let recorder = Recorder { queue, status: Arc::new(Mutex::new(status)) };
    for number in 0..QUEUE as u32 + 7 {
        recorder.push(round(number));
    }
    assert_eq!(recorder.status().lost, 7);
    // Once there is room the file says so, at the place of what is missing.
    let next = || records.next(Some(Duration::ZERO)).ok();
    for _ in 0..2 {
        next();
    }
    recorder.push(round(9_999));
    recorder.push(round(10_000));
    drop(recorder);
    let ends: Vec<Item<Record>> = std::iter::from_fn(next).skip(QUEUE - 2).collect();
    assert_eq!(ends, [Item::Missed(7), Item::One(round(9_999)), Item::Missed(1)]);
}

#[test]
fn a_session_is_resumed_at_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let first = directory.path().join("a.jsonl");
    let place = || Place { first: first.clone(), limit: u64::MAX, named: true, part: PART };
    let (recorder, finish) = Recorder::start(header(), place()).unwrap();
    recorder.push(round(0));
    assert!(Recorder::start(header(), place()).is_err(), "there is such a file");
    assert!(Recorder::resume(header(), place(), 1, Standing::default()).is_err(), "it is being written");
    drop(recorder);
    finish.wait(Duration::from_mins(1));
    let torn = fs::read_to_string(&first).unwrap() + "{\"round\":{\"n\":1,";
    fs::write(&first, torn).unwrap();
    until_unlocked(&first);
    let (recorder, finish) = Recorder::resume(header(), place(), 1, Standing::default()).unwrap();
    recorder.push(round(7));
    drop(recorder);
    finish.wait(Duration::from_mins(1));
    let mut records = Vec::new();
    Session::open(&first).unwrap().read(Span::All, |record| records.push(record)).unwrap();
    assert_eq!(records, [round(0), round(7)]);
}

#[test]
fn a_named_session_keeps_to_its_limit() {
    let directory = tempfile::tempdir().unwrap();
    let first = directory.path().join("a.jsonl");
    let place = Place { first: first.clone(), limit: 5_000, named: true, part: 1_000 };
    let (recorder, finish) = Recorder::start(header(), place).unwrap();
    for number in 0..200 {
        recorder.push(round(number));
    }
    drop(recorder);
    finish.wait(Duration::from_mins(1));
    assert!(first.exists(), "a running watch's last day stays");
    // So the parts are made to look older.
    for path in files::siblings(&first) {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(30)).unwrap();
    }
    let last = files::siblings(&first).len() as u32;
    let place = Place { first: first.clone(), limit: 5_000, named: true, part: 1_000 };
    until_unlocked(&first);
    let (recorder, finish) = Recorder::resume(header(), place, last, Standing::default()).unwrap();
    drop(recorder);
    finish.wait(Duration::from_mins(1));
    let left: u64 = files::own_parts(&first).iter().map(|part| part.size).sum();
    assert!(left <= 5_000 && !first.exists(), "{left}");
    let mut newest = None;
    let session = Session::open(&files::part(&first, last)).unwrap();
    session.read(Span::All, |record| newest = Some(record)).unwrap();
    assert_eq!(newest, Some(round(199)));
}

#[test]
fn what_is_left_of_a_session_knows_what_was_told_once() {
    let directory = tempfile::tempdir().unwrap();
    let first = directory.path().join("a.jsonl");
    let place = || Place { first: first.clone(), limit: u64::MAX, named: true, part: 1_000 };
    let address = IpAddr::from([192, 0, 2, 2]);
    let label = Label { label: 16_001, tc: 0, bottom: true, ttl: 1 };
    let hop = HopView { current: Some(address), labels: vec![label], ..HopView::default() };
    let at = Time::from_millis(1);
    let (recorder, finish) = Recorder::start(header(), place()).unwrap();
    recorder.push(Record::Name(address, "gw".to_owned()));
    recorder.push(Record::Hop(Seen { at, row: Row::Hop(2), hop: hop.clone() }));
    let read = |path: &Path| {
        let (tape, standing, _) = fold(&Session::open(path).unwrap(), Span::All, Standing::take).unwrap();
        (tape, standing)
    };
    let tell = |recorder: Recorder, finish: Finish, numbers: std::ops::Range<u32>| {
        numbers.for_each(|number| recorder.push(round(number)));
        drop(recorder);
        finish.wait(Duration::from_mins(1));
        until_unlocked(&first);
    };
    tell(recorder, finish, 0..40);
    // Whoever goes on with it knows of what it was not told itself.
    let last = files::siblings(&first).len() as u32;
    let (recorder, finish) = Recorder::resume(header(), place(), last, read(&first).1).unwrap();
    tell(recorder, finish, 40..80);
    let whole = read(&first).0;
    let end = files::siblings(&first).len() as u32;
    assert!(last > 2 && end > last + 2, "{last} {end}");
    for number in 1..end {
        fs::remove_file(files::part(&first, number)).unwrap();
        let tape = read(&files::part(&first, end)).0;
        assert!(tape.names().any(|(of, name)| (of, &*name) == (address, "gw")), "without {number}");
        let view = tape.snapshot().path;
        assert_eq!(view.hops[1], hop, "without {number}");
        assert_eq!(view, whole.snapshot().path);
    }
}

/// The promise is ten megabytes for eleven hops at the default pace.
#[test]
fn a_day_of_eleven_hops_is_less_than_ten_megabytes() {
    let a_hundred = lines((28_000..28_100).map(|number| rounds_of(number, 11))).len();
    let day = a_hundred * 28_800 / 100;
    assert!((5_000_000..10_000_000).contains(&day), "{day} bytes");
}

/// A watch to be killed: tells each round's number once the file has it.
#[test]
#[ignore = "run by another test, which kills it"]
fn writes_until_killed() {
    let Some(first) = std::env::var_os("HOPWATCH_KILLED").map(PathBuf::from) else { return };
    let place = Place { first: first.clone(), limit: u64::MAX, named: true, part: 4_000 };
    let (recorder, _finish) = Recorder::start(header(), place).unwrap();
    let written = || {
        let texts = files::siblings(&first).into_iter().map(|path| fs::read_to_string(path).unwrap());
        let is_round = |line: &&str| line.starts_with("{\"round\"") && line.ends_with('\n');
        texts.map(|text| text.split_inclusive('\n').filter(is_round).count()).sum::<usize>()
    };
    for number in 0.. {
        recorder.push(round(number));
        while written() <= number as usize {
            thread::yield_now();
        }
        println!("written {number}");
    }
}

#[test]
fn killed_at_any_moment_a_session_has_all_that_was_written() {
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {seed}");
    let mut random = seed;
    let mut rounds = 0;
    for _ in 0..200 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let until = random >> 59;
        let directory = tempfile::tempdir().unwrap();
        let first = directory.path().join("a.jsonl");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "session::writer::tests::writes_until_killed", "--ignored", "--nocapture"])
            .env("HOPWATCH_KILLED", &first)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = io::BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let written =
            |line: String| line.strip_prefix("written ").and_then(|number| number.parse::<u32>().ok());
        let reached = said.by_ref().filter_map(written).find(|number| u64::from(*number) >= until);
        child.kill().unwrap();
        let last = said.filter_map(written).last().or(reached);
        child.wait().unwrap();
        let mut found = Vec::new();
        Session::open(&first).unwrap().read(Span::All, |record| found.push(record)).unwrap();
        let told = last.map_or(0, |last| last + 1);
        assert!(found.len() >= told as usize, "seed {seed}: {} of {told}", found.len());
        assert_eq!(found, (0..found.len() as u32).map(round).collect::<Vec<_>>(), "seed {seed}");
        rounds += found.len();
    }
    assert!(rounds > 200);
}
