//! Source addresses: gone and back, another in the place of one, one more, deprecated, and not yet known to be
//! this machine's alone.

use std::net::IpAddr;

use hopwatch::engine::probe::LocalFault;

use super::watch::{By, Watch};
use super::{LINK, chain, everywhere, pass, survive};
use crate::support::lab;

const GONE: &str = "addr del 10.0.1.254/24 dev away\naddr del fd00:0:0:1::fe/64 dev away";

/// With its last address IPv4 loses its routes, too; IPv6 falls back to its link-local one.
fn kind(watch: &Watch) -> LocalFault {
    [LocalFault::NoRoute, LocalFault::AddressGone][watch.family]
}

/// Sees that probes leave from the new address.
fn follow(watches: &[Watch]) {
    let new = ["10.0.1.99", "fd00:0:0:1::99"].map(|new| new.parse::<IpAddr>().expect("an address"));
    for watch in watches {
        watch.until(1.0, "the new source", |told| told.source == Some(new[watch.family]));
    }
}

#[test]
fn one_that_goes_and_comes_back() {
    lab::inside(|| {
        let _chain = chain();
        survive(&everywhere(&[]), kind, || lab::ip(GONE), || lab::ip(LINK));
    });
}

#[test]
fn one_that_comes_back_on_trial() {
    lab::inside(|| {
        let _chain = chain();
        // The kernel looks for another machine that has it (RFC 4862, 5.4).
        lab::sysctl("ipv6/conf/away/accept_dad", "1");
        let watches: Vec<Watch> = everywhere(&[]).into_iter().filter(|watch| watch.family == 1).collect();
        survive(
            &watches,
            kind,
            || lab::ip(GONE),
            || {
                lab::ip(&LINK.replace(" nodad", ""));
                lab::until_owned("away");
            },
        );
    });
}

#[test]
fn one_that_the_user_chose_is_waited_for() {
    lab::inside(|| {
        let _chain = chain();
        let own = ["10.0.1.77", "fd00:0:0:1::77"];
        let address = |what: &str| {
            lab::ip(&format!(
                "addr {what} 10.0.1.77/24 dev away\naddr {what} fd00:0:0:1::77/64 dev away nodad"
            ));
        };
        address("add");
        let ways = By::ALL.into_iter().flat_map(|by| [(by, 0), (by, 1)]);
        let watches: Vec<Watch> =
            ways.map(|(by, family)| Watch::start(by, family, &["-a", own[family]])).collect();
        survive(&watches, |_| LocalFault::AddressGone, || address("del"), || address("add"));
    });
}

#[test]
fn another_in_the_place_of_one_is_followed() {
    lab::inside(|| {
        let _chain = chain();
        let renumber = || {
            lab::ip(GONE);
            lab::ip(&LINK.replace("10.0.1.254/", "10.0.1.99/").replace("::fe/", "::99/"));
        };
        let watches = everywhere(&[]);
        pass(&watches, &[LocalFault::NoRoute, LocalFault::AddressGone], renumber);
        follow(&watches);
    });
}

#[test]
fn one_more_disturbs_nothing() {
    lab::inside(|| {
        let _chain = chain();
        let more = "addr add 10.0.1.99/24 dev away\naddr add fd00:0:0:1::99/64 dev away nodad";
        pass(&everywhere(&[]), &[], || lab::ip(more));
    });
}

#[test]
fn one_that_is_deprecated_gives_way_to_another() {
    lab::inside(|| {
        let _chain = chain();
        let deprecate = "addr add fd00:0:0:1::99/64 dev away nodad\n\
                         addr change fd00:0:0:1::fe/64 dev away valid_lft forever preferred_lft 0";
        let watches: Vec<Watch> = everywhere(&[]).into_iter().filter(|watch| watch.family == 1).collect();
        pass(&watches, &[], || lab::ip(deprecate));
        follow(&watches);
    });
}
