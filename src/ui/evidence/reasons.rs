//! What else the figures might have meant, and why they do not: in words that a provider's first line takes.

use crate::engine::round::Row;
use crate::engine::verdict::words::percent;
use crate::engine::verdict::{Doubt, Experiment, Finding, HopEvidence, Kind, Standing};

/// Nothing tells the two ways apart.
const ONE_END: &str = "Whether it is lost on the way there or on the way back cannot be seen from one end.";

/// Why silence is no outage.
const ECHO_ONLY: &str = "No outage while echo requests to the target were answered: in one they are lost as well. \
                         Answers to other probes are often limited to one a second for whoever asks: two watches of one \
                         path share that. Such time is left out of the figures. A filter, or one of several links that \
                         share the load, may also stop these probes alone: asking by another protocol (u), or ending \
                         the other watch, tells.";

/// The reasons, a paragraph each; never none.
pub fn ruled_out(finding: &Finding, hops: &[HopEvidence]) -> Vec<String> {
    let mut reasons = against_other_places(finding, hops);
    reasons.extend(finding.secondary.iter().filter(|other| other.kind == Kind::Limited).map(harmless));
    let is_echo_only = |finding: &Finding| finding.doubt == Doubt::EchoOnly;
    if is_echo_only(finding) || finding.secondary.iter().any(is_echo_only) {
        reasons.push(ECHO_ONLY.to_owned());
    }
    let has_lost = |hop: &HopEvidence| {
        hop.standing != Standing::Silent && hop.spread.as_ref().is_some_and(|spread| spread.lost > 0)
    };
    let last = match finding.kind {
        Kind::Loss | Kind::Outage if finding.by.is_none() => ONE_END,
        Kind::Outage | Kind::Refused => {
            "Not loss: a router says itself that it does not pass these probes on. Such a rule may be for this \
             protocol or port alone; asking by another protocol (u) tells."
        }
        Kind::TargetLimited => {
            "No loss on the path: the target's answers come as evenly as from a token bucket, which chance does not \
             bring about; loss on a link would come by chance."
        }
        Kind::Unclear if finding.doubt == Doubt::Alone => {
            "Loss on the last link and a target that leaves a share of the probes unanswered look the same from here. \
             Asking by another protocol (u) tells them apart: a limiter of ICMP answers does not touch TCP."
        }
        Kind::Unclear if finding.doubt == Doubt::Rationing => {
            "Hops that are asked more often than once a second may leave what is above that unanswered, as Linux does. \
             Answers that come evenly tell such hops from loss: more tries, or a longer interval (i)."
        }
        Kind::Unclear if finding.doubt == Doubt::EchoOnly => "",
        Kind::Unclear => "More tries tell where it begins: each hop is asked once an interval.",
        Kind::Clean if finding.silent_target => {
            "What lies behind the last hop that answers cannot be judged: the target says nothing to such probes. \
             Asking by another protocol (u) may reach it."
        }
        Kind::Clean if hops.iter().any(has_lost) && reasons.is_empty() => {
            "Some tries were lost, but so few and so scattered that no link stands out."
        }
        Kind::Clean if reasons.is_empty() => "Nothing was missing that would need an explanation.",
        Kind::Gathering => "Too few tries to rule anything out.",
        Kind::Local => "The path is not judged: nothing reaches it from here.",
        Kind::NoAnswers => {
            "A first link that is down and a filter that drops all such answers look the same from here. Asking by \
             another protocol (u) may tell."
        }
        Kind::Loop => "Not loss on a link: routers behind the first of the circle never come into sight.",
        Kind::Flapping => "Loss and times are of several routes here, and say little about any of them.",
        _ => "",
    };
    reasons.extend((!last.is_empty()).then(|| last.to_owned()));
    reasons
}

/// Why trouble on the path is neither one router's own, nor before its beginning, nor this machine's.
fn against_other_places(finding: &Finding, hops: &[HopEvidence]) -> Vec<String> {
    let count = |standing| hops.iter().filter(|hop| hop.standing == standing).count();
    let (behind, before) = (count(Standing::Behind), count(Standing::Before));
    let is_refusal = finding.by.is_some();
    let own = match finding.kind {
        Kind::Loss if behind > 1 => Some(format!(
            "Not a router that limits its replies: {behind} hops in a row lose alike, the last of them among these, \
             and each was asked by packets of its own."
        )),
        Kind::Latency if behind > 1 => Some(format!(
            "Not a router that is slow to answer: {behind} hops in a row take longer, the last of them among these."
        )),
        Kind::Outage if !is_refusal => Some(
            "Not a router that limits its replies: such a one leaves some unanswered, but here all stayed out for a \
             stretch of time."
                .to_owned(),
        ),
        _ => None,
    };
    let earlier = match finding.kind {
        _ if before == 0 => None,
        Kind::Loss => Some(format!("Not the links before: {before} hops there answer without such loss.")),
        Kind::Outage if !is_refusal => Some(format!("Not the links before: {before} hops there answered.")),
        Kind::Latency => Some(format!("Not the links before: {before} hops there answer as fast as ever.")),
        _ => None,
    };
    let here = matches!(finding.kind, Kind::Loss | Kind::Outage).then(|| {
        "Not this machine: what it could not send is counted apart and is no part of these figures."
            .to_owned()
    });
    own.into_iter().chain(earlier).chain(here).collect()
}

/// Why what a hop leaves unanswered is no fault.
fn harmless(other: &Finding) -> String {
    let whom = match other.hop {
        Some(Row::Hop(ttl)) => format!("hop {ttl}"),
        _ => "the target".to_owned(),
    };
    match (other.per_second, other.experiment) {
        (Some(rate), Some(test)) if test.is_proof => format!(
            "No fault at {whom}: asked a third as often it answered {} of {} tries instead of {}. It answers at most \
             {rate:.2} a second, whatever is asked.",
            percent(test.slowly),
            test.tries,
            percent(test.before)
        ),
        (Some(rate), _) => format!(
            "No fault at {whom}: its answers come as evenly as from a token bucket, {rate:.2} a second whatever is \
             asked, and hops behind it do not lose as much."
        ),
        (None, test) => format!(
            "No fault at {whom}: what it leaves unanswered, {}, is not missing from the hops behind it. Routers answer \
             probes when they have time to; what they pass on is another matter.{}",
            percent(other.rate.unwrap_or_default()),
            test.map(untold).unwrap_or_default()
        ),
    }
}

/// An experiment that proved nothing.
fn untold(test: Experiment) -> String {
    format!(
        " Asked a third as often it answered {} of {} tries, much as before ({}): that proves nothing either way.",
        percent(test.slowly),
        test.tries,
        percent(test.before)
    )
}
