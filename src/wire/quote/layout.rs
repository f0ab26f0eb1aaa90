//! Where the fields of IPv4 (RFC 791), IPv6 (RFC 8200) and UDP (RFC 768) headers stand. TCP has its ports where UDP has.

/// Offsets in the IPv4 header.
pub mod v4 {
    use std::ops::Range;

    pub const VERSION_IHL: usize = 0;
    pub const TOS: usize = 1;
    pub const TOTAL_LEN: usize = 2;
    pub const ID: usize = 4;
    pub const FRAGMENT: usize = 6;
    pub const TTL: usize = 8;
    pub const PROTOCOL: usize = 9;
    pub const CHECKSUM: Range<usize> = 10..12;
    pub const SOURCE: usize = 12;
    pub const DESTINATION: usize = 16;
    pub const LEN: usize = 20;
}

/// Offsets in the IPv6 header and in its extension headers.
pub mod v6 {
    pub const TRAFFIC_CLASS: usize = 0;
    pub const PAYLOAD_LEN: usize = 4;
    pub const NEXT_HEADER: usize = 6;
    pub const HOP_LIMIT: usize = 7;
    pub const SOURCE: usize = 8;
    pub const DESTINATION: usize = 24;
    pub const LEN: usize = 40;

    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const DESTINATION_OPTIONS: u8 = 60;

    pub const EXTENSION_NEXT: usize = 0;
    pub const EXTENSION_LEN: usize = 1;
    pub const FRAGMENT_OFFSET: usize = 2;
    pub const FRAGMENT_LEN: usize = 8;
}

/// Offsets in the UDP header.
pub mod udp {
    pub const SOURCE_PORT: usize = 0;
    pub const DESTINATION_PORT: usize = 2;
    pub const LENGTH: usize = 4;
    pub const CHECKSUM: usize = 6;
    pub const LEN: usize = 8;
}
