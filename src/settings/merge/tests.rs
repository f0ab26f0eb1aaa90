//! Which flags give which settings, and which give none.

use super::*;
use crate::cli::Stop;
use crate::engine::probe::{Flows, Protocol};
use crate::net::channel::{ChannelChoice, Egress};
use crate::settings::FLOOR;
use crate::settings::Probing;

fn cli(line: &str) -> Cli {
    let args = std::iter::once("hopwatch").chain(line.split_whitespace());
    match Cli::parse_args(args.map(Into::into)) {
        Ok(cli) => cli,
        Err(Stop::Misuse(error)) => panic!("{line}: {error}"),
        Err(Stop::Show(text)) => panic!("{line}: {text}"),
    }
}

fn on_terminal(line: &str) -> Result<Settings, UsageError> {
    Settings::from_cli(&cli(line), true, false)
}

#[test]
fn the_defaults_watch_on_a_screen() {
    let probing = Probing {
        protocol: Protocol::Udp,
        channel: ChannelChoice::Auto,
        egress: Egress::default(),
        interval: Duration::from_secs(1),
        floor: FLOOR,
        tries: 3,
        count: None,
        first_ttl: 1,
        max_ttl: 30,
        port: Some(33_434),
        flows: Flows::Stable,
        size: 64,
        timeout: Duration::from_secs(3),
    };
    let target = Target::Host("example.org".to_owned(), None);
    let (hosts, labels, origins) = (Hosts::Names, true, false);
    let settings = Settings {
        mode: Mode::Screen,
        target,
        probing,
        reresolve: None,
        hosts,
        labels,
        origins,
        order: None,
        asn_db: None,
        record: Some(RecordTo::Directory),
        record_limit: 256 << 20,
        on_event: None,
        bell: false,
    };
    assert_eq!(on_terminal("example.org"), Ok(settings.clone()));
    assert_eq!(on_terminal("-u example.org"), Ok(settings));
}

#[test]
fn without_a_terminal_a_run_is_a_report() {
    let piped = |line| Settings::from_cli(&cli(line), false, false).unwrap();
    assert_eq!(piped("x").mode, Mode::Report { wide: false });
    assert_eq!(piped("x").probing.count, Some(10));
    assert_eq!(piped("-j x").mode, Mode::Json);
    assert_eq!(piped("--once x").mode, Mode::Once);
}

#[test]
fn each_mode_has_its_own_end() {
    let probing = |line| on_terminal(line).unwrap().probing;
    assert_eq!(probing("-r x").count, Some(10));
    assert_eq!(probing("-j -c 7 x").count, Some(7));
    assert_eq!(probing("-c 5 x").count, Some(5));
    let once = probing("--once -q 4 x");
    assert_eq!((once.count, once.interval), (Some(4), Duration::from_millis(100)));
    assert_eq!(on_terminal("-w x").unwrap().mode, Mode::Report { wide: true });
    assert_eq!(on_terminal("-jrw x").unwrap().mode, Mode::Json);
}

#[test]
fn values_reach_their_places() {
    let settings = on_terminal(
        "-be -T --channel raw -Q 46 -a 192.0.2.9 -I eth0 -i 500ms -q 1 -f 2 -m 9 -P 53 -s 1500 -Z 0.5 -4 x",
    )
    .unwrap();
    let probing = Probing {
        protocol: Protocol::Tcp,
        channel: ChannelChoice::Raw,
        egress: Egress {
            tos: 46,
            source: Some("192.0.2.9".parse().unwrap()),
            interface: Some("eth0".to_owned()),
            local_port: None,
        },
        interval: Duration::from_millis(500),
        floor: FLOOR,
        tries: 1,
        count: None,
        first_ttl: 2,
        max_ttl: 9,
        port: Some(53),
        flows: Flows::Stable,
        size: 1500,
        timeout: Duration::from_millis(500),
    };
    assert_eq!(settings.probing, probing);
    assert_eq!((settings.hosts, settings.labels), (Hosts::Both, false));
    assert_eq!(settings.target, Target::Host("x".to_owned(), Some(Family::V4)));
}

#[test]
fn a_protocol_has_its_own_port() {
    let asked = |line| {
        let probing = on_terminal(line).unwrap().probing;
        (probing.protocol, probing.port)
    };
    assert_eq!(asked("--icmp x"), (Protocol::Icmp, None));
    assert_eq!(asked("-T x"), (Protocol::Tcp, Some(443)));
    assert_eq!(asked("-T -T x"), (Protocol::Tcp, Some(443)));
    assert_eq!(asked("-u x"), (Protocol::Udp, Some(33_434)));
    assert_eq!(asked("--tcp -P 22 x"), (Protocol::Tcp, Some(22)));
}

#[test]
fn a_name_can_be_looked_up_again_and_again() {
    let every = |line| on_terminal(line).unwrap().reresolve;
    assert_eq!(every("x"), None);
    assert_eq!(every("--reresolve 10m x"), Some(Duration::from_mins(10)));
    assert_eq!(every("--reresolve 30 --headless x"), Some(Duration::from_secs(30)));
}

#[test]
fn what_a_simulated_path_can_honour_it_takes() {
    let line = "--demo lossy -u -i 2 -q 5 -c 9 -f 2 -m 20 -Z 2 -n -z -e --flow per-try -o L";
    assert!(on_terminal(line).is_ok());
}

