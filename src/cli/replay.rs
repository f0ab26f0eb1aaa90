//! The command lines of `hopwatch replay` and `hopwatch resume`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser};

use super::{Stop, UsageError};

const TIMES: &str = "\
T is one of
  2026-11-25T14:03:00Z                   a moment, with Z or an offset such as +01:00
  2026-11-25T14:03, 2026-11-25 14:03:22  the same in local time
  2026-11-25                             that day's first moment
  14:03, 14:03:22                        the last such time of day before the recording's end
  -2h                                    so long before its end (s, m, h, d)";

/// `hopwatch replay`: values still as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Parser)]
#[command(
    name = "hopwatch replay",
    about = "A recorded watch on the same screen, or a report of any part of it",
    override_usage = "hopwatch replay [OPTIONS] [FILE]",
    after_help = TIMES,
    disable_help_flag = true,
    args_override_self = true,
    max_term_width = 100,
)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what they are")]
pub struct ReplayCli {
    /// The recording, any part of it; the newest if left out
    pub file: Option<PathBuf>,
    /// List the recordings: target, start, length, size, outages
    #[arg(long)]
    pub list: bool,
    /// Print a table
    #[arg(short = 'r', long)]
    pub report: bool,
    /// The same with host names at full width
    #[arg(short = 'w', long)]
    pub report_wide: bool,
    /// Print a JSON document
    #[arg(short = 'j', long)]
    pub json: bool,
    /// Only rounds that began at T or later
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Only rounds that began before T
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Show addresses, no names
    #[arg(short = 'n', long)]
    pub no_dns: bool,
    /// Show names and addresses
    #[arg(short = 'b', long)]
    pub show_ips: bool,
    /// Hide MPLS labels
    #[arg(short = 'e', long)]
    pub hide_mpls: bool,
    /// Print this help
    #[arg(short = 'h', long, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

impl ReplayCli {
    /// Reads the arguments, the word `replay` first.
    pub fn parse_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        let cli: Self = super::read(args)?;
        let asked = [
            (cli.from.is_some(), "--from"),
            (cli.to.is_some(), "--to"),
            (cli.report || cli.report_wide, "--report"),
            (cli.json, "--json"),
            (cli.file.is_some(), "FILE"),
        ];
        match asked.into_iter().find(|(is_given, _)| cli.list && *is_given) {
            Some((_, other)) => Err(Stop::Misuse(UsageError::Contradiction("--list", other))),
            None => Ok(cli),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_flag_reaches_its_field() {
        ReplayCli::command().debug_assert();
        let line = "replay -rwjnbe --from -2h --to 14:03 FILE";
        let cli = ReplayCli::parse_args(line.split(' ').map(OsString::from)).unwrap();
        let expected = ReplayCli {
            file: Some("FILE".into()),
            list: false,
            report: true,
            report_wide: true,
            json: true,
            from: Some("-2h".to_owned()),
            to: Some("14:03".to_owned()),
            no_dns: true,
            show_ips: true,
            hide_mpls: true,
            help: None,
        };
        assert_eq!(cli, expected);
    }

    #[test]
    fn a_list_is_of_all_recordings() {
        let read = |line: &str| ReplayCli::parse_args(line.split(' ').map(OsString::from));
        assert!(read("replay --list").unwrap().list);
        for (line, other) in
            [("replay --list FILE", "FILE"), ("replay --list --to 3", "--to"), ("replay --list -j", "--json")]
        {
            let expected = Stop::Misuse(UsageError::Contradiction("--list", other));
            assert_eq!(read(line), Err(expected), "{line}");
        }
    }
}
