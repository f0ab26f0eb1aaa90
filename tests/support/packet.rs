//! The bytes of probes and replies, Ethernet header included, after RFC 791, 792, 4443, 4884, 4950 and
//! 8200. Written apart from the crate's own `wire` module, so that an error there cannot hide itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ETHERNET: usize = 14;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const ECHO_REQUEST: u8 = 8;
const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;
/// TCP's flags.
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
/// The payload's first four bytes are a check of its number.
const CHECK: usize = 4;

/// A UDP packet, an ICMP echo request or a TCP SYN as it arrived.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Who sent it.
    pub source: IpAddr,
    /// Whom it is for.
    pub destination: IpAddr,
    /// TTL or hop limit on arrival.
    pub ttl: u8,
    /// Whether it is an echo request.
    pub is_echo: bool,
    /// Whether it is a TCP SYN.
    pub is_syn: bool,
    /// UDP or TCP source port, or the echo request's identifier.
    pub source_port: u16,
    /// UDP or TCP destination port, or the echo request's sequence number.
    pub port: u16,
    /// The type of service or the traffic class.
    pub tos: u8,
    /// What follows the UDP or ICMP header.
    pub payload: Vec<u8>,
    /// The Ethernet header of an answer to it.
    ethernet: [u8; ETHERNET],
    /// The packet from its IP header on, with the checksum that a network card would have put there.
    packet: Vec<u8>,
    ip_header: usize,
}

/// An ICMP error's type and code in both numberings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `ICMPv4` type and code.
    pub v4: (u8, u8),
    /// `ICMPv6` type and code.
    pub v6: (u8, u8),
}

impl Code {
    /// The TTL ran out.
    pub const TIME_EXCEEDED: Self = Self { v4: (11, 0), v6: (3, 0) };
    /// No route to the network.
    pub const NET: Self = Self { v4: (3, 0), v6: (1, 0) };
    /// The host does not answer on its link.
    pub const HOST: Self = Self { v4: (3, 1), v6: (1, 3) };
    /// The protocol is not spoken there.
    pub const PROTOCOL: Self = Self { v4: (3, 2), v6: (4, 1) };
    /// Nobody listens at the port.
    pub const PORT: Self = Self { v4: (3, 3), v6: (1, 4) };
    /// A filter forbids it.
    pub const PROHIBITED: Self = Self { v4: (3, 13), v6: (1, 1) };
}

/// How an ICMP error quotes the packet that it answers.
#[derive(Clone, Debug, Default)]
pub struct Quote {
    /// Only the IP header and eight bytes, as RFC 792 asks for at least.
    pub bare: bool,
    /// Another destination in the quote, as behind a NAT that does not look into ICMP.
    pub rewritten: Option<(Ipv4Addr, Ipv6Addr)>,
    /// MPLS labels (value, traffic class, TTL), outermost first, as an RFC 4950 extension.
    pub labels: Vec<(u32, u8, u8)>,
    /// The extension comes without the length field, as before RFC 4884.
    pub legacy: bool,
}

impl Probe {
    /// Reads an Ethernet frame; `None` for anything but a whole UDP packet, echo request or SYN.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let (head, packet) = frame.split_at_checked(ETHERNET)?;
        let (source, destination, ttl, ip_header): (IpAddr, IpAddr, _, _) = match packet.first()? >> 4 {
            4 if matches!(*packet.get(9)?, UDP | ICMP | TCP) => {
                let source = <[u8; 4]>::try_from(packet.get(12..16)?).ok()?;
                let destination = <[u8; 4]>::try_from(packet.get(16..20)?).ok()?;
                (source.into(), destination.into(), packet[8], usize::from(packet[0] & 15) * 4)
            }
            6 if matches!(*packet.get(6)?, UDP | ICMPV6 | TCP) => {
                let source = <[u8; 16]>::try_from(packet.get(8..24)?).ok()?;
                let destination = <[u8; 16]>::try_from(packet.get(24..40)?).ok()?;
                (source.into(), destination.into(), packet[7], 40)
            }
            _ => return None,
        };
        let (is_v4, protocol, total) = match source {
            IpAddr::V4(_) => (true, packet[9], usize::from(u16::from_be_bytes([packet[2], packet[3]]))),
            IpAddr::V6(_) => (false, packet[6], 40 + usize::from(u16::from_be_bytes([packet[4], packet[5]]))),
        };
        let body = packet.get(ip_header..total)?;
        let (is_echo, is_syn) = (!matches!(protocol, UDP | TCP), protocol == TCP);
        if is_syn && *body.get(13)? & (FIN | SYN | RST | ACK) != SYN {
            return None;
        }
        if is_echo && *body.first()? != if is_v4 { ECHO_REQUEST } else { ECHO_REQUEST_V6 } {
            return None;
        }
        let field = |at: usize| Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
        let mut ethernet = [0; ETHERNET];
        ethernet[..6].copy_from_slice(&head[6..12]);
        ethernet[6..12].copy_from_slice(&head[..6]);
        ethernet[12..].copy_from_slice(&head[12..]);
        let mut probe = Self {
            source,
            destination,
            ttl,
            is_echo,
            is_syn,
            source_port: field(if is_echo { 4 } else { 0 })?,
            port: field(if is_echo { 6 } else { 2 })?,
            tos: if is_v4 { packet[1] } else { packet[0] << 4 | packet[1] >> 4 },
            payload: if is_syn { Vec::new() } else { body.get(8..)?.to_vec() },
            ethernet,
            packet: packet.get(..total)?.to_vec(),
            ip_header,
        };
        // A veth leaves the checksum to a network card that it has not got.
        if !is_echo {
            let at = if is_syn { 16 } else { 6 };
            let body = &mut probe.packet[ip_header..];
            body.get_mut(at..at + 2)?.fill(0);
            let sum = pseudo_checksum(source, destination, protocol, body);
            body[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        }
        Some(probe)
    }

