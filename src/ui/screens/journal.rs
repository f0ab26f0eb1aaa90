//! The journal: its pictures, and the ways in and out.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;

use super::{SIZES, after};
use crate::engine::epoch::{Epoch, Epochs};
use crate::engine::journal::{Entry, Journal, What};
use crate::engine::probe::LocalFault;
use crate::engine::round::Row;
use crate::engine::time::Time;
use crate::ui::action::{Action, Step};
use crate::ui::app::Layer;
use crate::ui::journal;
use crate::ui::testing::{Scene, clean, picture};

/// One event of each kind, the last of them an outage in force, after so many suspends.
fn eventful(suspends: u32) -> Scene {
    let mut scene = clean().cut(4, 559);
    scene.rounds = 200;
    scene.mend(move |snapshot| {
        let (mut journal, mut epochs) = (Journal::default(), Epochs::default());
        epochs.take(Epoch { number: 2, again: Some(0), ..Epoch::default() });
        let refused = What::Outage { lost: 0, refused: 12, of: 12, by: None };
        let local = What::Local { fault: LocalFault::LinkDown, not_sent: 88 };
        let events = (0..suspends).map(|_| (1, What::Suspend, None)).chain([
            (60, refused, Some(Row::Hop(3))),
            (41, What::LossBurst { lost: 9, of: 30 }, Some(Row::Hop(2))),
            (30, What::Latency { before: 19_000, after: 48_300 }, Some(Row::Target)),
            (8, local, None),
            (0, What::RouteChange { from: 1, to: 2 }, Some(Row::Hop(2))),
            (7_300, What::Suspend, None),
        ]);
        for (number, (seconds, what, row)) in (0..).zip(events) {
            let start = Time::from_millis(10_000 * u64::from(number));
            let end = Some(start + Duration::from_secs(seconds));
            journal.take(Entry { number, start, end, row, withdrawn: false, what });
        }
        let what = What::Outage { lost: 41, refused: 0, of: 41, by: None };
        let start = Time::from_millis(559_000);
        journal.take(Entry { number: 99, start, end: None, row: Some(Row::Hop(4)), withdrawn: false, what });
        snapshot.journal = Arc::new(journal);
        snapshot.epochs = Arc::new(epochs);
    })
}

#[test]
fn the_journal_lists_events_newest_first() {
    for (width, height) in SIZES {
        assert_snapshot!(
            format!("{width}x{height}"),
            after(&eventful(0), (width, height), &[Action::Journal])
        );
    }
    assert_snapshot!("empty_60x12", after(&clean(), (60, 12), &[Action::Journal]));
}

#[test]
fn the_journal_scrolls_to_its_end_and_closes() {
    let mut app = eventful(40).app(60, 12);
    app.update(Action::Journal);
    let newest = picture(&app, 60, 12).to_string();
    app.update(Action::Move(Step::End));
    let oldest = picture(&app, 60, 12).to_string();
    assert!(newest.contains("41+ lost") && !oldest.contains("41+ lost"), "{newest}{oldest}");
    app.update(Action::Move(Step::Down));
    assert_eq!(picture(&app, 60, 12).to_string(), oldest);
    app.update(Action::Back);
    assert_eq!(app.layer(), &Layer::None);
}

#[test]
fn a_running_outage_has_one_length_the_one_that_is_known() {
    let mut app = eventful(0).app(80, 24);
    let shown = picture(&app, 80, 24).to_string();
    assert!(shown.contains("outage since 14:09:19") && shown.contains("Outage for 41 s"), "{shown}");
    app.update(Action::Journal);
    let listed = picture(&app, 80, 24).to_string();
    assert!(listed.contains(" 41 s+ outage") && listed.contains("2 outages, 1 m 41 s in all"), "{listed}");
}

#[test]
fn no_more_lines_are_worked_out_than_are_shown() {
    let app = eventful(40).app(60, 12);
    let height = journal::height(&app, 60);
    let all = journal::lines(&app, 60, 0, height);
    assert_eq!(all.len(), height);
    assert_eq!(journal::lines(&app, 60, 3, 5), all[3..8]);
    assert_eq!(journal::lines(&app, 60, height, 5), all[height - 5..]);
}
