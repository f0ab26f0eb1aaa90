//! From flags to [`Settings`]: every check and every default.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{
    FLOOR, Hosts, MAX_SIZE, Mode, Probing, RecordTo, Settings, Target, alerts, min_size, parse_duration,
    parse_size,
};
use crate::cli::{Cli, UsageError};
use crate::engine::probe::{Flows, Protocol};
use crate::net::channel::{ChannelChoice, Egress};
use crate::net::simulated::demos::NAMES as SCENARIOS;
use crate::wire::icmp::Family;

const MILLISECOND: Duration = Duration::from_millis(1);
/// How much recordings may take, in bytes, unless another limit is set.
const LIMIT: u64 = 256 << 20;
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// Tries per hop of a report that says nothing else.
const REPORT_COUNT: u32 = 10;

impl Settings {
    /// Judges the flags. Without a terminal to draw on, a run that names no mode is a report; only the
    /// privileged may probe faster than ten times a second.
    pub fn from_cli(cli: &Cli, stdout_is_terminal: bool, privileged: bool) -> Result<Self, UsageError> {
        let mode = mode(cli, stdout_is_terminal)?;
        let target = target(cli)?;
        let probing = probing(cli, mode, privileged)?;
        probing.check_size(least_family(&target))?;
        let asn_db = cli.asn_db.clone();
        let origins = cli.aslookup || asn_db.is_some();
        let labels = !cli.hide_mpls;
        let record = record(cli, mode, &target)?;
        Ok(Self {
            mode,
            target,
            probing,
            hosts: hosts(cli)?,
            labels,
            origins,
            order: cli.order.clone(),
            asn_db,
            record,
            record_limit: record_limit(cli)?,
            on_event: alerts::on_event(cli, mode)?,
            bell: alerts::bell(cli)?,
        })
    }
}

/// A watch that may last is recorded unless that is forbidden; other runs are only where a file is named, and so are
/// simulated paths and a `--jsonl` that is kept elsewhere.
fn record(cli: &Cli, mode: Mode, target: &Target) -> Result<Option<RecordTo>, UsageError> {
    match (&cli.record, cli.no_record) {
        (Some(_), true) => return Err(UsageError::Contradiction("--record", "--no-record")),
        (Some(file), false) => return Ok(Some(RecordTo::File(file.clone()))),
        (None, true) if mode == (Mode::Headless { jsonl: false }) => {
            return Err(UsageError::Contradiction("--headless", "--no-record"));
        }
        (None, true) => return Ok(None),
        (None, false) => {}
    }
    let lasts = mode == Mode::Screen && matches!(target, Target::Host(..)) || cli.headless;
    Ok(lasts.then_some(RecordTo::Directory))
}

fn record_limit(cli: &Cli) -> Result<u64, UsageError> {
    let Some(given) = &cli.record_limit else { return Ok(LIMIT) };
    parse_size(given).map_err(|why| UsageError::Value { flag: "--record-limit", given: given.clone(), why })
}

fn mode(cli: &Cli, stdout_is_terminal: bool) -> Result<Mode, UsageError> {
    if cli.headless || cli.jsonl {
        let others = [
            (cli.once, "--once"),
            (cli.report, "--report"),
            (cli.report_wide, "--report-wide"),
            (cli.json, "--json"),
        ];
        if let Some((_, other)) = others.iter().find(|(given, _)| *given) {
            let own = if cli.headless { "--headless" } else { "--jsonl" };
            return Err(UsageError::Contradiction(own, other));
        }
        return Ok(Mode::Headless { jsonl: cli.jsonl });
    }
    if cli.once {
        let others = [
            (cli.report, "--report"),
            (cli.report_wide, "--report-wide"),
            (cli.json, "--json"),
            (cli.count.is_some(), "--report-cycles"),
        ];
        if let Some((_, other)) = others.iter().find(|(given, _)| *given) {
            return Err(UsageError::Contradiction("--once", other));
        }
        return Ok(Mode::Once);
    }
    Ok(match (cli.json, cli.report || cli.report_wide || !stdout_is_terminal) {
        (true, _) => Mode::Json,
        (false, true) => Mode::Report { wide: cli.report_wide },
        (false, false) => Mode::Screen,
    })
}

fn target(cli: &Cli) -> Result<Target, UsageError> {
    let family = match (cli.ipv4, cli.ipv6) {
        (true, true) => return Err(UsageError::Contradiction("-4", "-6")),
        (true, false) => Some(Family::V4),
        (false, true) => Some(Family::V6),
        (false, false) => None,
    };
    let host = cli.target.as_deref().filter(|host| !host.is_empty());
    match (&cli.demo, host) {
        (Some(_), Some(_)) => Err(UsageError::Contradiction("--demo", "a target")),
        (Some(scenario), None) if SCENARIOS.contains(&scenario.as_str()) => {
            Ok(Target::Demo(scenario.clone()))
        }
        (Some(scenario), None) => {
            Err(UsageError::UnknownScenario { given: scenario.clone(), known: SCENARIOS })
        }
        (None, None) => Err(UsageError::NoTarget),
        (None, Some(host)) => {
            let wrong = |flag, family| UsageError::WrongFamily { flag, target: host.to_owned(), family };
            match (family, literal_family(host)) {
                (Some(Family::V4), Some(Family::V6)) => Err(wrong("-4", "IPv4")),
                (Some(Family::V6), Some(Family::V4)) => Err(wrong("-6", "IPv6")),
                (asked, literal) => {
                    let family = from_source(cli, asked.or(literal))?;
                    Ok(Target::Host(host.to_owned(), family))
                }
            }
        }
    }
}