    /// The number in a payload of the crate's form: check, cookie (64 bits), number (32 bits).
    pub fn number(&self) -> Option<u32> {
        let bytes = self.payload.get(CHECK + 8..CHECK + 12)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    }

    /// The cookie in a payload of the crate's form.
    pub fn cookie(&self) -> Option<u64> {
        let bytes = self.payload.get(CHECK..CHECK + 8)?;
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    /// The frame of an ICMP error about this packet, from a node `distance` hops away.
    pub fn error(&self, from: IpAddr, distance: u8, code: Code, quote: &Quote) -> Vec<u8> {
        let (ty, number) = if from.is_ipv4() { code.v4 } else { code.v6 };
        let (mut quoted, length_field) = self.quoted(distance, quote);
        quoted.extend(extension(&quote.labels));
        let mut icmp = vec![ty, number, 0, 0, 0, 0, 0, 0];
        if from.is_ipv4() {
            icmp[5] = length_field;
        } else {
            icmp[4] = length_field;
        }
        icmp.extend(quoted);
        let sum = match from {
            IpAddr::V4(_) => checksum(&icmp),
            IpAddr::V6(_) => pseudo_checksum(from, self.source, ICMPV6, &icmp),
        };
        icmp[2..4].copy_from_slice(&sum.to_be_bytes());
        self.frame(from, 255 - distance, if from.is_ipv4() { ICMP } else { ICMPV6 }, &icmp)
    }

    /// The frame of a UDP answer to this packet by its destination, `distance` hops away.
    pub fn answer(&self, distance: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(8 + payload.len()).expect("a small answer");
        let mut udp = Vec::new();
        for field in [self.port, self.source_port, length, 0] {
            udp.extend(field.to_be_bytes());
        }
        udp.extend(payload);
        let sum = pseudo_checksum(self.destination, self.source, UDP, &udp);
        udp[6..8].copy_from_slice(&sum.to_be_bytes());
        self.frame(self.destination, 64 - distance, UDP, &udp)
    }

    /// The sequence number of a SYN (RFC 9293, 3.1).
    pub fn sequence(&self) -> u32 {
        let bytes = self.packet[self.ip_header + 4..][..4].try_into().expect("a whole SYN");
        u32::from_be_bytes(bytes)
    }

    /// The frame of the RST by which a closed port answers this SYN, `distance` hops away: it is believed for an
    /// `ack` that is the next number after the SYN's.
    pub fn reset(&self, distance: u8, ack: u32) -> Vec<u8> {
        let mut tcp = [self.port.to_be_bytes(), self.source_port.to_be_bytes()].concat();
        tcp.extend([0; 4]);
        tcp.extend(ack.to_be_bytes());
        tcp.extend([5 << 4, RST | ACK, 0, 0, 0, 0, 0, 0]);
        let sum = pseudo_checksum(self.destination, self.source, TCP, &tcp);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        self.frame(self.destination, 64 - distance, TCP, &tcp)
    }

    /// The frame of the echo reply to this echo request, `distance` hops away.
    pub fn echo_reply(&self, distance: u8) -> Vec<u8> {
        let is_v4 = self.destination.is_ipv4();
        let mut icmp = vec![if is_v4 { ECHO_REPLY } else { ECHO_REPLY_V6 }, 0, 0, 0];
        icmp.extend(self.source_port.to_be_bytes());
        icmp.extend(self.port.to_be_bytes());
        icmp.extend(&self.payload);
        let sum = if is_v4 {
            checksum(&icmp)
        } else {
            pseudo_checksum(self.destination, self.source, ICMPV6, &icmp)
        };
        icmp[2..4].copy_from_slice(&sum.to_be_bytes());
        self.frame(self.destination, 64 - distance, if is_v4 { ICMP } else { ICMPV6 }, &icmp)
    }

    /// What an ICMP error quotes, without the extension, and the RFC 4884 length field.
    fn quoted(&self, distance: u8, quote: &Quote) -> (Vec<u8>, u8) {
        let mut quoted = self.packet.clone();
        // Every hop before has counted it down.
        let ttl = self.ttl.saturating_sub(distance.saturating_sub(1));
        let unit = if self.source.is_ipv4() {
            quoted[8] = ttl;
            if let Some((other, _)) = quote.rewritten {
                quoted[16..20].copy_from_slice(&other.octets());
            }
            quoted[10..12].fill(0);
            let sum = checksum(&quoted[..self.ip_header]);
            quoted[10..12].copy_from_slice(&sum.to_be_bytes());
            4
        } else {
            quoted[7] = ttl;
            if let Some((_, other)) = quote.rewritten {
                quoted[24..40].copy_from_slice(&other.octets());
            }
            8
        };
        // Linux answers with at most 576 bytes over IPv4 and 1280 over IPv6.
        quoted.truncate(if unit == 4 { 576 - 28 } else { 1280 - 48 });
        if quote.bare {
            quoted.truncate(self.ip_header + 8);
        }
        if quote.labels.is_empty() {
            return (quoted, 0);
        }
        quoted.resize(128, 0);
        (quoted, if quote.legacy { 0 } else { 128 / unit })
    }

    fn frame(&self, from: IpAddr, ttl: u8, protocol: u8, body: &[u8]) -> Vec<u8> {
        let mut frame = self.ethernet.to_vec();
        let length = u16::try_from(body.len()).expect("a small packet");
        match (from, self.source) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let mut header = vec![0x45, 0];
                header.extend((length + 20).to_be_bytes());
                header.extend([0, 0, 0, 0, ttl, protocol, 0, 0]);
                header.extend(from.octets());
                header.extend(to.octets());
                let sum = checksum(&header);
                header[10..12].copy_from_slice(&sum.to_be_bytes());
                frame.extend(header);
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                frame.extend([0x60, 0, 0, 0]);
                frame.extend(length.to_be_bytes());
                frame.extend([protocol, ttl]);
                frame.extend(from.octets());
                frame.extend(to.octets());
            }
            _ => panic!("{from} cannot answer {}", self.source),
        }
        frame.extend(body);
        frame
    }
}

