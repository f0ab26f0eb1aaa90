//! The cross-check of a silent target by echo, on virtual time.

use std::time::Duration;

use hopwatch::engine::crosscheck::{CrossCheck, Echoes};
use hopwatch::engine::time::Time;
use hopwatch::net::simulated::Simulated;
use hopwatch::net::simulated::scenario::{Conduct, Hop, Scenario};

const SECOND: Duration = Duration::from_secs(1);

/// Plays `seconds` against a target `ms` away; requests are wanted in the seconds that `wanted` tells.
fn play(target: Hop, seconds: u64, wanted: impl Fn(u64) -> bool) -> (Echoes, Vec<(Time, u8)>) {
    let mut check = CrossCheck::new(target.address, 3 * SECOND, Echoes::default());
    let mut channel = Simulated::new(Scenario::still([192, 0, 2, 1], vec![target])).logged();
    for ms in 0..seconds * 1_000 {
        let now = Time::from_millis(ms);
        while let Some(event) = channel.poll(now) {
            check.handle_event(event);
        }
        check.handle_timeout(now);
        if let Some(probe) = check.poll_transmit(now, SECOND, wanted(ms / 1_000)) {
            let outcome = channel.send(now, &probe);
            check.handle_sent(probe.no, outcome);
        }
        let counts = check.echoes().counts;
        assert_eq!(counts.sent() + counts.not_sent, channel.log.len() as u64);
    }
    (check.echoes(), channel.log)
}

fn answering(ms: f64) -> Hop {
    Hop::target([198, 51, 100, 1], ms).conduct(Conduct::Direct)
}

#[test]
fn it_asks_once_an_interval_and_only_while_wanted() {
    let (echoes, log) = play(answering(12.0), 60, |second| (20..50).contains(&second));
    assert_eq!((echoes.counts.answered, echoes.counts.lost), (30, 0));
    assert_eq!(echoes.last, Some(Duration::from_millis(12)));
    assert!((echoes.rtt.mean() - 12_000.0).abs() < 1.0);
    assert!(log.windows(2).all(|pair| pair[1].0.since(pair[0].0) == SECOND), "{log:?}");
}

#[test]
fn silence_is_lost_after_the_timeout_and_a_late_answer_takes_it_back() {
    let silent = Hop::router([198, 51, 100, 1], 1.0).conduct(Conduct::Silent);
    let (echoes, _) = play(silent, 10, |_| true);
    assert_eq!((echoes.counts.lost, echoes.counts.in_flight, echoes.last), (7, 3, None));
    let (echoes, _) = play(answering(4_000.0), 10, |second| second < 5);
    assert_eq!((echoes.counts.late, echoes.counts.answered, echoes.counts.lost), (5, 0, 0));
}

#[test]
fn a_refusal_is_neither_an_answer_nor_a_loss() {
    let (echoes, _) = play(Hop::target([198, 51, 100, 1], 5.0), 4, |_| true);
    assert_eq!((echoes.counts.refused, echoes.counts.judged(), echoes.last), (4, 0, None));
}
