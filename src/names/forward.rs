//! The target's address, found before the screen opens.
//!
//! An address literal is read as it is; a name goes to `getaddrinfo` on a thread of its own, so that neither
//! Ctrl-C nor the deadline waits for a resolver that does not answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::thread;
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind};
use nix::net::if_::{if_indextoname, if_nametoindex};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::scrub;
use crate::wire::icmp::Family;

/// How long the target's name may take to be found.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Where a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The address to probe: the resolver's first, of the family asked for.
    pub address: IpAddr,
    /// The interface that a link-local IPv6 address is meant on, by its index; 0 for any.
    pub scope: u32,
    /// What else the name stands for, in the resolver's order.
    pub others: Vec<IpAddr>,
}

impl Resolved {
    /// The address with a port, on its interface.
    pub fn socket_address(&self, port: u16) -> SocketAddr {
        match self.address {
            IpAddr::V4(address) => SocketAddr::new(address.into(), port),
            IpAddr::V6(address) => SocketAddrV6::new(address, port, 0, self.scope).into(),
        }
    }
}

/// Why a target cannot be probed: one line that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot resolve \"{}\": {why}", scrub::text(.host))]
pub struct ResolveError {
    /// The target as given.
    pub host: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The name does not exist, or has no address.
    #[error("no such name; check the spelling, or give an address")]
    NoName,
    /// The name or literal has addresses of the other family only.
    #[error("it has no {} address; leave -{} out, or give another target", name(*.0), digit(*.0))]
    NoneOfFamily(Family),
    /// The resolver was asked, and could not tell.
    #[error("the resolver has no answer for now; check the network and /etc/resolv.conf, or give an address")]
    NoAnswer,
    /// The deadline has passed.
    #[error("no answer from the resolver within {} s; check the network and /etc/resolv.conf, or give an address", .0.as_secs_f64())]
    Timeout(Duration),
    /// The interface behind `%` does not exist.
    #[error("there is no interface \"{}\" here; see `ip link` for those there are", scrub::text(.0))]
    NoInterface(String),
    /// A link-local address means nothing without an interface.
    #[error("a link-local address needs its interface; give it as {0}%INTERFACE, such as {0}%eth0")]
    NoScope(Ipv6Addr),
    /// Anything else the system said.
    #[error("{}; check /etc/nsswitch.conf and /etc/resolv.conf, or give an address", scrub::text(.0))]
    Other(String),
}

const fn name(family: Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}

const fn digit(family: Family) -> u8 {
    match family {
        Family::V4 => 4,
        Family::V6 => 6,
    }
}

/// The address of `host`, a name or a literal, of the family asked for; given up after `deadline`.
pub async fn resolve(
    host: &str,
    family: Option<Family>,
    deadline: Duration,
) -> Result<Resolved, ResolveError> {
    resolve_by(getaddrinfo, host, family, deadline).await
}

/// [`resolve`] by any lookup, which may block for as long as it likes.
async fn resolve_by(
    lookup: impl FnOnce(&str, Option<Family>) -> Result<Vec<SocketAddr>, Why> + Send + 'static,
    host: &str,
    family: Option<Family>,
    deadline: Duration,
) -> Result<Resolved, ResolveError> {
    let found = match literal(host) {
        Some(address) => address.map(|address| vec![address]),
        None => on_a_thread(lookup, host, family, deadline).await,
    };
    found.and_then(|found| choose(&found, family)).map_err(|why| ResolveError { host: host.to_owned(), why })
}

