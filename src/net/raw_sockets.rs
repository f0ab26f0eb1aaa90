//! The raw sockets themselves: opened first of all, so that the right to open them can be given up.

use std::io;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;

use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::socket::{TimestampingFlag, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

use super::filter;
use crate::wire::icmp::Family;

/// The kernel's own filters by type; no crate names them.
mod option {
    use nix::{setsockopt_impl, sockopt_impl};

    // linux/icmp.h and linux/icmpv6.h.
    const SOL_RAW: libc::c_int = 255;
    const ICMP_FILTER: libc::c_int = 1;
    const ICMP6_FILTER: libc::c_int = 1;

    sockopt_impl!(IcmpFilter, SetOnly, self::SOL_RAW, self::ICMP_FILTER, u32);
    sockopt_impl!(Icmp6Filter, SetOnly, libc::IPPROTO_ICMPV6, self::ICMP6_FILTER, [u32; 8]);
}

/// Wanted receive buffer in bytes.
const RECEIVE_BUFFER: usize = 4 << 20;

/// What a raw socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To read ICMP errors.
    Errors,
    /// To send echo requests and to read their replies.
    Echo,
}

/// Raw ICMP sockets for each family that this machine speaks.
#[derive(Debug)]
pub struct RawSockets {
    errors: Pair,
    echo: Pair,
}

/// A socket of each family.
#[derive(Debug)]
struct Pair {
    v4: io::Result<OwnedFd>,
    v6: io::Result<OwnedFd>,
}

impl RawSockets {
    /// Opens them, and gives up every capability of the calling thread and of those it starts later: so it
    /// is called before there are others. The one to bind low ports stays where they are `low`: a socket that is
    /// opened anew needs it again. Fails where raw sockets are not permitted.
    pub fn open(low: bool) -> io::Result<Self> {
        let pair = |purpose| Pair { v4: open(Family::V4, purpose), v6: open(Family::V6, purpose) };
        let sockets = Self { errors: pair(Purpose::Errors), echo: pair(Purpose::Echo) };
        give_up_all_but(low.then_some(Capability::CAP_NET_BIND_SERVICE))?;
        match sockets {
            Self { errors: Pair { v4: Err(error), v6: Err(_) }, .. } => Err(error),
            opened => Ok(opened),
        }
    }

    /// Whether this thread may open them.
    pub fn are_permitted() -> bool {
        caps::has_cap(None, CapSet::Effective, Capability::CAP_NET_RAW).unwrap_or(false)
    }

    /// The socket of a family, non-blocking; all that ask share it.
    pub fn of(&self, family: Family, purpose: Purpose) -> io::Result<UdpSocket> {
        let pair = match purpose {
            Purpose::Errors => &self.errors,
            Purpose::Echo => &self.echo,
        };
        let socket = match family {
            Family::V4 => &pair.v4,
            Family::V6 => &pair.v6,
        };
        match socket {
            Ok(socket) => Ok(socket.try_clone()?.into()),
            Err(error) => Err(error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error)),
        }
    }
}

/// The types of ICMP messages that a socket is for.
const fn types(family: Family, purpose: Purpose) -> &'static [u8] {
    match (family, purpose) {
        (Family::V4, Purpose::Errors) => &[3, 11, 12],
        (Family::V6, Purpose::Errors) => &[1, 2, 3, 4],
        (Family::V4, Purpose::Echo) => &[0],
        (Family::V6, Purpose::Echo) => &[129],
    }
}

fn open(family: Family, purpose: Purpose) -> io::Result<OwnedFd> {
    let (domain, protocol) = match family {
        Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
        Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, Type::RAW.nonblocking().cloexec(), Some(protocol))?;
    // In both filters a bit that is set is a type not wanted.
    let mut unwanted = [u32::MAX; 8];
    for &ty in types(family, purpose) {
        unwanted[usize::from(ty / 32)] &= !(1 << (ty % 32));
    }
    match family {
        Family::V4 => {
            setsockopt(&socket, option::IcmpFilter, &unwanted[0])?;
            setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)?;
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        }
        Family::V6 => {
            setsockopt(&socket, option::Icmp6Filter, &unwanted)?;
            setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
    }
    let stamps = TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE;
    setsockopt(&socket, sockopt::Timestamping, &stamps)?;
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    // Who uses it says what is to come through; until then, and where nobody does, nothing piles up.
    socket.attach_filter(&filter::nothing())?;
    Ok(socket.into())
}

/// Gives up every capability of this thread, and what could give one back to it, or to a program that it starts:
/// but for root, whose programs have all that root may have (`capabilities(7)`).
pub fn give_up() -> io::Result<()> {
    give_up_all_but(None)
}

/// The same, but keeps one if it is there.
fn give_up_all_but(kept: Option<Capability>) -> io::Result<()> {
    let held = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    let kept: CapsHashSet = kept.into_iter().filter(|kept| held.contains(kept)).collect();
    for set in [CapSet::Ambient, CapSet::Inheritable] {
        caps::clear(None, set).map_err(io::Error::other)?;
    }
    for set in [CapSet::Effective, CapSet::Permitted] {
        caps::set(None, set, &kept).map_err(io::Error::other)?;
    }
    Ok(())
}
