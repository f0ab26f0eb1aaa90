//! What befalls this machine's own network while a watch runs, on every channel: it is named with its times,
//! it is over within a round of its end, and none of it is loss on the path.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;

use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::responder::both;
use crate::support::terminal::Terminal;

/// A round of three tries half a second apart.
const PACE: [&str; 5] = ["-n", "-i", "500ms", "-Z", "1s"];
/// Between the prober and the target.
const ROUTERS: u8 = 2;

/// Gives the prober back all that a link loses when it goes down.
const LINK: &str = "link set away up
addr replace 10.0.1.254/24 dev away
addr replace fd00:0:0:1::fe/64 dev away nodad
route replace default via 10.0.1.1
route replace default via fd00:0:0:1::1";

/// Real routers that answer as often as they are asked.
fn chain() -> Chain {
    lab::permit_ping();
    let chain = Chain::build(ROUTERS);
    for machine in chain.routers.iter().chain([&chain.target]) {
        machine.run(|| {
            lab::sysctl("ipv4/icmp_ratemask", "0");
            lab::sysctl("ipv6/icmp/ratemask", "");
        });
    }
    chain
}

fn open(privileged: bool, family: usize, flags: &[&str]) -> Terminal {
    let mut command = if privileged { lab::privileged_hopwatch() } else { lab::hopwatch(&[]) };
    command.args(PACE).args(flags).arg(both(ROUTERS + 1)[family].to_string()).env("TZ", "UTC");
    Terminal::open(&command, 110, 20)
}

/// A watch on every channel, to the target of a family, each with `flags`.
fn watches(family: usize, flags: &[&str]) -> Vec<(String, Terminal)> {
    let channels: [(bool, &[&str]); 4] =
        [(false, &["-u"]), (false, &["--icmp"]), (false, &["-T"]), (true, &["--channel", "raw"])];
    let named = |channel: &[&str]| format!("{} over {}", channel.join(" "), ["IPv4", "IPv6"][family]);
    let opened = channels
        .map(|(privileged, channel)| (named(channel), open(privileged, family, &[channel, flags].concat())));
    opened.into()
}

/// The lines of the table: TTL, and the cells behind the address.
fn rows(text: &str) -> Vec<(u8, Vec<String>)> {
    let rows = text.lines().filter_map(|line| {
        let mut words = line.trim_start_matches(['▸', ' ']).split_whitespace();
        let ttl = words.next()?.parse().ok()?;
        Some((ttl, words.map(str::to_owned).collect()))
    });
    rows.collect()
}

/// Every hop is there, with figures.
fn is_whole(text: &str) -> bool {
    let rows = rows(text);
    (1..=ROUTERS + 1).all(|ttl| rows.iter().any(|(at, cells)| *at == ttl && cells.len() > 4))
}

/// The line about the fault.
fn fault(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| line.starts_with("local fault: "))
}

/// Seconds of the day in a "13:05:59".
fn seconds(clock: &str) -> u64 {
    clock.split(':').fold(0, |sum, part| sum * 60 + part.parse::<u64>().expect("a time of day"))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() % 86_400
}

