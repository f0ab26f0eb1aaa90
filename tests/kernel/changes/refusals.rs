//! No way out: the default route, and a firewall on this machine.

use hopwatch::engine::probe::LocalFault;
use hopwatch::engine::round::Try;

use super::watch::Watch;
use super::{LINK, chain, everywhere, settled, survive};
use crate::support::lab;

fn wall(hook: &str, verdict: &str) -> String {
    format!(
        "table inet wall {{ chain one {{ type filter hook {hook} priority 0; \
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
        let rule = wall("output", "reject with icmpx type admin-prohibited");
        let kind = |_: &Watch| LocalFault::Firewall;
        survive(&everywhere(&[]), kind, || lab::nft(&rule), || lab::nft("flush ruleset"));
    });
}

#[test]
fn a_firewall_that_drops_for_a_while() {
    lab::inside(|| {
        let _chain = chain();
        // Of a dropped ICMPv6 echo request the kernel says nothing, but then no send stamp comes. Of a SYN it tells
        // only after it has sent another, so that probes must be waited for longer.
        let kind = |watch: &Watch| match watch.by {
            by if by.is_echo() && watch.family == 1 => LocalFault::Unstamped,
            _ => LocalFault::Firewall,
        };
        let watches = everywhere(&["-Z", "3s"]);
        survive(&watches, kind, || lab::nft(&wall("output", "drop")), || lab::nft("flush ruleset"));
    });
}

#[test]
fn a_firewall_of_another_machine_is_none_of_ours() {
    lab::inside(|| {
        let chain = chain();
        let watches: Vec<Watch> =
            everywhere(&["-Z", "3s"]).into_iter().filter(|watch| watch.by.is_tcp()).collect();
        settled(&watches);
        chain.routers[0].run(|| lab::nft(&wall("prerouting", "drop")));
        for watch in &watches {
            let told = watch.until(9.0, "loss everywhere", |told| {
                let lost = |outcome: &Try| *outcome == Try::Lost;
                told.rounds
                    .iter()
                    .filter(|round| round.rows.iter().flat_map(|part| &part.tries).all(lost))
                    .count()
                    > 2
            });
            let settled = told.rounds[1].start;
            assert!(told.faults.iter().all(|fault| fault.since < settled), "{}: {told:?}", watch.name());
        }
    });
}