/// The family that a source address settles, unless it is settled already.
fn from_source(cli: &Cli, settled: Option<Family>) -> Result<Option<Family>, UsageError> {
    let Some(source) = source(cli)? else { return Ok(settled) };
    match settled {
        Some(family) if family != Family::of(source) => {
            let family = if family == Family::V4 { "IPv4" } else { "IPv6" };
            Err(UsageError::WrongFamily { flag: "-a", target: source.to_string(), family })
        }
        _ => Ok(Some(Family::of(source))),
    }
}

/// The family of an address literal, a scoped one (RFC 4007) included; `None` for a name.
fn literal_family(host: &str) -> Option<Family> {
    let scoped = || Some(IpAddr::V6(host.split_once('%')?.0.parse::<Ipv6Addr>().ok()?));
    host.parse().ok().or_else(scoped).map(Family::of)
}

/// The family whose packets have to fit: the one known to be used, or the smaller headers while it is open.
fn least_family(target: &Target) -> Family {
    match target {
        Target::Host(_, Some(family)) => *family,
        Target::Host(_, None) | Target::Demo(_) => Family::V4,
    }
}

fn hosts(cli: &Cli) -> Result<Hosts, UsageError> {
    match (cli.no_dns, cli.show_ips) {
        (true, true) => Err(UsageError::Contradiction("--no-dns", "--show-ips")),
        (true, false) => Ok(Hosts::Addresses),
        (false, true) => Ok(Hosts::Both),
        (false, false) => Ok(Hosts::Names),
    }
}

fn probing(cli: &Cli, mode: Mode, privileged: bool) -> Result<Probing, UsageError> {
    let tries = number("-q", cli.tries.as_ref(), 1..=10)?.unwrap_or(3);
    let given = number("-c", cli.count.as_ref(), 1..=u32::MAX)?;
    let (count, pause) = match mode {
        Mode::Once => (Some(u32::from(tries)), FLOOR),
        Mode::Report { .. } | Mode::Json => (given.or(Some(REPORT_COUNT)), Duration::from_secs(1)),
        Mode::Screen | Mode::Headless { .. } => (given, Duration::from_secs(1)),
    };
    let first_ttl = number("-f", cli.first_ttl.as_ref(), 1..=255)?.unwrap_or(1);
    let max_ttl = number("-m", cli.max_ttl.as_ref(), 1..=255)?.unwrap_or(30);
    if first_ttl > max_ttl {
        return Err(UsageError::FirstAboveMax { first: first_ttl, max: max_ttl });
    }
    let timeout = time("-Z", cli.timeout.as_ref(), MILLISECOND..=MINUTE)?.unwrap_or(Duration::from_secs(3));
    let protocol = protocol(cli);
    Ok(Probing {
        protocol,
        channel: channel(cli)?,
        egress: egress(cli, protocol)?,
        interval: interval(cli.interval.as_ref(), privileged)?.unwrap_or(pause),
        tries,
        count,
        first_ttl,
        max_ttl,
        port: port(cli, protocol)?,
        flows: flows(cli, protocol)?,
        size: number("-s", cli.psize.as_ref(), min_size(Family::V4)..=MAX_SIZE)?.unwrap_or(64),
        timeout,
    })
}

/// The last of the flags that name a protocol wins; the parser has dropped the others.
const fn protocol(cli: &Cli) -> Protocol {
    match (cli.icmp, cli.tcp) {
        (true, _) => Protocol::Icmp,
        (_, true) => Protocol::Tcp,
        _ => Protocol::Udp,
    }
}

fn port(cli: &Cli, protocol: Protocol) -> Result<Option<u16>, UsageError> {
    let given = number("-P", cli.port.as_ref(), 1..=u16::MAX)?;
    match (given, protocol.default_port()) {
        (Some(_), None) => Err(UsageError::Contradiction("--icmp", "--port")),
        (given, default) => Ok(given.or(default)),
    }
}

fn flows(cli: &Cli, protocol: Protocol) -> Result<Flows, UsageError> {
    let flows = choice("--flow", cli.flow.as_ref(), &Flows::ALL, Flows::name)?.unwrap_or_default();
    match (flows, protocol) {
        (Flows::PerTry, Protocol::Icmp) => Err(UsageError::Contradiction("--icmp", "--flow per-try")),
        // It is the destination port that moves.
        (Flows::PerTry, Protocol::Udp) if cli.port.is_some() => {
            Err(UsageError::Contradiction("--port", "--flow per-try"))
        }
        _ => Ok(flows),
    }
}

