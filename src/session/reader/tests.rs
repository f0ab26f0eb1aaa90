use std::fs;
use std::time::{Duration, SystemTime};

use super::*;
use crate::engine::probe::Command;
use crate::session::format::SCHEMA;
use crate::session::testing::{header, round};
use crate::session::writer::{Place, Recorder};

/// A session of `rounds` rounds in parts of `part` bytes, written by the writer.
fn written(directory: &Path, rounds: u32, part: u64) -> PathBuf {
    let first = directory.join("watch.jsonl");
    let place = Place { first: first.clone(), limit: u64::MAX, named: true, part };
    let (recorder, finish) = Recorder::start(header(), place).unwrap();
    (0..rounds).for_each(|number| recorder.push(round(number)));
    drop(recorder);
    finish.wait(Duration::from_mins(1));
    first
}

fn read(path: &Path) -> Result<(Vec<Record>, Met), ReadError> {
    let mut records = Vec::new();
    let met = Session::open(path)?.read(Span::All, |record| records.push(record))?;
    Ok((records, met))
}

#[test]
fn a_session_is_what_was_written_in_however_many_parts() {
    for part in [u64::MAX, 1_000, 1] {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path(), 40, part);
        let expected: Vec<Record> = (0..40).map(round).collect();
        assert_eq!(read(&path).unwrap().0, expected);
        let parts = Session::open(&path).unwrap().parts;
        assert_eq!(parts.len() > 1, part < u64::MAX);
        assert_eq!(read(parts.last().unwrap()).unwrap().0, expected, "any part stands for all");
        if parts.len() > 1 {
            fs::remove_file(&path).unwrap();
            let rest = read(parts.last().unwrap()).unwrap().0;
            assert!(!rest.is_empty() && expected.ends_with(&rest));
        }
    }
}

#[test]
fn cut_at_any_byte_a_session_keeps_every_whole_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path(), 5, u64::MAX);
    let whole = fs::read(&path).unwrap();
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        if length < header {
            assert!(matches!(read(&path), Err(ReadError::NoSession(_))), "{length}");
            continue;
        }
        let text = std::str::from_utf8(&whole[header..length]).unwrap();
        let rounds =
            text.split_inclusive('\n').filter(|line| line.starts_with("{\"round\"") && line.ends_with('\n'));
        assert_eq!(read(&path).unwrap().0.len(), rounds.count(), "{length}");
    }
}

#[test]
fn wrong_lines_are_passed_over_and_told_by_the_first_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path(), 3, u64::MAX);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|line| line.starts_with("{\"round\"")).unwrap();
    let (before, behind) = lines.split_at(last);
    let with = |wrong: &str| {
        let strange = ["{\"weather\":1}", "{\"missed\":{\"records\":7}}"];
        let all = [before, &strange, &[wrong], behind].concat();
        fs::write(&path, all.join("\n") + "\n").unwrap();
        read(&path).unwrap()
    };
    let (records, met) = with("{\"late\":\"\"}");
    assert_eq!(records, [round(0), round(1), round(2)]);
    assert_eq!((met.records, met.unknown, met.missed, met.wrong), (3, 1, 7, 1));
    let told = met.left_out().unwrap();
    let number = before.len() + 3;
    let expected = format!(
        "watch.jsonl\", line {number}: invalid type: string \"\", expected struct Late), 1 line of an unknown kind, 7 records that were never written"
    );
    assert!(told.starts_with("not shown: 1 line that cannot be read (\""), "{told}");
    assert!(told.ends_with(&expected), "{told}");
    // It may have been a path, and then the tries behind it are anybody's.
    for lost in ["\0\0\0", "{\"round\":\u{1b}}", "{\"pat", "{\"round\":{\"n\":2,{\"path\":{}}"] {
        let (records, met) = with(lost);
        assert_eq!((records, met.wrong), (vec![round(0), round(1)], 2), "{lost:?}");
        assert!(
            met.left_out()
                .unwrap()
                .contains("2 lines that cannot be read or go with one that cannot (the first: ")
        );
    }
    assert_eq!(Met::default().left_out(), None);
}

#[test]
fn what_is_no_session_is_said_to_be_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a\u{1b}b");
    let newer = header().line().replace(SCHEMA, "hopwatch.session/2") + "\n";
    for text in [&b""[..], b"\n", b"{}\n", &vec![b'x'; 3 << 20], newer.as_bytes()] {
        fs::write(&path, text).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("ab\" is no recorded watch"), "{error:?}");
    }
    let error = read(&directory.path().join("none")).unwrap_err().to_string();
    assert!(error.ends_with("none\": no such file or directory"), "{error}");
    assert!(read(directory.path()).unwrap_err().to_string().ends_with("is a directory"));
}

