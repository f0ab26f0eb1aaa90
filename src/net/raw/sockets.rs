//! The raw sockets themselves: opened first of all, so that the right to open them can be given up.

use std::io;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;

use caps::{CapSet, errors::CapsError};
use nix::sys::socket::{TimestampingFlag, setsockopt, sockopt};
use nix::{setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, Socket, Type};

use crate::wire::icmp::Family;

// linux/icmp.h and linux/icmpv6.h; no crate names them.
const SOL_RAW: libc::c_int = 255;
const ICMP_FILTER: libc::c_int = 1;
const ICMP6_FILTER: libc::c_int = 1;

sockopt_impl!(IcmpFilter, SetOnly, self::SOL_RAW, self::ICMP_FILTER, u32);
sockopt_impl!(Icmp6Filter, SetOnly, libc::IPPROTO_ICMPV6, self::ICMP6_FILTER, [u32; 8]);

/// All types but 3, 11 and 12 are kept out: a bit set is a type not wanted.
const ERRORS: u32 = !(1 << 3 | 1 << 11 | 1 << 12);
/// The same for `ICMPv6`, where errors are 1 to 4.
const ERRORS_6: [u32; 8] = [!0b1_1110, !0, !0, !0, !0, !0, !0, !0];

/// Wanted receive buffer in bytes.
const RECEIVE_BUFFER: usize = 4 << 20;

/// A raw ICMP socket for each family that this machine speaks.
#[derive(Debug)]
pub struct RawSockets {
    v4: io::Result<OwnedFd>,
    v6: io::Result<OwnedFd>,
}

impl RawSockets {
    /// Opens them, and gives up every capability of the calling thread and of those it starts later: so it
    /// is called before there are others. Fails where raw sockets are not permitted.
    pub fn open() -> io::Result<Self> {
        let sockets = Self { v4: open(Family::V4), v6: open(Family::V6) };
        give_up().map_err(io::Error::other)?;
        match sockets {
            Self { v4: Err(error), v6: Err(_) } => Err(error),
            opened => Ok(opened),
        }
    }

    /// The socket of a family, non-blocking.
    pub fn of(&self, family: Family) -> io::Result<UdpSocket> {
        let socket = match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        };
        match socket {
            Ok(socket) => Ok(socket.try_clone()?.into()),
            Err(error) => Err(error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error)),
        }
    }
}

fn open(family: Family) -> io::Result<OwnedFd> {
    let (domain, protocol) = match family {
        Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
        Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, Type::RAW.nonblocking().cloexec(), Some(protocol))?;
    match family {
        Family::V4 => {
            setsockopt(&socket, IcmpFilter, &ERRORS)?;
            setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)?;
        }
        Family::V6 => {
            setsockopt(&socket, Icmp6Filter, &ERRORS_6)?;
            setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
        }
    }
    let stamps = TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE;
    setsockopt(&socket, sockopt::Timestamping, &stamps)?;
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    Ok(socket.into())
}

/// Gives up every capability, and what could give one back.
fn give_up() -> Result<(), CapsError> {
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set)?;
    }
    Ok(())
}
