//! What one message of the error queue means: pure but for the clock that stamps its reading.

use std::net::IpAddr;

use nix::errno::Errno;

use super::socket::{Extended, Message};
use crate::engine::probe::{Answer, Event, LocalFault, ProbeNo, Reply, Stray};
use crate::net::channel::ChannelConfig;
use crate::net::clock::Clock;
use crate::net::stamps::SendStamps;
use crate::wire::extension::Queued;
use crate::wire::icmp::{Family, Icmp, Kind, Unreachable};
use crate::wire::payload::{self, Recognised};

/// What a message is held against.
#[derive(Clone, Debug)]
pub struct Context {
    /// Target and cookie.
    pub config: ChannelConfig,
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
                let ChannelConfig { cookie, payload_len, .. } = self.config;
                let no = stamps.probe(data, error.err.ee_data, cookie, payload_len)?;
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
                Some(Event::Local { no: self.recognise(data).ok(), fault })
            }
        }
    }

    /// Ordinary data: the target's own application answers.
    fn direct(&self, message: &Message, data: &[u8]) -> Event {
        let target = self.config.target;
        match message.address {
            Some(from) if from.ip() == target.ip() && from.port() == target.port() => {
                let no = self.recognise(data).ok();
                Event::Reply(self.reply(message, from.ip(), no, Answer::Direct))
            }
            _ => Event::Stray(Stray::Foreign),
        }
    }

    fn icmp(&self, family: Family, error: Extended, message: &Message, data: &[u8]) -> Event {
        let Extended { err, offender: Some(offender) } = error else { return Event::Stray(Stray::Malformed) };
        let icmp = Icmp { family, ty: err.ee_type, code: err.ee_code };
        let target = self.config.target;
        let is_ours = message.address.is_some_and(|to| to.ip() == target.ip() && to.port() == target.port());
        let queued = Queued::parse(family, data, self.config.payload_len, err.ee_data);
        let no = match self.recognise(queued.payload) {
            Ok(no) => no,
            // Without our cookie a quote of another flow is somebody else's.
            Err(_) if !is_ours => return Event::Stray(Stray::Foreign),
            Err(reason) => return Event::Stray(reason),
        };
        let is_own = offender == self.source || Some(offender) == message.own;
        if is_own && offender != target.ip() {
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
        }
    }

    fn recognise(&self, data: &[u8]) -> Result<ProbeNo, Stray> {
        match payload::recognise(data, self.config.cookie) {
            Recognised::Ours(no) => Ok(ProbeNo(no)),
            Recognised::NotOurs => Err(Stray::Forged),
            Recognised::Short => Err(Stray::Truncated),
        }
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
