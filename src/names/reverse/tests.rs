use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

const MILLI: Duration = Duration::from_millis(1);

fn address(n: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + n).into()
}

fn asked(reverse: &mut Reverse, now: Time) -> Vec<IpAddr> {
    std::iter::from_fn(|| reverse.poll_ask(now)).collect()
}

/// One address wanted at `now` and asked for.
fn running(now: Time) -> Reverse {
    let mut reverse = Reverse::default();
    reverse.want(now, address(1));
    assert_eq!(asked(&mut reverse, now), [address(1)]);
    reverse
}

#[test]
fn a_wanted_address_is_asked_for_once() {
    let now = Time::from_millis(1_000);
    let mut reverse = running(now);
    reverse.want(now, address(1));
    assert_eq!(reverse.poll_ask(now), None);
    reverse.handle_answer(now, address(1), Some("one.example."));
    assert_eq!(reverse.names().get(address(1)), Some("one.example"));
    reverse.want(now, address(1));
    assert_eq!(reverse.poll_ask(now), None);
}

#[test]
fn only_as_many_as_there_are_threads_are_asked_at_a_time() {
    let mut reverse = Reverse::default();
    (0..10).for_each(|n| reverse.want(Time::ZERO, address(n)));
    assert_eq!(asked(&mut reverse, Time::ZERO).len(), LOOKUPS);
    assert_eq!(reverse.poll_timeout(), None, "an answer must come first");
    reverse.handle_answer(Time::ZERO, address(0), None);
    assert_eq!(asked(&mut reverse, Time::ZERO).len(), 1);
}

#[test]
fn a_name_is_looked_up_again_after_an_hour_and_stands_meanwhile() {
    let mut reverse = running(Time::ZERO);
    reverse.handle_answer(Time::ZERO, address(1), Some("old.example"));
    assert_eq!(reverse.poll_timeout(), Some(Time::ZERO + FOUND_FOR));
    assert_eq!(reverse.poll_ask(Time::ZERO + FOUND_FOR - MILLI), None);
    let later = Time::ZERO + FOUND_FOR;
    assert_eq!(reverse.poll_ask(later), Some(address(1)));
    reverse.handle_answer(later, address(1), None);
    assert_eq!(reverse.names().get(address(1)), Some("old.example"));
    let later = later + RETRY_MIN;
    assert_eq!(reverse.poll_ask(later), Some(address(1)));
    reverse.handle_answer(later, address(1), Some("new.example"));
    assert_eq!(reverse.names().get(address(1)), Some("new.example"));
}

#[test]
fn an_address_without_a_name_is_asked_for_ever_more_rarely() {
    let mut reverse = running(Time::ZERO);
    let mut now = Time::ZERO;
    for minutes in [1, 2, 4, 8, 16, 30, 30] {
        reverse.handle_answer(now, address(1), None);
        now = now + Duration::from_mins(minutes);
        assert_eq!(reverse.poll_ask(now - MILLI), None);
        assert_eq!(reverse.poll_ask(now), Some(address(1)), "after {minutes} min");
    }
    reverse.handle_answer(now, address(1), Some("late.example"));
    now = now + FOUND_FOR;
    assert_eq!(reverse.poll_ask(now), Some(address(1)));
    reverse.handle_answer(now, address(1), None);
    assert_eq!(reverse.poll_ask(now + RETRY_MIN), Some(address(1)), "a name found sets the wait back");
}

#[test]
fn an_overdue_lookup_is_tried_once_more_beside_the_stuck_one() {
    let mut reverse = running(Time::ZERO);
    assert_eq!(reverse.poll_timeout(), Some(Time::ZERO + DEADLINE));
    let overdue = Time::ZERO + DEADLINE;
    assert_eq!(reverse.poll_ask(overdue), None);
    let again = overdue + RETRY_MIN;
    assert_eq!(reverse.poll_timeout(), Some(again));
    assert_eq!(reverse.poll_ask(again), Some(address(1)));
    let mut now = again;
    for _ in 0..100 {
        now = reverse.poll_timeout().unwrap();
        assert_eq!(reverse.poll_ask(now), None, "a third would let one address take every thread");
    }
    reverse.handle_answer(now, address(1), Some("slow.example"));
    assert_eq!(reverse.names().get(address(1)), Some("slow.example"), "late is better than never");
}

#[test]
fn when_every_thread_is_stuck_nothing_is_due_until_one_comes_back() {
    let mut reverse = Reverse::default();
    (0..6).for_each(|n| reverse.want(Time::ZERO, address(n)));
    assert_eq!(asked(&mut reverse, Time::ZERO).len(), LOOKUPS);
    let day = Time::ZERO + Duration::from_hours(24);
    assert_eq!((reverse.poll_timeout(), reverse.poll_ask(day)), (None, None));
    reverse.handle_answer(day, address(3), None);
    assert_eq!(reverse.poll_ask(day), Some(address(4)));
}