/// A frame whose ICMP message is another: lengths and the IP header's checksum are put right, and the message's own
/// where it is to be `mended`.
pub fn with_body(frame: &[u8], body: &[u8], mended: bool) -> Vec<u8> {
    let (head, packet) = frame.split_at(ETHERNET);
    let is_v4 = packet[0] >> 4 == 4;
    let header = if is_v4 { 20 } else { 40 };
    let (mut ip, mut body) = (packet[..header].to_vec(), body.to_vec());
    let length = u16::try_from(body.len() + if is_v4 { header } else { 0 }).expect("a small packet");
    if is_v4 {
        ip[2..4].copy_from_slice(&length.to_be_bytes());
        ip[10..12].fill(0);
        let sum = checksum(&ip);
        ip[10..12].copy_from_slice(&sum.to_be_bytes());
    } else {
        ip[4..6].copy_from_slice(&length.to_be_bytes());
    }
    if mended && body.len() >= 4 {
        body[2..4].fill(0);
        let sum = if is_v4 {
            checksum(&body)
        } else {
            let address = |at: usize| IpAddr::from(<[u8; 16]>::try_from(&ip[at..at + 16]).expect("sixteen"));
            pseudo_checksum(address(8), address(24), ICMPV6, &body)
        };
        body[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    [head, &ip, &body].concat()
}

/// What follows the IP header in a frame that was made here.
pub fn body(frame: &[u8]) -> &[u8] {
    let header = if frame[ETHERNET] >> 4 == 4 { 20 } else { 40 };
    &frame[ETHERNET + header..]
}

/// An RFC 4884 extension that holds an RFC 4950 label stack; nothing without labels.
fn extension(labels: &[(u32, u8, u8)]) -> Vec<u8> {
    if labels.is_empty() {
        return Vec::new();
    }
    let mut bytes = vec![0x20, 0, 0, 0];
    let length = u16::try_from(4 + 4 * labels.len()).expect("a small stack");
    bytes.extend(length.to_be_bytes());
    bytes.extend([1, 1]);
    for (index, &(label, class, ttl)) in labels.iter().enumerate() {
        let bottom = u32::from(index + 1 == labels.len());
        let entry = label << 12 | u32::from(class) << 9 | bottom << 8 | u32::from(ttl);
        bytes.extend(entry.to_be_bytes());
    }
    let sum = checksum(&bytes);
    bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// The internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The checksum over `body` and the pseudo-header of UDP, TCP and `ICMPv6`; 0xffff for 0, as UDP wants it.
fn pseudo_checksum(source: IpAddr, destination: IpAddr, protocol: u8, body: &[u8]) -> u16 {
    let mut bytes = Vec::new();
    for address in [source, destination] {
        match address {
            IpAddr::V4(address) => bytes.extend(address.octets()),
            IpAddr::V6(address) => bytes.extend(address.octets()),
        }
    }
    bytes.extend(u32::try_from(body.len()).expect("a small packet").to_be_bytes());
    bytes.extend([0, 0, 0, protocol]);
    bytes.extend(body);
    match checksum(&bytes) {
        0 => 0xffff,
        sum => sum,
    }
}
