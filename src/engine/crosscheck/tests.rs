use super::*;

#[test]
fn a_target_that_answers_one_request_without_end_is_told_of_in_short_records() {
    let mut check = CrossCheck::new([192, 0, 2, 9].into(), Duration::from_secs(3), Echoes::default());
    let now = Time::from_millis(1);
    let mut records = Vec::new();
    for _ in 0..100_000 {
        check.decide(now, Echo::Duplicate);
        records.extend(check.poll_record(now, false));
    }
    records.extend(check.finish(now));
    assert!(records.iter().all(|record| record.us.len() <= MOST_UNTOLD));
    assert_eq!(records.iter().map(|record| record.us.len()).sum::<usize>(), 100_000);
    assert_eq!(check.echoes().counts.duplicates, 100_000);
}
