//! The engine on virtual time over simulated paths: pace, first sight, and what each answer means.

mod pace;
mod play;