/// Breaks what `watches` need, sees that each of them says so in one of these `words`, mends it, and sees that
/// each is over it within a round, and lost nothing to it.
fn survive(watches: &[(String, Terminal)], words: &[&str], hurt: impl FnOnce(), mend: impl FnOnce()) {
    for (name, watch) in watches {
        watch.until_within(4.0, &format!("{name}: the path"), |screen| is_whole(&screen.contents()));
    }
    let hurt_at = now();
    hurt();
    for (name, watch) in watches {
        let is_named = |text: &str| {
            fault(text)
                .is_some_and(|line| line.contains(" since ") && words.iter().any(|word| line.contains(word)))
        };
        watch.until_within(6.0, &format!("{name}: {words:?}"), |screen| is_named(&screen.contents()));
    }
    mend();
    let mended_at = now();
    for (name, watch) in watches {
        let is_over = |text: &str| fault(text).is_some_and(|line| line.contains(" to "));
        let screen =
            watch.until_within(4.0, &format!("{name}: the end of it"), |screen| is_over(&screen.contents()));
        let text = screen.contents();
        let line = fault(&text).expect("it is there");
        let times: Vec<u64> = line
            .split([' ', ','])
            .filter(|word| word.len() == 8 && word.contains(':'))
            .map(seconds)
            .collect();
        let [since, until] = times[..] else { panic!("{name}: two times in {line:?}") };
        // Full seconds on both sides, and the clock may pass midnight.
        assert!(
            since + 1 >= hurt_at && since <= mended_at || since < 60,
            "{name}: {line}, hurt at {hurt_at}"
        );
        assert!(until <= mended_at + 3, "{name}: {line}, mended at {mended_at}");
    }
    for (name, watch) in watches {
        let screen = watch.screen().contents();
        for (ttl, cells) in rows(&screen).into_iter().filter(|(ttl, _)| *ttl <= ROUTERS + 1) {
            let at = cells.iter().position(|cell| cell.ends_with('%'));
            let number = |index: usize| cells[index].trim_end_matches('%').parse::<f64>().expect("a number");
            let lost = at.map_or(0.0, |at| number(at) / 100.0 * number(at + 1));
            // SYNs are given up before the kernel, a second later, asks again who the next hop is on the link:
            // one a hop at the default pace, two at this one.
            let most = if name.starts_with("-T") { 2.1 } else { 0.0 };
            assert!(lost <= most, "{name}: TTL {ttl}:\n{screen}");
        }
    }
}

fn everywhere(words: &[&str], hurt: impl Fn(), mend: impl Fn()) {
    for family in 0..2 {
        survive(&watches(family, &[]), words, &hurt, &mend);
    }
}

#[test]
fn a_link_that_goes_down_and_up_again() {
    lab::inside(|| {
        let _chain = chain();
        everywhere(&["link down"], || lab::ip("link set away down"), || lab::ip(LINK));
    });
}

#[test]
fn a_link_whose_other_end_goes_down_and_up_again() {
    lab::inside(|| {
        let chain = chain();
        let hurt = || chain.routers[0].run(|| lab::ip("link set home down"));
        let mend = || {
            chain.routers[0]
                .run(|| lab::ip("addr replace fd00:0:0:1::1/64 dev home nodad\nlink set home up"));
            lab::ip(LINK);
        };
        // Over IPv6 the router's own search for the prober, on a link that just came up, outlasts the timeout.
        survive(&watches(0, &[]), &["link down"], hurt, mend);
    });
}

#[test]
fn a_default_route_that_goes_and_comes_back() {
    lab::inside(|| {
        let _chain = chain();
        let gone = "route del default via 10.0.1.1\nroute del default via fd00:0:0:1::1";
        everywhere(&["no route"], || lab::ip(gone), || lab::ip(LINK));
    });
}

#[test]
fn an_address_that_goes_and_another_that_comes_is_followed() {
    lab::inside(|| {
        let _chain = chain();
        for (family, (old, new)) in
            [("10.0.1.254/24", "10.0.1.99/24"), ("fd00:0:0:1::fe/64", "fd00:0:0:1::99/64")]
                .into_iter()
                .enumerate()
        {
            let source = new.split('/').next().expect("an address");
            let watches = watches(family, &[]);
            for (name, watch) in &watches {
                watch.until_within(4.0, name, |screen| is_whole(&screen.contents()));
            }
            let nodad = if family == 1 { " nodad" } else { "" };
            lab::ip(&format!("addr del {old} dev away"));
            lab::ip(&format!("addr add {new} dev away{nodad}"));
            lab::ip(&LINK.lines().filter(|line| line.starts_with("route")).collect::<Vec<_>>().join("\n"));
            for (name, watch) in &watches {
                watch.until_within(4.0, &format!("{name} from {source}"), |screen| {
                    screen.contents().contains(source)
                });
            }
        }
    });
}

