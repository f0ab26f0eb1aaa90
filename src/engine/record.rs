//! The engine's one output.

use super::faults::Fault;
use super::probe::Command;
use super::round::{Late, Round, Row};
use super::time::Time;

/// The engine's one output: settled facts, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A round, each of its tries decided.
    Round(Round),
    /// A try once called lost was answered after all.
    Late(Late),
    /// A second answer came in for a try of this row.
    Duplicate(Row),
    /// A local fault began or ended.
    Fault(Fault),
    /// The pace or the reach changed, by a command.
    Command(Time, Command),
}
