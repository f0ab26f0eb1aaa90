//! The ways to the network, behind one seam: [`channel::Channel`].

pub mod channel;
pub mod clock;
pub mod egress;
pub mod error_queue;
mod filter;
mod neighbour;
pub mod open_error;
mod ports;
pub mod raw;
pub mod raw_sockets;
pub mod routes;
pub mod simulated;
pub mod stamps;
pub mod tcp;
