//! A quoted packet as bytes: what [`Quote::parse`] reads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Quote;
use super::layout::{v4, v6};
use crate::wire::bytes::checksum;
use crate::wire::icmp::Family;

impl Quote<'_> {
    /// The packet as bytes, without IP options or extension headers, up to the first field not known.
    ///
    /// The lengths and the UDP checksum are written as they stand here; the IPv4 header gets its checksum.
    /// Of an echo message the checksum is made anew. Addresses of two families make no packet, and so no
    /// bytes.
    pub fn emit(&self) -> Vec<u8> {
        let mut bytes = match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => self.emit_v4(source, destination),
            (IpAddr::V6(source), IpAddr::V6(destination)) => self.emit_v6(source, destination),
            _ => return Vec::new(),
        };
        if let Some(echo) = self.echo {
            bytes.extend(echo.emit(Family::of(self.source), self.payload));
            return bytes;
        }
        let ports = [self.source_port, self.destination_port, self.udp_len, self.udp_checksum];
        bytes.extend(ports.into_iter().map_while(|field| field).flat_map(u16::to_be_bytes));
        bytes.extend(self.payload);
        bytes
    }

    pub(super) fn emit_v4(&self, source: Ipv4Addr, destination: Ipv4Addr) -> Vec<u8> {
        let mut bytes = vec![0x45, self.tos];
        bytes.extend((self.total_len as u16).to_be_bytes());
        bytes.extend(self.id.unwrap_or(0).to_be_bytes());
        bytes.extend([0, 0, self.ttl, self.protocol.unwrap_or(0), 0, 0]);
        bytes.extend(source.octets());
        bytes.extend(destination.octets());
        let sum = checksum(&bytes);
        bytes[v4::CHECKSUM].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    pub(super) fn emit_v6(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
        let mut bytes = vec![0x60 | (self.tos >> 4), self.tos << 4, 0, 0];
        bytes.extend((self.total_len.saturating_sub(v6::LEN as u32) as u16).to_be_bytes());
        bytes.extend([self.protocol.unwrap_or(v6::HOP_BY_HOP), self.ttl]);
        bytes.extend(source.octets());
        bytes.extend(destination.octets());
        bytes
    }
}
