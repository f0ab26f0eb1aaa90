//! What the test programs share: a network laboratory that needs no root, and a terminal to run the
//! binary in.
//!
//! | module | what it owns |
//! | --- | --- |
//! | [`lab`] | namespaces for a test, commands in them, the binary without any capability |
//! | [`load`] | threads that keep the processors busy |
//! | [`responder`] | a made-up internet on a packet socket: any path, any reply |
//! | [`packet`] | the bytes of probes and replies, built without the crate's own code |
//! | [`chain`] | a chain of real Linux routers |
//! | [`dns`] | a DNS server that knows a few TXT records |
//! | [`mmdb`] | a writer of databases in MaxMind's format |
//! | [`terminal`] | the binary in a pseudo-terminal, and its screen |
//! | [`stalls`] | how long the machine keeps threads waiting |
//! | [`svg`] | a screen as a picture |
//! | [`patience`] | how long a test waits for a condition |
#![allow(dead_code, unused_imports, reason = "each test program uses a part of this")]

pub mod chain;
pub mod dns;
pub mod lab;
pub mod load;
pub mod mmdb;
pub mod packet;
pub mod patience;
pub mod responder;
pub mod stalls;
pub mod svg;
pub mod terminal;
