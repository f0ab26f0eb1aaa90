//! Kernel stamps: the socket options that ask for them, and which send stamp belongs to which probe.
//!
//! A send stamp comes as a message on the error queue that holds the frame as it left; its last bytes are
//! our payload, and the number in it tells whose stamp it is. Where `net.core.tstamp_allow_data` is 0 the
//! kernel gives an unprivileged program no frame, only a counter of the socket's datagrams
//! (`SOF_TIMESTAMPING_OPT_TSONLY`, `SOF_TIMESTAMPING_OPT_ID`); then the order of sending tells.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::thread;
use std::time::Duration;

use nix::cmsg_space;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, TimestampingFlag, Timestamps, recvmsg, setsockopt, sockopt,
};

use crate::engine::probe::ProbeNo;
use crate::wire::payload::{self, Cookie, Recognised};

/// Sent probes remembered for stamps that come as a counter.
const REMEMBERED: usize = 4_096;

/// Which send stamp belongs to which probe.
#[derive(Debug)]
pub struct SendStamps {
    /// Probes in the order of sending, where stamps come as a counter of them.
    counted: Option<VecDeque<ProbeNo>>,
    /// The counter of the first of them.
    first: u32,
}

impl SendStamps {
    /// Told by looped frames, or where `counted`, by the kernel's counter.
    pub fn new(counted: bool) -> Self {
        Self { counted: counted.then(VecDeque::new), first: 0 }
    }

    /// Asks for software stamps of sending and receiving on `socket`.
    pub fn enable(socket: &impl AsFd) -> nix::Result<Self> {
        let allow_data = std::fs::read_to_string("/proc/sys/net/core/tstamp_allow_data");
        let only_counter = allow_data.is_ok_and(|value| value.trim() == "0");
        let mut flags = TimestampingFlag::SOF_TIMESTAMPING_TX_SOFTWARE
            | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE
            | TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE
            | TimestampingFlag::SOF_TIMESTAMPING_OPT_ID;
        if only_counter {
            flags |= TimestampingFlag::SOF_TIMESTAMPING_OPT_TSONLY;
        }
        setsockopt(socket, sockopt::Timestamping, &flags)?;
        warm_up();
        Ok(Self::new(only_counter))
    }

    /// A probe was handed to the kernel.
    pub fn sent(&mut self, no: ProbeNo) {
        let Some(counted) = &mut self.counted else { return };
        if counted.len() == REMEMBERED {
            counted.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        counted.push_back(no);
    }

    /// The probe that a stamp belongs to, by the looped frame or by the kernel's counter.
    pub fn probe(&self, frame: &[u8], counter: u32, cookie: Cookie, payload_len: usize) -> Option<ProbeNo> {
        if let Some(counted) = &self.counted {
            return counted.get(counter.wrapping_sub(self.first) as usize).copied();
        }
        let payload = frame.get(frame.len().checked_sub(payload_len)?..)?;
        match payload::recognise(payload, cookie) {
            Recognised::Ours(no) => Some(ProbeNo(no)),
            Recognised::NotOurs | Recognised::Short => None,
        }
    }
}

/// Waits until the kernel stamps what is received: it begins to only a moment after the first socket that
/// asks. A datagram from loopback to itself tells; without a loopback the first times have a lower grade.
fn warm_up() {
    const TRIES: u32 = 20;
    let stamped = || -> io::Result<bool> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let flags =
            TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE;
        setsockopt(&socket, sockopt::Timestamping, &flags)?;
        socket.set_read_timeout(Some(Duration::from_millis(5)))?;
        for _ in 0..TRIES {
            socket.send_to(&[0], socket.local_addr()?)?;
            let mut control = cmsg_space!(Timestamps);
            let mut byte = [0];
            let mut parts = [IoSliceMut::new(&mut byte)];
            let got = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty())?;
            if got.cmsgs()?.any(|control| matches!(control, ControlMessageOwned::ScmTimestampsns(_))) {
                return Ok(true);
            }
            thread::sleep(Duration::from_micros(500));
        }
        Ok(false)
    };
    // Whether it worked, every single time's grade says.
    let _ = stamped();
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOKIE: Cookie = Cookie(0x1234_5678_9abc_def0);

    #[test]
    fn a_looped_frame_is_known_by_its_tail() {
        let stamps = SendStamps::new(false);
        let frame = [vec![0xee; 42], payload::build(COOKIE, 77, 36)].concat();
        assert_eq!(stamps.probe(&frame, 9, COOKIE, 36), Some(ProbeNo(77)));
        assert_eq!(stamps.probe(&frame, 9, Cookie(1), 36), None);
        assert_eq!(stamps.probe(&frame[..20], 9, COOKIE, 36), None);
    }

    #[test]
    fn a_counter_is_known_by_the_order_of_sending() {
        let mut stamps = SendStamps::new(true);
        (0..5_000).for_each(|no| stamps.sent(ProbeNo(no * 2)));
        assert_eq!(stamps.probe(&[], 4_999, COOKIE, 36), Some(ProbeNo(9_998)));
        assert_eq!(stamps.probe(&[], 904, COOKIE, 36), Some(ProbeNo(1_808)));
        assert_eq!(stamps.probe(&[], 903, COOKIE, 36), None);
        assert_eq!(stamps.probe(&[], 5_000, COOKIE, 36), None);
    }
}