#[test]
fn a_later_part_says_what_the_wall_clock_had_come_to() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path(), 1, u64::MAX);
    let stepped = header().started + Duration::from_hours(1);
    let second = Header { part: 2, started: stepped, ..header() };
    fs::write(directory.path().join("watch_2.jsonl"), second.line() + "\n").unwrap();
    let step = Record::ClockStep(Anchor { time: Time::ZERO, wall: stepped });
    assert_eq!(read(&path).unwrap().0, [round(0), step]);
    let foreign =
        Header { session: "other".to_owned(), part: 3, started: SystemTime::UNIX_EPOCH, ..header() };
    fs::write(directory.path().join("watch_3.jsonl"), foreign.line() + "\n").unwrap();
    assert_eq!(Session::open(&path).unwrap().parts.len(), 2);
}

#[test]
fn a_part_whose_header_is_spoilt_is_read_and_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path(), 40, 1_000);
    let (whole, parts) = (read(&path).unwrap().0, Session::open(&path).unwrap().parts);
    assert!(parts.len() > 2);
    for part in &parts[1..] {
        let text = fs::read_to_string(part).unwrap();
        fs::write(part, text.replacen("hopwatch.session", "hopwatch.sess\0on", 1)).unwrap();
        let (records, met) = read(&path).unwrap();
        assert_eq!((records.len(), met.wrong), (whole.len(), 1));
        let told = met.left_out().unwrap();
        assert!(told.ends_with("line 1: no header of hopwatch.session/1)"), "{told}");
        fs::write(part, text).unwrap();
    }
}

#[test]
fn a_skim_finds_the_first_round_that_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path(), 20, u64::MAX);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("{\"round\":{\"n\":0", "{\"round\":{\"n\":-", 1)).unwrap();
    let mut skimmed = Vec::new();
    let met = Session::open(&path).unwrap().skim(|record| skimmed.push(record)).unwrap();
    assert_eq!((met.wrong, skimmed.first(), skimmed.last()), (1, Some(&round(1)), Some(&round(19))));
}

#[test]
fn a_skim_gives_all_but_rounds_among_rounds() {
    let directory = tempfile::tempdir().unwrap();
    let command = |number: u32| Record::Command(Time::from_millis(number.into()), Command::MaxTtl(9));
    for part in [u64::MAX, 1_000] {
        let first = directory.path().join(format!("{part}.jsonl"));
        let place = Place { first: first.clone(), limit: u64::MAX, named: true, part };
        let (recorder, finish) = Recorder::start(header(), place).unwrap();
        (0..5).for_each(|number| recorder.push(round(number)));
        recorder.push(command(7));
        (5..10).for_each(|number| recorder.push(round(number)));
        drop(recorder);
        finish.wait(Duration::from_mins(1));
        let mut skimmed = Vec::new();
        let session = Session::open(&first).unwrap();
        session.skim(|record| skimmed.push(record)).unwrap();
        let at = skimmed.iter().position(|record| *record == command(7)).unwrap();
        assert_eq!(skimmed[at - 1], round(4), "in order");
        skimmed.remove(at);
        // The last of each part as well.
        assert!([0, 4, 9].iter().all(|number| skimmed.contains(&round(*number))), "{part}: {skimmed:?}");
        assert!(skimmed.len() < 8, "{part}: {skimmed:?}");
        let mut some = Vec::new();
        let span = Span::Between(Time::from_millis(6_000), Time::from_millis(12_000));
        session.read(span, |record| some.push(record)).unwrap();
        assert_eq!(some, [round(2), round(3), round(4), command(7)], "the first behind it as well");
    }
}

#[test]
fn a_line_that_is_too_long_is_passed_over_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path(), 3, u64::MAX);
    let before = fs::read_to_string(&path).unwrap();
    let round = before.lines().last().unwrap();
    let of_path = before.lines().rfind(|line| line.starts_with("{\"path\"")).unwrap();
    for length in [LINE as usize - 1, LINE as usize, 3 << 20] {
        let long = format!("{{\"cross_check\":{{\"at\":1,\"us\":[{}1]}}}}", "\"=\",".repeat(length / 4));
        fs::write(&path, format!("{before}{long}\n{of_path}\n{round}\n")).unwrap();
        let expected = Met { records: 4, rounds: 4, unknown: 1, ..Met::default() };
        assert_eq!(read(&path).unwrap().1, expected, "{length}");
        fs::write(&path, format!("{before}{long}")).unwrap();
        assert_eq!(read(&path).unwrap().1, Met { records: 3, rounds: 3, ..Met::default() }, "{length}: torn");
    }
}
