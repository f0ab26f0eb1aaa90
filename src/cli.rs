//! The command line: its flags as they were written, not yet judged. [`crate::settings`] judges them.

mod error;
pub mod replay;
pub mod resume;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser};

pub use error::{Stop, UsageError};

use crate::net::simulated::demos::NAMES as SCENARIOS;

const EXAMPLES: &str = "\
Examples:
  hopwatch example.org             watch the path, full screen
  hopwatch --once example.org      one round in traceroute's form
  hopwatch -rwc 30 example.org     30 tries per hop, then a table for a ticket
  hopwatch --demo lossy            a simulated path, no network needed
  hopwatch replay                  the newest recorded watch; see hopwatch replay --help
  hopwatch -- replay               the path to a host of that name

mtr's letters keep mtr's meaning. TIME is in seconds, or with a unit: 500ms, 2s, 1m, 1h.";

const WHAT: &str = "What it does";
const RECORDING: &str = "Recording and events";
const PROBING: &str = "Probing";
const NAMES: &str = "Names and addresses";
const OTHER: &str = "Other";

/// The flags and the target, values still as text.
///
/// Values are text so that every complaint about one comes from one place and reads alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Parser)]
#[command(
    name = "hopwatch",
    version,
    about = "The path to a host, live: loss and round-trip times per hop, without root",
    long_about = None,
    after_help = EXAMPLES,
    disable_version_flag = true,
    disable_help_flag = true,
    args_override_self = true,
    max_term_width = 100,
    override_usage = "hopwatch [OPTIONS] TARGET\n       hopwatch [OPTIONS] --demo [SCENARIO]\n       \
                      hopwatch replay [FILE]\n       hopwatch resume FILE"
)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what they are")]
#[allow(rustdoc::broken_intra_doc_links, reason = "the help shows defaults in brackets")]
pub struct Cli {
    /// Host name or address to watch the path to
    pub target: Option<String>,

