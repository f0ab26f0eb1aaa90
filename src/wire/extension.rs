//! ICMP extensions (RFC 4884) and the MPLS label stack in them (RFC 4950).

use serde::{Deserialize, Serialize};

use super::bytes::{be16, be32, checksum};
use super::icmp::Family;

/// The least length that a quote is padded to when an extension follows (RFC 4884, 3), and where routers
/// older than the RFC put theirs without saying so.
pub const QUOTE: usize = 128;

/// How many labels are kept of one message; real stacks have a handful.
pub const MAX_LABELS: usize = 16;

/// Offsets in the extension header and in an object's header (RFC 4884, 7 and 8).
mod field {
    pub const VERSION: usize = 0;
    pub const CHECKSUM: usize = 2;
    pub const HEADER_END: usize = 4;

    pub const OBJECT_LEN: usize = 0;
    pub const OBJECT_CLASS: usize = 2;
    pub const OBJECT_CTYPE: usize = 3;
    pub const OBJECT_HEADER_END: usize = 4;
}

/// The one version there is, in the high nibble of the first byte.
const VERSION: u8 = 2;
/// Class and C-type of the incoming MPLS label stack (RFC 4950, 3).
const MPLS_STACK: (u8, u8) = (1, 1);
/// In the flags of `sock_ee_data_rfc4884`: the kernel found the extension malformed.
const FLAG_INVALID: u8 = 1;

/// One entry of an MPLS label stack (RFC 3032), as a router quoted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Label {
    /// The label value, 20 bits.
    pub label: u32,
    /// The traffic class, 3 bits.
    pub tc: u8,
    /// Whether it is the bottom of the stack.
    pub bottom: bool,
    /// The label's own TTL.
    pub ttl: u8,
}

impl Label {
    /// An entry from the word that it is on the wire (RFC 3032, 2.1).
    const fn from_word(word: u32) -> Self {
        Self {
            label: word >> 12,
            tc: ((word >> 9) & 0b111) as u8,
            bottom: (word >> 8) & 1 == 1,
            ttl: (word & 0xff) as u8,
        }
    }

    /// The entry as a word on the wire; bits that have no room are dropped.
    fn word(self) -> u32 {
        (self.label << 12)
            | (u32::from(self.tc & 0b111) << 9)
            | (u32::from(self.bottom) << 8)
            | u32::from(self.ttl)
    }
}

/// The labels in an extension structure; `None` if the bytes are none, or its checksum is wrong.
///
/// A checksum of zero means that none was computed. Objects of other kinds are passed over, and a length
/// that cannot be ends the reading.
pub fn parse(structure: &[u8]) -> Option<Vec<Label>> {
    let computed = be16(structure, field::CHECKSUM)? != 0;
    let right = has_version(structure) && (!computed || checksum(structure) == 0);
    right.then(|| labels(structure))
}

/// The labels in what may be an extension of a router that does not say where it begins.
///
/// Nothing but the version and a right checksum tells it from the quoted packet's own bytes, so that both
/// must be there.
pub fn parse_legacy(structure: &[u8]) -> Option<Vec<Label>> {
    let right = structure.len() >= field::HEADER_END && has_version(structure) && checksum(structure) == 0;
    right.then(|| labels(structure))
}

/// The structure that carries `labels` as one object, checksum in place.
pub fn emit(labels: &[Label]) -> Vec<u8> {
    let mut bytes = vec![VERSION << 4, 0, 0, 0];
    if !labels.is_empty() {
        let len = field::OBJECT_HEADER_END + 4 * labels.len();
        bytes.extend(u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend([MPLS_STACK.0, MPLS_STACK.1]);
        bytes.extend(labels.iter().flat_map(|label| label.word().to_be_bytes()));
    }
    let sum = checksum(&bytes);
    bytes[field::CHECKSUM..field::HEADER_END].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// What Linux returns with an entry of an error queue, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued<'a> {
    /// The part of what we sent that was quoted, and nothing that is not ours.
    pub payload: &'a [u8],
    /// The labels in the extension.
    pub labels: Vec<Label>,
}

impl<'a> Queued<'a> {
    /// Takes apart `data`, which is all of the quote behind its first `before` bytes: what we sent, perhaps
    /// padding, perhaps an extension.
    ///
    /// UDP sockets return what follows the UDP header ([`udp_payload`]), ping sockets what follows the IP
    /// header. `sent` is the length of what was sent from there on. `ee_data` is that field of `sock_extended_err`,
    /// which holds a `sock_ee_data_rfc4884` when the socket asked for one (`IP_RECVERR_RFC4884`), zero if not.
    pub fn parse(before: usize, data: &'a [u8], sent: usize, ee_data: u32) -> Self {
        let [len_0, len_1, flags, _reserved] = ee_data.to_ne_bytes();
        let (end, labels) = match usize::from(u16::from_ne_bytes([len_0, len_1])) {
            0 => {
                let at = QUOTE.saturating_sub(before);
                match data.get(at..).and_then(parse_legacy) {
                    Some(labels) => (at, labels),
                    None => (data.len(), Vec::new()),
                }
            }
            len if flags & FLAG_INVALID != 0 => (len, Vec::new()),
            len => (len, data.get(len..).and_then(parse).unwrap_or_default()),
        };
        let own = sent.min(end).min(data.len());
        Self { payload: &data[..own], labels }
    }
}

/// The length of the IP header and the UDP header before our payload.
pub const fn udp_payload(family: Family) -> usize {
    match family {
        Family::V4 => 20 + 8,
        Family::V6 => 40 + 8,
    }
}

fn has_version(structure: &[u8]) -> bool {
    structure.get(field::VERSION).is_some_and(|byte| byte >> 4 == VERSION)
}

/// The labels of every MPLS object after the header, up to [`MAX_LABELS`].
fn labels(structure: &[u8]) -> Vec<Label> {
    let mut found = Vec::new();
    let mut rest = structure.get(field::HEADER_END..).unwrap_or_default();
    while let Some((class, ctype, payload, behind)) = object(rest) {
        if (class, ctype) == MPLS_STACK {
            let words = (0..payload.len()).step_by(4).map_while(|at| be32(payload, at));
            found.extend(words.map(Label::from_word).take(MAX_LABELS - found.len()));
        }
        rest = behind;
    }
    found
}

/// The first object's class, C-type and payload, and the bytes behind it.
fn object(bytes: &[u8]) -> Option<(u8, u8, &[u8], &[u8])> {
    let len = usize::from(be16(bytes, field::OBJECT_LEN)?);
    let (object, behind) = bytes.split_at_checked(len)?;
    let payload = object.get(field::OBJECT_HEADER_END..)?;
    Some((object[field::OBJECT_CLASS], object[field::OBJECT_CTYPE], payload, behind))
}

#[cfg(test)]
mod tests;
