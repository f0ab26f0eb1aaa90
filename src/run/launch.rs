//! From settings to a watch: the target found, every part given its share.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use tokio::runtime::Builder;

use crate::engine::probe::Protocol;
use crate::engine::snapshot::Pace;
use crate::engine::trace::TraceConfig;
use crate::names::again::{Lookup, Name};
use crate::names::forward::{self, Resolved};
use crate::net::channel::{ChannelChoice, ChannelConfig, header_len};
use crate::net::error_queue;
use crate::net::open_error::OpenError;
use crate::net::raw_sockets::RawSockets;
use crate::net::simulated::demos;
use crate::origin::database::{Database, DatabaseError};
use crate::origin::finder::{FinderConfig, Source};
use crate::scrub;
use crate::session::files;
use crate::session::writer::why;
use crate::settings::{Hosts, Mode, RecordTo, Settings, Target};
use crate::watch::{self, About, Handle, Notice, RecordPlace, Recording, WatchConfig, Way};
use crate::wire::icmp::Family;
use crate::wire::payload::Cookie;

/// The ports before this one are for the privileged.
const FIRST_FREE: u16 = 1_024;

/// What a watch needs, the target's name looked up.
pub fn config(settings: &Settings, arguments: &[String]) -> anyhow::Result<WatchConfig> {
    let probing = &settings.probing;
    // What a privilege may be needed to read comes before privileges are given up.
    let source = match (&settings.asn_db, &settings.target) {
        (Some(path), _) => database(path)?,
        (None, Target::Demo(_)) => Source::Table(demos::demo_origin),
        (None, Target::Host(..)) => Source::Dns,
    };
    let raw = raw_sockets(settings)?;
    let (target, address, way) = match &settings.target {
        Target::Demo(name) => {
            let scenario = demos::demo(name).with_context(|| format!("there is no demo \"{name}\""))?;
            let address = scenario.target;
            let name = demos::demo_name(address).unwrap_or_else(|| address.to_string());
            (name, address, Way::Simulated(Box::new(scenario)))
        }
        Target::Host(host, family) => {
            let found = find(host, *family)?;
            check_is_one_host(found.address)?;
            probing.check_size(Family::of(found.address)).map_err(|error| anyhow!("{error}"))?;
            let config = ChannelConfig {
                protocol: probing.protocol,
                target: found.socket_address(probing.port.unwrap_or_default()),
                payload_len: payload_len(probing.size, found.address),
                cookie: Cookie(random()),
                raw,
                egress: probing.egress.clone(),
            };
            (scrub::text(host), found.address, Way::Network(config, probing.channel))
        }
    };
    let pace = Pace {
        interval: probing.interval,
        tries: probing.tries,
        timeout: probing.timeout,
        first_ttl: probing.first_ttl,
        max_ttl: probing.max_ttl,
    };
    Ok(WatchConfig {
        trace: TraceConfig {
            target: address,
            pace,
            count: probing.count,
            flows: probing.flows,
            seed: random(),
        },
        about: About {
            target,
            address,
            source: None,
            protocol: probing.protocol,
            port: probing.port,
            tos: probing.egress.tos,
            flows: probing.flows,
            channel: "",
            host: host_name(),
        },
        way,
        name: name(settings),
        names: settings.hosts != Hosts::Addresses,
        origins: FinderConfig { source, enabled: settings.origins },
        // A report shows how far it is where someone may be looking.
        live: matches!(settings.mode, Mode::Screen | Mode::Once) || io::stderr().is_terminal(),
        screen: settings.mode == Mode::Screen,
        recording: recording(settings, arguments),
        resumed: None,
        stream: None,
        events: None,
    })
}

/// Where the watch is recorded; one without a screen is nothing without that.
fn recording(settings: &Settings, arguments: &[String]) -> Option<Recording> {
    let place = match settings.record.as_ref()? {
        RecordTo::File(file) => RecordPlace::File(file.clone()),
        RecordTo::Directory => RecordPlace::Directory(files::directory(|name| std::env::var_os(name))),
    };
    let required = matches!(place, RecordPlace::File(_)) || matches!(settings.mode, Mode::Headless { .. });
    Some(Recording { place, limit: settings.record_limit, required, arguments: arguments.to_vec() })
}

fn database(path: &Path) -> anyhow::Result<Source> {
    let open = Database::open(path).map_err(|error| {
        let why = match error {
            DatabaseError::Unreadable(error) => why(&error),
            error => error.to_string(),
        };
        anyhow!("cannot use the AS database \"{}\": {why}", scrub::text(path.to_string_lossy().as_bytes()))
    });
    Ok(Source::Database(Arc::new(open?)))
}

/// The raw sockets, if they are asked for, or if echo requests are and nothing less permits them: opened while
/// this thread is the only one, so that with the right to them all others are given up for good.
fn raw_sockets(settings: &Settings) -> anyhow::Result<Option<Arc<RawSockets>>> {
    let probing = &settings.probing;
    let is_asked = probing.channel == ChannelChoice::Raw;
    let is_needed = probing.channel == ChannelChoice::Auto
        && probing.protocol == Protocol::Icmp
        && !error_queue::permits_echo()
        && RawSockets::are_permitted();
    if matches!(settings.target, Target::Demo(_)) || !(is_asked || is_needed) {
        return Ok(None);
    }
    match RawSockets::open(probing.egress.local_port.is_some_and(|port| port < FIRST_FREE)) {
        Ok(sockets) => Ok(Some(Arc::new(sockets))),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(OpenError::NoRaw.into()),
        Err(error) => Err(anyhow!("cannot open raw sockets: {error}")),
    }
}

/// Starts the watch.
pub fn spawn(
    config: WatchConfig,
    notify: impl Fn(Notice) + Send + 'static,
    restore: fn(),
) -> anyhow::Result<Handle> {
    Ok(watch::spawn(config, notify, restore)?)
}

fn find(host: &str, family: Option<Family>) -> anyhow::Result<Resolved> {
    let runtime = Builder::new_current_thread().enable_time().build().context("cannot start")?;
    Ok(runtime.block_on(forward::resolve(host, family, forward::DEADLINE))?)
}

fn check_is_one_host(address: IpAddr) -> anyhow::Result<()> {
    if !forward::is_one_host(address) {
        return Err(anyhow!("{address} is not the address of one host; give a host's name or address"));
    }
    Ok(())
}

/// How the target's name is looked up again; `None` where it has none.
pub fn name(settings: &Settings) -> Option<Name> {
    let Target::Host(host, family) = &settings.target else { return None };
    let name =
        Name { host: host.clone(), family: *family, every: settings.reresolve, lookup: Lookup::system() };
    (!forward::is_literal(host)).then_some(name)
}

/// What is left of a packet's size after the IP header and eight bytes of UDP or ICMP.
fn payload_len(size: u16, target: IpAddr) -> usize {
    usize::from(size).saturating_sub(header_len(Family::of(target)))
}

/// A number that nobody on the network can guess: `std`'s hash keys come from the system's random source.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

fn host_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    scrub::text(name.unwrap_or_default())
}
