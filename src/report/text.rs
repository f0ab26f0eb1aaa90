//! mtr's report: one table at the end, and the few lines that matter below it.

use std::io::{self, Write};
use std::net::IpAddr;

use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use super::clock::rfc3339;
use super::events;
use super::figures::Figure;
use super::words;
use crate::engine::span::Span;
use crate::engine::table::{Table, TableRow};
use crate::settings::Hosts;
use crate::watch::View;

/// Columns of the host unless something longer may not be cut: the table then keeps to 80.
const HOST: usize = 28;
/// Columns of an origin before the space after it; a number above 9999999 makes it longer.
const ORIGIN: usize = 9;

/// What stands left of the figures, and below.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// How hosts are shown.
    pub hosts: Hosts,
    /// Names keep their full width; they are cut to fit 80 columns otherwise.
    pub wide: bool,
    /// The origin stands before each host, as with mtr.
    pub origins: bool,
    /// MPLS labels stand below their hop.
    pub labels: bool,
    /// The stretch of time that the figures are of.
    pub span: Span,
    /// The figures, from the left.
    pub figures: &'a [&'static Figure],
}

/// Writes the report.
pub fn write(out: &mut impl Write, view: &View, layout: Layout<'_>, zone: &TimeZone) -> io::Result<()> {
    let table = view.snapshot.table(layout.span);
    let lines: Vec<Line> = table.rows.iter().flat_map(|row| lines(row, view, layout)).collect();
    let width = lines.iter().map(|line| line.label.width()).chain([HOST + 8]).max().unwrap_or_default();

    writeln!(out, "Start: {}", rfc3339(view.snapshot.anchor.wall(view.snapshot.start(layout.span)), zone))?;
    if let Span::Between(..) = layout.span {
        writeln!(out, "End: {}", rfc3339(view.snapshot.anchor.wall(view.snapshot.end(layout.span)), zone))?;
    }
    let about = &view.about;
    writeln!(out, "Target: {}, {}", words::target(about), words::probes(about))?;
    let headers = layout.figures.iter().map(|figure| format!(" {:>1$}", figure.header, figure.width));
    writeln!(out, "{}{}", pad(&format!("HOST: {}", about.host), width), headers.collect::<String>())?;
    for line in &lines {
        writeln!(out, "{}", format!("{}{}", pad(&line.label, width), line.figures).trim_end())?;
        if let Some(words) = &line.words {
            writeln!(out, "        {words}")?;
        }
        if layout.labels {
            line.labels.iter().try_for_each(|label| writeln!(out, "    |  +-- {label}"))?;
        }
    }
    let below: Vec<String> = [
        Some(words::verdict(&view.snapshot.verdict(layout.span))),
        words::fault(view, zone),
        times(&table),
        odd_answers(&table),
        words::strays(view),
    ]
    .into_iter()
    .flatten()
    .collect();
    writeln!(out)?;
    below.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    events::write(out, view, zone)
}

struct Line {
    /// What stands left of the figures.
    label: String,
    figures: String,
    /// A line of its own below.
    words: Option<String>,
    /// MPLS labels, a line each.
    labels: Vec<String>,
}

/// The lines of a row: the responder that stands for it with the figures, then the others.
fn lines(row: &TableRow, view: &View, layout: Layout<'_>) -> Vec<Line> {
    let leader = words::leader(row, view);
    let limit = match layout {
        Layout { wide: true, .. } => usize::MAX,
        Layout { origins: true, .. } => HOST - ORIGIN - 1,
        Layout { .. } => HOST,
    };
    let host = |address: Option<IpAddr>| {
        let origin = layout.origins.then(|| format!("{:<1$} ", words::origin(view, address), ORIGIN));
        let host = address.map(|address| words::host_within(view, address, layout.hosts, limit, "…"));
        origin.unwrap_or_default() + host.as_deref().unwrap_or("???")
    };
    let first = Line {
        label: format!("{:>3}.|-- {}", row.ttl, host(leader)),
        figures: figures(row, layout.figures),
        words: words::state(row, view),
        labels: words::labels(&row.hop.labels).collect(),
    };
    let others = row.responders.iter().filter(|responder| Some(responder.address) != leader);
    let others = others.map(|responder| Line {
        label: format!("    |  `-- {}", host(Some(responder.address))),
        figures: String::new(),
        words: None,
        labels: Vec::new(),
    });
    std::iter::once(first).chain(others).collect()
}

/// The figures of a row, a dash where there is none so that every line has as many, and its marks.
fn figures(row: &TableRow, shown: &[&Figure]) -> String {
    let value = |figure: &Figure| match (figure.value)(row) {
        empty if empty.is_empty() => "-".to_owned(),
        value => value,
    };
    let figures = shown.iter().map(|figure| format!(" {:>1$}", value(figure), figure.width));
    figures.chain(marks(row)).collect()
}

fn marks(row: &TableRow) -> impl Iterator<Item = String> {
    let refusal = row.hop.refusal.map(words::mark);
    let by_target = row.hop.by_target.then(|| "(the target's address)".to_owned());
    let rewritten = row.hop.rewritten.then(|| "(NAT)".to_owned());
    let also = (row.upto > row.ttl).then(|| format!("(up to hop {})", row.upto));
    let other_flow = row.hop.other_flow.then(|| "(other flow)".to_owned());
    [refusal, by_target, rewritten, other_flow, also].into_iter().flatten().map(|mark| format!("  {mark}"))
}

fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// How the times came about, in one line.
fn times(table: &Table) -> Option<String> {
    let sum = |grade: usize| table.rows.iter().map(|row| row.grades[grade]).sum::<u64>();
    let [kernel, mixed, user] = [sum(0), sum(1), sum(2)];
    (kernel + mixed + user > 0).then(|| format!("times: {kernel} kernel, {mixed} mixed, {user} user"))
}

