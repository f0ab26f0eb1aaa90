use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::origin::Origin;

const MILLI: Duration = Duration::from_millis(1);

fn address(n: u32) -> IpAddr {
    Ipv4Addr::from(0x0900_0000 + n).into()
}

fn asked(lookup: &mut Lookup, now: Time) -> Vec<Question> {
    std::iter::from_fn(|| lookup.poll_ask(now)).collect()
}

fn origin(n: u32, number: u32) -> Answer {
    Answer::Origin(address(n), number, None)
}

/// One address wanted at the beginning and asked for.
fn running() -> Lookup {
    let mut lookup = Lookup::new(true);
    lookup.want(Time::ZERO, address(1));
    assert_eq!(asked(&mut lookup, Time::ZERO), [Question::Origin(address(1))]);
    lookup
}

#[test]
fn the_number_is_there_before_its_name() {
    let mut lookup = running();
    lookup.want(Time::ZERO, address(1));
    assert_eq!(lookup.poll_ask(Time::ZERO), None);
    lookup.handle_answer(Time::ZERO, origin(1, 64_500));
    assert_eq!(lookup.origins().get(address(1)), Some(Origin { number: 64_500, name: None }));
    assert_eq!(asked(&mut lookup, Time::ZERO), [Question::Name(64_500)]);
    lookup.handle_answer(Time::ZERO, Answer::Name(64_500, "EXAMPLE".into()));
    let expected = Origin { number: 64_500, name: Some("EXAMPLE") };
    assert_eq!(lookup.origins().get(address(1)), Some(expected));
    assert!(!lookup.is_waiting(Time::ZERO));
}

#[test]
fn a_system_is_asked_for_its_name_once_for_all_its_addresses() {
    let mut lookup = running();
    lookup.want(Time::ZERO, address(2));
    asked(&mut lookup, Time::ZERO);
    lookup.handle_answer(Time::ZERO, origin(1, 64_500));
    lookup.handle_answer(Time::ZERO, origin(2, 64_500));
    assert_eq!(asked(&mut lookup, Time::ZERO), [Question::Name(64_500)]);
}

#[test]
fn a_name_that_comes_along_is_not_asked_for() {
    let mut lookup = running();
    lookup.handle_answer(Time::ZERO, Answer::Origin(address(1), 64_500, Some("EXAMPLE".into())));
    assert_eq!(lookup.origins().get(address(1)).unwrap().name, Some("EXAMPLE"));
    assert_eq!(lookup.poll_ask(Time::ZERO), None);
}

#[test]
fn only_so_many_are_asked_at_a_time() {
    let mut lookup = Lookup::new(true);
    (0..20).for_each(|n| lookup.want(Time::ZERO, address(n)));
    assert_eq!(asked(&mut lookup, Time::ZERO).len(), LOOKUPS);
    assert_eq!(lookup.poll_timeout(), None, "an answer must come first");
    assert!(lookup.is_waiting(Time::ZERO));
    lookup.handle_answer(Time::ZERO, Answer::Nothing(Question::Origin(address(0))));
    assert_eq!(asked(&mut lookup, Time::ZERO).len(), 1);
}

#[test]
fn a_question_in_vain_is_asked_ever_more_rarely() {
    let mut lookup = running();
    let mut now = Time::ZERO;
    for minutes in [1, 2, 4, 8, 16, 30, 30] {
        lookup.handle_answer(now, Answer::Nothing(Question::Origin(address(1))));
        now = now + Duration::from_mins(minutes);
        assert_eq!(lookup.poll_timeout(), Some(now));
        assert_eq!(lookup.poll_ask(now - MILLI), None);
        assert_eq!(asked(&mut lookup, now).len(), 1, "after {minutes} min");
    }
}

#[test]
fn what_was_found_is_asked_again_and_stands_meanwhile() {
    let mut lookup = running();
    lookup.handle_answer(Time::ZERO, Answer::Origin(address(1), 64_500, Some("OLD".into())));
    let later = Time::ZERO + FOUND_FOR;
    assert_eq!(lookup.poll_ask(later - MILLI), None);
    assert_eq!(asked(&mut lookup, later).len(), 2, "the origin and its name");
    lookup.handle_answer(later, Answer::Nothing(Question::Name(64_500)));
    lookup.handle_answer(later, Answer::Nothing(Question::Origin(address(1))));
    assert_eq!(lookup.origins().get(address(1)), Some(Origin { number: 64_500, name: Some("OLD") }));
    let later = later + RETRY_MIN;
    assert_eq!(asked(&mut lookup, later).len(), 2);
    lookup.handle_answer(later, origin(1, 64_501));
    assert_eq!(lookup.origins().get(address(1)), Some(Origin { number: 64_501, name: None }));
}

