//! The scenarios that `--demo` offers. Every address is a documentation one.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::scenario::{Branch, Conduct, Hop, Limit, Scenario};
use crate::engine::time::Time;
use crate::origin::Origin;
use crate::wire::extension::Label;

/// The demos that there are.
pub const NAMES: &[&str] =
    &["clean", "lossy", "limited", "outage", "route-change", "filtered-target", "mpls"];

/// Where every demo is watched from.
const SOURCE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

/// Address, name, round-trip time and jitter in ms.
type Place = ([u8; 4], &'static str, f64, f64);

/// The hops that most demos go by.
const WAY: [Place; 11] = [
    ([192, 0, 2, 1], "gateway.home.example", 0.6, 0.4),
    ([203, 0, 113, 1], "bng1.access.isp.example", 4.2, 2.0),
    ([203, 0, 113, 9], "agg2.metro.isp.example", 5.1, 1.1),
    ([203, 0, 113, 33], "core1.isp.example", 8.4, 0.8),
    ([203, 0, 113, 34], "core4.isp.example", 9.0, 0.8),
    ([203, 0, 113, 77], "ix-peer.isp.example", 11.7, 0.9),
    ([198, 51, 100, 130], "be3.edge.carrier.example", 12.2, 1.3),
    ([198, 51, 100, 141], "be12.core.carrier.example", 19.6, 1.3),
    ([198, 51, 100, 160], "be1.fra.carrier.example", 24.0, 1.6),
    ([198, 51, 100, 201], "leaf7.dc.hosting.example", 24.8, 0.9),
    ([198, 51, 100, 220], "www.example.org", 25.1, 0.7),
];

/// A second router beside hop 9.
const TWIN: Place = ([198, 51, 100, 161], "be2.fra.carrier.example", 26.5, 1.6);

/// A longer way in place of hops 7 to 9.
const DETOUR: [Place; 4] = [
    ([203, 0, 113, 81], "transit.isp.example", 14.9, 1.2),
    ([203, 0, 113, 130], "ae4.lon.longway.example", 31.0, 2.1),
    ([203, 0, 113, 139], "ae9.par.longway.example", 39.4, 2.3),
    ([203, 0, 113, 150], "ae2.fra.longway.example", 46.2, 1.9),
];

/// What the detour adds to the hops behind it, in ms.
const DETOUR_COST: u64 = 23;

/// The demo of a name; `None` for none of the [`NAMES`].
pub fn demo(name: &str) -> Option<Scenario> {
    let still = |hops| Scenario::still(SOURCE, hops);
    Some(match name {
        "clean" => still(way()),
        "lossy" => still(lossy()),
        "limited" => still(limited()),
        "outage" => outage(),
        "route-change" => route_change(),
        "filtered-target" => Scenario { echo: true, ..still(filtered_target()) },
        "mpls" => mpls(),
        _ => return None,
    })
}

/// What a reverse lookup gives for an address of a demo.
pub fn demo_name(address: IpAddr) -> Option<String> {
    let mut known = WAY.iter().chain([&TWIN]).chain(&DETOUR);
    known.find(|(known, ..)| IpAddr::from(*known) == address).map(|(_, name, ..)| (*name).to_owned())
}

fn router(&(address, _, ms, jitter): &Place) -> Hop {
    Hop::router(address, ms).jitter(jitter)
}

fn way() -> Branch {
    let [routers @ .., (target, _, ms, jitter)] = &WAY;
    let target = Hop::target(*target, *ms).jitter(*jitter);
    routers.iter().map(router).chain([target]).collect()
}

/// What a lookup of the origin gives for an address of a demo: systems for documentation (RFC 5398).
pub fn demo_origin(address: IpAddr) -> Option<Origin<'static>> {
    let IpAddr::V4(address) = address else { return None };
    let (number, name) = match address.octets() {
        [203, 0, 113, _] => (64_500, "ISP-EXAMPLE Example Internet Access"),
        [198, 51, 100, ..200] => (64_501, "CARRIER-EXAMPLE Example Carrier"),
        [198, 51, 100, _] => (64_502, "HOSTING-EXAMPLE Example Hosting"),
        _ => return None,
    };
    Some(Origin { number, name: Some(name) })
}

