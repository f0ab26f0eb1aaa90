//! Where events of the journal were, the older the wider the slices around them.

use hopwatch::engine::journal::{Entry, What};
use hopwatch::engine::round::Row;
use hopwatch::engine::verdict::event::verdict;

use crate::week::{DAY, HOUR, at, hits, path, watched};

const NOW: u64 = 4 * DAY;

#[test]
fn an_event_that_has_left_the_rounds_is_placed_in_slices_of_any_width() {
    // By when each began, how long it lasted, past which hop it was and how much it took.
    let events = [
        (3 * DAY, 31, 3, 1.0),
        (2 * DAY + 8 * HOUR, 240, 2, 0.4),
        (6 * HOUR, 31, 4, 1.0),
        (5 * HOUR + 600, 60, 2, 0.3),
        (HOUR, 31, 1, 1.0),
        (HOUR / 2 + 700, 9, 5, 1.0),
        (600, 31, 2, 1.0),
    ];
    let history = watched(4, |second, ttl| {
        let takes = |(ago, length, past, share): &(u64, u64, u8, f64)| {
            let since = NOW - ago;
            ttl > *past && (since..since + length).contains(&second) && hits(second, 0, *share)
        };
        events.iter().any(takes) || hits(second, ttl, 0.001)
    });
    for (ago, length, past, share) in events {
        let start = NOW - ago;
        let lost = (start..start + length).filter(|second| hits(*second, 0, share)).count() as u32;
        let of = length as u32;
        let what = match share {
            1.0 => What::Outage { lost, refused: 0, of, by: None },
            _ => What::LossBurst { lost, of },
        };
        let (row, end) = (Some(Row::Hop(past + 1)), Some(at(start + length)));
        let entry = Entry { number: 0, start: at(start), end, row, withdrawn: false, what };
        let finding = verdict(&history, &path(), &entry, at(NOW)).expect("a place");
        println!("{ago} s ago: {}", finding.text());
        assert_eq!(finding.between, Some((past, past + 1)), "{ago} s ago: {finding:?}");
    }
}

#[test]
fn an_event_that_drowns_in_its_slice_has_no_place() {
    // Two tries of ten minutes, at a target that loses a hundredth all the time.
    let start = NOW - 3 * DAY + 300;
    let history = watched(4, |second, ttl| {
        ttl > 3 && (start..start + 2).contains(&second) || ttl > 5 && hits(second, ttl, 0.01)
    });
    let what = What::LossBurst { lost: 2, of: 2 };
    let (row, end) = (Some(Row::Hop(4)), Some(at(start + 2)));
    let entry = Entry { number: 0, start: at(start), end, row, withdrawn: false, what };
    assert_eq!(verdict(&history, &path(), &entry, at(NOW)), None);
}
