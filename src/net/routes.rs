//! The kernel's word that links, addresses or routes have changed: a wake-up, and nothing but that.
//!
//! What has become of them is not read from the messages. They may be lost (the socket's buffer is finite), and
//! only the kernel's own choice of a route tells what it will do: [`egress`](super::egress) asks for that.

use std::io;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// The groups of rtnetlink(7) that are listened to.
const GROUPS: libc::c_int = libc::RTMGRP_LINK
    | libc::RTMGRP_IPV4_IFADDR
    | libc::RTMGRP_IPV4_ROUTE
    | libc::RTMGRP_IPV6_IFADDR
    | libc::RTMGRP_IPV6_ROUTE;
/// Messages read at a time: beside a router's full table others have their turn, too.
const BATCH: usize = 256;

/// A listener to changes.
#[derive(Debug)]
pub struct Routes {
    /// `None` where the system gives out no such socket: then nothing wakes, and the back-off has to do.
    ///
    /// It is no UDP socket, and nothing but its readiness is left to the runtime.
    socket: Option<UdpSocket>,
}

impl Routes {
    /// Listens; within a tokio runtime.
    pub fn listen() -> Self {
        Self { socket: open().ok() }
    }

    /// Waits until something has changed.
    pub async fn changed(&self) {
        let Some(socket) = &self.socket else { return std::future::pending().await };
        if socket.ready(Interest::READABLE | Interest::ERROR).await.is_err() {
            return std::future::pending().await;
        }
        self.take();
    }

    /// Whether something has changed since it was last asked, or waited for.
    pub fn take(&self) -> bool {
        let Some(socket) = &self.socket else { return false };
        let mut buffer = [0; 64];
        for count in 0..BATCH {
            // Cut to the buffer's size, which is all the same. An overflow is a change, too.
            let received = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT);
            if received == Err(Errno::EAGAIN) {
                for interest in [Interest::READABLE, Interest::ERROR] {
                    let _ = socket.try_io(interest, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
                }
                return count > 0;
            }
        }
        true
    }
}

fn open() -> io::Result<UdpSocket> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS.cast_unsigned()))?;
    UdpSocket::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_may_listen() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { assert!(Routes::listen().socket.is_some()) });
    }
}