async fn on_a_thread(
    lookup: impl FnOnce(&str, Option<Family>) -> Result<Vec<SocketAddr>, Why> + Send + 'static,
    host: &str,
    family: Option<Family>,
    deadline: Duration,
) -> Result<Vec<SocketAddr>, Why> {
    let (done, found) = oneshot::channel();
    let name = host.to_owned();
    // Not the runtime's blocking pool: dropping the runtime would wait for it.
    thread::Builder::new()
        .name("resolve".into())
        .spawn(move || done.send(lookup(&name, family)))
        .map_err(|error| Why::Other(format!("cannot start a thread ({error})")))?;
    match timeout(deadline, found).await {
        Ok(Ok(found)) => found,
        Ok(Err(_)) => Err(Why::Other("the lookup failed".into())),
        Err(_) => Err(Why::Timeout(deadline)),
    }
}

/// Whether a target is an address literal, for which nobody is asked.
pub fn is_literal(host: &str) -> bool {
    literal(host).is_some()
}

/// Whether an address can be that of one host.
pub fn is_one_host(address: IpAddr) -> bool {
    !(address.is_unspecified() || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST))
}

/// An address literal, its interface looked up; `None` for anything that must be a name.
fn literal(host: &str) -> Option<Result<SocketAddr, Why>> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Some((address, zone)) = bare.split_once('%') {
        let address: Ipv6Addr = address.parse().ok()?;
        let scope = interface(zone).ok_or_else(|| Why::NoInterface(zone.to_owned()));
        return Some(scope.map(|scope| SocketAddrV6::new(address, 0, 0, scope).into()));
    }
    let address: IpAddr = bare.parse().ok()?;
    Some(Ok(SocketAddr::new(address, 0)))
}

/// The index of an interface given by its name or its index.
fn interface(zone: &str) -> Option<u32> {
    // For an index that does not exist nix gives no error, but an empty name.
    let exists = |index: &u32| if_indextoname(*index).is_ok_and(|name| !name.is_empty());
    let by_index = || zone.parse().ok().filter(exists);
    if_nametoindex(zone).ok().or_else(by_index)
}

/// Takes the first address of the family asked for.
pub(super) fn choose(found: &[SocketAddr], family: Option<Family>) -> Result<Resolved, Why> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.iter().map(|found| found.ip().to_canonical()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let wanted = |address: &IpAddr| family.is_none_or(|family| Family::of(*address) == family);
    let Some(at) = addresses.iter().position(wanted) else {
        return Err(family.filter(|_| !addresses.is_empty()).map_or(Why::NoName, Why::NoneOfFamily));
    };
    let address = addresses.remove(at);
    let scope = found.iter().find_map(|found| match found {
        SocketAddr::V6(v6) if *v6.ip() == address => Some(v6.scope_id()),
        _ => None,
    });
    match address {
        IpAddr::V6(v6) if v6.is_unicast_link_local() && scope.unwrap_or(0) == 0 => Err(Why::NoScope(v6)),
        _ => Ok(Resolved { address, scope: scope.unwrap_or(0), others: addresses }),
    }
}

/// The system's lookup: of the family asked for alone, and of both only to say what is wrong.
pub(super) fn getaddrinfo(host: &str, family: Option<Family>) -> Result<Vec<SocketAddr>, Why> {
    let lookup = |family: i32| -> Result<Vec<SocketAddr>, LookupError> {
        let hints = AddrInfoHints { address: family, socktype: libc::SOCK_DGRAM, ..AddrInfoHints::default() };
        let found = dns_lookup::getaddrinfo(Some(host), None, Some(hints))?;
        Ok(found.map(|found| found.map(|found| found.sockaddr)).collect::<Result<_, _>>()?)
    };
    let asked = family.map_or(libc::AF_UNSPEC, |family| match family {
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    });
    match lookup(asked).map_err(|error| why(&error)) {
        Err(Why::NoName | Why::Other(_)) if family.is_some() => {
            lookup(libc::AF_UNSPEC).map_err(|error| why(&error))
        }
        found => found,
    }
}

/// What an error of `getaddrinfo` means.
fn why(error: &LookupError) -> Why {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => Why::NoName,
        LookupErrorKind::Again | LookupErrorKind::Fail => Why::NoAnswer,
        _ => Why::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