/// The one of `all` that goes by the name given.
fn choice<T: Copy, const N: usize>(
    flag: &'static str,
    given: Option<&String>,
    all: &[T; N],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, UsageError> {
    let Some(given) = given else { return Ok(None) };
    let found = all.iter().copied().find(|one| name(*one) == given);
    found.map(Some).ok_or_else(|| UsageError::Value {
        flag,
        given: given.clone(),
        why: format!("must be one of {}", all.map(name).join(", ")),
    })
}

fn channel(cli: &Cli) -> Result<ChannelChoice, UsageError> {
    let given = choice("--channel", cli.channel.as_ref(), &ChannelChoice::ALL, ChannelChoice::name)?;
    Ok(given.unwrap_or_default())
}

fn egress(cli: &Cli, protocol: Protocol) -> Result<Egress, UsageError> {
    let wrong = |flag, given: &str, why: &str| {
        Err(UsageError::Value { flag, given: given.to_owned(), why: why.to_owned() })
    };
    let interface = cli.interface.as_deref();
    if let Some(name) = interface.filter(|name| !is_interface(name)) {
        return wrong("-I", name, "must be the name of an interface");
    }
    let local_port = number("-L", cli.localport.as_ref(), 1..=u16::MAX)?;
    match protocol {
        Protocol::Icmp if local_port.is_some() => {
            return Err(UsageError::Contradiction("--icmp", "--localport"));
        }
        Protocol::Tcp if local_port.is_some() => {
            return Err(UsageError::Contradiction("--tcp", "--localport"));
        }
        _ => {}
    }
    Ok(Egress {
        tos: number("-Q", cli.tos.as_ref(), 0..=u8::MAX)?.unwrap_or_default(),
        source: source(cli)?,
        interface: interface.map(str::to_owned),
        local_port,
    })
}

/// The source address asked for.
fn source(cli: &Cli) -> Result<Option<IpAddr>, UsageError> {
    let Some(given) = &cli.address else { return Ok(None) };
    given.parse().map(Some).map_err(|_| UsageError::Value {
        flag: "-a",
        given: given.clone(),
        why: "must be an IP address of this machine".to_owned(),
    })
}

/// Whether Linux could have an interface of this name (`dev_valid_name`).
fn is_interface(name: &str) -> bool {
    let fits = (1..=15).contains(&name.len()) && !matches!(name, "." | "..");
    fits && !name.contains(|letter: char| letter.is_whitespace() || matches!(letter, '/' | ':' | '\0'))
}

fn interval(given: Option<&String>, privileged: bool) -> Result<Option<Duration>, UsageError> {
    let interval = time("-i", given, MILLISECOND..=HOUR)?;
    match (interval, given) {
        (Some(short), Some(given)) if short < FLOOR && !privileged => Err(UsageError::Value {
            flag: "-i",
            given: given.clone(),
            why: "must be at least 100ms without CAP_NET_RAW".to_owned(),
        }),
        _ => Ok(interval),
    }
}

fn number<T>(
    flag: &'static str,
    given: Option<&String>,
    range: RangeInclusive<T>,
) -> Result<Option<T>, UsageError>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let Some(given) = given else { return Ok(None) };
    let value = given.parse().ok().filter(|value| range.contains(value));
    value.map(Some).ok_or_else(|| UsageError::Value {
        flag,
        given: given.clone(),
        why: format!("must be a whole number from {} to {}", range.start(), range.end()),
    })
}

fn time(
    flag: &'static str,
    given: Option<&String>,
    range: RangeInclusive<Duration>,
) -> Result<Option<Duration>, UsageError> {
    let Some(given) = given else { return Ok(None) };
    let refuse = |why| UsageError::Value { flag, given: given.clone(), why };
    let time = parse_duration(given).map_err(refuse)?;
    if range.contains(&time) {
        Ok(Some(time))
    } else {
        Err(refuse(format!("must be from {:?} to {:?}", range.start(), range.end())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Stop;

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
        let settings =
            on_terminal("-be -T --channel raw -Q 46 -a 192.0.2.9 -I eth0 -i 500ms -q 1 -f 2 -m 9 -P 53 -s 1500 -Z 0.5 -4 x").unwrap();
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
    fn the_last_protocol_wins_and_has_its_own_port() {
        let asked = |line| {
            let probing = on_terminal(line).unwrap().probing;
            (probing.protocol, probing.port)
        };
        assert_eq!(asked("--icmp x"), (Protocol::Icmp, None));
        assert_eq!(asked("--icmp -T x"), (Protocol::Tcp, Some(443)));
        assert_eq!(asked("-T --icmp -u x"), (Protocol::Udp, Some(33_434)));
        assert_eq!(asked("-u --tcp -P 22 x"), (Protocol::Tcp, Some(22)));
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
        ];
        let told: Vec<String> =
            lines.iter().map(|line| format!("{line:<28}{}", on_terminal(line).expect_err(line))).collect();
        insta::assert_snapshot!(told.join("\n"));
    }
}
