//! The README's picture, from a real run over a made-up path:
//!
//! ```text
//! cargo test --test pty -- --ignored picture
//! ```
