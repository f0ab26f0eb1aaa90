//! Bytes to values and back: ICMP, the packets it quotes, its extensions, and our own payload.
//!
//! Everything here is pure and total: any input gives a value or none, never a panic.
//!
//! | module | what it reads and writes |
//! | --- | --- |
//! | [`message`] | a whole ICMP message: type, code, MTU, quote, labels |
//! | [`quote`] | the packet that an error quotes, of any length: IP, UDP, payload |
//! | [`extension`] | RFC 4884 extensions, the MPLS label stack in them, and how the error queue returns both |
//! | [`payload`] | our own UDP payload: a check, the cookie, the number |
//! | [`udp`] | the UDP checksum, and which probe it belongs to |
//! | [`echo`] | ICMP echo requests and replies |
//! | [`icmp`] | type and code, and what they mean, the same for both families |
//! | `bytes` | big-endian fields and the Internet checksum |

mod bytes;
pub mod echo;
pub mod extension;
pub mod icmp;
pub mod message;
pub mod payload;
pub mod quote;
pub mod udp;
