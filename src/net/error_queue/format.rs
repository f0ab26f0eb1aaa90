//! What a probe is on a socket of each protocol, and how what comes back names it.

use crate::engine::probe::{ProbeNo, Protocol, Stray};
use crate::net::channel::ChannelConfig;
use crate::wire::echo::{self, Echo};
use crate::wire::extension::{Queued, udp_payload};
use crate::wire::icmp::Family;
use crate::wire::payload::{self, Cookie, Recognised};
use crate::wire::{message, quote};

/// The form of a channel's probes.
///
/// UDP hands the kernel a payload and gets payloads back. A ping socket (icmp(7)) hands over an echo request
/// and gets messages back from the ICMP header on, so that even the shortest quote (RFC 792) holds the
/// sequence number. The kernel writes the identifier and delivers only what carries it. A raw socket has
/// everybody's echo messages: there the identifier is ours to choose and to check.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    protocol: Protocol,
    family: Family,
    payload_len: usize,
    cookie: Cookie,
    /// The identifier of echo requests, where the kernel does not write it.
    id: Option<u16>,
}

impl Format {
    /// The form that `config` asks for.
    pub const fn new(config: &ChannelConfig) -> Self {
        let ChannelConfig { protocol, payload_len, cookie, .. } = *config;
        Self { protocol, family: Family::of(config.target.ip()), payload_len, cookie, id: None }
    }

    /// The same on a raw socket, with this identifier.
    #[must_use]
    pub const fn with_id(self, id: u16) -> Self {
        Self { id: Some(id), ..self }
    }

    /// The bytes of a probe, as the socket takes them.
    pub fn build(&self, no: ProbeNo) -> Vec<u8> {
        let payload = payload::build(self.cookie, no.0, self.payload_len);
        match self.protocol {
            Protocol::Icmp => {
                let echo =
                    Echo { is_request: true, id: self.id.unwrap_or_default(), seq: payload::seq(no.0) };
                echo.emit(self.family, &payload)
            }
            Protocol::Udp | Protocol::Tcp => payload,
        }
    }

