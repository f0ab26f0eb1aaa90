//! A finding in words that a first-line support takes, the most important first.

mod echo_only;
mod figures;

use std::time::Duration;

use self::echo_only::echo_only;
use self::figures::listed;
pub use self::figures::{bound, duration, percent};

use super::finding::{Doubt, Finding, Kind};
use crate::engine::round::Row;
use crate::wire::icmp::{self, Icmp, Unreachable};

/// Puts a finding and its secondary ones into words.
pub fn word(finding: &mut Finding) {
    for other in &mut finding.secondary {
        other.parts = parts(other);
    }
    finding.parts = parts(finding);
}

fn parts(finding: &Finding) -> Vec<String> {
    let mut parts = match finding.kind {
        Kind::Gathering => vec![format!("Gathering: {} of 10 tries", finding.samples)],
        Kind::Clean => clean(finding),
        Kind::Loss => loss(finding),
        Kind::Latency => latency(finding),
        Kind::Outage if finding.by.is_some() => refused_before(finding),
        Kind::Outage => outage(finding),
        Kind::Refused => refused(finding),
        Kind::TargetLimited => vec![
            format!("The target answers at most {} a second: it limits its answers", rate(finding)),
            "no loss is proven on the way to it".to_owned(),
        ],
        Kind::Local => vec![
            format!("This machine cannot send{}", lasting(finding)),
            "that is no fault of the path".to_owned(),
        ],
        Kind::NoAnswers => vec![
            "No answers, not even from hop 1".to_owned(),
            "a firewall on this machine, or the first link".to_owned(),
        ],
        Kind::Loop => circle(finding),
        Kind::Flapping => flapping(finding),
        Kind::Unclear => unclear(finding),
        Kind::Limited => limited(finding),
    };
    if let Some(at) = finding.until_change {
        let ago = duration(finding.span.1.since(at));
        match parts.first_mut().filter(|_| finding.kind == Kind::Clean) {
            Some(first) => {
                *first = first.replacen("Clean", &format!("Clean until the route changed {ago} ago"), 1);
            }
            None => parts.insert(0, format!("Until the route changed {ago} ago")),
        }
    }
    if let Some(at) = finding.since_change {
        parts.push(format!("on the route of the last {}", duration(finding.span.1.since(at))));
    }
    let is_told_so =
        matches!(finding.kind, Kind::Gathering | Kind::Clean) || finding.doubt == Doubt::EchoOnly;
    if finding.silent_target && !is_told_so {
        parts.push(format!("the target does not answer: judged as far as hop {}", finding.judged_to));
    }
    let limited: Vec<u8> = finding
        .secondary
        .iter()
        .filter(|other| other.kind == Kind::Limited)
        .filter_map(|other| match other.hop? {
            Row::Hop(ttl) => Some(ttl),
            Row::Target => None,
        })
        .collect();
    match limited.as_slice() {
        [] => {}
        [one] => parts.push(format!("hop {one} limits its own answers: harmless")),
        some => parts.push(format!("hops {} limit their own answers: harmless", listed(some))),
    }
    let is_told = finding.since_change.is_some() || finding.until_change.is_some();
    match finding.changes {
        0 => {}
        _ if is_told || matches!(finding.kind, Kind::Flapping | Kind::Gathering) => {}
        1 => parts.push("the route changed once meanwhile".to_owned()),
        many => parts.push(format!("the route changed {many} times meanwhile")),
    }
    let echo_only = finding.secondary.iter().filter(|other| other.doubt == Doubt::EchoOnly);
    parts.extend(echo_only.filter_map(|other| other.parts.first()).map(|part| lower(part)));
    let steps = finding.secondary.iter().filter(|other| other.kind == Kind::Latency);
    parts.extend(steps.filter_map(|other| other.parts.first()).map(|part| lower(part)));
    let further = finding.secondary.iter().filter(|other| other.kind == Kind::Loss);
    parts.extend(further.map(|other| {
        let share = other.rate.map(|rate| format!("about {} more ", percent(rate))).unwrap_or_default();
        format!("{share}{}", place(other))
    }));
    parts
}

/// The same within a sentence.
fn lower(part: &str) -> String {
    let mut rest = part.chars();
    rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}

/// Where an event of the journal was, in parts.
pub fn event(finding: &Finding) -> Vec<String> {
    let first = match (finding.kind, finding.by) {
        (Kind::Refused, Some((address, icmp))) => format!("{address} said {}", says(icmp)),
        _ if finding.doubt == Doubt::Alone => {
            "at the last that answers alone: the link to it, or itself".to_owned()
        }
        _ => place(finding),
    };
    vec![first]
}

