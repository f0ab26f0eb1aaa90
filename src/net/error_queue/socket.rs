//! The socket with every option that the error queue needs, and its two system calls.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;

use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt, sockopt,
};
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, Socket, Type};

use crate::engine::probe;
use crate::engine::time::Wall;
use crate::net::channel::{ChannelConfig, Egress};
use crate::wire::icmp::Family;

// Options that no crate names.
const IP_RECVERR_RFC4884: libc::c_int = 26;
const IPV6_RECVERR_RFC4884: libc::c_int = 31;
const IPV6_AUTOFLOWLABEL: libc::c_int = 70;
/// Fragment rather than fail, and never learn a path MTU: an answer is wanted, not a discovery.
const PMTUDISC_DONT: i32 = 0;

sockopt_impl!(V4Rfc4884, Both, libc::IPPROTO_IP, self::IP_RECVERR_RFC4884, bool);
sockopt_impl!(V6Rfc4884, Both, libc::IPPROTO_IPV6, self::IPV6_RECVERR_RFC4884, bool);
sockopt_impl!(V4MtuDiscover, Both, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, i32);
sockopt_impl!(V6MtuDiscover, Both, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, i32);
sockopt_impl!(V4UnicastIf, Both, libc::IPPROTO_IP, libc::IP_UNICAST_IF, i32);
sockopt_impl!(V6UnicastIf, Both, libc::IPPROTO_IPV6, libc::IPV6_UNICAST_IF, i32);
sockopt_impl!(V6AutoFlowLabel, Both, libc::IPPROTO_IPV6, self::IPV6_AUTOFLOWLABEL, bool);

/// Wanted receive buffer in bytes; the kernel gives as much of it as `net.core.rmem_max` allows.
const RECEIVE_BUFFER: usize = 4 << 20;

/// An unconnected, non-blocking socket for UDP or ICMP echo, whose errors queue up.
pub fn open(config: &ChannelConfig) -> io::Result<UdpSocket> {
    let family = Family::of(config.target.ip());
    let transport = match (config.protocol, family) {
        (probe::Protocol::Icmp, Family::V4) => Protocol::ICMPV4,
        (probe::Protocol::Icmp, Family::V6) => Protocol::ICMPV6,
        (probe::Protocol::Udp | probe::Protocol::Tcp, _) => Protocol::UDP,
    };
    let socket = Socket::new(domain(family), Type::DGRAM.nonblocking().cloexec(), Some(transport))?;
    if family == Family::V6 {
        socket.set_only_v6(true)?;
    }
    prepare(&socket, config)?;
    Ok(socket.into())
}

/// Whether this user may have ping sockets; one setting is for both families.
pub fn permits_echo() -> bool {
    Socket::new(Domain::IPV4, Type::DGRAM.cloexec(), Some(Protocol::ICMPV4)).is_ok()
}

/// Sets every option that probes and their errors need, and binds the socket.
pub fn prepare(socket: &Socket, config: &ChannelConfig) -> io::Result<()> {
    let family = Family::of(config.target.ip());
    // Clamped by the kernel; a smaller one is noticed by the stamps that it loses.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    enable(socket, family)?;
    match family {
        Family::V4 => setsockopt(socket, V4MtuDiscover, &PMTUDISC_DONT)?,
        Family::V6 => setsockopt(socket, V6MtuDiscover, &PMTUDISC_DONT)?,
    }
    tie(socket, config, config.egress.local_port.unwrap_or_default())
}

/// Asks for a queue of errors on a socket of any protocol, with all that is to be told about each.
pub fn enable(socket: &Socket, family: Family) -> nix::Result<()> {
    match family {
        Family::V4 => {
            setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
            setsockopt(socket, sockopt::Ipv4RecvTtl, &true)?;
            setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?;
            // Linux before 5.9 lacks it: extensions are then found by their checksum alone.
            let _ = setsockopt(socket, V4Rfc4884, &true);
        }
        Family::V6 => {
            setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
            setsockopt(socket, sockopt::Ipv6RecvHopLimit, &true)?;
            setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?;
            let _ = setsockopt(socket, V6Rfc4884, &true);
            // A label that changed on the way would be another flow to a load balancer.
            let _ = setsockopt(socket, V6AutoFlowLabel, &false);
        }
    }
    Ok(())
}

/// Binds a socket to the interface, the source address and the port that probes are to leave by, and sets
/// their type of service.
pub fn tie(socket: &Socket, config: &ChannelConfig, port: u16) -> io::Result<()> {
    let Egress { tos, source, interface, .. } = &config.egress;
    match interface {
        Some(interface) if socket.r#type()? == Type::RAW => prefer(socket, interface)?,
        Some(interface) => socket.bind_device(Some(interface.as_bytes()))?,
        None => {}
    }
    let own: SocketAddr = match config.target {
        SocketAddr::V4(_) => (source.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), port).into(),
        SocketAddr::V6(target) => match source.unwrap_or(Ipv6Addr::UNSPECIFIED.into()) {
            IpAddr::V6(own) => SocketAddrV6::new(own, port, 0, target.scope_id()).into(),
            other @ IpAddr::V4(_) => (other, port).into(),
        },
    };
    match own {
        SocketAddr::V4(_) => socket.set_tos_v4((*tos).into())?,
        SocketAddr::V6(_) => socket.set_tclass_v6((*tos).into())?,
    }
    socket.bind(&own.into())
}

