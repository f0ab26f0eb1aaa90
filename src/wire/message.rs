//! A whole ICMP message of either family (RFC 792, RFC 4443), with what it quotes and extends (RFC 4884).

use std::net::IpAddr;

use super::bytes::{be16, be32, checksum, checksum_v6};
use super::extension::{self, Label, QUOTE};
use super::icmp::{Family, Icmp};
use super::quote::Quote;

/// Offsets in an ICMP message; the same for both families but for the RFC 4884 length.
mod field {
    use std::ops::Range;

    pub const TYPE: usize = 0;
    pub const CODE: usize = 1;
    pub const CHECKSUM: Range<usize> = 2..4;
    pub const REST: usize = 4;
    pub const LENGTH_V6: usize = 4;
    pub const LENGTH_V4: usize = 5;
    pub const MTU_V4: usize = 6;
    pub const BODY: usize = 8;
}

/// An ICMP message, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Type and code.
    pub icmp: Icmp,
    /// The second word of the header; its meaning depends on the type.
    pub rest: u32,
    /// The next link's MTU in bytes, where the message says one (v4 3/4, RFC 1191; v6 2).
    pub mtu: Option<u32>,
    /// The packet that an error is about, if enough of it is there.
    pub quote: Option<Quote<'a>>,
    /// The MPLS labels that the packet carried, outermost first.
    pub labels: Vec<Label>,
}

impl<'a> Message<'a> {
    /// Reads a message that begins at its ICMP header; `None` if it ends within that.
    ///
    /// The checksum is not looked at: see [`checksum_ok`].
    pub fn parse(family: Family, bytes: &'a [u8]) -> Option<Self> {
        let (header, body) = bytes.split_first_chunk::<{ field::BODY }>()?;
        let icmp = Icmp { family, ty: header[field::TYPE], code: header[field::CODE] };
        let rest = be32(header, field::REST)?;
        let mtu = match (family, icmp.ty, icmp.code) {
            (Family::V4, 3, 4) => be16(header, field::MTU_V4).map(u32::from).filter(|mtu| *mtu != 0),
            (Family::V6, 2, _) => Some(rest),
            _ => None,
        };
        let (quoted, labels) = match length_field(icmp) {
            Some((at, unit)) => split(body, usize::from(header[at]) * unit),
            None => (body, Vec::new()),
        };
        let quote = is_error(icmp).then(|| Quote::parse(quoted)).flatten();
        // An error of one family is about a packet of the same.
        let quote = quote.filter(|quote| Family::of(quote.destination) == family);
        Some(Self { icmp, rest, mtu, quote, labels })
    }
}

/// Whether the checksum of an `ICMPv4` message is right. Of `ICMPv6` the kernel passes on no other.
pub fn checksum_ok(message: &[u8]) -> bool {
    message.len() >= field::BODY && checksum(message) == 0
}

/// Whether messages of this type quote a packet.
const fn is_error(icmp: Icmp) -> bool {
    match icmp.family {
        Family::V4 => matches!(icmp.ty, 3 | 4 | 5 | 11 | 12),
        Family::V6 => icmp.ty < 128,
    }
}

/// Where the length of the quote stands and in which unit, for the types that may be extended (RFC 4884, 4).
const fn length_field(icmp: Icmp) -> Option<(usize, usize)> {
    match (icmp.family, icmp.ty) {
        (Family::V4, 3 | 11 | 12) => Some((field::LENGTH_V4, 4)),
        (Family::V6, 1 | 3) => Some((field::LENGTH_V6, 8)),
        _ => None,
    }
}

/// The quote in `body` and the labels behind it, by the quote's length as the header says it.
fn split(body: &[u8], said: usize) -> (&[u8], Vec<Label>) {
    if said == 0 {
        // Before the RFC, routers padded the quote to 128 bytes and put the extension after it unsaid.
        match body.split_at_checked(QUOTE).map(|(quoted, behind)| (quoted, extension::parse_legacy(behind))) {
            Some((quoted, Some(labels))) => (quoted, labels),
            _ => (body, Vec::new()),
        }
    } else if said < QUOTE {
        (body, Vec::new()) // against the RFC, so that nobody can say what follows
    } else {
        let (quoted, behind) = body.split_at_checked(said).unwrap_or((body, &[]));
        (quoted, extension::parse(behind).unwrap_or_default())
    }
}

/// An ICMP error to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorMessage<'a> {
    /// Type and code.
    pub icmp: Icmp,
    /// The MTU to name, in the messages that have a place for one.
    pub mtu: u32,
    /// As much as is to be quoted of the packet, from its IP header.
    pub quoted: &'a [u8],
    /// The extension structure, as [`extension::emit`] writes it; empty for none.
    pub extension: &'a [u8],
    /// Whether the length of the quote is left out, as routers older than RFC 4884 do. Needs an extension.
    pub legacy: bool,
}

impl ErrorMessage<'_> {
    /// The message from its ICMP header on, its checksum right for the way from `source` to `destination`.
    ///
    /// With an extension the quote is padded, and cut to 128 bytes if its length is left out or to what the
    /// length field can say. A type that cannot be extended is written without.
    pub fn emit(&self, source: IpAddr, destination: IpAddr) -> Vec<u8> {
        let mut bytes = vec![0; field::BODY];
        bytes[field::TYPE] = self.icmp.ty;
        bytes[field::CODE] = self.icmp.code;
        match (self.icmp.family, self.icmp.ty, self.icmp.code) {
            (Family::V4, 3, 4) => {
                bytes[field::MTU_V4..field::BODY].copy_from_slice(&(self.mtu as u16).to_be_bytes());
            }
            (Family::V6, 2, _) => bytes[field::REST..field::BODY].copy_from_slice(&self.mtu.to_be_bytes()),
            _ => {}
        }
        match length_field(self.icmp).filter(|_| !self.extension.is_empty()) {
            None => bytes.extend(self.quoted),
            Some((at, unit)) => {
                let most = if self.legacy { QUOTE } else { usize::from(u8::MAX) * unit };
                let len = self.quoted.len().clamp(QUOTE, most).next_multiple_of(unit);
                bytes[at] = if self.legacy { 0 } else { (len / unit) as u8 };
                bytes.extend(self.quoted.iter().take(len));
                bytes.resize(field::BODY + len, 0);
                bytes.extend(self.extension);
            }
        }
        let sum = match (source, destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => checksum_v6(&bytes, source, destination),
            _ => checksum(&bytes),
        };
        bytes[field::CHECKSUM].copy_from_slice(&sum.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests;
