//! Links: down, without a carrier, gone and made anew, full, and with nobody answering behind them.

use hopwatch::engine::probe::LocalFault;

use super::watch::{By, Watch};
use super::{LINK, chain, everywhere, survive, unlimited};
use crate::support::lab;

#[test]
fn one_that_goes_down_and_up_again() {
    lab::inside(|| {
        let _chain = chain();
        let down = || lab::ip("link set away down");
        survive(&everywhere(&[]), |_| LocalFault::LinkDown, down, || lab::ip(LINK));
    });
}

#[test]
fn one_whose_other_end_goes_down_and_up_again() {
    lab::inside(|| {
        let chain = chain();
        let hurt = || chain.routers[0].run(|| lab::ip("link set home down"));
        let mend = || {
            chain.routers[0]
                .run(|| lab::ip("addr replace fd00:0:0:1::1/64 dev home nodad\nlink set home up"));
            lab::ip(LINK);
        };
        survive(&everywhere(&[]), |_| LocalFault::LinkDown, hurt, mend);
    });
}

#[test]
fn one_that_comes_up_with_its_addresses_on_trial() {
    lab::inside(|| {
        let _chain = chain();
        lab::sysctl("ipv6/conf/away/accept_dad", "1");
        let watches: Vec<Watch> = everywhere(&[]).into_iter().filter(|watch| watch.family == 1).collect();
        let up = || {
            lab::ip(&LINK.replace(" nodad", ""));
            lab::until_owned("away");
        };
        survive(&watches, |_| LocalFault::LinkDown, || lab::ip("link set away down"), up);
    });
}

#[test]
fn one_that_the_user_chose_and_that_is_made_anew() {
    lab::inside(|| {
        let chain = chain();
        let watches = everywhere(&["-I", "away"]);
        survive(&watches, |_| LocalFault::LinkDown, || lab::ip("link del away"), || chain.relink());
    });
}

#[test]
fn one_that_a_socket_was_opened_for_with_a_privilege_that_is_given_up() {
    lab::inside(|| {
        // Where nobody may have ping sockets, echo requests take a raw one.
        let chain = unlimited();
        let watches = [0, 1].map(|family| Watch::start(By::RawEcho, family, &["-I", "away"]));
        survive(&watches, |_| LocalFault::LinkDown, || lab::ip("link del away"), || chain.relink());
    });
}

#[test]
fn one_whose_queue_is_full() {
    lab::inside(|| {
        let _chain = chain();
        // The kernel keeps quiet about ICMPv6 echo requests that it drops, but then no send stamp comes.
        let kind = |watch: &Watch| match watch.by {
            by if by.is_echo() && watch.family == 1 => LocalFault::Unstamped,
            _ => LocalFault::NoBuffer,
        };
        let queue = |words: &[&str]| drop(lab::run(&[&["tc", "qdisc"], words].concat()));
        survive(
            &everywhere(&[]),
            kind,
            || queue(&["add", "dev", "away", "root", "pfifo", "limit", "0"]),
            || queue(&["del", "dev", "away", "root"]),
        );
    });
}

#[test]
fn one_with_a_next_hop_that_falls_silent_and_comes_back() {
    lab::inside(|| {
        let chain = chain();
        let router = |what: &'static str| {
            chain.routers[0].run(move || {
                lab::ip(&format!(
                    "addr {what} 10.0.1.1/24 dev home\naddr {what} fd00:0:0:1::1/64 dev home nodad"
                ));
            });
        };
        let hurt = || {
            router("del");
            lab::ip("neigh flush dev away");
        };
        survive(&everywhere(&[]), |_| LocalFault::Neighbour, hurt, || router("add"));
    });
}