/// The way with one of its hops changed, counted from 1.
fn with(mut hops: Branch, ttl: usize, change: impl FnOnce(Hop) -> Hop) -> Branch {
    hops[ttl - 1] = change(hops[ttl - 1].clone());
    hops
}

/// Real loss from hop 7 on, a router at hop 4 that limits its answers, a silent one at hop 5.
fn lossy() -> Branch {
    let hops = with(way(), 4, |hop| hop.limit(Limit { burst: 3.0, per_second: 0.6 }));
    let hops = with(hops, 5, |hop| hop.conduct(Conduct::Silent));
    with(hops, 7, |hop| hop.loss(0.08))
}

/// A router and a target that answer as seldom as Linux does: they show loss only to who asks too fast.
fn limited() -> Branch {
    let hops = with(way(), 4, |hop| hop.limit(Limit::LINUX));
    with(hops, WAY.len(), |hop| hop.limit(Limit::LINUX))
}

/// The link to hop 6 fails for the last 20 seconds of every minute.
fn outage() -> Scenario {
    let cut = with(way(), 6, |hop| hop.loss(1.0));
    Scenario::still(SOURCE, way()).then(Time::from_millis(40_000), cut).every(Duration::from_mins(1))
}

/// The detour is taken for the last half of every 90 seconds.
fn route_change() -> Scenario {
    let hops = way();
    let behind = hops[9..].iter().cloned().map(|mut hop| {
        hop.rtt += Duration::from_millis(DETOUR_COST);
        hop
    });
    let detour = hops[..6].iter().cloned().chain(DETOUR.iter().map(router)).chain(behind).collect();
    Scenario::still(SOURCE, way()).then(Time::from_millis(45_000), detour).every(Duration::from_secs(90))
}

/// A target that drops probes, as most hosts do.
fn filtered_target() -> Branch {
    with(way(), WAY.len(), |hop| hop.conduct(Conduct::Silent))
}

/// A carrier that switches by labels, and has two routers at hop 9.
fn mpls() -> Scenario {
    let entry = |label, bottom| Label { label, tc: 0, bottom, ttl: 1 };
    let hops = with(way(), 7, |hop| hop.labels(vec![entry(24_017, false), entry(16_160, true)]));
    let hops = with(hops, 8, |hop| hop.labels(vec![entry(24_102, false), entry(16_160, true)]));
    let hops = with(hops, 9, |hop| hop.labels(vec![entry(16_160, true)]));
    let twin = with(hops.clone(), 9, |hop| Hop { labels: hop.labels, ..router(&TWIN) });
    let mut scenario = Scenario::still(SOURCE, hops.clone());
    // Two of three probes go by the first.
    scenario.stages[0].1.extend([hops, twin]);
    scenario
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demo_that_is_named_can_be_played_and_has_names() {
        for name in NAMES {
            let scenario = demo(name).unwrap();
            let branches = scenario.stages.iter().flat_map(|(_, branches)| branches);
            assert!(branches.flatten().all(|hop| demo_name(hop.address).is_some()), "{name}");
            assert_eq!(demo_name(scenario.target).as_deref(), Some("www.example.org"));
        }
        assert!(demo("none such").is_none());
    }

    #[test]
    fn an_outage_comes_again_every_minute() {
        let scenario = demo("outage").unwrap();
        let is_cut = |seconds: u64| scenario.branches(Time::from_millis(1_000 * seconds))[0][5].loss > 0.5;
        for (seconds, cut) in [(0, false), (39, false), (40, true), (59, true), (60, false), (86_441, true)] {
            assert_eq!(is_cut(seconds), cut, "at {seconds} s");
        }
    }

    #[test]
    fn the_detour_is_longer_and_ends_at_the_same_target() {
        let scenario = demo("route-change").unwrap();
        let at = |seconds: u64| scenario.branches(Time::from_millis(1_000 * seconds))[0].clone();
        assert_eq!((at(0).len(), at(50).len()), (11, 12));
        assert_eq!(at(50).last().map(|hop| hop.address), Some(scenario.target));
        assert!(at(50).windows(2).all(|pair| pair[0].rtt < pair[1].rtt));
    }
}
