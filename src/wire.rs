//! Bytes to values and back: ICMP, the packets it quotes, its extensions, and our own payload.
//!
//! Everything here is pure and total: any input gives a value or a named error, never a panic.
//!
//! | module | what it reads and writes |
//! | --- | --- |
//! | [`payload`] | our own UDP payload: magic, cookie, number |
//! | [`icmp`] | ICMP type and code, and what they mean, the same for both families |
//! | [`extension`] | RFC 4884 extensions and the MPLS label stack in them |

pub mod extension;
pub mod icmp;
pub mod payload;
