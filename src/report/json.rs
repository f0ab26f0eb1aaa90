//! The report as a JSON document, schema `hopwatch.report/1`.
//!
//! Numbers are numbers; times are milliseconds to the microsecond; a field is `null` or empty rather than
//! absent. Later versions of the schema only add fields.

mod cross_check;
mod hop;
mod tries;
mod verdict;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use jiff::tz::TimeZone;
use serde::Serialize;

use self::cross_check::CrossCheck;
use self::hop::Hop;
use self::verdict::Verdict;
use super::clock::rfc3339;
use super::event_json::{Event, Path};
use super::words;
use crate::engine::path::End;
use crate::engine::probe::Stray;
use crate::engine::snapshot::Snapshot;
use crate::engine::span::Span;
use crate::engine::time::Time;
use crate::watch::View;
use crate::wire::icmp::Icmp;

/// Writes the document and a line break.
pub fn write(out: &mut impl Write, view: &View, span: Span, zone: &TimeZone) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::of(view, span, zone))?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    target: Target<'a>,
    end: Ending,
    source: Option<IpAddr>,
    protocol: String,
    port: Option<u16>,
    flow: &'static str,
    channel: &'a str,
    started: String,
    ended: String,
    tries: u8,
    interval_s: f64,
    timeout_s: f64,
    /// What the figures mean.
    verdict: Option<Verdict>,
    /// The target asked by ICMP echo beside, while it was silent.
    cross_check: Option<CrossCheck>,
    hops: Vec<Hop<'a>>,
    strays: BTreeMap<Stray, u64>,
    overshoot: u64,
    /// What happened, in order of beginning to be known.
    journal: Vec<Event>,
    /// The paths there were: the first, and the latest of the others.
    epochs: Vec<Path>,
}

#[derive(Serialize)]
struct Target<'a> {
    name: &'a str,
    address: IpAddr,
    reached: bool,
}

#[derive(Serialize)]
struct Ending {
    kind: &'static str,
    ttl: Option<u8>,
    address: Option<IpAddr>,
    icmp: Option<[u8; 2]>,
}

impl<'a> Document<'a> {
    fn of(view: &'a View, span: Span, zone: &TimeZone) -> Self {
        let (about, snapshot) = (&view.about, &view.snapshot);
        let at = |time: Time| rfc3339(snapshot.anchor.wall(time), zone);
        let table = snapshot.table(span);
        Self {
            schema: "hopwatch.report/1",
            target: Target { name: &about.target, address: about.address, reached: words::reached(view) },
            end: Ending::of(snapshot, about.address),
            source: about.source,
            protocol: about.protocol.name().to_lowercase(),
            port: about.port,
            flow: about.flows.name(),
            channel: about.channel,
            started: at(snapshot.start(span)),
            ended: at(snapshot.end(span)),
            tries: snapshot.pace.tries,
            interval_s: snapshot.pace.interval.as_secs_f64(),
            timeout_s: snapshot.pace.timeout.as_secs_f64(),
            verdict: Some(Verdict::of(&snapshot.verdict(span), &at)),
            cross_check: view.echoes.map(CrossCheck::of),
            hops: table.rows.iter().map(|row| Hop::of(row, view)).collect(),
            strays: Stray::ALL
                .iter()
                .map(|reason| (*reason, snapshot.strays.get(reason).copied().unwrap_or_default()))
                .collect(),
            overshoot: snapshot.overshoot,
            journal: snapshot.journal.iter().map(|entry| Event::of(entry, snapshot, zone)).collect(),
            epochs: snapshot.epochs.iter().map(|epoch| Path::of(epoch, snapshot, zone)).collect(),
        }
    }
}

impl Ending {
    fn of(snapshot: &Snapshot, target: IpAddr) -> Self {
        let plain = |kind, ttl| Self { kind, ttl, address: None, icmp: None };
        let told = |kind, ttl, address, icmp: Icmp| Self {
            kind,
            ttl: Some(ttl),
            address: Some(address),
            icmp: Some([icmp.ty, icmp.code]),
        };
        match snapshot.path.end {
            End::Target { ttl, .. } => {
                Self { kind: "target", ttl: Some(ttl), address: Some(target), icmp: None }
            }
            End::Other { ttl, address, icmp } => told("other", ttl, address, icmp),
            End::Refused { ttl, address, icmp } => told("refused", ttl, address, icmp),
            End::Loop { ttl } => plain("loop", Some(ttl)),
            End::MaxTtl => plain("max_ttl", Some(snapshot.pace.max_ttl)),
            End::Silent => plain("silent", None),
        }
    }
}

