//! How to probe, from flags: every check and every default.

use std::net::IpAddr;
use std::time::Duration;

use super::values::{choice, number, time};
use super::{FLOOR, MAX_SIZE, Mode, PRIVILEGED_FLOOR, Probing, min_size};
use crate::cli::{Cli, UsageError};
use crate::engine::probe::{Flows, Protocol};
use crate::net::channel::{ChannelChoice, Egress};
use crate::wire::icmp::Family;

const MILLISECOND: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// Tries per hop of a report that says nothing else.
const REPORT_COUNT: u32 = 10;

/// What the flags say of probing.
pub fn probing(cli: &Cli, mode: Mode, privileged: bool) -> Result<Probing, UsageError> {
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
    let protocol = protocol(cli)?;
    let floor = if privileged { PRIVILEGED_FLOOR } else { FLOOR };
    Ok(Probing {
        protocol,
        channel: channel(cli)?,
        egress: egress(cli, protocol)?,
        interval: interval(cli.interval.as_ref(), floor)?.unwrap_or(pause),
        floor,
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

/// The protocol asked for. Of several none is taken: whoever names two does not know which the figures are of.
fn protocol(cli: &Cli) -> Result<Protocol, UsageError> {
    match (cli.udp, cli.icmp, cli.tcp) {
        (true, true, _) => Err(UsageError::Contradiction("--udp", "--icmp")),
        (true, _, true) => Err(UsageError::Contradiction("--udp", "--tcp")),
        (_, true, true) => Err(UsageError::Contradiction("--icmp", "--tcp")),
        (_, true, _) => Ok(Protocol::Icmp),
        (_, _, true) => Ok(Protocol::Tcp),
        _ => Ok(Protocol::Udp),
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
pub fn source(cli: &Cli) -> Result<Option<IpAddr>, UsageError> {
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

fn interval(given: Option<&String>, floor: Duration) -> Result<Option<Duration>, UsageError> {
    let interval = time("-i", given, MILLISECOND..=HOUR)?;
    match (interval, given) {
        (Some(short), Some(given)) if short < floor => Err(UsageError::Value {
            flag: "-i",
            given: given.clone(),
            why: "must be at least 100ms without CAP_NET_RAW".to_owned(),
        }),
        _ => Ok(interval),
    }
}
