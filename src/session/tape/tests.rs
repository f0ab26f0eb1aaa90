use super::*;
use crate::engine::end::{End, Ending};
use crate::engine::journal::What;
use crate::engine::probe::{Grade, LocalFault};
use crate::engine::record::Slowed;
use crate::engine::round::{Late, Row};
use crate::session::testing::{header, round};

#[test]
fn tries_at_a_slower_pace_are_told_apart_in_a_replay_as_they_were_live() {
    let row = Row::Hop(2);
    let mut tape = Tape::new(&header(), Span::All);
    let slowed = |ms, every| Record::Slowed(Slowed { at: Time::from_millis(ms), row, every });
    for record in [round(0), slowed(3_000, 3), round(1), round(2), slowed(9_000, 1), round(3)] {
        tape.push(record);
    }
    let history = tape.snapshot().history;
    let slowed = |row| history.total(row).map(|totals| totals.counts.slowed);
    assert_eq!((slowed(row), slowed(Row::Hop(1))), (Some(6), Some(0)));
}

#[test]
fn nothing_that_is_told_behind_the_end_happened_later() {
    let ms = Time::from_millis;
    let mut tape = Tape::new(&header(), Span::All);
    let ending = Ending { at: ms(4_000), end: End::Silent, target_ttl: None, last_hop: 3 };
    let what = What::LossBurst { lost: 1, of: 9 };
    let entry =
        Entry { number: 0, start: ms(3_000), end: Some(ms(5_000)), row: None, withdrawn: false, what };
    for record in [round(0), round(1), Record::End(ending), Record::Journal(entry)] {
        tape.push(record);
    }
    assert_eq!(tape.snapshot().now, ms(4_000));
    let resumed = Gap { from: ms(4_000), to: ms(9_000), why: Why::Resumed, slept: None };
    tape.push(Record::Gap(resumed));
    assert_eq!(tape.snapshot().now, ms(9_000));
}

#[test]
fn what_lasts_at_the_end_of_a_part_is_shown_as_it_stood_then() {
    let ms = Time::from_millis;
    let entry = |number, start, end, withdrawn, lost| {
        let what = What::LossBurst { lost, of: 9 };
        Record::Journal(Entry { number, start: ms(start), end, row: None, withdrawn, what })
    };
    let fault = |since, until, not_sent| {
        Record::Fault(Fault { kind: LocalFault::NoRoute, since: ms(since), until, not_sent })
    };
    let mut tape = Tape::new(&header(), Span::Between(ms(0), ms(12_000)));
    let before = [
        entry(0, 3_000, None, false, 1),
        entry(0, 3_000, None, false, 2),
        entry(1, 3_000, None, false, 1),
        entry(2, 3_000, None, false, 1),
        fault(9_000, None, 1),
    ];
    let behind = [
        entry(0, 3_000, Some(ms(99_000)), false, 7),
        entry(1, 3_000, Some(ms(12_000)), false, 3),
        entry(2, 3_000, Some(ms(15_000)), true, 0),
        // Known only then, but what began before the end.
        entry(3, 11_000, Some(ms(15_000)), false, 2),
        entry(4, 12_000, None, false, 2),
        fault(9_000, Some(ms(99_000)), 9),
    ];
    (0..4).map(round).chain(before).chain([round(4)]).chain(behind).for_each(|record| tape.push(record));
    let snapshot = tape.snapshot();
    let lost = |what: &What| if let What::LossBurst { lost, .. } = what { *lost } else { 0 };
    let shown: Vec<_> =
        snapshot.journal.iter().map(|entry| (entry.number, entry.end, lost(&entry.what))).collect();
    assert_eq!(shown, [(0, None, 2), (1, Some(ms(12_000)), 3), (3, None, 2)]);
    assert_eq!(snapshot.fault.map(|fault| (fault.until, fault.not_sent)), Some((None, 1)));
    assert_eq!(tape.next_entry(), 5);
}

#[test]
fn a_part_counts_late_and_second_answers_of_its_own_rounds_alone() {
    let row = Row::Hop(2);
    let late = |round| {
        let from = [192, 0, 2, 2].into();
        Record::Late(Late { round, row, index: 0, refused: false, us: 4_000, grade: Grade::Kernel, from })
    };
    let mut tape = Tape::new(&header(), Span::Between(Time::from_millis(6_000), Time::from_millis(12_000)));
    let again = || Record::Duplicate(row);
    let records = [round(0), round(1), again(), late(1), round(2), late(0), again(), round(3)];
    for record in records {
        tape.push(record);
    }
    let counts = |tape: &Tape| tape.snapshot().history.total(row).map(|totals| totals.counts).unwrap();
    let before = counts(&tape);
    assert_eq!((before.late, before.duplicates, before.sent()), (0, 1, 6));
    for record in [round(4), again(), late(4), again()] {
        tape.push(record);
    }
    assert_eq!(counts(&tape), before);
    tape.push(late(3));
    assert_eq!(counts(&tape).late, 1);
}