/// Has a raw socket send by an interface, and by its namesake once that is gone. Only the privileged may bind a socket
/// to an interface a second time, and raw sockets outlive the privilege.
fn prefer(socket: &Socket, interface: &str) -> io::Result<()> {
    let index = if_nametoindex(interface)?.to_be().cast_signed();
    match socket.domain()? {
        Domain::IPV4 => setsockopt(socket, V4UnicastIf, &index)?,
        _ => setsockopt(socket, V6UnicastIf, &index)?,
    }
    Ok(())
}

const fn domain(family: Family) -> Domain {
    match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    }
}

/// Sends one datagram with a TTL of its own.
pub fn send(socket: &impl AsRawFd, payload: &[u8], to: SocketAddr, ttl: u8) -> nix::Result<usize> {
    let hops = libc::c_int::from(ttl);
    let control = match to {
        SocketAddr::V4(_) => ControlMessage::Ipv4Ttl(&hops),
        SocketAddr::V6(_) => ControlMessage::Ipv6HopLimit(&hops),
    };
    let to = SockaddrStorage::from(to);
    let parts = [IoSlice::new(payload)];
    sendmsg(socket.as_raw_fd(), &parts, &[control], MsgFlags::MSG_DONTWAIT, Some(&to))
}

/// A message read from the socket.
#[derive(Debug, Default)]
pub struct Message {
    /// How much of the buffer it fills.
    pub len: usize,
    /// Whom it came from; on the error queue, whom the quoted packet was for.
    pub address: Option<SocketAddr>,
    /// What the error queue says about it.
    pub error: Option<Extended>,
    /// The kernel's software stamp.
    pub stamp: Option<Wall>,
    /// The TTL of the packet that brought it.
    pub ttl: Option<u8>,
    /// Our own address that it was sent to.
    pub own: Option<IpAddr>,
    /// Control data was cut off, so nothing in it can be relied on.
    pub is_cut: bool,
}

/// `sock_extended_err` and the offender.
#[derive(Clone, Copy, Debug)]
pub struct Extended {
    /// The kernel's fields.
    pub err: libc::sock_extended_err,
    /// Who sent the error.
    pub offender: Option<IpAddr>,
}

/// Reads one message, from the error queue or as ordinary data.
pub fn receive(socket: &impl AsRawFd, is_error: bool, buffer: &mut [u8]) -> nix::Result<Message> {
    let flags = MsgFlags::MSG_DONTWAIT | if is_error { MsgFlags::MSG_ERRQUEUE } else { MsgFlags::empty() };
    let mut control = [0u8; 512];
    let mut parts = [IoSliceMut::new(buffer)];
    let got = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let mut message = Message {
        len: got.bytes,
        address: got.address.as_ref().and_then(socket_address),
        ..Message::default()
    };
    let Ok(controls) = got.cmsgs() else { return Ok(Message { is_cut: true, ..message }) };
    for control in controls {
        match control {
            ControlMessageOwned::ScmTimestampsns(stamps) => {
                let nanos = stamps.system.tv_sec() * 1_000_000_000 + stamps.system.tv_nsec();
                message.stamp = (nanos != 0).then_some(Wall(nanos));
            }
            ControlMessageOwned::Ipv4RecvErr(err, from) => {
                let known = from.filter(|from| i32::from(from.sin_family) == libc::AF_INET);
                let offender = known.map(|from| Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr)).into());
                message.error = Some(Extended { err, offender });
            }
            ControlMessageOwned::Ipv6RecvErr(err, from) => {
                let known = from.filter(|from| i32::from(from.sin6_family) == libc::AF_INET6);
                let offender = known.map(|from| Ipv6Addr::from(from.sin6_addr.s6_addr).into());
                message.error = Some(Extended { err, offender });
            }
            ControlMessageOwned::Ipv4Ttl(ttl) | ControlMessageOwned::Ipv6HopLimit(ttl) => {
                message.ttl = u8::try_from(ttl).ok();
            }
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                message.own = Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into());
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                message.own = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
            }
            _ => {}
        }
    }
    Ok(message)
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}

/// The address that the kernel would send from to reach the target; asks, sends nothing.
pub fn source_for(config: &ChannelConfig) -> io::Result<IpAddr> {
    let socket = Socket::new(domain(Family::of(config.target.ip())), Type::DGRAM.cloexec(), None)?;
    tie(&socket, config, 0)?;
    let socket = UdpSocket::from(socket);
    socket.connect(config.target)?;
    Ok(socket.local_addr()?.ip())
}
