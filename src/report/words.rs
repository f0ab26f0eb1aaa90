//! What reports say in words: who a responder is, why a row has no figures, what else went on.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::tz::TimeZone;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::clock::rfc3339;
use super::figures::millis;
use crate::engine::probe::{Flows, Protocol, Stray};
use crate::engine::round::Row;
use crate::engine::span::Span;
use crate::engine::table::{RowState, TableRow};
use crate::engine::verdict::Finding;
use crate::settings::Hosts;
use crate::watch::{About, View};
use crate::wire::extension::Label;
use crate::wire::icmp::{Icmp, Kind, Unreachable};

/// Whether the target has answered.
pub fn reached(view: &View) -> bool {
    view.snapshot.path.target_ttl.is_some()
}

/// The responder that stands for a row: the target in its own row, elsewhere who answered last.
pub fn leader(row: &TableRow, view: &View) -> Option<IpAddr> {
    match row.row {
        Row::Target => Some(view.about.address),
        Row::Hop(_) => row.hop.current.or_else(|| Some(row.responders.first()?.address)),
    }
}

/// The name of an address; for the target at least what the user called it.
pub fn name(view: &View, address: IpAddr) -> Option<&str> {
    let given = || {
        let given = view.about.target.as_str();
        (address == view.about.address && given.parse::<IpAddr>().is_err()).then_some(given)
    };
    view.names.get(address).or_else(given)
}

/// A responder as `hosts` wants it shown.
pub fn host(view: &View, address: IpAddr, hosts: Hosts) -> String {
    host_within(view, address, hosts, usize::MAX, "")
}

/// The same with its name cut to `limit` cells, `ellipsis` included. An address is never cut.
pub fn host_within(view: &View, address: IpAddr, hosts: Hosts, limit: usize, ellipsis: &str) -> String {
    match (hosts, name(view, address)) {
        (Hosts::Addresses, _) | (_, None) => address.to_string(),
        (Hosts::Names, Some(name)) => fit(name, limit, ellipsis).into_owned(),
        (Hosts::Both, Some(name)) => format!("{} ({address})", fit(name, limit, ellipsis)),
    }
}

/// The number of the system that originates the route to an address, as mtr has it: `AS???` while unknown.
pub fn origin(view: &View, address: Option<IpAddr>) -> String {
    let origin = address.and_then(|address| view.origins.get(address));
    origin.map_or_else(|| "AS???".to_owned(), |origin| origin.to_string())
}

/// Why no origins can be found, in one line.
pub fn trouble(view: &View) -> Option<String> {
    view.origins.trouble().map(|why| format!("no AS numbers: {why}"))
}

/// `text` in at most `width` cells, with `ellipsis` where it was cut.
pub fn fit<'a>(text: &'a str, width: usize, ellipsis: &str) -> Cow<'a, str> {
    if text.width() <= width {
        return text.into();
    }
    let Some(room) = width.checked_sub(ellipsis.width()) else { return "".into() };
    let mut used = 0;
    let kept = text.graphemes(true).take_while(|grapheme| {
        used += grapheme.width();
        used <= room
    });
    kept.chain([ellipsis]).collect::<String>().into()
}

/// traceroute's mark for what an ICMP message says: `!X` and its like, or `!type/code`.
pub fn mark(icmp: Icmp) -> String {
    match icmp.kind() {
        Kind::Unreachable(why) => why.to_string(),
        _ => format!("!{}/{}", icmp.ty, icmp.code),
    }
}

/// What probes are, at length: "UDP port 33434", "ICMP echo".
pub fn probes(about: &About) -> String {
    let name = about.protocol.name();
    match (about.flows, about.protocol, about.port) {
        (Flows::PerTry, Protocol::Udp, _) => format!("{name}, a port per try"),
        (Flows::PerTry, Protocol::Tcp, Some(port)) => format!("{name} port {port}, from a port per try"),
        (_, _, Some(port)) => format!("{name} port {port}"),
        (_, _, None) => asked(about),
    }
}

/// The target by name and address, or by its address alone: "example.org (192.0.2.1)".
pub fn target(about: &About) -> String {
    let address = about.address.to_string();
    if about.target == address { address } else { format!("{} ({address})", about.target) }
}

/// The same in short: "UDP 33434".
pub fn asked(about: &About) -> String {
    let name = about.protocol.name();
    match (about.flows, about.protocol, about.port) {
        (Flows::PerTry, Protocol::Udp, _) => name.to_owned(),
        (_, _, Some(port)) => format!("{name} {port}"),
        (_, _, None) => format!("{name} echo"),
    }
}

/// An MPLS label stack in mtr's form, an entry each, outermost first.
pub fn labels(labels: &[Label]) -> impl Iterator<Item = String> {
    labels.iter().map(|Label { label, tc, bottom, ttl }| {
        format!("[MPLS: Lbl {label} TC {tc} S {} TTL {ttl}]", u8::from(*bottom))
    })
}

