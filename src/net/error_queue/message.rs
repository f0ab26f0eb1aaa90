//! What one message of the error queue means: pure but for the clock that stamps its reading.

use std::net::{IpAddr, SocketAddr};

use nix::errno::Errno;

use super::format::Format;
use super::socket::{Extended, Message};
use crate::engine::probe::{Answer, Event, LocalFault, ProbeNo, Reply, Stray};
use crate::net::clock::Clock;
use crate::net::stamps::SendStamps;
use crate::wire::icmp::{Family, Icmp, Kind, Unreachable};

/// What a message is held against.
#[derive(Clone, Debug)]
pub struct Context {
    /// The target and its port.
    pub target: SocketAddr,
    /// The form of our probes.
    pub format: Format,
    /// The last probe that was sent.
    pub last: Option<ProbeNo>,
    /// Stamps the reading.
    pub clock: Clock,
    /// Our own address.
    pub source: IpAddr,
}

impl Context {
    /// The event in a message, if it holds one; `buffer` starts with its data.
    pub fn read(&self, message: &Message, buffer: &[u8], stamps: &SendStamps) -> Option<Event> {
        let data = buffer.get(..message.len).unwrap_or(buffer);
        if message.is_cut {
            return Some(Event::Stray(Stray::Malformed));
        }
        let Some(error) = message.error else { return Some(self.direct(message, data)) };
        match error.err.ee_origin {
            libc::SO_EE_ORIGIN_TIMESTAMPING => {
                let format = self.format;
                let no = stamps.probe(data, error.err.ee_data, format.cookie(), format.payload_len())?;
                Some(Event::SendStamp { no, kernel: message.stamp? })
            }
            libc::SO_EE_ORIGIN_ICMP => Some(self.icmp(Family::V4, error, message, data)),
            libc::SO_EE_ORIGIN_ICMP6 => Some(self.icmp(Family::V6, error, message, data)),
            _ => {
                let errno = Errno::from_raw(error.err.ee_errno.cast_signed());
                let fault = match errno {
                    Errno::EMSGSIZE => LocalFault::TooBig(error.err.ee_info),
                    other => fault_of(other),
                };
                Some(Event::Local { no: self.format.recognise(data).ok(), fault })
            }
        }
    }

    /// Ordinary data: the target itself answers, by UDP or with an echo reply.
    fn direct(&self, message: &Message, data: &[u8]) -> Event {
        match message.address {
            Some(from) if self.is_target(from) => {
                let no = match self.format.recognise(data) {
                    Ok(no) => Some(no),
                    Err(reason) if self.format.is_returned_whole() => return Event::Stray(reason),
                    Err(_) => None,
                };
                Event::Reply(self.reply(message, from.ip(), no, Answer::Direct))
            }
            _ => Event::Stray(Stray::Foreign),
        }
    }

    fn icmp(&self, family: Family, error: Extended, message: &Message, data: &[u8]) -> Event {
        let Extended { err, offender: Some(offender) } = error else { return Event::Stray(Stray::Malformed) };
        let icmp = Icmp { family, ty: err.ee_type, code: err.ee_code };
        let is_ours = message.address.is_some_and(|to| self.is_target(to));
        let queued = self.format.queued(data, err.ee_data);
        let no = match self.format.recognise(queued.payload) {
            Ok(no) => no,
            // Without our cookie a quote of another flow is somebody else's.
            Err(_) if !is_ours => return Event::Stray(Stray::Foreign),
            Err(reason) => match self.format.recognise_short(queued.payload, self.last) {
                Some(no) if reason == Stray::Truncated => no,
                _ => return Event::Stray(reason),
            },
        };
        let is_own = offender == self.source || Some(offender) == message.own;
        if is_own && offender != self.target.ip() {
            return Event::Local { no: Some(no), fault: rejected(icmp) };
        }
        let mut reply = self.reply(message, offender, Some(no), Answer::Icmp(icmp));
        reply.labels = queued.labels;
        reply.rewritten = !is_ours;
        Event::Reply(reply)
    }

    fn reply(&self, message: &Message, from: IpAddr, no: Option<ProbeNo>, answer: Answer) -> Reply {
        Reply {
            no,
            from,
            answer,
            received: self.clock.now(),
            kernel: message.stamp,
            wall: Clock::wall(),
            measured: None,
            reply_ttl: message.ttl,
            labels: Vec::new(),
            rewritten: false,
            quoted: None,
        }
    }

    /// Ping sockets have no ports: both are 0 there.
    fn is_target(&self, address: SocketAddr) -> bool {
        (address.ip(), address.port()) == (self.target.ip(), self.target.port())
    }
}

/// What an ICMP error from our own address says about this machine.
pub fn rejected(icmp: Icmp) -> LocalFault {
    match icmp.kind() {
        Kind::Unreachable(Unreachable::Host) => LocalFault::Neighbour,
        Kind::Unreachable(Unreachable::Network) => LocalFault::NoRoute,
        _ => LocalFault::Firewall,
    }
}

/// What a send error says about this machine.
pub fn fault_of(error: Errno) -> LocalFault {
    match error {
        Errno::ENETUNREACH | Errno::EHOSTUNREACH => LocalFault::NoRoute,
        Errno::ENETDOWN => LocalFault::LinkDown,
        Errno::EADDRNOTAVAIL | Errno::EINVAL => LocalFault::AddressGone,
        Errno::EPERM | Errno::EACCES => LocalFault::Firewall,
        Errno::ENOBUFS | Errno::EAGAIN => LocalFault::NoBuffer,
        Errno::EMSGSIZE => LocalFault::TooBig(0),
        other => LocalFault::Errno(other as i32),
    }
}
