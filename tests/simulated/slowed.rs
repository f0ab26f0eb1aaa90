//! Tries at a slower pace, by which a hop's limiter is told: counted as sent, and part of no loss.

use std::time::Duration;

use hopwatch::engine::history::Cell;
use hopwatch::engine::record::Record;
use hopwatch::engine::round::{Row, Try};
use hopwatch::engine::span::Span;
use hopwatch::engine::stats::Counts;
use hopwatch::engine::time::Time;
use hopwatch::net::simulated::scenario::Hop;

use crate::paths::{plain, still};
use crate::play::Play;

const HOP: Row = Row::Hop(4);

/// A watch of so many ms in which the fourth of nine hops answers six tries of ten, whatever it is asked.
fn played(ms: u64) -> Play {
    let mut hops = plain(9);
    hops[3] = Hop { deaf: 0.4, ..hops[3].clone() };
    Play::new(still(hops)).until_ms(ms)
}

/// Decided tries of a span at the usual pace and the lost ones of them, then the same of the slower pace.
fn counted(play: &Play, from: Time) -> [u64; 4] {
    let mut slowed = Vec::new();
    let mut counts = [0; 4];
    for record in &play.records {
        match record {
            Record::Slowed(change) if change.row == HOP => slowed.push((change.at, change.every > 1)),
            Record::Round(round) => {
                let tries = round.row(HOP).map(|part| part.tries.as_slice()).unwrap_or_default();
                for (index, outcome) in tries.iter().enumerate() {
                    let due = round.due(index);
                    let is_slow = slowed.iter().rfind(|(at, _)| *at <= due).is_some_and(|(_, slow)| *slow);
                    let place = if is_slow { 2 } else { 0 };
                    if due >= from && matches!(outcome, Try::Answered { .. } | Try::Lost) {
                        counts[place] += 1;
                        counts[place + 1] += u64::from(*outcome == Try::Lost);
                    }
                }
            }
            _ => {}
        }
    }
    counts
}

fn booked(counts: &Counts) -> [u64; 4] {
    [counts.judged(), counts.lost - counts.slowed_lost, counts.slowed, counts.slowed_lost]
}

#[test]
fn slowed_tries_are_in_the_books_and_in_no_loss_whatever_the_span() {
    let play = played(3_600_000);
    let snapshot = play.snapshot();
    let [judged, lost, slowed, slowed_lost] = counted(&play, Time::ZERO);
    assert!(slowed >= 20 && slowed_lost > 0, "the hop was put to the test: {slowed}, {slowed_lost} lost");
    let open: u64 =
        snapshot.open.iter().filter_map(|round| round.row(HOP)).map(|part| part.tries.len() as u64).sum();
    assert!(open <= 6, "{open}");
    let settled = snapshot.history.total(HOP).expect("a row").counts;
    assert_eq!(booked(&settled), [judged, lost, slowed, slowed_lost]);
    assert_eq!(settled.sent(), judged + slowed, "books: every try sent is there");

    // The table's figures, of all and of a part that is told by slices.
    let all = play.hop(4);
    let share = all.loss.expect("a share");
    let plain = 100.0 * (all.counts.lost - slowed_lost) as f64 / all.counts.judged() as f64;
    assert!((share.pct - plain).abs() < 1e-9, "{share:?}");
    let from = Time::ZERO + Duration::from_mins(10);
    let row = snapshot.table(Span::Since(from)).rows.into_iter().find(|row| row.row == HOP).expect("a row");
    let [part_judged, part_lost, part_slowed, part_slowed_lost] = counted(&play, from);
    assert_eq!((row.counts.slowed, row.counts.slowed_lost), (part_slowed, part_slowed_lost));
    let unsettled = row.counts.judged() - part_judged;
    assert!(unsettled <= 6 && row.counts.lost - row.counts.slowed_lost - part_lost <= unsettled);

    // Cells add up to the same, and their bursts are of the usual pace alone.
    let mut sum = Counts::default();
    snapshot.history.cells(HOP, Span::All).for_each(|cell: Cell| sum.add(&cell.counts));
    assert_eq!(booked(&sum), booked(&settled));
    assert!(sum.bursts <= lost, "{sum:?}");
}

#[test]
fn slowed_tries_are_told_apart_among_the_latest() {
    let mut ms = 60_000;
    let mut play = played(ms);
    let is_slowed = |play: &Play| play.snapshot().history.is_slowed(HOP, play.now);
    while !is_slowed(&play) && ms < 3_600_000 {
        ms += 10_000;
        play = play.until_ms(ms);
    }
    assert!(is_slowed(&play));
    let play = play.until_ms(ms + 30_000);
    let tries = play.snapshot().recent_tries(HOP, Span::All, 120);
    let slowed = tries.iter().filter(|(_, is_slowed)| *is_slowed);
    let asked = slowed.clone().filter(|(outcome, _)| *outcome != Try::Skipped).count();
    assert!(asked >= 8 && slowed.count() > 2 * asked, "{tries:?}");
    assert!(tries.iter().any(|(_, is_slowed)| !is_slowed));
    let others = play.snapshot().recent_tries(Row::Hop(5), Span::All, 120);
    assert!(others.iter().all(|(_, is_slowed)| !is_slowed));
}