/// Three decimals: microseconds of a time in ms.
fn thousandths(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use jiff::tz::offset;
    use proptest::prelude::*;
    use serde_json::Value;

    fn text(view: &View) -> String {
        let mut out = Vec::new();
        write(&mut out, view, Span::All, &TimeZone::fixed(offset(2))).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn parsed(view: &View) -> Value {
        serde_json::from_str(&text(view)).unwrap()
    }

    #[test]
    fn the_whole_document() {
        insta::assert_snapshot!(text(&fixture::reached()));
    }

    #[test]
    fn a_cross_check_is_a_field_of_its_own() {
        let document = parsed(&fixture::cross_checked(fixture::silent(), 4));
        let check = &document["cross_check"];
        assert_eq!(
            (&check["sent"], &check["lost"], &check["loss_pct"]),
            (&40.into(), &4.into(), &10.0.into())
        );
        let [low, high] = [0, 1].map(|end| check["loss_ci95_pct"][end].as_f64().unwrap());
        assert!(low < 10.0 && 10.0 < high, "{check}");
        assert_eq!((&check["protocol"], &check["rtt_ms"]["avg"]), (&"icmp".into(), &12.3.into()));
        assert_eq!(document["hops"], parsed(&fixture::silent())["hops"]);
        assert_eq!(parsed(&fixture::silent())["cross_check"], Value::Null);
    }

    #[test]
    fn every_end_has_its_kind() {
        let end = |change: fn(&mut Snapshot)| {
            let document = parsed(&fixture::with(fixture::reached(), change));
            document["end"].to_string()
        };
        let address = r#""address":null,"icmp":null"#;
        assert_eq!(end(|_| ()), r#"{"address":"192.0.2.1","icmp":null,"kind":"target","ttl":4}"#);
        assert_eq!(
            end(|s| s.path.end = End::Loop { ttl: 9 }),
            format!(r#"{{{address},"kind":"loop","ttl":9}}"#)
        );
        assert_eq!(end(|s| s.path.end = End::Silent), format!(r#"{{{address},"kind":"silent","ttl":null}}"#));
        let at_the_limit = |s: &mut Snapshot| {
            s.path.end = End::MaxTtl;
            s.pace.max_ttl = 3;
        };
        assert_eq!(end(at_the_limit), format!(r#"{{{address},"kind":"max_ttl","ttl":3}}"#));
        let other = |s: &mut Snapshot| {
            let address = fixture::address("192.0.2.9");
            s.path.end = End::Other { ttl: 4, address, icmp: Icmp::v4(3, 3) };
        };
        assert_eq!(end(other), r#"{"address":"192.0.2.9","icmp":[3,3],"kind":"other","ttl":4}"#);
        let refused = parsed(&fixture::refused())["end"].to_string();
        assert_eq!(refused, r#"{"address":"2001:db8:0:2::1","icmp":[1,1],"kind":"refused","ttl":2}"#);
    }

    #[test]
    fn an_origin_stands_with_its_responder() {
        let document = parsed(&fixture::originated());
        let asn = |pointer: &str| document.pointer(pointer).unwrap().to_string();
        assert_eq!(asn("/hops/0/responders/0/asn"), "null");
        assert_eq!(asn("/hops/2/responders/1/asn"), "null");
        assert_eq!(asn("/hops/2/responders/0/asn"), r#"{"name":"EXAMPLE-AS Example, ZZ","number":64500}"#);
        assert_eq!(asn("/hops/3/responders/0/asn"), r#"{"name":null,"number":4200000000}"#);
    }

    #[test]
    fn what_is_not_known_is_null_and_never_absent() {
        let document = parsed(&fixture::silent());
        let target = document["hops"].as_array().unwrap().last().unwrap().as_object().unwrap();
        for field in ["loss_pct", "loss_ci95_pct", "rtt_ms"] {
            assert_eq!(target.get(field), Some(&Value::Null), "{field}");
        }
        assert_eq!(target["target"], true);
        assert_eq!(document["verdict"]["rate"], Value::Null);
        assert_eq!(document["strays"].as_object().unwrap().len(), Stray::ALL.len());
    }

    proptest! {
        #[test]
        fn any_view_gives_a_document_whose_counts_add_up(view in fixture::any_view()) {
            let document = parsed(&view);
            prop_assert_eq!(&document["schema"], "hopwatch.report/1");
            for hop in document["hops"].as_array().unwrap() {
                let count = |field: &str| hop[field].as_u64().unwrap();
                let parts = ["answered", "late", "refused", "lost", "in_flight"].map(count);
                prop_assert_eq!(count("sent"), parts.iter().sum::<u64>());
            }
            let hops = document["hops"].as_array().unwrap();
            prop_assert_eq!(hops.iter().filter(|hop| hop["target"] == true).count(), 1);
        }
    }
}
