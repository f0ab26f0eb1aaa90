//! Which probe a quoted packet is: pure.

use std::net::{IpAddr, SocketAddr};

use crate::engine::probe::{Flow, Probe, ProbeNo, Protocol, Quoted, Stray};
use crate::net::channel::ChannelConfig;
use crate::net::ports::Ports;
use crate::wire::icmp::Family;
use crate::wire::payload::{self, Cookie, Recognised};
use crate::wire::quote::{ICMP, ICMPV6, Quote, TCP, UDP};
use crate::wire::udp::Checksums;

/// What quotes are held against.
#[derive(Clone, Copy, Debug)]
pub struct Matching {
    target: SocketAddr,
    cookie: Cookie,
    form: Form,
    /// The last probe that was sent.
    last: Option<ProbeNo>,
    /// Probes were sent in flows of their own.
    has_own_flows: bool,
}

/// What is known of all our probes.
#[derive(Clone, Copy, Debug)]
enum Form {
    Udp { source: SocketAddr, payload_len: usize },
    Echo { protocol: u8, id: u16 },
    Tcp,
}

/// The probe that a quote is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number.
    pub no: ProbeNo,
    /// A NAT rewrote the quoted flow.
    pub rewritten: bool,
    /// What became of its IP header.
    pub quoted: Quoted,
}

impl Matching {
    /// For probes from `source`; the port of echo requests is their identifier, that of SYNs means nothing.
    pub fn new(config: &ChannelConfig, source: SocketAddr) -> Self {
        let ChannelConfig { target, cookie, payload_len, .. } = *config;
        let form = match (config.protocol, Family::of(target.ip())) {
            (Protocol::Udp, _) => Form::Udp { source, payload_len },
            (Protocol::Icmp, Family::V4) => Form::Echo { protocol: ICMP, id: source.port() },
            (Protocol::Icmp, Family::V6) => Form::Echo { protocol: ICMPV6, id: source.port() },
            (Protocol::Tcp, _) => Form::Tcp,
        };
        Self { target, cookie, form, last: None, has_own_flows: false }
    }

    /// The target's address.
    pub const fn target(&self) -> IpAddr {
        self.target.ip()
    }

    /// Probes leave from another address from now on, which the checksum of UDP covers.
    pub const fn follow(&mut self, address: IpAddr) {
        if let Form::Udp { source, .. } = &mut self.form {
            source.set_ip(address);
        }
    }

    /// A probe was sent.
    pub fn sent(&mut self, probe: &Probe) {
        self.last = Some(probe.no);
        self.has_own_flows |= probe.flow != Flow::Stable;
    }

    /// The probe that a quote is of, or why it is none of ours.
    ///
    /// The cookie tells, if it is there. Without it destination, protocol and ports or identifier must be
    /// ours; then the checksum of UDP or the sequence number of an echo request names a probe sent not long
    /// ago. Of a SYN nothing names the probe but `syn`, which gives the one under way from a source port.
    pub fn find(&self, quote: &Quote, syn: impl Fn(u16) -> Result<ProbeNo, Stray>) -> Result<Found, Stray> {
        let is_ours = self.is_ours(quote);
        let found = |no, rewritten| {
            let quoted = Quoted { ttl: quote.ttl, tos: quote.tos };
            Ok(Found { no, rewritten, quoted })
        };
        if let Form::Tcp = self.form {
            let port = quote.source_port.filter(|_| is_ours).ok_or(Stray::Foreign)?;
            return found(syn(port)?, false);
        }
        // A short quote with an extension behind it is padded with zeros (RFC 4884, 3).
        let is_padding = quote.payload.iter().all(|byte| *byte == 0);
        match payload::recognise(quote.payload, self.cookie) {
            Recognised::Ours(no) => found(ProbeNo(no), !is_ours),
            _ if !is_ours => Err(Stray::Foreign),
            Recognised::NotOurs if !is_padding => Err(Stray::Forged),
            Recognised::NotOurs | Recognised::Short => found(self.bare(quote)?, false),
        }
    }

