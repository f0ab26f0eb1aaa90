//! A packet socket (packet(7)) on one interface, with the kernel's software stamps in both directions.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType,
    TimestampingFlag, bind, recvmsg, sendmsg, setsockopt, socket, sockopt,
};
use nix::{setsockopt_impl, sockopt_impl};

sockopt_impl!(IgnoreOutgoing, SetOnly, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, bool);

/// Wanted receive buffer in bytes: whatever comes in while others have the processor is seen all the same.
const RECEIVE_BUFFER: usize = 4 << 20;

/// The socket.
#[derive(Debug)]
pub struct PacketSocket {
    fd: OwnedFd,
    address: LinkAddr,
    buffer: Vec<u8>,
}

/// A frame and the kernel's stamp of it, in nanoseconds since 1970.
#[derive(Debug)]
pub struct Stamped {
    /// The frame, Ethernet header included.
    pub frame: Vec<u8>,
    /// When it came or left; `None` if the kernel did not say.
    pub at: Option<i64>,
}

impl PacketSocket {
    /// Opens one for every protocol on the named interface of this thread's network namespace.
    pub fn open(interface: &str) -> Self {
        let address = getifaddrs()
            .expect("interfaces")
            .filter(|entry| entry.interface_name == interface)
            .find_map(|entry| entry.address?.as_link_addr().copied())
            .expect(interface);
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let fd = socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll)
            .expect("a packet socket");
        // What others send on the interface is no business of ours; a flood of it would fill the buffer.
        setsockopt(&fd, IgnoreOutgoing, &true).expect("only what comes in");
        setsockopt(&fd, sockopt::RcvBuf, &RECEIVE_BUFFER).expect("a receive buffer");
        bind(fd.as_raw_fd(), &address).expect("a packet socket on the interface");
        let stamps = TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE
            | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE
            | TimestampingFlag::SOF_TIMESTAMPING_TX_SOFTWARE;
        setsockopt(&fd, sockopt::Timestamping, &stamps).expect("stamps");
        Self { fd, address, buffer: vec![0; 65_536] }
    }

    /// The next frame that came in; `None` when there is none.
    pub fn receive(&mut self) -> Option<Stamped> {
        self.read(MsgFlags::empty())
    }

    /// The next frame that has left, as the kernel loops it back with its stamp; `None` when there is none.
    pub fn left(&mut self) -> Option<Stamped> {
        self.read(MsgFlags::MSG_ERRQUEUE)
    }

    /// Sends a frame.
    pub fn send(&self, frame: &[u8]) {
        let bytes = [IoSlice::new(frame)];
        match sendmsg(self.fd.as_raw_fd(), &bytes, &[], MsgFlags::empty(), Some(&self.address)) {
            // A link that a test has taken down swallows it.
            Ok(_) | Err(Errno::ENETDOWN | Errno::ENXIO) => {}
            Err(error) => panic!("the responder cannot send: {error}"),
        }
    }

    fn read(&mut self, flags: MsgFlags) -> Option<Stamped> {
        let mut control = vec![0; 512];
        let mut bytes = [IoSliceMut::new(&mut self.buffer)];
        let message = loop {
            match recvmsg::<LinkAddr>(self.fd.as_raw_fd(), &mut bytes, Some(&mut control), flags) {
                Ok(message) => break message,
                Err(Errno::EAGAIN) => return None,
                Err(Errno::EINTR | Errno::ENETDOWN) => {}
                Err(error) => panic!("the responder cannot receive: {error}"),
            }
        };
        let stamp = message.cmsgs().expect("room for every message").find_map(|message| match message {
            ControlMessageOwned::ScmTimestampsns(stamps) => Some(stamps.system),
            _ => None,
        });
        let at = stamp.map(|stamp| stamp.tv_sec() * 1_000_000_000 + stamp.tv_nsec());
        let length = message.bytes;
        Some(Stamped { frame: self.buffer[..length].to_vec(), at })
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
