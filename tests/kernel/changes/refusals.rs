//! No way out: the default route, and a firewall on this machine.

use hopwatch::engine::probe::LocalFault;

use super::watch::Watch;
use super::{LINK, chain, everywhere, survive};
use crate::support::lab;

fn wall(verdict: &str) -> String {
    format!(
        "table inet wall {{ chain out {{ type filter hook output priority 0; \
         ip daddr 10.0.3.1 {verdict}; ip6 daddr fd00:0:0:3::1 {verdict}; }}; }}"
    )
}

#[test]
fn a_default_route_that_goes_and_comes_back() {
    lab::inside(|| {
        let _chain = chain();
        let gone = "route del default via 10.0.1.1\nroute del default via fd00:0:0:1::1";
        survive(&everywhere(&[]), |_| LocalFault::NoRoute, || lab::ip(gone), || lab::ip(LINK));
    });
}

#[test]
fn a_firewall_that_rejects_for_a_while() {
    lab::inside(|| {
        let _chain = chain();
        let rule = wall("reject with icmpx type admin-prohibited");
        let kind = |_: &Watch| LocalFault::Firewall;
        survive(&everywhere(&[]), kind, || lab::nft(&rule), || lab::nft("flush ruleset"));
    });
}

#[test]
fn a_firewall_that_drops_for_a_while() {
    lab::inside(|| {
        let _chain = chain();
        // Of a dropped ICMPv6 echo request the kernel says nothing, but then no send stamp comes. Of SYNs it
        // tells nothing at all.
        let kind = |watch: &Watch| match watch.by {
            by if by.is_echo() && watch.family == 1 => LocalFault::Unstamped,
            _ => LocalFault::Firewall,
        };
        let watches: Vec<Watch> = everywhere(&[]).into_iter().filter(|watch| !watch.by.is_tcp()).collect();
        survive(&watches, kind, || lab::nft(&wall("drop")), || lab::nft("flush ruleset"));
    });
}
