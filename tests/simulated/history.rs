//! History against plain formulas over the same tries.

use std::net::IpAddr;
use std::time::Duration;

use hopwatch::engine::end::End;
use hopwatch::engine::history::{Cell, History, Totals};
use hopwatch::engine::probe::Grade;
use hopwatch::engine::record::{Gap, Record, Why};
use hopwatch::engine::round::{Late, Responders, Round, RoundRow, Row, Try};
use hopwatch::engine::span::Span;
use hopwatch::engine::time::Time;
use proptest::prelude::*;

use crate::rounds::{Dice, Watch, responder};

/// What the plain formulas say of some tries.
fn plain(tries: &[(Try, Responders)]) -> Totals {
    let mut totals = Totals::default();
    for (outcome, by) in tries {
        totals.push(*outcome, false, by);
    }
    totals
}

fn same(got: &Totals, exact: &Totals, percentile_error: f64) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.counts, exact.counts);
    prop_assert_eq!(got.jitter, exact.jitter);
    prop_assert_eq!(got.grades, exact.grades);
    prop_assert_eq!(got.last, exact.last);
    let close = |got: f64, exact: f64| (got - exact).abs() <= 1e-6 * exact.abs().max(1.0);
    let moments = |totals: &Totals| {
        let rtt = totals.rtt;
        [rtt.count() as f64, rtt.mean(), rtt.best(), rtt.worst(), rtt.stdev()]
    };
    for (got, exact) in moments(got).into_iter().zip(moments(exact)) {
        prop_assert!(close(got, exact), "{} for {}", got, exact);
    }
    for q in [0.5, 0.95, 0.99] {
        let [got, exact] = [got, exact].map(|totals| totals.distribution.quantile(q).unwrap_or_default());
        prop_assert!((got - exact).abs() <= percentile_error * exact, "{} for {}", got, exact);
    }
    let answered = |totals: &Totals| {
        let of = totals.responders.iter().map(|of| (of.address, of.answered, of.rtt.mean()));
        let mut all: Vec<(IpAddr, u64, f64)> = of.collect();
        all.sort_unstable_by_key(|(address, ..)| *address);
        all
    };
    let (got, exact) = (answered(got), answered(exact));
    prop_assert_eq!(got.len(), exact.len());
    for (got, exact) in got.into_iter().zip(exact) {
        prop_assert_eq!((got.0, got.1), (exact.0, exact.1));
        prop_assert!(close(got.2, exact.2), "{} for {}", got.2, exact.2);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_span_is_answered_as_the_plain_formulas_do(
        rounds in 1u32..3_000,
        interval_ms in prop_oneof![Just(1u64), Just(100), Just(1_000), Just(20_000), Just(900_000)],
        seed in any::<u64>(),
        spans in prop::collection::vec((0.0f64..1.0, 0.0f64..1.2), 10),
    ) {
        let mut watch = Watch::new(1, Duration::from_millis(interval_ms));
        watch.dice = Dice(seed);
        let mut history = History::default();
        let mut tries = Vec::new();
        for _ in 0..rounds {
            let round = watch.next();
            let part = &round.rows[0];
            for (index, &outcome) in part.tries.iter().enumerate() {
                tries.push((round.due(index), (outcome, part.responders.clone())));
            }
            history.apply(&Record::Round(round));
        }
        let length = watch.now.as_nanos() as f64;
        for (from, part) in spans {
            let from = Time::from_nanos((from * length) as u64);
            let to = from + Duration::from_nanos((part * length) as u64);
            for span in [Span::Since(from), Span::Between(from, to)] {
                let got = history.totals(Row::Hop(1), span, &[]);
                let (first, end) = history.edges(span);
                prop_assert!(first <= span.from() && span.to() <= end);
                let within = tries.iter().filter(|(at, _)| first <= *at && *at < end);
                let within: Vec<_> = within.map(|(_, outcome)| outcome.clone()).collect();
                same(&got, &plain(&within), 0.05)?;
                let cells = history.cells(Row::Hop(1), span).map(|cell| cell.counts.sent()).sum::<u64>();
                prop_assert!(cells >= got.counts.sent());
            }
        }
        let all: Vec<_> = tries.into_iter().map(|(_, outcome)| outcome).collect();
        same(&history.totals(Row::Hop(1), Span::All, &[]), &plain(&all), 1e-9)?;
    }
}

