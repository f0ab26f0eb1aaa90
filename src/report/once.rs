//! traceroute's form: a line per hop, printed as soon as it and all before it are decided.

use std::io::{self, Write};
use std::net::IpAddr;

use jiff::tz::TimeZone;

use super::words;
use crate::engine::path::End;
use crate::engine::probe::Protocol;
use crate::engine::round::{Row, Try};
use crate::engine::snapshot::Snapshot;
use crate::engine::span::Span;
use crate::engine::table::TableRow;
use crate::engine::verdict::Kind;
use crate::settings::Hosts;
use crate::watch::View;

/// A trace on its way to being printed.
#[derive(Debug)]
pub struct Once {
    hosts: Hosts,
    origins: bool,
    labels: bool,
    size: u16,
    /// The lowest TTL that has not been printed; `None` before the header.
    next: Option<u8>,
    /// The target's row has been printed.
    ended: bool,
}

impl Once {
    /// Nothing printed yet. `size` is the whole packet's, in bytes.
    pub const fn new(hosts: Hosts, size: u16) -> Self {
        Self { hosts, origins: false, labels: false, size, next: None, ended: false }
    }

    /// With the origin known by then after each host, as `traceroute -A` has it.
    #[must_use]
    pub const fn with_origins(self, origins: bool) -> Self {
        Self { origins, ..self }
    }

    /// With the MPLS labels that a hop quotes below its line.
    #[must_use]
    pub const fn with_labels(self, labels: bool) -> Self {
        Self { labels, ..self }
    }

    /// Prints what `view` has decided.
    pub fn update(&mut self, view: &View, out: &mut impl Write) -> io::Result<()> {
        self.advance(view, out, view.snapshot.finished && !view.naming)
    }

    /// Prints all that is left, decided or not, and what this machine failed to do.
    pub fn finish(&mut self, view: &View, out: &mut impl Write) -> io::Result<()> {
        self.advance(view, out, true)?;
        let finding = view.snapshot.verdict(Span::All);
        // One round is always too few tries: only what is plain from them is worth a line.
        let verdict = (finding.kind != Kind::Gathering).then(|| words::verdict(&finding));
        let below = [verdict, words::fault(view, &TimeZone::system())];
        below.into_iter().flatten().try_for_each(|line| writeln!(out, "{line}"))?;
        out.flush()
    }

    fn advance(&mut self, view: &View, out: &mut impl Write, all: bool) -> io::Result<()> {
        if self.next.is_none() {
            self.next = Some(0);
            self.header(view, out)?;
        }
        for row in view.snapshot.table(Span::All).rows {
            let printed = match row.row {
                Row::Hop(ttl) => Some(ttl) < self.next,
                Row::Target => self.ended,
            };
            if printed {
                continue;
            }
            // A name that is being looked up is waited for: what is printed stays.
            if !all && (view.naming || !decided(&view.snapshot, row.row)) {
                break;
            }
            self.line(&row, view, out)?;
            match row.row {
                Row::Hop(ttl) => self.next = Some(ttl.saturating_add(1)),
                Row::Target => self.ended = true,
            }
        }
        out.flush()
    }

    fn header(&self, view: &View, out: &mut impl Write) -> io::Result<()> {
        let about = &view.about;
        let hops = view.snapshot.pace.max_ttl;
        write!(out, "hopwatch to {} ({}), {hops} hops max, ", about.target, about.address)?;
        // The size of a SYN is the kernel's own affair.
        if about.protocol != Protocol::Tcp {
            write!(out, "{} byte packets, ", self.size)?;
        }
        writeln!(out, "{}", words::asked(about))
    }

    fn line(&self, row: &TableRow, view: &View, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{:>2}", row.ttl)?;
        match words::state(row, view) {
            Some(state) => write!(out, "  {}  {state}", self.host(view, view.about.address))?,
            None => self.tries(row, view, out)?,
        }
        writeln!(out)?;
        if self.labels {
            words::labels(&row.hop.labels).try_for_each(|label| writeln!(out, "    {label}"))?;
        }
        Ok(())
    }