#[test]
fn the_oldest_addresses_are_forgotten() {
    let mut reverse = running(Time::ZERO);
    reverse.handle_answer(Time::ZERO, address(1), Some("one.example"));
    (2..=CAPACITY as u32 + 1).for_each(|n| reverse.want(Time::ZERO, address(n)));
    assert_eq!(reverse.names().get(address(1)), None);
    assert_eq!(
        (reverse.entries.len(), reverse.schedule.len(), reverse.ages.len()),
        (CAPACITY, CAPACITY, CAPACITY)
    );
    reverse.want(Time::ZERO, address(1));
    assert_eq!(asked(&mut reverse, Time::ZERO).len(), LOOKUPS);
}

#[test]
fn the_answer_for_a_forgotten_address_frees_its_thread_only() {
    let mut reverse = running(Time::ZERO);
    (2..=CAPACITY as u32 + 1).for_each(|n| reverse.want(Time::ZERO, address(n)));
    assert_eq!(asked(&mut reverse, Time::ZERO).len(), LOOKUPS - 1);
    reverse.handle_answer(Time::ZERO, address(1), Some("one.example"));
    assert_eq!(*reverse.names(), Names::default());
    assert_eq!(asked(&mut reverse, Time::ZERO).len(), 1);
}

#[test]
fn switched_off_it_asks_nothing_and_keeps_what_it_knows() {
    let mut reverse = running(Time::ZERO);
    reverse.set_enabled(false);
    reverse.handle_answer(Time::ZERO, address(1), Some("one.example"));
    reverse.want(Time::ZERO, address(2));
    assert_eq!((reverse.poll_ask(Time::ZERO), reverse.poll_timeout()), (None, None));
    assert_eq!(reverse.names().get(address(1)), Some("one.example"));
    reverse.set_enabled(true);
    assert_eq!(reverse.poll_ask(Time::ZERO), Some(address(2)));
}

#[test]
fn the_names_are_the_same_arc_until_one_changes() {
    let mut reverse = running(Time::ZERO);
    let before = reverse.names();
    reverse.handle_answer(Time::ZERO, address(1), None);
    assert!(Arc::ptr_eq(&before, &reverse.names()));
    let again = Time::ZERO + RETRY_MIN;
    for changed in [true, false] {
        let before = reverse.names();
        reverse.handle_answer(again, address(1), Some("one.example"));
        assert_eq!(!Arc::ptr_eq(&before, &reverse.names()), changed);
    }
    assert_eq!(before.get(address(1)), None, "a view handed out stays as it was");
}

#[test]
fn names_are_scrubbed_and_never_pass_for_an_address() {
    let mut reverse = running(Time::ZERO);
    reverse.handle_answer(Time::ZERO, address(1), Some("evil\x1b[2J\u{202e}.example"));
    assert_eq!(reverse.names().get(address(1)), Some("evil[2J.example"));
    for nothing in ["", "\u{200b}", "192.0.2.1", "2001:db8::1"] {
        let mut reverse = running(Time::ZERO);
        reverse.handle_answer(Time::ZERO, address(1), Some(nothing));
        assert_eq!(reverse.names().get(address(1)), None, "{nothing:?}");
    }
}

proptest! {
    /// Whatever the order of wants, answers and time: threads are never asked for more than they are, every
    /// address has one moment, and following `poll_timeout` makes no busy loop.
    #[test]
    fn its_books_stay_right(steps in prop::collection::vec((0..4_u8, 0..12_u32, 0..100_000_u64), 0..200)) {
        let mut reverse = Reverse::default();
        let mut now = Time::ZERO;
        for (what, n, millis) in steps {
            match what {
                0 => reverse.want(now, address(n)),
                1 => drop(asked(&mut reverse, now)),
                2 => if let Some(at) = reverse.running.first().copied() {
                    reverse.handle_answer(now, at, (n % 2 == 0).then_some("x.example"));
                },
                _ => now = now + Duration::from_millis(millis),
            }
            prop_assert!(reverse.running.len() <= LOOKUPS);
            prop_assert_eq!(reverse.entries.len(), reverse.ages.len());
            let schedule: BTreeSet<_> = reverse.entries.iter().map(|(at, entry)| (entry.due, *at)).collect();
            prop_assert_eq!(&schedule, &reverse.schedule);
        }
        asked(&mut reverse, now);
        prop_assert!(reverse.poll_timeout().is_none_or(|due| due > now));
    }
}
