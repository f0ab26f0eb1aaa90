//! Silence while the target answers echo requests, in words.

use std::time::Duration;

use super::super::finding::Finding;
use super::figures::duration;

/// Echo alone is answered, or was for a while.
pub fn echo_only(finding: &Finding) -> Vec<String> {
    let lengths = finding.episodes.iter().map(|one| u64::from(one.to.saturating_sub(one.from)));
    let long = duration(Duration::from_millis(lengths.sum()));
    let times = match finding.episodes.len() {
        0 | 1 => String::new(),
        many => format!(" in {many} stretches"),
    };
    let ago = finding.until.map(|until| format!(", until {} ago", duration(finding.span.1.since(until))));
    let (answers, get) = if ago.is_none() { ("answers", "get") } else { ("answered", "got") };
    let when = format!("for {long}{times}{}", ago.unwrap_or_default());
    let who = if finding.silent_target {
        format!("Hop {} {answers} nothing {when}, but the target ICMP echo", finding.judged_to)
    } else {
        format!("The target {answers} ICMP echo alone {when}")
    };
    vec![
        format!("{who}: packets {get} there and back"),
        "other answers may be limited and used up by other probes (another watch of this path?)".to_owned(),
        "or a filter came in, or the way of these probes alone is cut".to_owned(),
    ]
}