#[test]
fn cells_lie_in_order_side_by_side_and_hold_every_try() {
    let mut watch = Watch::new(2, Duration::from_secs(1));
    let mut history = History::default();
    while watch.now < Time::from_millis(5 * 24 * 3_600_000) {
        history.apply(&Record::Round(watch.next()));
    }
    let cells: Vec<_> = history.cells(Row::Hop(2), Span::All).collect();
    assert!(cells.windows(2).all(|pair| pair[0].end() == pair[1].start), "no hole, no overlap");
    assert!(cells.windows(2).all(|pair| pair[0].length >= pair[1].length), "the older the wider");
    let widths = [600, 60, 10].map(|s| cells.iter().filter(|cell| cell.length.as_secs() == s).count());
    assert!(widths.iter().all(|&count| count > 100), "{widths:?}");
    let total = history.total(Row::Hop(2)).expect("figures");
    let sum = |of: fn(&Cell) -> u64| cells.iter().map(of).sum::<u64>();
    assert_eq!(sum(|cell| cell.counts.sent()), total.counts.sent());
    assert_eq!(sum(|cell| cell.counts.lost), total.counts.lost);
    assert_eq!(sum(|cell| cell.counts.bursts), total.counts.bursts);
    assert_eq!(sum(|cell| cell.rtt.count), total.rtt.count());
    assert_eq!(sum(|cell| cell.jitter.sum), total.jitter.sum);
}

#[test]
fn a_late_answer_mends_the_cell_of_its_try_even_when_the_round_has_left_the_ring() {
    let mut watch = Watch::new(1, Duration::from_millis(1));
    let mut history = History::default();
    // The ring holds 1.8 s of these, and an answer may be late by a minute.
    let mut lost = Vec::new();
    while watch.now < Time::from_millis(130_000) {
        let round = watch.next();
        if round.start >= Time::from_millis(71_000) && lost.len() < 50 && round.rows[0].tries[1] == Try::Lost
        {
            lost.push(round.number);
        }
        history.apply(&Record::Round(round));
    }
    assert_eq!(lost.len(), 50);
    assert!(history.recent().all(|round| round.number > lost[49]), "they have left the ring");
    let at = |number: u32| Time::from_millis(u64::from(number) * 3 + 1);
    let cell = |history: &History, number| {
        let next = at(number) + Duration::from_nanos(1);
        history.cells(Row::Hop(1), Span::Between(at(number), next)).next().expect("a cell")
    };
    let before = history.clone();
    for &round in &lost {
        let (us, grade, from) = (55_000_000, Grade::Kernel, responder(77));
        let was = cell(&history, round);
        assert!(was.start <= at(round) && at(round) < was.end());
        let late = Late { round, row: Row::Hop(1), index: 1, refused: false, us, grade, from };
        history.apply(&Record::Late(late));
        let is = cell(&history, round);
        assert_eq!((is.counts.lost, is.counts.late), (was.counts.lost - 1, was.counts.late + 1));
        assert_eq!((is.rtt.worst, is.rtt.count), (us, was.rtt.count + 1));
    }
    let cells = history.cells(Row::Hop(1), Span::All);
    let mended = history.total(Row::Hop(1)).expect("figures").counts;
    assert_eq!(cells.map(|cell| cell.counts.lost).sum::<u64>(), mended.lost);
    let total = before.total(Row::Hop(1)).expect("figures").counts;
    assert_eq!(total.lost, mended.lost + 50, "a clone keeps what it saw");
    let kept = before.cells(Row::Hop(1), Span::All);
    assert_eq!(kept.map(|cell| cell.counts.lost).sum::<u64>(), total.lost);
}