#[test]
fn a_literal_settles_the_family() {
    let family = |line| match on_terminal(line).unwrap().target {
        Target::Host(_, family) => family,
        Target::Demo(_) => None,
    };
    assert_eq!(family("192.0.2.1"), Some(Family::V4));
    assert_eq!(family("2001:db8::1"), Some(Family::V6));
    assert_eq!(family("fe80::1%eth0"), Some(Family::V6));
    assert_eq!(family("-6 example.org"), Some(Family::V6));
    assert_eq!(family("-a 2001:db8::9 example.org"), Some(Family::V6));
    assert_eq!(family("example.org"), None);
}

#[test]
fn a_database_is_a_wish_for_origins() {
    let origins = |line| on_terminal(line).map(|settings| (settings.origins, settings.asn_db)).unwrap();
    assert_eq!(origins("-z -n x"), (true, None));
    assert_eq!(origins("--asn-db as.mmdb x"), (true, Some("as.mmdb".into())));
}

#[test]
fn only_the_privileged_go_below_the_floor() {
    assert!(on_terminal("-i 0.1 x").is_ok());
    assert!(on_terminal("-i 0.05 x").is_err());
    let fast = Settings::from_cli(&cli("-i 0.05 x"), true, true).unwrap();
    assert_eq!(fast.probing.interval, Duration::from_millis(50));
    assert!(Settings::from_cli(&cli("-i 0 x"), true, true).is_err());
}

#[test]
fn every_wrong_line_says_what_is_wrong() {
    let lines = [
        "",
        "-r",
        "--demo nope",
        "--demo clean example.org",
        "--once -r x",
        "--once -w x",
        "--once -j x",
        "--once -c 3 x",
        "-4 -6 x",
        "-4 2001:db8::1",
        "-6 192.0.2.1",
        "-n -b x",
        "-i 50ms x",
        "-i -1 x",
        "-i nan x",
        "-i 2h x",
        "-i 61m x",
        "-Z 0 x",
        "-Z 61 x",
        "-q 0 x",
        "-q 11 x",
        "-q three x",
        "-c 0 x",
        "-c -4 x",
        "-f 0 x",
        "-m 256 x",
        "-f 9 -m 8 x",
        "-f 31 x",
        "-P 0 x",
        "-P 65536 x",
        "--icmp -P 53 x",
        "--channel pigeon x",
        "--flow straight x",
        "--icmp --flow per-try x",
        "--flow per-try -P 53 x",
        "-Q 256 x",
        "-a here x",
        "-a 192.0.2.1 -6 x",
        "-a 2001:db8::1 192.0.2.1",
        "-I eth/0 x",
        "-L 0 x",
        "--icmp -L 53 x",
        "-T -L 53 x",
        "-s 43 x",
        "-s 65001 x",
        "-s 63 -6 x",
        "-s 63 2001:db8::1",
        "-u -T x",
        "-u --icmp x",
        "-T --icmp x",
        "--reresolve 0 x",
        "--reresolve 1441m x",
        "--reresolve soon x",
        "--reresolve 1m 192.0.2.1",
        "--reresolve 1m [2001:db8::1]",
        "--reresolve 1m --once x",
        "--reresolve 1m -j x",
        "--reresolve 1m -r x",
        "--reresolve 1m -w x",
        "--demo --reresolve 1m",
        "--demo --icmp",
        "--demo -T",
        "--demo -P 53",
        "--demo -s 100",
        "--demo --channel raw",
        "--demo -Q 9",
        "--demo -a 192.0.2.1",
        "--demo -I eth0",
        "--demo -L 53",
        "--demo -4",
        "--demo -6",
    ];
    let told: Vec<String> =
        lines.iter().map(|line| format!("{line:<28}{}", on_terminal(line).expect_err(line))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_may_last_is_recorded_but_no_simulated_path() {
    let record = |line: &str| on_terminal(line).map(|settings| settings.record);
    let file = || Some(RecordTo::File("f".into()));
    for (line, expected) in [
        ("x", Some(RecordTo::Directory)),
        ("--headless x", Some(RecordTo::Directory)),
        ("--headless --jsonl x", Some(RecordTo::Directory)),
        ("--no-record x", None),
        ("--jsonl x", None),
        ("-r x", None),
        ("--record f -r x", file()),
        ("--demo", None),
        ("--demo --record f", file()),
        ("--demo --headless --record f", file()),
        ("--demo --headless --jsonl", None),
        ("--demo --headless --on-event true", None),
        ("--headless --no-record --on-event true x", None),
    ] {
        assert_eq!(record(line), Ok(expected), "{line}");
    }
    for (line, error) in [
        (
            "--demo --headless",
            "--headless with --demo keeps nothing: add --record FILE, --jsonl or --on-event CMD",
        ),
        (
            "--headless --no-record x",
            "--headless with --no-record keeps nothing: add --jsonl or --on-event CMD",
        ),
        ("--record - x", "--record '-': must be a file; --jsonl prints the records"),
    ] {
        assert_eq!(record(line).map_err(|error| error.to_string()), Err(error.to_owned()), "{line}");
    }
}