    /// Print one round in traceroute's form; status 0 if the target answers
    #[arg(long, help_heading = WHAT)]
    pub once: bool,
    /// Print a table at the end
    #[arg(short = 'r', long, help_heading = WHAT)]
    pub report: bool,
    /// The same with host names at full width
    #[arg(short = 'w', long, help_heading = WHAT)]
    pub report_wide: bool,
    /// Print a JSON document at the end
    #[arg(short = 'j', long, help_heading = WHAT)]
    pub json: bool,
    /// Stop after N tries per hop [reports: 10, screen: never]
    #[arg(short = 'c', long = "report-cycles", visible_alias = "count", value_name = "N",
        allow_negative_numbers = true, help_heading = WHAT)]
    pub count: Option<String>,
    /// Watch without a terminal: record only
    #[arg(long, help_heading = WHAT)]
    pub headless: bool,
    /// Print each record as it comes, as a line of JSON
    #[arg(long, help_heading = WHAT)]
    pub jsonl: bool,
    /// Watch a simulated path.
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, default_missing_value = "clean",
        help = format!("Watch a simulated path [clean]: {}", SCENARIOS.join(", ")), help_heading = WHAT)]
    pub demo: Option<String>,

    /// Record to this new file [screen, --headless: one in ~/.local/state/hopwatch]
    #[arg(long, value_name = "FILE", help_heading = RECORDING)]
    pub record: Option<PathBuf>,
    /// Record nothing
    #[arg(long, help_heading = RECORDING)]
    pub no_record: bool,
    /// Let recordings take so much, the oldest go first [256M]
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true, help_heading = RECORDING)]
    pub record_limit: Option<String>,
    /// Run CMD (by sh -c) at each event's start and end, the event as JSON on its standard input
    #[arg(long, value_name = "CMD", help_heading = RECORDING)]
    pub on_event: Option<String>,
    /// Ring the terminal's bell when an event starts [screen]
    #[arg(long, help_heading = RECORDING)]
    pub bell: bool,

    /// Time between two tries to the same hop [1s, with --once 100ms]
    #[arg(short = 'i', long, value_name = "TIME", allow_negative_numbers = true, help_heading = PROBING)]
    pub interval: Option<String>,
    /// Tries a round, 1 to 10 [3]
    #[arg(short = 'q', long, value_name = "N", allow_negative_numbers = true, help_heading = PROBING)]
    pub tries: Option<String>,
    /// Start at this TTL [1]
    #[arg(short = 'f', long, value_name = "TTL", allow_negative_numbers = true, help_heading = PROBING)]
    pub first_ttl: Option<String>,
    /// Go no further than this TTL [30]
    #[arg(short = 'm', long, value_name = "TTL", allow_negative_numbers = true, help_heading = PROBING)]
    pub max_ttl: Option<String>,
    /// Destination port [UDP: 33434, TCP: 443]
    #[arg(short = 'P', long, value_name = "PORT", allow_negative_numbers = true, help_heading = PROBING)]
    pub port: Option<String>,
    /// Size of the whole packet, IP header included [64]
    #[arg(short = 's', long, value_name = "BYTES", allow_negative_numbers = true, help_heading = PROBING)]
    pub psize: Option<String>,
    /// Wait this long for an answer [3s]
    #[arg(short = 'Z', long, value_name = "TIME", allow_negative_numbers = true, help_heading = PROBING)]
    pub timeout: Option<String>,
    /// Probe with UDP (the default)
    #[arg(short = 'u', long, help_heading = PROBING)]
    pub udp: bool,
    /// Probe with ICMP echo requests
    #[arg(long, help_heading = PROBING)]
    pub icmp: bool,
    /// Probe with TCP SYNs
    #[arg(short = 'T', long, help_heading = PROBING)]
    pub tcp: bool,
    /// Way to the network: auto, error-queue or raw [auto]
    #[arg(long, value_name = "WAY", help_heading = PROBING)]
    pub channel: Option<String>,
    /// Flows to probe in: stable, or per-try for another port with every probe [stable]
    #[arg(long, value_name = "WAY", help_heading = PROBING)]
    pub flow: Option<String>,
    /// Type of service or traffic class, 0 to 255 [0]
    #[arg(short = 'Q', long, value_name = "N", allow_negative_numbers = true, help_heading = PROBING)]
    pub tos: Option<String>,
    /// Send from this address of ours
    #[arg(short = 'a', long, value_name = "ADDRESS", help_heading = PROBING)]
    pub address: Option<String>,
    /// Send by this interface
    #[arg(short = 'I', long, value_name = "NAME", help_heading = PROBING)]
    pub interface: Option<String>,
    /// UDP source port [any]
    #[arg(short = 'L', long, value_name = "PORT", allow_negative_numbers = true, help_heading = PROBING)]
    pub localport: Option<String>,
    /// IPv4 only
    #[arg(short = '4', help_heading = PROBING)]
    pub ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', help_heading = PROBING)]
    pub ipv6: bool,

    /// Look the target's name up again so often [key R only]
    #[arg(long, value_name = "TIME", allow_negative_numbers = true, help_heading = NAMES)]
    pub reresolve: Option<String>,
    /// Show addresses, look up no names
    #[arg(short = 'n', long, help_heading = NAMES)]
    pub no_dns: bool,
    /// Show names and addresses
    #[arg(short = 'b', long, help_heading = NAMES)]
    pub show_ips: bool,
    /// Show the AS that originates the route to each host, by DNS (asn.cymru.com)
    #[arg(short = 'z', long, help_heading = NAMES)]
    pub aslookup: bool,
    /// The same from a database in MaxMind's format, no network needed
    #[arg(long, value_name = "FILE", help_heading = NAMES)]
    pub asn_db: Option<PathBuf>,

    /// Hide MPLS labels
    #[arg(short = 'e', long, help_heading = NAMES)]
    pub hide_mpls: bool,
    /// Columns of figures, by mtr's letters, and 5 9 1 for P50 P95 P99 [LSNABWV]
    #[arg(short = 'o', long, value_name = "LETTERS", help_heading = WHAT)]
    pub order: Option<String>,

    /// Print this help
    #[arg(short = 'h', long, action = ArgAction::HelpShort, help_heading = OTHER)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'v', long, action = ArgAction::Version, help_heading = OTHER)]
    version: Option<bool>,
}

impl Cli {
    /// Reads the arguments, the program's name first.
    pub fn parse_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        read(args)
    }
}

