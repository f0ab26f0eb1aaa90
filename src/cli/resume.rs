//! The command line of `hopwatch resume`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

use super::Stop;

/// `hopwatch resume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Parser)]
#[command(
    name = "hopwatch resume",
    about = "Goes on with a recorded watch, as it was set, into the same recording",
    disable_help_flag = true,
    args_override_self = true,
    max_term_width = 100
)]
pub struct ResumeCli {
    /// The recording, any part of it
    pub file: PathBuf,
    /// Watch without a terminal
    #[arg(long)]
    pub headless: bool,
    /// Run CMD (by sh -c) at each event's start and end; never taken from the recording
    #[arg(long, value_name = "CMD")]
    pub on_event: Option<String>,
    /// Ring the terminal's bell when an event starts
    #[arg(long)]
    pub bell: bool,
    /// Print this help
    #[arg(short = 'h', long, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

impl ResumeCli {
    /// Reads the arguments, the word `resume` first.
    pub fn parse_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        let matches = Self::command().try_get_matches_from(args)?;
        Ok(Self::from_arg_matches(&matches)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_reaches_its_field() {
        ResumeCli::command().debug_assert();
        let cli = ResumeCli::parse_args(
            ["resume", "--headless", "--on-event", "CMD", "--bell", "FILE"].map(OsString::from),
        )
        .unwrap();
        let on_event = Some("CMD".to_owned());
        assert_eq!(cli, ResumeCli { file: "FILE".into(), headless: true, on_event, bell: true, help: None });
    }
}
