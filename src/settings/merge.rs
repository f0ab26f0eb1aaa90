//! From flags to [`Settings`]: what to do, and what to do it with.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::probing::{probing, source};
use super::values::{alone, time};
use super::{Hosts, Mode, RecordTo, Settings, Target, alerts, parse_size};
use crate::cli::{Cli, UsageError};
use crate::names::forward;
use crate::net::simulated::demos::NAMES as SCENARIOS;
use crate::wire::icmp::Family;

/// The least and the most time between two lookups of the target's name.
const RERESOLVE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(24));
/// How much recordings may take, in bytes, unless another limit is set.
const LIMIT: u64 = 256 << 20;

impl Settings {
    /// Judges the flags. Without a terminal to draw on, a run that names no mode is a report; only the
    /// privileged may probe faster than ten times a second.
    pub fn from_cli(cli: &Cli, stdout_is_terminal: bool, privileged: bool) -> Result<Self, UsageError> {
        let mode = mode(cli, stdout_is_terminal)?;
        let target = target(cli)?;
        if matches!(target, Target::Demo(_)) {
            check_demo(cli)?;
        }
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
            reresolve: reresolve(cli, mode)?,
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
/// simulated paths. One without a screen that nobody would learn anything of is refused.
fn record(cli: &Cli, mode: Mode, target: &Target) -> Result<Option<RecordTo>, UsageError> {
    match (&cli.record, cli.no_record) {
        (Some(_), true) => return Err(UsageError::Contradiction("--record", "--no-record")),
        (Some(file), false) if file.as_os_str() == "-" => {
            let why = "must be a file; --jsonl prints the records".to_owned();
            return Err(UsageError::Value { flag: "--record", given: "-".to_owned(), why });
        }
        (Some(file), false) => return Ok(Some(RecordTo::File(file.clone()))),
        (None, _) => {}
    }
    let lasts = mode == Mode::Screen || cli.headless;
    if lasts && !cli.no_record && matches!(target, Target::Host(..)) {
        return Ok(Some(RecordTo::Directory));
    }
    if mode == (Mode::Headless { jsonl: false }) && cli.on_event.is_none() {
        let (with, remedy) = if cli.no_record {
            ("--no-record", "--jsonl or --on-event CMD")
        } else {
            ("--demo", "--record FILE, --jsonl or --on-event CMD")
        };
        return Err(UsageError::NothingKept { with, remedy });
    }
    Ok(None)
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
        alone(if cli.headless { "--headless" } else { "--jsonl" }, &others)?;
        return Ok(Mode::Headless { jsonl: cli.jsonl });
    }
    if cli.once {
        let others = [
            (cli.report, "--report"),
            (cli.report_wide, "--report-wide"),
            (cli.json, "--json"),
            (cli.count.is_some(), "--report-cycles"),
        ];
        alone("--once", &others)?;
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

/// How often the target's name is looked up again. What prints figures at its end is of one address.
fn reresolve(cli: &Cli, mode: Mode) -> Result<Option<Duration>, UsageError> {
    let (least, most) = RERESOLVE;
    let Some(every) = time("--reresolve", cli.reresolve.as_ref(), least..=most)? else { return Ok(None) };
    if let Some(target) = cli.target.clone().filter(|target| forward::is_literal(target)) {
        return Err(UsageError::Nameless { target });
    }
    let other = match mode {
        Mode::Screen | Mode::Headless { .. } => return Ok(Some(every)),
        Mode::Once => "--once",
        Mode::Json => "--json",
        Mode::Report { wide: true } => "--report-wide",
        Mode::Report { wide: false } => "--report",
    };
    Err(UsageError::Contradiction(other, "--reresolve"))
}

/// A simulated path knows nothing of packets: what would change them is refused rather than ignored.
fn check_demo(cli: &Cli) -> Result<(), UsageError> {
    let ignored = [
        (cli.icmp, "--icmp"),
        (cli.tcp, "--tcp"),
        (cli.port.is_some(), "--port"),
        (cli.psize.is_some(), "--psize"),
        (cli.channel.is_some(), "--channel"),
        (cli.tos.is_some(), "--tos"),
        (cli.address.is_some(), "--address"),
        (cli.interface.is_some(), "--interface"),
        (cli.localport.is_some(), "--localport"),
        (cli.ipv4, "-4"),
        (cli.ipv6, "-6"),
        (cli.reresolve.is_some(), "--reresolve"),
    ];
    alone("--demo", &ignored)
}

fn hosts(cli: &Cli) -> Result<Hosts, UsageError> {
    match (cli.no_dns, cli.show_ips) {
        (true, true) => Err(UsageError::Contradiction("--no-dns", "--show-ips")),
        (true, false) => Ok(Hosts::Addresses),
        (false, true) => Ok(Hosts::Both),
        (false, false) => Ok(Hosts::Names),
    }
}
