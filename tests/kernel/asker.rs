//! A plain UDP socket that asks a path hop by hop and reads its error queue: what the laboratory is tested
//! with, apart from the crate's own channel.

use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt, sockopt,
};

use crate::support::patience::deadline;

/// Errors of earlier probes that a socket may tell of, one by one, at most.
const PENDING: usize = 100;

/// The socket, for one destination.
pub struct Asker {
    socket: UdpSocket,
    to: SocketAddr,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An ICMP error.
    Error {
        /// Who sent it.
        from: IpAddr,
        /// Its type and code.
        code: (u8, u8),
        /// What the error queue returns of the quoted packet, extensions included.
        quoted: Vec<u8>,
        /// The quoted destination.
        about: IpAddr,
    },
    /// A UDP packet.
    Answer(Vec<u8>),
}

impl Asker {
    /// One to port 33434 of an address.
    pub fn to(address: IpAddr) -> Self {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).expect("a socket");
        if address.is_ipv4() {
            setsockopt(&socket, sockopt::Ipv4RecvErr, &true).expect("an error queue");
        } else {
            setsockopt(&socket, sockopt::Ipv6RecvErr, &true).expect("an error queue");
        }
        Self { socket, to: SocketAddr::new(address, 33434) }
    }

    /// Sends a probe. Errors of earlier ones, pending on the socket, do not keep it from leaving: each is told by one
    /// call, and another may arrive between two.
    pub fn send(&self, ttl: u8, payload: &[u8]) {
        let ttl = i32::from(ttl);
        let control = match self.to {
            SocketAddr::V4(_) => ControlMessage::Ipv4Ttl(&ttl),
            SocketAddr::V6(_) => ControlMessage::Ipv6HopLimit(&ttl),
        };
        let to = SockaddrStorage::from(self.to);
        let bytes = [IoSlice::new(payload)];
        let send = || sendmsg(self.socket.as_raw_fd(), &bytes, &[control], MsgFlags::empty(), Some(&to));
        let is_earlier = |sent: &Result<_, _>| matches!(sent, Err(Errno::EHOSTUNREACH | Errno::ECONNREFUSED));
        let mut sends = std::iter::repeat_with(send).take(PENDING);
        sends.find(|sent| !is_earlier(sent)).expect("errors come to an end").expect("the probe leaves");
    }

    /// Waits for what comes back.
    pub fn reply(&self) -> Reply {
        let timeout = PollTimeout::try_from(deadline(1.0)).expect("a short time");
        loop {
            let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            assert_ne!(poll(&mut fds, timeout).expect("poll"), 0, "no reply from the way to {}", self.to);
            // An error that an earlier reply left pending wakes, too: reading is rid of it, and goes on waiting.
            let queued = self.read(MsgFlags::MSG_ERRQUEUE);
            if let Some(reply) = queued.or_else(|| self.read(MsgFlags::empty())) {
                return reply;
            }
        }
    }

    /// Sends a probe and waits for what comes back.
    pub fn ask(&self, ttl: u8, payload: &[u8]) -> Reply {
        self.send(ttl, payload);
        self.reply()
    }

    fn read(&self, flags: MsgFlags) -> Option<Reply> {
        let mut control = vec![0; 512];
        let mut buffer = vec![0; 2048];
        let mut bytes = [IoSliceMut::new(&mut buffer)];
        let flags = flags | MsgFlags::MSG_DONTWAIT;
        let message =
            recvmsg::<SockaddrStorage>(self.socket.as_raw_fd(), &mut bytes, Some(&mut control), flags);
        let message = match message {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EHOSTUNREACH | Errno::ECONNREFUSED) => return None,
            Err(error) => panic!("the asker cannot receive: {error}"),
        };
        let length = message.bytes;
        let about = message.address.and_then(|address| ip_of(&address));
        let error = message.cmsgs().expect("room for every message").find_map(|message| match message {
            ControlMessageOwned::Ipv4RecvErr(error, from) => {
                let from = from.map(|from| IpAddr::from(from.sin_addr.s_addr.to_ne_bytes()));
                Some((from?, (error.ee_type, error.ee_code)))
            }
            ControlMessageOwned::Ipv6RecvErr(error, from) => {
                let from = from.map(|from| IpAddr::from(from.sin6_addr.s6_addr));
                Some((from?, (error.ee_type, error.ee_code)))
            }
            _ => None,
        });
        buffer.truncate(length);
        Some(match error {
            Some((from, code)) => {
                Reply::Error { from, code, quoted: buffer, about: about.expect("an address") }
            }
            None => Reply::Answer(buffer),
        })
    }
}

fn ip_of(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::from(address.ip())))
}