#[test]
fn what_lies_behind_a_gap_has_nothing_to_do_with_what_was_before() {
    let answered = |us| Try::Answered { us, by: 0, grade: Grade::Kernel };
    let round = |number: u32, start_s: u64, tries: &[Try]| {
        let part =
            RoundRow { row: Row::Target, ttl: 1, responders: [responder(1)].into(), tries: tries.into() };
        let (interval, start) = (Duration::from_secs(1), Time::from_millis(1_000 * start_s));
        Record::Round(Round { number, start, interval, end: End::Silent, rows: vec![part] })
    };
    let (from, to) = (Time::from_millis(2_500), Time::from_millis(500_000));
    let gap = Gap { from, to, why: Why::Suspend, slept: None };
    let mut history = History::default();
    // It is told of before the round that it cuts is settled.
    history.apply(&Record::Gap(gap));
    history.apply(&round(0, 0, &[answered(10_000), answered(11_000), Try::Lost]));
    history.apply(&round(1, 501, &[Try::Lost, answered(90_000)]));
    let mut joined = History::default();
    joined.apply(&round(0, 0, &[answered(10_000), answered(11_000), Try::Lost]));
    joined.apply(&round(1, 501, &[Try::Lost, answered(90_000)]));
    for span in [Span::All, Span::Since(Time::ZERO)] {
        let bursts = [&history, &joined].map(|h| h.totals(Row::Target, span, &[]).counts.bursts);
        assert_eq!(bursts, [2, 1], "{span:?}");
    }
    assert_eq!(history.gaps().collect::<Vec<_>>(), [&gap]);
}

#[test]
fn a_second_answer_counts_in_the_slice_it_came_in() {
    let mut watch = Watch::new(1, Duration::from_secs(1));
    let mut history = History::default();
    for n in 0..2_000 {
        history.apply(&Record::Round(watch.next()));
        if n % 10 == 0 {
            history.apply(&Record::Duplicate(Row::Hop(1)));
        }
    }
    let middle = Time::from_millis(3_000_000);
    let [all, half, recent] = [Span::All, Span::Since(middle), Span::Since(Time::from_millis(4_500_000))]
        .map(|span| history.totals(Row::Hop(1), span, &[]).counts.duplicates);
    assert_eq!((all, half, recent), (200, 100, 50));
}

#[test]
fn a_chart_has_every_try_in_one_column_however_old() {
    let mut watch = Watch::new(1, Duration::from_secs(1));
    let mut history = History::default();
    let (mut sent, mut losses) = (0, 0);
    while watch.now < Time::from_millis(3 * 24 * 3_600_000) {
        let round = watch.next();
        let tries = &round.rows[0].tries;
        losses += tries.iter().filter(|outcome| **outcome == Try::Lost).count() as u64;
        sent += tries.iter().filter(|outcome| !matches!(outcome, Try::NotSent | Try::Skipped)).count() as u64;
        history.apply(&Record::Round(round));
    }
    let columns = history.chart(Row::Hop(1), (Time::ZERO, watch.now), 120, &[]);
    assert_eq!(columns.len(), 120);
    assert!(columns.windows(2).all(|pair| pair[0].end() == pair[1].start));
    assert_eq!((columns[0].start, columns[119].end()), (Time::ZERO, watch.now));
    assert!(columns.iter().all(|column| !column.is_empty()));
    let sum = |of: fn(&Cell) -> u64| columns.iter().map(of).sum::<u64>();
    assert_eq!((sum(|column| column.counts.sent()), sum(|column| column.counts.lost)), (sent, losses));

    // Within the ring a column may be as narrow as a try.
    let from = watch.now - Duration::from_mins(1);
    let fine = history.chart(Row::Hop(1), (from, watch.now), 60, &[]);
    assert!(
        fine.iter().all(|column| column.counts.sent() + column.counts.not_sent + column.counts.skipped == 1)
    );
    // Further back one cell of ten minutes fills as many columns as it covers.
    let old = history.chart(Row::Hop(1), (Time::ZERO, Time::from_millis(1_200_000)), 40, &[]);
    assert!(old[..20].iter().all(|column| column.counts == old[0].counts));
    assert!(!old[0].is_empty() && old[0].counts != old[39].counts);
    // And nothing is known of what has not been yet, nor drawn without columns.
    let ahead = history.chart(Row::Hop(1), (watch.now, watch.now + Duration::from_mins(1)), 5, &[]);
    assert!(ahead.len() == 5 && ahead.iter().all(Cell::is_empty));
    assert!(history.chart(Row::Hop(1), (Time::ZERO, watch.now), 0, &[]).is_empty());
}
