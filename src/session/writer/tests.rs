use std::fs;

use super::*;
use crate::session::reader::Session;
use crate::session::testing::{header, round, rounds_of};

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
        let status = Status { path: Arc::from(Path::new("x")), trouble: None, lost: 0 };
        let mut writer = Writer {
            parts: Never,
            medium: Disk { taken: Arc::clone(&taken) },
            size: 0,
            encoder: Encoder::default(),
            spool: Spool::default(),
            status: Arc::new(Mutex::new(status)),
            retry: None,
            synced: None,
        };
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

#[test]
fn a_writer_that_is_stuck_blocks_nobody_and_what_is_lost_is_counted() {
    let (queue, records) = sync_channel(QUEUE);
    let status = Status { path: Arc::from(Path::new("x")), trouble: None, lost: 0 };
    let recorder = Recorder { queue, status: Arc::new(Mutex::new(status)), lost: AtomicU64::new(0) };
    for number in 0..QUEUE as u32 + 7 {
        recorder.push(round(number));
    }
    assert_eq!(recorder.status().lost, 7);
    drop(recorder);
    assert_eq!(records.iter().count(), QUEUE);
}

#[test]
fn a_session_is_resumed_at_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let first = directory.path().join("a.jsonl");
    let place = || Place { first: first.clone(), limit: u64::MAX, named: true, part: PART };
    let (recorder, finish) = Recorder::start(header(), place()).unwrap();
    recorder.push(round(0));
    assert!(Recorder::start(header(), place()).is_err(), "there is such a file");
    assert!(Recorder::resume(header(), place(), 1).is_err(), "it is being written");
    drop(recorder);
    finish.wait(Duration::from_secs(60));
    let torn = fs::read_to_string(&first).unwrap() + "{\"round\":{\"n\":1,";
    fs::write(&first, torn).unwrap();
    let (recorder, finish) = Recorder::resume(header(), place(), 1).unwrap();
    recorder.push(round(7));
    drop(recorder);
    finish.wait(Duration::from_secs(60));
    let mut records = Vec::new();
    Session::open(&first).unwrap().read(|record| records.push(record)).unwrap();
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
    finish.wait(Duration::from_secs(60));
    assert!(first.exists(), "a running watch's last day stays");
    // So the parts are made to look older.
    for path in files::siblings(&first) {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(30)).unwrap();
    }
    let last = files::siblings(&first).len() as u32;
    let place = Place { first: first.clone(), limit: 5_000, named: true, part: 1_000 };
    let (recorder, finish) = Recorder::resume(header(), place, last).unwrap();
    drop(recorder);
    finish.wait(Duration::from_secs(60));
    let left: u64 = files::own_parts(&first).iter().map(|part| part.size).sum();
    assert!(left <= 5_000 && !first.exists(), "{left}");
    let mut newest = None;
    let session = Session::open(&files::part(&first, last)).unwrap();
    session.read(|record| newest = Some(record)).unwrap();
    assert_eq!(newest, Some(round(199)));
}

/// The promise is ten megabytes for eleven hops at the default pace.
#[test]
fn a_day_of_eleven_hops_is_less_than_ten_megabytes() {
    let a_hundred = lines((28_000..28_100).map(|number| rounds_of(number, 11))).len();
    let day = a_hundred * 28_800 / 100;
    assert!((5_000_000..10_000_000).contains(&day), "{day} bytes");
}