#[test]
fn an_address_that_the_user_chose_is_waited_for() {
    lab::inside(|| {
        let _chain = chain();
        lab::ip("addr add 10.0.1.77/24 dev away\naddr add fd00:0:0:1::77/64 dev away nodad");
        for (family, own) in ["10.0.1.77", "fd00:0:0:1::77"].into_iter().enumerate() {
            let length = if family == 0 { 24 } else { 64 };
            let address = format!("addr XX {own}/{length} dev away");
            let nodad = if family == 1 { " nodad" } else { "" };
            survive(
                &watches(family, &["-a", own]),
                &["source address gone"],
                || lab::ip(&address.replace("XX", "del")),
                || lab::ip(&(address.replace("XX", "add") + nodad)),
            );
        }
    });
}

#[test]
fn a_local_firewall_that_comes_and_goes() {
    lab::inside(|| {
        let _chain = chain();
        // The kernel keeps quiet about a SYN that it dropped itself: of those only a refusal is told.
        let rule = "table inet wall { chain out { type filter hook output priority 0; \
                    ip daddr 10.0.3.1 meta l4proto tcp reject with icmpx type admin-prohibited; \
                    ip6 daddr fd00:0:0:3::1 meta l4proto tcp reject with icmpx type admin-prohibited; \
                    ip daddr 10.0.3.1 drop; ip6 daddr fd00:0:0:3::1 drop; }; }";
        // Of a dropped ICMPv6 echo request it says nothing either, but then no send stamp comes.
        everywhere(&["local firewall", "no send stamps"], || lab::nft(rule), || lab::nft("flush ruleset"));
    });
}

#[test]
fn a_program_that_was_stopped_has_a_gap_and_no_loss() {
    lab::inside(|| {
        let _chain = chain();
        for (name, watch) in watches(0, &[]) {
            watch.until_within(4.0, &name, |screen| is_whole(&screen.contents()));
            watch.signal(Signal::SIGSTOP);
            watch.until_state('T');
            std::thread::sleep(std::time::Duration::from_secs(3));
            let before = watch.drawn().frames;
            watch.signal(Signal::SIGCONT);
            watch.until_drawn("it goes on", |drawn| drawn.frames > before + 4);
            let screen = watch.screen().contents();
            assert!(is_whole(&screen) && fault(&screen).is_none(), "{name}:\n{screen}");
        }
    });
}

#[test]
fn a_next_hop_that_falls_silent_on_the_link_and_comes_back() {
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
        for family in 0..2 {
            // A connection attempt is given up before the kernel gives up the next hop.
            let watches: Vec<_> =
                watches(family, &[]).into_iter().filter(|(name, _)| !name.starts_with("-T")).collect();
            survive(&watches, &["next hop does not answer"], hurt, || router("add"));
        }
    });
}

#[test]
fn a_full_queue_is_no_loss() {
    lab::inside(|| {
        let _chain = chain();
        for family in 0..2 {
            let watches = vec![("UDP".to_owned(), open(false, family, &[]))];
            let hurt =
                || drop(lab::run(&["tc", "qdisc", "add", "dev", "away", "root", "pfifo", "limit", "0"]));
            let mend = || drop(lab::run(&["tc", "qdisc", "del", "dev", "away", "root"]));
            survive(&watches, &["no buffer space"], hurt, mend);
        }
    });
}

#[test]
fn an_ipv6_address_that_is_deprecated_gives_way_to_another() {
    lab::inside(|| {
        let _chain = chain();
        let watches = watches(1, &[]);
        for (name, watch) in &watches {
            watch.until_within(4.0, name, |screen| is_whole(&screen.contents()));
        }
        lab::ip("addr add fd00:0:0:1::99/64 dev away nodad");
        lab::ip("addr change fd00:0:0:1::fe/64 dev away valid_lft forever preferred_lft 0");
        for (name, watch) in &watches {
            let follows = |text: &str| text.contains("fd00:0:0:1::99");
            let screen = watch.until_within(4.0, name, |screen| follows(&screen.contents())).contents();
            assert!(fault(&screen).is_none(), "{name}:\n{screen}");
        }
    });
}
