//! Bytes to values and back: ICMP, the packets it quotes, its extensions, and our own payload.
//!
//! Everything here is pure and total: any input gives a value or a named error, never a panic.

pub mod extension;
pub mod icmp;
