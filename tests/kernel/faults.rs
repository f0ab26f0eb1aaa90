//! What this machine itself fails to do is no loss on the path.

use crate::report;
use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait, both};
use crate::support::terminal::Terminal;

#[test]
fn without_a_route_it_says_so_and_ends() {
    lab::inside(|| {
        for target in both(9) {
            let (code, stdout, stderr) = report::output(lab::hopwatch(&["-r", &target.to_string()]));
            assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
            assert!(stderr.lines().count() == 1 && stderr.contains("route"), "{stderr}");
        }
    });
}

#[test]
fn a_link_that_goes_down_is_a_local_fault() {
    lab::inside(|| {
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        let child = report::start(both(4)[0], &["-c", "8", "-i", "300ms", "-Z", "600ms"]);
        responder.until("two rounds", 2.0, |seen| seen.iter().filter(|probe| probe.ttl == 1).count() == 2);
        lab::ip("link set near down");
        let report = report::finish(child);
        for hop in report.hops() {
            assert!(hop.count("not_sent") >= 4, "{:#}", report.at(""));
            assert!(hop.count("lost") <= 1, "{:#}", report.at(""));
        }
    });
}

#[test]
fn a_local_firewall_is_a_local_fault_whichever_way_it_refuses() {
    lab::inside(|| {
        for verdict in
            ["drop", "reject with icmpx type admin-prohibited", "reject with icmpx type port-unreachable"]
        {
            let _responder = Responder::start(Node::path(2), Wait::Asleep);
            lab::nft(&format!(
                "table inet filter {{ chain output {{ type filter hook output priority 0; \
                 udp dport 33434 {verdict}; }}; }}"
            ));
            for target in both(3) {
                let report = report::run(target, &["-c", "2", "-i", "200ms", "-Z", "400ms"]);
                assert_eq!(report.at("/target/reached"), false, "{verdict}: {:#}", report.at(""));
                for hop in report.hops() {
                    let counts = (hop.count("sent"), hop.count("lost"));
                    assert_eq!(counts, (0, 0), "{verdict}: {:#}", report.at(""));
                    assert!(hop.count("not_sent") > 0, "{verdict}: {:#}", report.at(""));
                }
            }
            lab::nft("flush ruleset");
        }
    });
}

#[test]
fn the_screen_names_a_fault_with_its_times() {
    lab::inside(|| {
        let _chain = Chain::build(2);
        let target = both(3)[0].to_string();
        let mut watch = lab::hopwatch(&["-n", "-i", "500ms", &target]);
        watch.env("TZ", "UTC");
        let watch = Terminal::open(&watch, 110, 20);
        watch.until_text(&target);
        lab::ip("route del default via 10.0.1.1");
        watch.until_text("local fault: no route, since ");
        lab::ip("route add default via 10.0.1.1");
        let screen = watch.until("its end", |screen| screen.contents().contains(" to ")).contents();
        let line = screen.lines().find(|line| line.contains("local fault: no route, ")).expect("the fault");
        let times = line.split([' ', ',']).filter(|word| word.len() == 8 && word.contains(':'));
        assert_eq!(times.count(), 2, "{line:?}");
    });
}
