//! What one message of the error queue means: pure but for the clock that stamps its reading.

use std::net::{IpAddr, SocketAddr};

use nix::errno::Errno;

use super::format::Format;
pub use super::socket::{Extended, Message};
use crate::engine::probe::{Answer, Event, Flow, LocalFault, ProbeNo, Reply, Stray};
use crate::net::clock::Clock;
use crate::net::ports::Ports;
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
        let Some(flow) = message.address.and_then(|from| self.flow(from)) else {
            return Event::Stray(Stray::Foreign);
        };
        let Some(data) = self.format.behind_header(data) else { return Event::Stray(Stray::Foreign) };
        let no = match self.format.recognise(data) {
            Ok(no) => Some(no),
            Err(reason) if self.format.is_returned_whole() => return Event::Stray(reason),
            Err(_) => None,
        };
        let reply = self.reply(message, self.target.ip(), no, Answer::Direct);
        if no.is_some() { Event::Reply(reply) } else { Event::Bare { flow, reply } }
    }

    /// The flow of a packet to this address, or of an answer from it; `None` if it is none of ours.
    ///
    /// Ping sockets have no ports: both are 0 there, and the flow is the stable one.
    fn flow(&self, address: SocketAddr) -> Option<Flow> {
        let ports = Ports::new(self.target.port(), self.format.cookie());
        ports.flow(address.port()).filter(|_| address.ip() == self.target.ip())
    }

    fn icmp(&self, family: Family, error: Extended, message: &Message, data: &[u8]) -> Event {
        let Extended { err, offender: Some(offender) } = error else { return Event::Stray(Stray::Malformed) };
        let icmp = Icmp { family, ty: err.ee_type, code: err.ee_code };
        let flow = message.address.and_then(|to| self.flow(to));
        let queued = self.format.queued(data, err.ee_data);
        // A router that quotes eight bytes may fill them up with zeros, to make room for an extension.
        let is_empty = queued.payload.iter().all(|byte| *byte == 0);
        let named = if is_empty { Err(Stray::Truncated) } else { self.format.recognise(queued.payload) };
        let no = match named {
            Err(Stray::Truncated) if flow.is_some() => {
                self.format.recognise_short(queued.payload, self.last).ok_or(Stray::Truncated)
            }
            named => named,
        };
        let is_own = offender == self.source || Some(offender) == message.own;
        let is_local = is_own && offender != self.target.ip();
        if let (true, Ok(no)) = (is_local, no) {
            return Event::Local { no: Some(no), fault: rejected(icmp) };
        }
        let mut reply = self.reply(message, offender, no.ok(), Answer::Icmp(icmp));
        reply.labels = queued.labels;
        reply.rewritten = flow.is_none();
        reply.mtu = mtu(icmp, err.ee_info);
        match (no, flow) {
            (Ok(_), _) => Event::Reply(reply),
            (Err(Stray::Truncated), Some(flow)) if !is_local && !self.format.is_returned_whole() => {
                Event::Bare { flow, reply }
            }
            // Without our cookie a quote of another flow is somebody else's.
            (Err(_), None) => Event::Stray(Stray::Foreign),
            (Err(reason), Some(_)) => Event::Stray(reason),
        }
    }

    fn reply(&self, message: &Message, from: IpAddr, no: Option<ProbeNo>, answer: Answer) -> Reply {
        Reply {
            kernel: message.stamp,
            reply_ttl: message.ttl,
            ..Reply::new(no, from, answer, self.clock.now(), Clock::wall())
        }
    }
}

/// The MTU that the kernel has read from a message which names one (RFC 1191, RFC 4443).
fn mtu(icmp: Icmp, info: u32) -> Option<u32> {
    (icmp.kind() == Kind::Unreachable(Unreachable::TooBig) && info > 0).then_some(info)
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
        // A blackhole route says EINVAL.
        Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EINVAL => LocalFault::NoRoute,
        Errno::ENETDOWN => LocalFault::LinkDown,
        Errno::EADDRNOTAVAIL => LocalFault::AddressGone,
        Errno::EPERM | Errno::EACCES => LocalFault::Firewall,
        Errno::ENOBUFS | Errno::EAGAIN => LocalFault::NoBuffer,
        Errno::EMSGSIZE => LocalFault::TooBig(0),
        other => LocalFault::Errno(other as i32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mtu_is_read_only_where_the_message_names_one() {
        assert_eq!(mtu(Icmp::v4(3, 4), 1_400), Some(1_400));
        assert_eq!(mtu(Icmp::v6(2, 0), 1_280), Some(1_280));
        assert_eq!(mtu(Icmp::v4(3, 4), 0), None, "a router older than RFC 1191");
        assert_eq!(mtu(Icmp::v4(11, 0), 1_400), None);
    }
}