    /// The tries in the order sent; a responder is named where it begins to answer.
    fn tries(&self, row: &TableRow, view: &View, out: &mut impl Write) -> io::Result<()> {
        let mut shown = None;
        for (outcome, by) in tries(&view.snapshot, row.row) {
            if let Some(by) = by.filter(|_| by != shown) {
                write!(out, "  {}", self.host(view, by))?;
                shown = Some(by);
            }
            match outcome {
                Try::Answered { us, .. } | Try::Late { us, .. } => {
                    write!(out, "  {}.{:03} ms", us / 1_000, us % 1_000)?;
                }
                Try::Refused { .. } => {
                    write!(out, "  {}", row.hop.refusal.map_or_else(|| "!".to_owned(), words::mark))?;
                }
                Try::Lost => write!(out, "  *")?,
                Try::InFlight => write!(out, "  ?")?,
                Try::NotSent => write!(out, "  (not sent)")?,
                Try::Skipped => write!(out, "  -")?,
            }
        }
        Ok(())
    }

    /// `name (address)` as traceroute has it, the address twice where there is no name.
    fn host(&self, view: &View, address: IpAddr) -> String {
        let host = match (self.hosts, words::name(view, address)) {
            (Hosts::Addresses, _) => address.to_string(),
            (_, Some(name)) => format!("{name} ({address})"),
            (_, None) => format!("{address} ({address})"),
        };
        match view.origins.get(address) {
            Some(origin) if self.origins => format!("{host} [{origin}]"),
            None if self.origins => host + " [*]",
            _ => host,
        }
    }
}

/// Whether a row's tries are all settled. The target's row waits until its place is known, too.
fn decided(snapshot: &Snapshot, row: Row) -> bool {
    if row == Row::Target && snapshot.path.end == End::Silent {
        return false;
    }
    // Behind a refusal or a loop the target itself is not asked: what is in front of it decides.
    if row == Row::Target && !matches!(snapshot.path.end, End::Target { .. }) {
        return true;
    }
    let tries = tries(snapshot, row);
    tries.len() >= usize::from(snapshot.pace.tries)
        && tries.iter().all(|(outcome, _)| *outcome != Try::InFlight)
}