    fn is_ours(&self, quote: &Quote) -> bool {
        let to_target = quote.destination == self.target.ip();
        let port = quote.destination_port.filter(|_| to_target);
        match self.form {
            Form::Udp { source, .. } => {
                let flow = port.and_then(|port| Ports::new(self.target.port(), self.cookie).flow(port));
                let is_flow = flow.is_some_and(|flow| flow == Flow::Stable || self.has_own_flows);
                quote.protocol == Some(UDP) && is_flow && quote.source_port == Some(source.port())
            }
            Form::Echo { protocol, id } => {
                let is_id = quote.echo.is_some_and(|echo| echo.is_request && echo.id == id);
                quote.protocol == Some(protocol) && to_target && is_id
            }
            Form::Tcp => quote.protocol == Some(TCP) && port == Some(self.target.port()),
        }
    }

    /// The probe of which nothing but eight bytes are quoted.
    fn bare(&self, quote: &Quote) -> Result<ProbeNo, Stray> {
        let ProbeNo(last) = self.last.ok_or(Stray::Truncated)?;
        let no = match self.form {
            Form::Udp { source, payload_len } => {
                let checksum = quote.udp_checksum.ok_or(Stray::Truncated)?;
                let port = quote.destination_port.ok_or(Stray::Truncated)?;
                let target = SocketAddr::new(self.target(), port);
                let is_whole = quote.udp_len == Some((8 + payload_len) as u16);
                let checksums = Checksums::new(source, target, self.cookie, payload_len);
                checksums.number(checksum, last).filter(|_| is_whole)
            }
            Form::Echo { .. } => quote.echo.and_then(|echo| payload::number_of_seq(echo.seq, last)),
            Form::Tcp => None,
        };
        no.map(ProbeNo).ok_or(Stray::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::echo::Echo;

    const COOKIE: Cookie = Cookie(7);

    fn matching() -> Matching {
        let config = ChannelConfig::new(Protocol::Udp, "198.51.100.7:33434".parse().unwrap(), COOKIE);
        let mut matching = Matching::new(&config, "192.0.2.1:54321".parse().unwrap());
        matching.sent(&probe(100, Flow::Stable));
        matching
    }

    fn checksum(no: u32) -> u16 {
        let source = "192.0.2.1:54321".parse().unwrap();
        Checksums::new(source, matching().target, COOKIE, 16).of(no)
    }

    /// The packet of probe 77 as a router quotes it.
    fn quote(payload: &[u8]) -> Quote<'_> {
        Quote {
            source: "192.0.2.1".parse().unwrap(),
            destination: "198.51.100.7".parse().unwrap(),
            ttl: 1,
            tos: 0x20,
            total_len: 44,
            id: Some(1),
            protocol: Some(UDP),
            source_port: Some(54_321),
            destination_port: Some(33_434),
            udp_len: Some(24),
            udp_checksum: Some(checksum(77)),
            echo: None,
            payload,
        }
    }

    const fn probe(no: u32, flow: Flow) -> Probe {
        Probe { no: ProbeNo(no), ttl: 1, flow }
    }

    fn find(matching: &Matching, quote: &Quote) -> Result<Found, Stray> {
        matching.find(quote, |_| Err(Stray::Foreign))
    }

    #[test]
    fn a_full_quote_is_known_by_its_cookie() {
        let payload = payload::build(COOKIE, 77, 16);
        let quoted = Quoted { ttl: 1, tos: 0x20 };
        let found = Found { no: ProbeNo(77), rewritten: false, quoted };
        assert_eq!(find(&matching(), &quote(&payload)), Ok(found));
        let natted = Quote { destination: "10.0.0.1".parse().unwrap(), ..quote(&payload) };
        assert_eq!(find(&matching(), &natted), Ok(Found { rewritten: true, ..found }));
        let forged = payload::build(Cookie(8), 77, 16);
        assert_eq!(find(&matching(), &quote(&forged)), Err(Stray::Forged));
        assert_eq!(find(&matching(), &Quote { source_port: Some(1), ..quote(&forged) }), Err(Stray::Foreign));
    }

    #[test]
    fn a_bare_quote_is_known_by_its_checksum() {
        for payload in [&[][..], &[0; 16]] {
            assert_eq!(find(&matching(), &quote(payload)).map(|found| found.no), Ok(ProbeNo(77)));
        }
        let bare = quote(&[]);
        let cases = [
            (Quote { udp_checksum: Some(checksum(101)), ..bare }, Stray::Unknown),
            (Quote { udp_len: Some(25), ..bare }, Stray::Unknown),
            (Quote { udp_checksum: None, ..bare }, Stray::Truncated),
            (Quote { destination: "10.0.0.1".parse().unwrap(), ..bare }, Stray::Foreign),
            (Quote { destination_port: Some(53), ..bare }, Stray::Foreign),
            (Quote { protocol: Some(6), ..bare }, Stray::Foreign),
        ];
        for (quote, reason) in cases {
            assert_eq!(find(&matching(), &quote), Err(reason), "{quote:?}");
        }
        let fresh = Matching { last: None, ..matching() };
        assert_eq!(find(&fresh, &bare), Err(Stray::Truncated));
    }

    #[test]
    fn a_probe_in_a_flow_of_its_own_is_ours_too() {
        let source = "192.0.2.1:54321".parse().unwrap();
        let target: SocketAddr = "198.51.100.7:33500".parse().unwrap();
        let payload = payload::build(COOKIE, 77, 16);
        let checksum = Checksums::new(source, target, COOKIE, 16).of(77);
        for payload in [&payload[..], &[]] {
            let own =
                Quote { destination_port: Some(33_500), udp_checksum: Some(checksum), ..quote(payload) };
            if payload.is_empty() {
                assert_eq!(find(&matching(), &own), Err(Stray::Foreign), "none was sent so");
            }
            let mut moving = matching();
            moving.sent(&probe(100, Flow::Own(65)));
            let found = find(&moving, &own);
            assert_eq!(found.map(|found| (found.no, found.rewritten)), Ok((ProbeNo(77), false)));
        }
    }

    #[test]
    fn an_echo_request_is_known_by_its_cookie_or_its_sequence_number() {
        let config = ChannelConfig::new(Protocol::Icmp, "198.51.100.7:0".parse().unwrap(), COOKIE);
        let mut matching = Matching::new(&config, "192.0.2.1:99".parse().unwrap());
        matching.sent(&probe(100, Flow::Stable));
        let payload = payload::build(COOKIE, 77, 16);
        let echo = Echo { is_request: true, id: 99, seq: payload::seq(77) };
        let none = Quote {
            source_port: None,
            destination_port: None,
            udp_len: None,
            udp_checksum: None,
            ..quote(&payload)
        };
        let whole = Quote { protocol: Some(ICMP), echo: Some(echo), ..none };
        let bare = Quote { payload: &[], ..whole };
        for quote in [whole, bare] {
            assert_eq!(find(&matching, &quote).map(|found| found.no), Ok(ProbeNo(77)));
        }
        let other = Quote { echo: Some(Echo { id: 98, ..echo }), ..bare };
        assert_eq!(find(&matching, &other), Err(Stray::Foreign));
        let later = Quote { echo: Some(Echo { seq: payload::seq(101), ..echo }), ..bare };
        assert_eq!(find(&matching, &later), Err(Stray::Unknown));
    }

    #[test]
    fn a_syn_is_known_by_the_port_it_left_from() {
        let config = ChannelConfig::new(Protocol::Tcp, "198.51.100.7:443".parse().unwrap(), COOKIE);
        let matching = Matching::new(&config, "192.0.2.1:0".parse().unwrap());
        let syn = |port| match port {
            54_321 => Ok(ProbeNo(5)),
            54_320 => Err(Stray::Unknown),
            _ => Err(Stray::Foreign),
        };
        let quote = Quote { protocol: Some(TCP), destination_port: Some(443), ..quote(&[]) };
        assert_eq!(matching.find(&quote, syn).map(|found| found.no), Ok(ProbeNo(5)));
        let late = Quote { source_port: Some(54_320), ..quote };
        assert_eq!(matching.find(&late, syn), Err(Stray::Unknown), "ours, and given up");
        for other in [
            Quote { source_port: Some(1), ..quote },
            Quote { destination_port: Some(80), ..quote },
            Quote { destination: "10.0.0.1".parse().unwrap(), ..quote },
            Quote { protocol: Some(UDP), ..quote },
        ] {
            assert_eq!(matching.find(&other, syn), Err(Stray::Foreign));
        }
    }
}
