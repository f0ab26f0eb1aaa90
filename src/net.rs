//! The ways to the network, behind one seam: [`channel::Channel`].

pub mod channel;
pub mod clock;
pub mod error_queue;
mod ports;
pub mod simulated;
pub mod stamps;