/// Answers that came late or twice, in one line.
fn odd_answers(table: &Table) -> Option<String> {
    let late = table.rows.iter().map(|row| row.counts.late).sum();
    let duplicates = table.rows.iter().map(|row| row.counts.duplicates).sum();
    Some(format!("answers: {}", words::listed([(late, "late"), (duplicates, "duplicate")])?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::Time;
    use crate::report::figures::usual;
    use crate::report::fixture;
    use jiff::tz::offset;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn report(view: &View, hosts: Hosts, wide: bool) -> String {
        let mut out = Vec::new();
        let layout = Layout { hosts, wide, origins: false, labels: true, span: Span::All, figures: &usual() };
        write(&mut out, view, layout, &TimeZone::fixed(offset(2))).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_span_has_its_own_start_end_and_figures() {
        let second = Time::from_millis(3_000);
        let written = |span| {
            let figures = &crate::report::figures::order("S5").unwrap();
            let layout =
                Layout { hosts: Hosts::Names, wide: false, origins: false, labels: false, span, figures };
            let mut out = Vec::new();
            write(&mut out, &fixture::reached(), layout, &TimeZone::UTC).unwrap();
            String::from_utf8(out).unwrap()
        };
        let (all, first) = (written(Span::All), written(Span::Between(Time::ZERO, second)));
        assert!(
            all.starts_with(
                "Start: 2023-11-14T22:13:20+00:00\nTarget: example.org (192.0.2.1), UDP port 33434\nHOST"
            ),
            "{all}"
        );
        assert!(
            first.starts_with("Start: 2023-11-14T22:13:20+00:00\nEnd: 2023-11-14T22:13:23+00:00\nTarget: "),
            "{first}"
        );
        let sent = |text: &str| {
            text.lines()
                .find(|line| line.contains("1.|--"))
                .map(|line| line.split_whitespace().nth(2).unwrap_or_default().to_owned())
        };
        assert_eq!((sent(&all), sent(&first)), (Some("6".to_owned()), Some("3".to_owned())), "{all}{first}");
    }

    #[test]
    fn a_path_that_reaches_its_target() {
        insta::assert_snapshot!(report(&fixture::reached(), Hosts::Names, false));
    }

    #[test]
    fn names_and_addresses() {
        insta::assert_snapshot!(report(&fixture::reached(), Hosts::Both, true));
    }

    #[test]
    fn origins_stand_before_the_hosts() {
        let mut out = Vec::new();
        let layout = Layout {
            hosts: Hosts::Names,
            wide: false,
            origins: true,
            labels: true,
            span: Span::All,
            figures: &usual(),
        };
        write(&mut out, &fixture::originated(), layout, &TimeZone::fixed(offset(2))).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn a_silent_target_is_told_in_words() {
        insta::assert_snapshot!(report(&fixture::silent(), Hosts::Addresses, false));
    }

    #[test]
    fn labels_can_be_hidden() {
        let write = |labels| {
            let mut out = Vec::new();
            write(
                &mut out,
                &fixture::reached(),
                Layout {
                    hosts: Hosts::Names,
                    wide: false,
                    origins: false,
                    labels,
                    span: Span::All,
                    figures: &usual(),
                },
                &TimeZone::fixed(offset(2)),
            )
            .unwrap();
            String::from_utf8(out).unwrap()
        };
        let (shown, hidden) = (write(true), write(false));
        let others: Vec<&str> = shown.lines().filter(|line| !line.contains("[MPLS: Lbl ")).collect();
        assert!(others.len() < shown.lines().count(), "{shown}");
        assert!(hidden.lines().eq(others), "{hidden}");
    }

    #[test]
    fn a_silent_target_that_answers_echo_says_so() {
        let text = report(&fixture::cross_checked(fixture::silent(), 4), Hosts::Addresses, false);
        assert!(text.contains("UDP 33434 filtered, echo 12.3 ms, 4 of 40 lost"), "{text}");
        let deaf = report(&fixture::cross_checked(fixture::silent(), 40), Hosts::Addresses, false);
        assert!(deaf.contains("no answer to UDP 33434 (filtered?)"), "{deaf}");
    }

    #[test]
    fn a_refusal_is_marked_and_no_loss() {
        insta::assert_snapshot!(report(&fixture::refused(), Hosts::Names, false));
    }

    #[test]
    fn a_long_name_is_cut_unless_wide() {
        let name = "a-very-long-router-name.somewhere.example.org";
        let mut view = fixture::reached();
        view.names = Arc::new([(fixture::address("192.0.2.254"), Arc::from(name))].into_iter().collect());
        let narrow = report(&view, Hosts::Names, false);
        assert!(!narrow.contains(name) && narrow.contains("a-very-long-router-name.som…"), "{narrow}");
        let mut table = narrow.lines().take_while(|line| !line.is_empty());
        assert!(table.all(|line| line.width() <= 80), "{narrow}");
        assert!(report(&view, Hosts::Names, true).contains(name));
    }

    proptest! {
        #[test]
        fn any_view_gives_a_table_that_ends_with_the_target(view in fixture::any_view(), wide: bool) {
            for hosts in [Hosts::Names, Hosts::Addresses, Hosts::Both] {
                let text = report(&view, hosts, wide);
                let last = text.lines().rfind(|line| line.contains(".|-- ")).unwrap();
                let target = if hosts == Hosts::Addresses { "192.0.2.1" } else { "example.org" };
                prop_assert!(last.contains(target), "{}", text);
            }
        }
    }
}
