//! A TCP socket that asks one hop, and what came of it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{TimestampingFlag, getsockopt, setsockopt, sockopt};
use nix::{getsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, Socket, Type};

use crate::net::channel::ChannelConfig;
use crate::net::error_queue::socket::{self as queue, Extended, Message};
use crate::wire::icmp::Family;

sockopt_impl!(
    /// What the kernel knows of a connection, tcp(7).
    TcpInfo,
    GetOnly,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    libc::tcp_info
);

/// Congestion without a loss (linux/tcp.h).
const TCP_CA_CWR: u8 = 2;

/// What came of a connection attempt.
#[derive(Debug)]
pub enum Outcome {
    /// An ICMP error, its quote from the TCP header on in the buffer.
    Icmp(Message, Extended),
    /// A SYN-ACK; the handshake's round trip as the kernel measured it.
    Established(Duration),
    /// A RST.
    Refused,
    /// An error of this machine's own.
    Failed(Errno),
    /// Nothing that counts.
    Nothing,
}

/// A non-blocking socket for one probe, from `port` if one is given.
pub fn open(config: &ChannelConfig, ttl: u8, port: Option<u16>) -> io::Result<Socket> {
    let family = Family::of(config.target.ip());
    let socket = Socket::new(
        Domain::for_address(config.target),
        Type::STREAM.nonblocking().cloexec(),
        Some(Protocol::TCP),
    )?;
    queue::enable(&socket, family)?;
    match family {
        Family::V4 => socket.set_ttl_v4(ttl.into())?,
        Family::V6 => socket.set_unicast_hops_v6(ttl.into())?,
    }
    let stamps = TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE;
    setsockopt(&socket, sockopt::Timestamping, &stamps)?;
    // An open connection is closed by a RST, which leaves nothing behind on either end.
    socket.set_linger(Some(Duration::ZERO))?;
    socket.set_reuse_address(true)?;
    queue::tie(&socket, config, port.unwrap_or_default())?;
    Ok(socket)
}

/// Sends the SYN.
pub fn connect(socket: Socket, target: SocketAddr) -> io::Result<TcpStream> {
    match socket.connect(&target.into()) {
        Err(error) if errno(&error) != Errno::EINPROGRESS => Err(error),
        _ => Ok(socket.into()),
    }
}

/// What came of a socket that is ready.
pub fn outcome(socket: &impl AsFd, buffer: &mut [u8]) -> Outcome {
    // An error in the queue is pending on the socket, too, so the queue comes first.
    if let Ok(message) = queue::receive(&socket.as_fd(), true, buffer)
        && let Some(error) = message.error
    {
        return match error.err.ee_origin {
            libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => Outcome::Icmp(message, error),
            _ => Outcome::Failed(Errno::from_raw(error.err.ee_errno.cast_signed())),
        };
    }
    let pending =
        getsockopt(socket, sockopt::SocketError).ok().filter(|error| *error != 0).map(Errno::from_raw);
    if pending == Some(Errno::ECONNREFUSED) {
        return Outcome::Refused;
    }
    match (getsockopt(socket, TcpInfo), pending) {
        // A measured time means that the handshake was done, whatever has become of the connection since.
        (Ok(info), _) if info.tcpi_rtt > 0 && info.tcpi_total_retrans == 0 => {
            Outcome::Established(Duration::from_micros(info.tcpi_rtt.into()))
        }
        (_, Some(error)) => Outcome::Failed(error),
        _ => Outcome::Nothing,
    }
}

/// Whether this machine's own queue had no room when the SYN was sent, which the kernel takes for congestion.
pub fn met_a_full_queue(socket: &impl AsFd) -> bool {
    getsockopt(socket, TcpInfo).is_ok_and(|info| info.tcpi_ca_state == TCP_CA_CWR)
}

/// The number of an error of a system call.
pub fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}
