//! The engine on virtual time over simulated paths: pace, first sight, what each answer means, and what
//! becomes of each probe.

mod answers;
mod attribution;
mod bare;
mod books;
mod crosscheck;
mod echo_only;
mod history;
mod journal;
mod lasting;
mod pace;
mod paths;
mod play;
mod random;
mod refusals;
mod replayed;
mod room;
mod rounds;
mod sleep;
mod slowed;
mod statistics;
#[path = "../support/step.rs"]
mod step;
mod told;
mod ways;
mod week;