/// Reads the arguments of any command line.
fn read<T: Parser>(args: impl IntoIterator<Item = OsString>) -> Result<T, Stop> {
    Ok(T::try_parse_from(args)?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, Stop> {
        Cli::parse_args(line.split(' ').map(OsString::from))
    }

    fn error(line: &str) -> String {
        match parse(line) {
            Err(Stop::Misuse(error)) => error.to_string(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_text() {
        insta::assert_snapshot!(Cli::command().term_width(100).render_help());
    }

    #[test]
    fn the_readme_has_the_same_text() {
        let help = Cli::command().term_width(100).render_help().to_string();
        let shown = format!("<!-- flags: the text of --help -->\n```text\n{help}```\n<!-- /flags -->");
        assert!(include_str!("../README.md").contains(&shown), "README.md lacks:\n{shown}");
    }

    #[test]
    fn help_and_version_are_no_errors() {
        for line in ["hopwatch --help", "hopwatch -h", "hopwatch -h --once x"] {
            assert!(
                matches!(parse(line), Err(Stop::Show(text)) if text.starts_with("The path to a host")),
                "{line}"
            );
        }
        for line in ["hopwatch --version", "hopwatch -v"] {
            let version = concat!("hopwatch ", env!("CARGO_PKG_VERSION"), "\n");
            assert!(matches!(parse(line), Err(Stop::Show(text)) if text == version), "{line}");
        }
    }

    #[test]
    fn every_flag_reaches_its_field() {
        let cli = parse(
            "hopwatch -rwj -nbez --asn-db as.mmdb -uT46 --icmp --once -c 1 -i 2 -q 3 -f 4 -m 5 -P 6 -o L5 -s 7 -Z 8 --channel raw --flow per-try -Q 9 -a 10 -I 11 -L 12 --headless --jsonl --record 13 --no-record --record-limit 14 --on-event 15 --bell --reresolve 16 --demo lossy example.org",
        )
        .unwrap();
        let text = |text: &str| Some(text.to_owned());
        let expected = Cli {
            target: text("example.org"),
            once: true,
            report: true,
            report_wide: true,
            json: true,
            count: text("1"),
            headless: true,
            jsonl: true,
            demo: text("lossy"),
            record: Some("13".into()),
            no_record: true,
            record_limit: text("14"),
            on_event: text("15"),
            bell: true,
            interval: text("2"),
            tries: text("3"),
            first_ttl: text("4"),
            max_ttl: text("5"),
            port: text("6"),
            order: text("L5"),
            psize: text("7"),
            timeout: text("8"),
            udp: true,
            icmp: true,
            tcp: true,
            channel: text("raw"),
            flow: text("per-try"),
            tos: text("9"),
            address: text("10"),
            interface: text("11"),
            localport: text("12"),
            ipv4: true,
            ipv6: true,
            reresolve: text("16"),
            no_dns: true,
            show_ips: true,
            hide_mpls: true,
            aslookup: true,
            asn_db: Some("as.mmdb".into()),
            help: None,
            version: None,
        };
        assert_eq!(cli, expected);
    }

    #[test]
    fn the_scenario_may_be_left_out() {
        assert_eq!(parse("hopwatch --demo").unwrap().demo.as_deref(), Some("clean"));
        assert_eq!(parse("hopwatch --demo -r").unwrap().demo.as_deref(), Some("clean"));
        assert_eq!(parse("hopwatch --demo=lossy -r").unwrap().demo.as_deref(), Some("lossy"));
    }

    #[test]
    fn the_last_of_a_repeated_flag_wins() {
        assert_eq!(parse("hopwatch -c 1 --count 2 x").unwrap().count.as_deref(), Some("2"));
    }

    #[test]
    fn a_negative_value_reaches_its_flag() {
        assert_eq!(parse("hopwatch -i -4 x").unwrap().interval.as_deref(), Some("-4"));
        assert_eq!(parse("hopwatch -4 x").unwrap().interval, None);
    }

    #[test]
    fn errors_are_one_line() {
        let lines = [
            "hopwatch --repotr example.org",
            "hopwatch -X example.org",
            "hopwatch one two",
            "hopwatch example.org -i",
            "hopwatch --once=yes example.org",
            "hopwatch --bad\nline",
            "hopwatch --bad\x1b[31m",
            "hopwatch --once=bad\n\x1b[31m",
        ];
        let errors: Vec<String> = lines.iter().map(|line| error(line)).collect();
        insta::assert_snapshot!(errors.join("\n"));
        assert!(errors.iter().all(|error| !error.contains(char::is_control)), "{errors:?}");
    }
}