#[test]
fn switched_off_it_asks_nothing_and_keeps_what_it_knows() {
    let mut lookup = running();
    lookup.set_enabled(false);
    lookup.handle_answer(Time::ZERO, origin(1, 64_500));
    lookup.want(Time::ZERO, address(2));
    assert_eq!((lookup.poll_ask(Time::ZERO), lookup.poll_timeout()), (None, None));
    assert!(!lookup.is_waiting(Time::ZERO));
    assert_eq!(lookup.origins().get(address(1)).unwrap().number, 64_500);
    lookup.set_enabled(true);
    assert_eq!(asked(&mut lookup, Time::ZERO).len(), 2);
}

#[test]
fn trouble_stands_until_an_answer_comes() {
    let mut lookup = running();
    let question = Question::Origin(address(1));
    lookup.handle_answer(Time::ZERO, Answer::Unable(question, "no\nfile \x1b[2J".into()));
    assert_eq!(lookup.origins().trouble(), Some("no file [2J"));
    let (before, later) = (lookup.version(), Time::ZERO + RETRY_MIN);
    assert_eq!(asked(&mut lookup, later).len(), 1, "it is tried again");
    lookup.handle_answer(later, Answer::Nothing(question));
    assert_eq!(lookup.origins().trouble(), None);
    assert!(lookup.version() > before);
}

#[test]
fn the_origins_are_the_same_arc_until_one_changes() {
    let mut lookup = running();
    lookup.handle_answer(Time::ZERO, origin(1, 64_500));
    let (before, version) = (lookup.origins(), lookup.version());
    lookup.handle_answer(Time::ZERO, origin(1, 64_500));
    assert!(Arc::ptr_eq(&before, &lookup.origins()));
    assert_eq!(lookup.version(), version);
    lookup.handle_answer(Time::ZERO, origin(1, 64_501));
    assert_eq!(before.get(address(1)).unwrap().number, 64_500, "a view handed out stays as it was");
    assert!(lookup.version() > version);
}

#[test]
fn the_oldest_questions_are_forgotten() {
    let mut lookup = running();
    lookup.handle_answer(Time::ZERO, Answer::Origin(address(1), 64_500, Some("EXAMPLE".into())));
    (2..CAPACITY as u32 + 2).for_each(|n| lookup.want(Time::ZERO, address(n)));
    assert_eq!(*lookup.origins(), Origins::default());
    assert_eq!((lookup.entries.len(), lookup.ages.len()), (CAPACITY, CAPACITY));
    lookup.handle_answer(Time::ZERO, origin(1, 64_500));
    assert_eq!(*lookup.origins(), Origins::default(), "an answer to a forgotten question is none");
}

proptest! {
    #[test]
    fn every_answer_frees_a_place_and_nothing_is_forgotten_in_the_schedule(
        steps in prop::collection::vec((0u8..6, 0u32..5, 0u64..200_000), 0..200)
    ) {
        let (mut lookup, mut now, mut out) = (Lookup::new(true), Time::ZERO, Vec::new());
        for (kind, n, wait) in steps {
            now = now + Duration::from_millis(wait);
            match (kind, out.pop()) {
                (0 | 1, question) => {
                    out.extend(question);
                    lookup.want(now, address(n));
                    out.extend(asked(&mut lookup, now));
                }
                (2 | 3, Some(Question::Origin(address))) => {
                    lookup.handle_answer(now, Answer::Origin(address, n + 1, None));
                }
                (2 | 3, Some(Question::Name(number))) => {
                    lookup.handle_answer(now, Answer::Name(number, format!("N{n}")));
                }
                (_, Some(question)) => lookup.handle_answer(now, Answer::Nothing(question)),
                (_, None) => {}
            }
            prop_assert_eq!(lookup.out, out.len());
            prop_assert!(out.len() <= LOOKUPS);
            let waiting = lookup.schedule.len();
            let known: Vec<Question> = lookup.schedule.iter().map(|(_, question)| *question).collect();
            prop_assert_eq!(waiting + out.iter().filter(|out| !known.contains(out)).count(), lookup.entries.len());
        }
    }
}