/// Why a row has no ordinary answers, if it is the target's and has none.
pub fn state(row: &TableRow, view: &View) -> Option<String> {
    let about = &view.about;
    match row.state {
        RowState::Ordinary | RowState::NoAnswer => None,
        RowState::SilentTarget if nothing_left(view) => {
            Some("not asked: nothing left this machine".to_owned())
        }
        RowState::SilentTarget if row.counts.in_flight > 0 && row.counts.lost == 0 => {
            Some("no answer yet".to_owned())
        }
        RowState::SilentTarget => Some(match echo(view) {
            Some(echo) => format!("{} filtered, {echo}", asked(about)),
            None => format!("no answer to {} (filtered?)", asked(about)),
        }),
        RowState::Behind { ttl, address, icmp } => Some(match icmp.kind() {
            Kind::Unreachable(Unreachable::Port) => {
                format!("{address} answers in the target's place at hop {ttl}")
            }
            _ => format!("refused at hop {ttl} by {address}: {}", mark(icmp)),
        }),
        RowState::BeyondMaxTtl => {
            Some(format!("beyond the highest TTL probed, {}", view.snapshot.pace.max_ttl))
        }
        RowState::BehindLoop { ttl } => Some(format!("packets loop at hop {ttl}")),
    }
}

/// Whether this machine has not sent a single probe, for a fault of its own.
pub fn nothing_left(view: &View) -> bool {
    let snapshot = &view.snapshot;
    let sent = snapshot.table(Span::All).rows.iter().map(|row| row.counts.sent()).sum::<u64>();
    snapshot.fault.is_some() && sent + snapshot.overshoot == 0
}

/// What asking the target by echo gave, once it has answered that: "echo 12.3 ms, 0 of 40 lost".
pub fn echo(view: &View) -> Option<String> {
    let echoes = view.echoes?;
    let last = echoes.last?.as_secs_f64() * 1_000.0;
    let counts = echoes.counts;
    Some(format!("echo {} ms, {} of {} lost", millis(last, true), counts.lost, counts.judged()))
}

/// The local fault in force or the last one, in one line.
pub fn fault(view: &View, zone: &TimeZone) -> Option<String> {
    let fault = view.snapshot.fault?;
    let at = |time| rfc3339(view.snapshot.anchor.wall(time), zone);
    let until = fault.until.map(|until| format!(" until {}", at(until))).unwrap_or_default();
    let probes = if fault.not_sent == 1 { "probe" } else { "probes" };
    Some(format!(
        "local fault: {}, {} {probes} not sent, since {}{until}",
        fault.kind,
        fault.not_sent,
        at(fault.since)
    ))
}

/// The verdict in one line.
pub fn verdict(finding: &Finding) -> String {
    format!("verdict: {}", finding.text())
}

/// What answered no probe of ours, by reason, in one line.
pub fn strays(view: &View) -> Option<String> {
    let counted = listed(Stray::ALL.iter().filter_map(|reason| {
        let count = view.snapshot.strays.get(reason).copied()?;
        Some((count, stray(*reason)))
    }))?;
    Some(format!("not answers to our probes: {counted}"))
}

/// Counts with what they count, those of nothing left out; `None` if that leaves none.
pub fn listed<'a>(counts: impl IntoIterator<Item = (u64, &'a str)>) -> Option<String> {
    let some: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!some.is_empty()).then(|| some.join(", "))
}

/// A reason for dropping a message, as reports name it.
pub const fn stray(reason: Stray) -> &'static str {
    match reason {
        Stray::Foreign => "foreign",
        Stray::Malformed => "malformed",
        Stray::Truncated => "truncated",
        Stray::Forged => "forged",
        Stray::Unknown => "unknown",
        Stray::Ambiguous => "ambiguous",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn hosts_are_shown_as_asked() {
        let view = fixture::reached();
        let gateway = fixture::address("192.0.2.254");
        assert_eq!(host(&view, gateway, Hosts::Names), "gw.example.org");
        assert_eq!(host(&view, gateway, Hosts::Addresses), "192.0.2.254");
        assert_eq!(host_within(&view, gateway, Hosts::Both, 6, "…"), "gw.ex… (192.0.2.254)");
        assert_eq!(host(&view, fixture::address("2001:db8::1"), Hosts::Both), "2001:db8::1");
    }

    #[test]
    fn the_target_has_at_least_the_name_it_was_given() {
        let view = fixture::reached();
        assert_eq!(name(&view, view.about.address), Some("example.org"));
        let literal = fixture::refused();
        assert_eq!(name(&literal, literal.about.address), None);
    }

    #[test]
    fn text_is_cut_at_whole_characters() {
        for (text, width, expected) in [
            ("router", 6, "router"),
            ("router", 5, "rout…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            let got = fit(text, width, "…");
            assert_eq!(got, expected, "{text} in {width}");
            assert!(got.width() <= width);
        }
        assert_eq!(fit("abc", 1, "..."), "");
    }

    #[test]
    fn marks_are_those_of_traceroute_and_never_missing() {
        assert_eq!(mark(Icmp::v4(3, 13)), "!X");
        assert_eq!(mark(Icmp::v6(1, 0)), "!N");
        assert_eq!(mark(Icmp::v4(12, 1)), "!12/1");
    }
}