    /// Takes apart what the error queue returns of a quoted packet.
    pub fn queued<'a>(&self, data: &'a [u8], ee_data: u32) -> Queued<'a> {
        let udp = udp_payload(self.family);
        match self.protocol {
            Protocol::Icmp => {
                Queued::parse(udp - echo::HEADER, data, echo::HEADER + self.payload_len, ee_data)
            }
            Protocol::Udp | Protocol::Tcp => Queued::parse(udp, data, self.payload_len, ee_data),
        }
    }

    /// Which probe some bytes are, by the cookie and the number in the payload.
    pub fn recognise(&self, bytes: &[u8]) -> Result<ProbeNo, Stray> {
        let payload = match self.protocol {
            Protocol::Icmp => {
                let (echo, payload) = Echo::parse(self.family, bytes).ok_or(Stray::Truncated)?;
                if !self.is_mine(echo) {
                    return Err(Stray::Foreign);
                }
                payload
            }
            Protocol::Udp | Protocol::Tcp => bytes,
        };
        match payload::recognise(payload, self.cookie) {
            Recognised::Ours(no) => Ok(ProbeNo(no)),
            Recognised::NotOurs => Err(Stray::Forged),
            Recognised::Short => Err(Stray::Truncated),
        }
    }

    /// Which probe a quote too short for the cookie is of: the newest one up to `last` with its sequence
    /// number.
    pub fn recognise_short(&self, bytes: &[u8], last: Option<ProbeNo>) -> Option<ProbeNo> {
        if self.protocol != Protocol::Icmp {
            return None;
        }
        let (echo, _) =
            Echo::parse(self.family, bytes).filter(|(echo, _)| echo.is_request && self.is_mine(*echo))?;
        payload::number_of_seq(echo.seq, last?.0).map(ProbeNo)
    }

    fn is_mine(&self, echo: Echo) -> bool {
        self.id.is_none_or(|id| id == echo.id)
    }

    /// The answer in what an ordinary read gives: of a raw IPv4 socket that begins at the IP header, and its
    /// checksum is nobody's but ours to check. `None` if it is no echo reply.
    pub fn behind_header<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        let Some(id) = self.id else { return Some(data) };
        let icmp = match self.family {
            Family::V4 => quote::behind_header(data).filter(|icmp| message::checksum_ok(icmp))?,
            Family::V6 => data,
        };
        let (echo, _) = Echo::parse(self.family, icmp)?;
        (!echo.is_request && echo.id == id).then_some(icmp)
    }

    /// Whether the target's answer has to hold all that was sent, as an echo reply must (RFC 1122, 3.2.2.6).
    pub fn is_returned_whole(&self) -> bool {
        self.protocol == Protocol::Icmp
    }

    /// The length of the payload, which a looped frame ends with.
    pub const fn payload_len(&self) -> usize {
        self.payload_len
    }

    /// What marks our probes.
    pub const fn cookie(&self) -> Cookie {
        self.cookie
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(protocol: Protocol, target: &str) -> Format {
        let target = target.parse().unwrap();
        Format::new(&ChannelConfig { payload_len: 36, ..ChannelConfig::new(protocol, target, Cookie(7)) })
    }

    #[test]
    fn every_probe_is_recognised_when_it_comes_back() {
        for target in ["192.0.2.1:0", "[2001:db8::1]:0"] {
            for protocol in [Protocol::Udp, Protocol::Icmp] {
                let format = format(protocol, target);
                let bytes = format.build(ProbeNo(70_000));
                assert_eq!(format.recognise(&bytes), Ok(ProbeNo(70_000)));
                assert_eq!(format.recognise(format.queued(&bytes, 0).payload), Ok(ProbeNo(70_000)));
                assert_eq!(format.recognise(&bytes[..15]), Err(Stray::Truncated));
                let other = Format { cookie: Cookie(8), ..format };
                assert_eq!(other.recognise(&bytes), Err(Stray::Forged));
            }
        }
    }

    #[test]
    fn the_shortest_quote_of_an_echo_request_names_the_newest_probe_of_its_number() {
        let format = format(Protocol::Icmp, "192.0.2.1:0");
        let named = |no: u32, last: u32| {
            let bytes = format.build(ProbeNo(no));
            format.recognise_short(&bytes[..8], Some(ProbeNo(last))).map(|no| no.0)
        };
        assert_eq!(named(0, 0), Some(0));
        assert_eq!(named(65_530, 65_540), Some(65_530));
        assert_eq!(named(65_536, 65_540), Some(65_536));
        assert_eq!(named(5, 70_000), Some(65_541), "one that is 65,536 older is long forgotten");
        assert_eq!(named(9, 8), None, "not sent yet");
        let bytes = format.build(ProbeNo(3));
        assert_eq!(format.recognise_short(&bytes[..7], Some(ProbeNo(3))), None);
        assert_eq!(format.recognise_short(&bytes, None), None);
    }

    #[test]
    fn the_checksum_of_echo_requests_stays_the_same() {
        let format = format(Protocol::Icmp, "192.0.2.1:0");
        let first = format.build(ProbeNo(0));
        assert!(message::checksum_ok(&first));
        for no in [1, 255, 256, 40_000, 65_535] {
            assert_eq!(format.build(ProbeNo(no))[2..4], first[2..4], "{no}");
        }
    }

    #[test]
    fn an_extension_behind_an_echo_request_is_found_from_its_icmp_header() {
        let label = crate::wire::extension::Label { label: 16_001, tc: 0, bottom: true, ttl: 1 };
        for (target, at) in [("192.0.2.1:0", 108_u8), ("[2001:db8::1]:0", 88)] {
            let format = format(Protocol::Icmp, target);
            let mut data = format.build(ProbeNo(5));
            data.resize(at.into(), 0);
            data.extend(crate::wire::extension::emit(&[label]));
            for ee_data in [0, u32::from_ne_bytes([at, 0, 0, 0])] {
                let queued = format.queued(&data, ee_data);
                assert_eq!((queued.labels, queued.payload.len()), (vec![label], 44));
            }
        }
    }
}