fn clean(finding: &Finding) -> Vec<String> {
    let bound = finding.ci95.map(|[_, high]| format!(", below {}", bound(high))).unwrap_or_default();
    let tries = finding.samples;
    let figure = match finding.lost {
        0 => format!("no loss in {tries} tries on this flow{bound}"),
        1 => format!("1 try of {tries} lost{bound}"),
        lost => format!("{lost} tries of {tries} lost{bound}"),
    };
    if finding.silent_target {
        return vec![
            format!("Clean as far as hop {}: {figure}", finding.judged_to),
            "the target does not answer".to_owned(),
        ];
    }
    vec![format!("Clean: {figure}")]
}

fn loss(finding: &Finding) -> Vec<String> {
    let from = onset(finding);
    let tries = format!("of {} tries in {}", finding.samples, length(finding));
    match finding.rate {
        Some(share) => {
            vec![format!("Loss {from}: {}", with_interval(share, finding)), place(finding), tries]
        }
        None => vec![format!("Loss {from}: {}", bursts(finding)), place(finding)],
    }
}

fn bursts(finding: &Finding) -> String {
    let lost = Duration::from_millis(
        finding.episodes.iter().map(|one| u64::from(one.to.saturating_sub(one.from))).sum(),
    );
    let what = if finding.kind == Kind::Outage { "outage" } else { "burst" };
    let count = match finding.episodes.len() {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    format!("{count}, {} in {}", duration(lost), length(finding))
}

fn outage(finding: &Finding) -> Vec<String> {
    let past = match finding.between {
        Some((0, _)) | None if finding.heard => "nothing comes from the end of the path".to_owned(),
        Some((0, _)) | None => "nothing comes from any hop".to_owned(),
        Some((from, _)) => format!("nothing comes from past hop {from}"),
    };
    if finding.is_now() {
        return vec![format!("Outage{}: {past}", lasting(finding)), place(finding)];
    }
    vec![format!("Over: {}", bursts(finding)), past.replace("comes", "came"), place(finding)]
}

fn refused(finding: &Finding) -> Vec<String> {
    let Some((address, icmp)) = finding.by else { return vec!["Refused".to_owned()] };
    // Who refuses stands before the hop that it does not pass probes on to.
    match finding.by_ttl {
        Some(ttl) => vec![
            format!("Refused past hop {ttl}{}: {}", lasting(finding), says(icmp)),
            format!("hop {ttl}, {address}, says so"),
        ],
        None => vec![
            format!("Refused at hop {}{}: {}", finding.judged_to, lasting(finding), says(icmp)),
            format!("{address} says so"),
        ],
    }
}

fn refused_before(finding: &Finding) -> Vec<String> {
    let Some((address, icmp)) = finding.by else { return outage(finding) };
    let lost = finding.episodes.first().map_or(0, |one| one.to.saturating_sub(one.from));
    vec![
        format!("Refused for {}, not any more: {}", duration(Duration::from_millis(lost.into())), says(icmp)),
        match finding.by_ttl {
            Some(ttl) => format!("hop {ttl}, {address}, said so"),
            None => format!("{address} said so at hop {}", finding.between.map_or(0, |(_, to)| to)),
        },
    ]
}

fn says(icmp: Icmp) -> String {
    match icmp.kind() {
        icmp::Kind::Unreachable(why) => match why {
            Unreachable::Network => "network unreachable (!N)".to_owned(),
            Unreachable::Host => "host unreachable (!H)".to_owned(),
            Unreachable::Prohibited => "prohibited there (!X)".to_owned(),
            other => format!("unreachable ({other})"),
        },
        _ => format!("ICMP {}/{}", icmp.ty, icmp.code),
    }
}

fn latency(finding: &Finding) -> Vec<String> {
    let Some((before, after)) = finding.medians else { return Vec::new() };
    let ms = |us: u32| format!("{:.1}", f64::from(us) / 1_000.0);
    if let (Some(since), Some(until)) = (finding.since, finding.until) {
        let (long, ago) = (duration(until.since(since)), duration(finding.span.1.since(until)));
        let more = ms(after.saturating_sub(before));
        return vec![format!("Was {more} ms slower for {long} until {ago} ago")];
    }
    vec![
        format!("Slower {}: {} ms was {} ms{}", onset(finding), ms(after), ms(before), lasting(finding)),
        place(finding),
        format!("no loss worth a word in {} tries", finding.samples),
    ]
}

fn circle(finding: &Finding) -> Vec<String> {
    let (from, _) = finding.between.unwrap_or_default();
    vec![
        format!("Loop at hop {from}: packets circle and never reach the target"),
        "two routers send them to each other".to_owned(),
    ]
}

fn flapping(finding: &Finding) -> Vec<String> {
    let from = match finding.ttl() {
        Some(ttl) => format!("from hop {ttl} on"),
        None => "on the way".to_owned(),
    };
    match finding.since {
        Some(_) => vec![format!("The route changes to and fro{}", lasting(finding)), from],
        None => {
            vec![format!(
                "The route changes again and again: {} times in {}",
                finding.changes,
                length(finding)
            )]
        }
    }
}

fn unclear(finding: &Finding) -> Vec<String> {
    if finding.doubt == Doubt::EchoOnly {
        return echo_only(finding);
    }
    let who = if finding.silent_target {
        format!("hop {}, the last that answers,", finding.judged_to)
    } else {
        "the target".to_owned()
    };
    let share = finding.rate.map_or_else(|| bursts(finding), |share| with_interval(share, finding));
    if finding.doubt == Doubt::Alone {
        return vec![
            format!("Only {who} loses: {share}"),
            "the last link, or it limits its answers".to_owned(),
            "probes of another protocol would tell".to_owned(),
        ];
    }
    if finding.doubt == Doubt::Rationing {
        return vec![
            format!("{} of {} tries to {who} unanswered", finding.lost, finding.samples),
            "the hops may limit how often they answer, or a link loses".to_owned(),
            "more tries will tell, or a longer interval".to_owned(),
        ];
    }
    let begin = format!("{} of {} tries to {who} lost", finding.lost, finding.samples);
    let from = finding.between.map_or(0, |(from, _)| from);
    vec![
        format!("{begin}: too few to say where"),
        format!(
            "somewhere past {}",
            if from == 0 { "this machine".to_owned() } else { format!("hop {from}") }
        ),
        "more tries will tell".to_owned(),
    ]
}

fn limited(finding: &Finding) -> Vec<String> {
    let row = match finding.hop {
        Some(Row::Hop(ttl)) => format!("Hop {ttl}"),
        _ => "The target".to_owned(),
    };
    let how = match finding.per_second {
        Some(_) => format!("{row} answers at most {} a second", rate(finding)),
        None => format!("{row} leaves {} unanswered", percent(finding.rate.unwrap_or_default())),
    };
    let tested = finding.experiment.map(|test| {
        let (before, slowly) = (percent(test.before), percent(test.slowly));
        format!("asked less often it answers {slowly} instead of {before}")
    });
    let why = "what lies behind it does not lose as much: it limits its own answers".to_owned();
    [how].into_iter().chain(tested).chain([why]).collect()
}

/// "from hop 7 on", as exactly as known.
fn onset(finding: &Finding) -> String {
    match (finding.hop, finding.between) {
        (Some(Row::Target), Some((from, _))) if from > 0 => format!("past hop {from}"),
        (Some(Row::Hop(ttl)), Some((from, to))) if ttl <= from + 1 && to == ttl => {
            format!("from hop {ttl} on")
        }
        (_, Some((0, to))) => format!("from hop {to} on, or before"),
        (_, Some((from, to))) => format!("from hop {} to {to} on", from + 1),
        _ => "on the path".to_owned(),
    }
}

/// Where it may lie: "on the link 6-7, or on the way back from there".
fn place(finding: &Finding) -> String {
    let there = match finding.between {
        Some((0, 1)) => return "on the first link, or on the way back over it".to_owned(),
        Some((0, to)) => format!("between here and hop {to}"),
        Some((from, to)) if to == from + 1 => format!("on the link {from}-{to}"),
        Some((from, to)) => format!("between hops {from} and {to}"),
        None => return "where is not known".to_owned(),
    };
    match finding.ways_back {
        // Answers that come another way than those before may be hit anywhere on it.
        Some((before, behind)) => format!(
            "{there}, or anywhere on the way back from there, another one than before ({behind} hops, not {before})"
        ),
        None => format!("{there}, or on the way back from there"),
    }
}

fn with_interval(share: f64, finding: &Finding) -> String {
    let [low, high] = finding.ci95.unwrap_or([0.0, 1.0]);
    format!("{} ({} to {})", percent(share), percent(low).trim_end_matches(" %"), percent(high))
}

fn rate(finding: &Finding) -> String {
    finding.per_second.map_or_else(|| "so many".to_owned(), |rate| format!("{rate:.2}"))
}

/// " for 31 s", if it is known since when.
fn lasting(finding: &Finding) -> String {
    finding.since.map(|since| format!(" for {}", duration(finding.span.1.since(since)))).unwrap_or_default()
}

fn length(finding: &Finding) -> String {
    duration(finding.watched())
}