/// A row's tries in the order sent, each with who answered it.
fn tries(snapshot: &Snapshot, row: Row) -> Vec<(Try, Option<IpAddr>)> {
    let rounds = snapshot.history.recent().chain(&snapshot.open);
    let parts = rounds.filter_map(|round| round.row(row));
    parts
        .flat_map(|part| {
            part.tries.iter().map(|&outcome| {
                let by = match outcome {
                    Try::Answered { by, .. } | Try::Late { by, .. } | Try::Refused { by } => Some(by),
                    _ => None,
                };
                (outcome, by.and_then(|by| part.responders.get(usize::from(by)).copied()))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::history::History;
    use crate::engine::round::RoundRow;
    use crate::report::fixture::{self, answered, part, round};
    use crate::wire::extension::Label;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn printed(view: &View, hosts: Hosts) -> String {
        let mut out = Vec::new();
        Once::new(hosts, 64).finish(view, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The example path with one round, still open.
    fn open(rows: Vec<RoundRow>) -> View {
        fixture::with(fixture::reached(), |snapshot| {
            snapshot.history = Arc::new(History::default());
            snapshot.open = vec![round(0, rows)];
            snapshot.finished = false;
            snapshot.fault = None;
        })
    }

    fn rows(last_of_first: Try, second: [Try; 3]) -> Vec<RoundRow> {
        vec![
            part(Row::Hop(1), 1, &["192.0.2.254"], &[answered(314, 0), answered(1_020, 0), last_of_first]),
            part(Row::Hop(2), 2, &[], &second),
            part(
                Row::Hop(3),
                3,
                &["198.51.100.1", "198.51.100.2"],
                &[answered(1_500, 0), Try::Lost, answered(1_700, 1)],
            ),
            part(Row::Target, 4, &["192.0.2.1"], &[answered(2_000, 0); 3]),
        ]
    }

    #[test]
    fn a_whole_trace() {
        let view = open(rows(Try::Lost, [Try::Lost; 3]));
        insta::assert_snapshot!(printed(&view, Hosts::Names));
    }

    #[test]
    fn origins_follow_their_hosts() {
        let mut out = Vec::new();
        Once::new(Hosts::Addresses, 64).with_origins(true).finish(&fixture::originated(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for shown in ["  192.0.2.254 [*]  ", "  198.51.100.2 [AS64500]  ", "  192.0.2.1 [AS4200000000]  "] {
            assert!(text.contains(shown), "{shown}\n{text}");
        }
    }

    #[test]
    fn labels_stand_below_their_hop_where_they_are_wanted() {
        let label = Label { label: 16_001, tc: 5, bottom: true, ttl: 1 };
        let view = fixture::with(fixture::reached(), |snapshot| snapshot.path.hops[2].labels = vec![label]);
        for wanted in [true, false] {
            let mut out = Vec::new();
            Once::new(Hosts::Addresses, 64).with_labels(wanted).finish(&view, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let mut lines = text.lines().skip_while(|line| !line.starts_with(" 3")).skip(1);
            let is_below = lines.next() == Some("    [MPLS: Lbl 16001 TC 5 S 1 TTL 1]");
            assert_eq!((is_below, text.contains("MPLS")), (wanted, wanted), "{text}");
        }
    }

    #[test]
    fn addresses_alone() {
        let view = open(rows(answered(9, 0), [Try::NotSent; 3]));
        insta::assert_snapshot!(printed(&view, Hosts::Addresses));
    }

    #[test]
    fn a_silent_target_and_a_refusal_in_words() {
        let text = printed(&fixture::silent(), Hosts::Names) + &printed(&fixture::refused(), Hosts::Names);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_line_waits_for_its_own_tries_and_for_the_lines_before_it() {
        let mut once = Once::new(Hosts::Names, 64);
        let mut lines = |view: &View| {
            let mut out = Vec::new();
            once.update(view, &mut out).unwrap();
            String::from_utf8(out).unwrap().lines().count()
        };
        let waiting = [Try::Lost, Try::Lost, Try::InFlight];
        assert_eq!(lines(&open(rows(Try::InFlight, waiting))), 1, "the header alone");
        assert_eq!(lines(&open(rows(Try::Lost, waiting))), 1, "the first hop");
        assert_eq!(lines(&open(rows(Try::Lost, waiting))), 0, "nothing twice");
        assert_eq!(lines(&open(rows(Try::Lost, [Try::Lost; 3]))), 3, "all the rest");
    }

    #[test]
    fn a_line_waits_for_names_that_are_looked_up() {
        let view = open(rows(Try::Lost, [Try::Lost; 3]));
        let mut once = Once::new(Hosts::Names, 64);
        let mut out = Vec::new();
        once.update(&View { naming: true, ..view.clone() }, &mut out).unwrap();
        assert_eq!(String::from_utf8_lossy(&out).lines().count(), 1, "the header alone");
        once.update(&view, &mut out).unwrap();
        assert_eq!(String::from_utf8_lossy(&out).lines().count(), 5);
    }

    #[test]
    fn a_silent_target_is_not_given_up_before_the_end() {
        let unfinished = fixture::with(fixture::silent(), |snapshot| snapshot.finished = false);
        let mut out = Vec::new();
        let mut once = Once::new(Hosts::Names, 64);
        once.update(&unfinished, &mut out).unwrap();
        assert!(!String::from_utf8_lossy(&out).contains("filtered"));
        once.update(&fixture::silent(), &mut out).unwrap();
        assert!(String::from_utf8_lossy(&out).contains("no answer to UDP 33434 (filtered?)"));
    }

    proptest! {
        #[test]
        fn any_views_give_each_hop_and_the_target_at_most_once(
            views in prop::collection::vec(fixture::any_view(), 1..4),
        ) {
            let mut out = Vec::new();
            let mut once = Once::new(Hosts::Both, 64);
            for view in &views {
                once.update(view, &mut out).unwrap();
            }
            once.finish(&views[0], &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            prop_assert_eq!(text.lines().filter(|line| line.starts_with("hopwatch to ")).count(), 1);
            prop_assert!(once.ended);
        }
    }
}
