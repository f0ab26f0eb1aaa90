//! Which probe a quoted packet is: pure.

use std::net::{IpAddr, SocketAddr};

use crate::engine::probe::{ProbeNo, Quoted, Stray};
use crate::net::channel::ChannelConfig;
use crate::wire::payload::{self, Cookie, Recognised};
use crate::wire::quote::{Quote, UDP};
use crate::wire::udp::Checksums;

/// What quotes are held against.
#[derive(Clone, Copy, Debug)]
pub struct Matching {
    source: SocketAddr,
    target: SocketAddr,
    cookie: Cookie,
    udp_len: u16,
    checksums: Checksums,
    /// The last probe that was sent.
    last: Option<ProbeNo>,
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
    /// For UDP probes from `source`.
    pub fn new(config: &ChannelConfig, source: SocketAddr) -> Self {
        let ChannelConfig { target, cookie, payload_len, .. } = *config;
        let checksums = Checksums::new(source, target, cookie, payload_len);
        Self { source, target, cookie, udp_len: (8 + payload_len) as u16, checksums, last: None }
    }

    /// The target's address.
    pub const fn target(&self) -> IpAddr {
        self.target.ip()
    }

    /// A probe was sent.
    pub const fn sent(&mut self, no: ProbeNo) {
        self.last = Some(no);
    }

    /// The probe that a quote is of, or why it is none of ours.
    ///
    /// The cookie tells, if it is there. Without it destination, protocol, both ports and the length must be
    /// ours, and the checksum that of a probe sent not long ago.
    pub fn find(&self, quote: &Quote) -> Result<Found, Stray> {
        let is_ours = quote.protocol == Some(UDP)
            && quote.destination == self.target.ip()
            && quote.source_port == Some(self.source.port())
            && quote.destination_port == Some(self.target.port());
        let found = |no, rewritten| {
            let quoted = Quoted { ttl: quote.ttl, tos: quote.tos };
            Ok(Found { no: ProbeNo(no), rewritten, quoted })
        };
        // A short quote with an extension behind it is padded with zeros (RFC 4884, 3).
        let is_padding = quote.payload.iter().all(|byte| *byte == 0);
        match payload::recognise(quote.payload, self.cookie) {
            Recognised::Ours(no) => found(no, !is_ours),
            _ if !is_ours => Err(Stray::Foreign),
            Recognised::NotOurs if !is_padding => Err(Stray::Forged),
            Recognised::NotOurs | Recognised::Short => {
                let (Some(checksum), Some(ProbeNo(last))) = (quote.udp_checksum, self.last) else {
                    return Err(Stray::Truncated);
                };
                let no =
                    self.checksums.number(checksum, last).filter(|_| quote.udp_len == Some(self.udp_len));
                no.map_or(Err(Stray::Unknown), |no| found(no, false))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::probe::Protocol;

    const COOKIE: Cookie = Cookie(7);

    fn matching() -> Matching {
        let config = ChannelConfig::new(Protocol::Udp, "198.51.100.7:33434".parse().unwrap(), COOKIE);
        let mut matching = Matching::new(&config, "192.0.2.1:54321".parse().unwrap());
        matching.sent(ProbeNo(100));
        matching
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
            udp_checksum: Some(matching().checksums.of(77)),
            payload,
        }
    }

    #[test]
    fn a_full_quote_is_known_by_its_cookie() {
        let payload = payload::build(COOKIE, 77, 16);
        let quoted = Quoted { ttl: 1, tos: 0x20 };
        let found = Found { no: ProbeNo(77), rewritten: false, quoted };
        assert_eq!(matching().find(&quote(&payload)), Ok(found));
        let natted = Quote { destination: "10.0.0.1".parse().unwrap(), ..quote(&payload) };
        assert_eq!(matching().find(&natted), Ok(Found { rewritten: true, ..found }));
        let forged = payload::build(Cookie(8), 77, 16);
        assert_eq!(matching().find(&quote(&forged)), Err(Stray::Forged));
        assert_eq!(matching().find(&Quote { source_port: Some(1), ..quote(&forged) }), Err(Stray::Foreign));
    }

    #[test]
    fn a_bare_quote_is_known_by_its_checksum() {
        for payload in [&[][..], &[0; 16]] {
            assert_eq!(matching().find(&quote(payload)).map(|found| found.no), Ok(ProbeNo(77)));
        }
        let bare = quote(&[]);
        let cases = [
            (Quote { udp_checksum: Some(matching().checksums.of(101)), ..bare }, Stray::Unknown),
            (Quote { udp_len: Some(25), ..bare }, Stray::Unknown),
            (Quote { udp_checksum: None, ..bare }, Stray::Truncated),
            (Quote { destination: "10.0.0.1".parse().unwrap(), ..bare }, Stray::Foreign),
            (Quote { destination_port: Some(53), ..bare }, Stray::Foreign),
            (Quote { protocol: Some(6), ..bare }, Stray::Foreign),
        ];
        for (quote, reason) in cases {
            assert_eq!(matching().find(&quote), Err(reason), "{quote:?}");
        }
        let fresh = Matching { last: None, ..matching() };
        assert_eq!(fresh.find(&bare), Err(Stray::Truncated));
    }
}
