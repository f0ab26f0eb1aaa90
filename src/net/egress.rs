//! By which address and interface probes would leave now, or what keeps them from it: asked of the kernel, by
//! a UDP connect(2) that sends nothing.

use std::io;
use std::net::IpAddr;

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

use super::channel::ChannelConfig;
use super::error_queue::message::fault_of;
use super::error_queue::source_for;
use crate::engine::probe::LocalFault;

/// The way out of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayOut {
    /// The source address.
    pub source: IpAddr,
    /// The interface that has it, as far as known.
    interface: Option<String>,
}

impl WayOut {
    /// Asks for it. Where there is none, `before`, what it was last, tells a link that is down from a route
    /// that is missing.
    ///
    /// An address or interface that the user chose is insisted on.
    pub fn ask(config: &ChannelConfig, before: Option<&Self>) -> Result<Self, LocalFault> {
        let chosen = config.egress.interface.as_deref();
        let known = chosen.or_else(|| before?.interface.as_deref());
        let is_down = || known.is_some_and(|name| !is_up(name));
        let source = match source_for(config) {
            Ok(source) => source,
            Err(_) if is_down() => return Err(LocalFault::LinkDown),
            Err(error) => return Err(fault(&error)),
        };
        // What the kernel falls back to while the global address is away, or not yet known to be ours alone: no
        // router passes it on.
        if is_link_local(source) && before.is_some_and(|before| !is_link_local(before.source)) {
            return Err(if is_down() { LocalFault::LinkDown } else { LocalFault::AddressGone });
        }
        // An address that the user chose says nothing of the interface that probes leave by.
        let of_source = || if config.egress.source.is_some() { None } else { holder(source) };
        let interface = chosen.map(str::to_owned).or_else(of_source);
        let interface = interface.or_else(|| last_holder(source, before));
        if interface.as_deref().is_some_and(|name| !is_up(name)) {
            return Err(LocalFault::LinkDown);
        }
        Ok(Self { source, interface })
    }
}

fn fault(error: &io::Error) -> LocalFault {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENODEV) => LocalFault::LinkDown,
        Some(errno) => fault_of(errno),
        None => LocalFault::Errno(0),
    }
}

/// Whether an address is of one link only (RFC 4291, 2.5.6).
const fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// Whether an interface exists, is up and has a carrier: of its loss `IFF_LOWER_UP` tells at once, `IFF_RUNNING`
/// and netlink within a second.
fn is_up(name: &str) -> bool {
    let running = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING | InterfaceFlags::IFF_LOWER_UP;
    let mut found = getifaddrs().into_iter().flatten().filter(|one| one.interface_name == name);
    found.next().is_some_and(|one| one.flags.contains(running))
}

/// The interface that has an address.
fn holder(address: IpAddr) -> Option<String> {
    let has = |one: &nix::ifaddrs::InterfaceAddress| match (one.address.as_ref()?, address) {
        (held, IpAddr::V4(address)) => Some(held.as_sockaddr_in()?.ip() == address),
        (held, IpAddr::V6(address)) => Some(held.as_sockaddr_in6()?.ip() == address),
    };
    getifaddrs().ok()?.find(|one| has(one) == Some(true)).map(|one| one.interface_name)
}

/// The interface that had an address when it was looked at before: it may go between two questions, and what it
/// went with is to be named all the same.
fn last_holder(address: IpAddr, before: Option<&WayOut>) -> Option<String> {
    before.filter(|before| before.source == address)?.interface.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::probe::Protocol;
    use crate::net::channel::Egress;
    use crate::wire::payload::Cookie;

    fn config(egress: Egress) -> ChannelConfig {
        ChannelConfig {
            egress,
            ..ChannelConfig::new(Protocol::Udp, "127.0.0.1:9".parse().unwrap(), Cookie(1))
        }
    }

    #[test]
    fn the_way_to_loopback_is_loopback() {
        let out = WayOut::ask(&config(Egress::default()), None).unwrap();
        assert_eq!(out.source, "127.0.0.1".parse::<IpAddr>().unwrap());
        assert_eq!(out.interface.as_deref(), Some("lo"));
    }

    #[test]
    fn the_interface_of_an_address_that_goes_meanwhile_is_remembered() {
        let [source, other] = ["192.0.2.77", "192.0.2.78"].map(|address| address.parse::<IpAddr>().unwrap());
        let before = WayOut { source, interface: Some("eth77".to_owned()) };
        assert_eq!(holder(source), None);
        assert_eq!(last_holder(source, Some(&before)).as_deref(), Some("eth77"));
        assert_eq!(last_holder(other, Some(&before)), None);
        assert_eq!(last_holder(source, None), None);
    }

    #[test]
    fn what_the_user_insists_on_and_is_gone_is_named() {
        let source = Some("192.0.2.77".parse().unwrap());
        let gone = WayOut::ask(&config(Egress { source, ..Egress::default() }), None);
        assert_eq!(gone, Err(LocalFault::AddressGone));
        let interface = Some("eth77".to_owned());
        let gone = WayOut::ask(&config(Egress { interface, ..Egress::default() }), None);
        assert_eq!(gone, Err(LocalFault::LinkDown));
    }
}
