//! What is wrong with a command line, in one line each.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use thiserror::Error;

/// Why a command line gives nothing to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Help or the version was asked for: text for standard output.
    Show(String),
    /// It cannot be understood.
    Misuse(UsageError),
}

/// A wrong command line. Each displays as one line without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UsageError {
    /// The arguments cannot be read at all.
    #[error("{0}")]
    Unreadable(String),
    /// A flag's value will not do.
    #[error("{flag} '{}': {why}", given.escape_debug())]
    Value {
        /// The flag.
        flag: &'static str,
        /// What was given.
        given: String,
        /// What is wrong with it.
        why: String,
    },
    /// Two things that cannot both be had.
    #[error("{0} and {1} exclude each other")]
    Contradiction(&'static str, &'static str),
    /// The address given is not of the family asked for.
    #[error("{flag}: '{}' is no {family} address", target.escape_debug())]
    WrongFamily {
        /// `-4` or `-6`.
        flag: &'static str,
        /// The target.
        target: String,
        /// The family asked for.
        family: &'static str,
    },
    /// The first TTL lies above the last.
    #[error("-f {first} is above the last TTL, -m {max}")]
    FirstAboveMax {
        /// The first TTL.
        first: u8,
        /// The last one.
        max: u8,
    },
    /// An address has no name that could be looked up again.
    #[error("--reresolve needs a name: '{}' is an address", target.escape_debug())]
    Nameless {
        /// The target.
        target: String,
    },
    /// A part of a recording ends before it begins.
    #[error("--from is not before --to")]
    EndBeforeStart,
    /// A watch without a screen and without a recording that nobody learns anything of.
    #[error("--headless with {with} keeps nothing: add {remedy}")]
    NothingKept {
        /// Why it is not recorded.
        with: &'static str,
        /// What would make it of use.
        remedy: &'static str,
    },
    /// There is nothing to go on with.
    #[error("no recording given: hopwatch resume FILE; hopwatch replay --list shows those there are")]
    NoRecording,
    /// Only lines can be printed there.
    #[error("TERM=dumb: this terminal cannot show a full screen, but -r prints a table")]
    DumbTerminal,
    /// There is nothing to probe.
    #[error("no target given")]
    NoTarget,
    /// There is no such simulated path.
    #[error("no scenario '{}': there are {}", given.escape_debug(), known.join(", "))]
    UnknownScenario {
        /// What was given.
        given: String,
        /// The scenarios there are.
        known: &'static [&'static str],
    },
}

impl From<clap::Error> for Stop {
    fn from(error: clap::Error) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Self::Show(error.to_string()),
            _ => Self::Misuse(UsageError::Unreadable(one_line(&error))),
        }
    }
}

/// clap's complaint without its usage dump, what the user wrote without control characters, and the flag
/// that was probably meant.
fn one_line(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.escape_debug().to_string()),
        _ => None,
    };
    let complaint = match (error.kind(), context(ContextKind::InvalidArg), context(ContextKind::InvalidValue))
    {
        (ErrorKind::UnknownArgument, Some(argument), _) => format!("unexpected argument '{argument}'"),
        (ErrorKind::TooManyValues, Some(flag), Some(value)) => {
            format!("{flag} takes no value, not '{value}'")
        }
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").chars().filter(|letter| !letter.is_control()).collect()
        }
    };
    match context(ContextKind::SuggestedArg) {
        Some(meant) => format!("{complaint}, did you mean '{meant}'?"),
        None => complaint,
    }
}
