//! Whether the next hop's address on the link is known: asked of the kernel, rtnetlink(7).
//!
//! Until the next hop has answered for its address (RFC 826, RFC 4861), what is sent to it waits in this machine,
//! and is dropped in the end. A send stamp tells; of a SYN there is none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use nix::net::if_::if_nametoindex;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

use super::channel::ChannelConfig;

/// Bytes of a message's header, and of the fixed part of one about a route or a neighbour.
const HEADER: usize = 16;
const FIXED: usize = 12;
/// States of an entry: searched for, and not found (linux/neighbour.h).
const INCOMPLETE: u16 = 0x01;
const FAILED: u16 = 0x20;
/// The address of a neighbour.
const NDA_DST: u16 = 1;

/// Whether the kernel still searches for the next hop to the target, or has given up; `false` where it does not
/// tell.
pub fn is_silent(config: &ChannelConfig) -> bool {
    next_hop(config).and_then(state).is_some_and(|state| state & (INCOMPLETE | FAILED) != 0)
}

/// The number of the interface, and the address there.
fn next_hop(config: &ChannelConfig) -> Option<(u32, IpAddr)> {
    let target = config.target.ip();
    let (family, bits) = match target {
        IpAddr::V4(_) => (libc::AF_INET, 32),
        IpAddr::V6(_) => (libc::AF_INET6, 128),
    };
    let mut fixed = [0; FIXED];
    fixed[..2].copy_from_slice(&[family as u8, bits]);
    let mut attributes = vec![(libc::RTA_DST, octets(target))];
    if let Some(source) = config.egress.source {
        fixed[2] = bits;
        attributes.push((libc::RTA_SRC, octets(source)));
    }
    if let Some(interface) = &config.egress.interface {
        let index = if_nametoindex(interface.as_str()).ok()?;
        attributes.push((libc::RTA_OIF, index.to_ne_bytes().to_vec()));
    }
    let route = ask(libc::RTM_GETROUTE, &fixed, &attributes, libc::RTM_NEWROUTE)?;
    let interface = attribute(&route, libc::RTA_OIF)?.try_into().ok().map(u32::from_ne_bytes)?;
    // Without a gateway the target itself is on the link.
    let via = attribute(&route, libc::RTA_GATEWAY).and_then(address);
    Some((interface, via.unwrap_or(target)))
}

/// The state of a neighbour's entry; `None` if there is none.
fn state((interface, address): (u32, IpAddr)) -> Option<u16> {
    let mut fixed = [0; FIXED];
    fixed[0] = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 } as u8;
    fixed[4..8].copy_from_slice(&interface.to_ne_bytes());
    let entry = ask(libc::RTM_GETNEIGH, &fixed, &[(NDA_DST, octets(address))], libc::RTM_NEWNEIGH)?;
    entry.get(HEADER + 8..HEADER + 10)?.try_into().ok().map(u16::from_ne_bytes)
}

/// Puts one question to the kernel, which answers it within the call.
fn ask(kind: u16, fixed: &[u8], attributes: &[(u16, Vec<u8>)], answer: u16) -> Option<Vec<u8>> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute).ok()?;
    send(socket.as_raw_fd(), &request(kind, fixed, attributes), MsgFlags::empty()).ok()?;
    let mut buffer = vec![0; 4_096];
    let len = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()).ok()?;
    buffer.truncate(len);
    let is_answer = buffer.get(4..6)? == answer.to_ne_bytes();
    is_answer.then_some(buffer)
}

fn request(kind: u16, fixed: &[u8], attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut message = vec![0; HEADER];
    message.extend(fixed);
    for (kind, value) in attributes {
        // Every value here fills whole words.
        message.extend(((4 + value.len()) as u16).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(value);
    }
    let len = message.len() as u32;
    message[..4].copy_from_slice(&len.to_ne_bytes());
    message[4..6].copy_from_slice(&kind.to_ne_bytes());
    message[6..8].copy_from_slice(&(libc::NLM_F_REQUEST as u16).to_ne_bytes());
    message
}

/// The value of an attribute behind the fixed part of a message.
fn attribute(message: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut rest = message.get(HEADER + FIXED..)?;
    loop {
        let len = usize::from(u16::from_ne_bytes(rest.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(rest.get(2..4)?.try_into().ok()?);
        let value = rest.get(4..len)?;
        if kind == wanted {
            return Some(value);
        }
        rest = rest.get(len.next_multiple_of(4)..)?;
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| Ipv4Addr::from(octets).into());
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(|octets| Ipv6Addr::from(octets).into())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::probe::Protocol;
    use crate::wire::payload::Cookie;

    #[test]
    fn loopback_is_its_own_next_hop_and_never_silent() {
        let config = ChannelConfig::new(Protocol::Tcp, "127.0.0.1:9".parse().unwrap(), Cookie(1));
        assert_eq!(next_hop(&config), Some((1, config.target.ip())));
        assert!(!is_silent(&config));
    }

    #[test]
    fn attributes_are_found_and_what_is_cut_is_not() {
        let gateway = IpAddr::from([192, 0, 2, 1]);
        let attributes = [(libc::RTA_OIF, 7u32.to_ne_bytes().to_vec()), (libc::RTA_GATEWAY, octets(gateway))];
        let message = request(libc::RTM_NEWROUTE, &[0; FIXED], &attributes);
        assert_eq!(attribute(&message, libc::RTA_GATEWAY).and_then(address), Some(gateway));
        assert_eq!(attribute(&message, libc::RTA_OIF), Some(&7u32.to_ne_bytes()[..]));
        assert_eq!(attribute(&message, libc::RTA_PREFSRC), None);
        for len in 0..message.len() {
            assert_eq!(attribute(&message[..len], libc::RTA_GATEWAY), None, "{len} bytes");
        }
        let endless = [vec![0; HEADER + FIXED], vec![0; 8]].concat();
        assert_eq!(attribute(&endless, libc::RTA_OIF), None);
    }
}
