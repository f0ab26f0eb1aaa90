//! What the details of a hop say: every figure there is of it, as lines for so many cells.

mod histogram;
mod marks;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::strip::{Scale, cell};
use super::theme::Look;
use crate::engine::history::ResponderTotals;
use crate::engine::probe::Stray;
use crate::engine::round::Row;
use crate::engine::span;
use crate::engine::stats::Counts;
use crate::engine::table::{RowState, Rtt, TableRow};
use crate::report::figures::{by_kernel, millis, percent};
use crate::report::words::{host, host_within, leader, listed, stray};
use crate::settings::Hosts;
use crate::watch::View;

/// Cells below which a name is left out beside its address.
const LEAST_NAME: usize = 12;
/// Cells for what a line is about, gap included.
const TERM: usize = 12;
/// The figure that grows without end.
const TRIES: &str = "Tries";
/// The figures of a responder, each with the cells it takes at least.
const COLUMNS: [(&str, usize); 6] =
    [("Share", 6), (TRIES, 6), ("Best", 7), ("Avg", 7), ("Wrst", 7), ("StDev", 7)];

/// A hop, or the target, and what its details depend on.
#[derive(Clone, Copy, Debug)]
pub struct Details<'a> {
    /// Its row of the table.
    pub row: &'a TableRow,
    /// What is shown.
    pub view: &'a View,
    /// The stretch of time that the figures are of.
    pub span: span::Span,
    /// What the heights and colours of the latest tries mean.
    pub scale: Option<Scale>,
    /// Whether the first probes have had the time to be answered.
    pub settled: bool,
    /// Colours and characters.
    pub look: &'a Look,
}

impl Details<'_> {
    /// Whose details these are, in so many cells.
    pub fn title(&self, width: usize) -> String {
        let TableRow { row, ttl, upto, .. } = *self.row;
        let place = match row {
            Row::Hop(_) => format!("Hop {ttl}"),
            Row::Target if upto > ttl => format!("Target, hop {ttl} or {upto}"),
            Row::Target => format!("Target, hop {ttl}"),
        };
        let Some(address) = leader(self.row, self.view) else { return place };
        let taken = place.len() + address.to_string().len() + "   ()".len();
        let room = width.saturating_sub(taken);
        let hosts = if room < LEAST_NAME { Hosts::Addresses } else { Hosts::Both };
        place + "  " + &host_within(self.view, address, hosts, room, self.look.glyphs.ellipsis)
    }

    /// Everything else, what matters most first. The histogram takes what is left of `height`.
    pub fn lines(&self, width: usize, height: usize) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        for mark in marks::of(self.row, self.view, self.settled) {
            let words = mark.split(' ').map(|word| (word.to_owned(), self.look.theme.strong));
            let term = if lines.is_empty() { "Mark" } else { "" };
            self.flow(&mut lines, term, words, 1, width);
        }
        self.flow(&mut lines, "Loss", self.loss(), 2, width);
        self.flow(&mut lines, "Tries", self.counts(), 2, width);
        self.flow(&mut lines, "Slowed", self.slowed(), 1, width);
        self.flow(&mut lines, "Times, ms", self.times(), 2, width);
        self.responders(&mut lines, width);
        let plain = |text: Option<String>| text.map(|text| (text, self.look.theme.plain));
        self.flow(&mut lines, "Reply TTL", plain(marks::way_back(self.row)), 2, width);
        self.flow(&mut lines, "MPLS labels", self.labels(), 2, width);
        let mtu = self.row.hop.mtu.map(|(from, mtu)| {
            format!("{mtu} bytes on the link behind {}", host(self.view, from, Hosts::Names))
        });
        self.flow(&mut lines, "MTU", plain(mtu), 2, width);
        self.flow(&mut lines, "Stamps", self.grades(), 2, width);
        self.recent(&mut lines, width);
        // One line is kept for the strays behind it.
        let room = height.saturating_sub(lines.len() + 1);
        let bars = histogram::lines(self, width.saturating_sub(TERM), room);
        for (index, bar) in bars.into_iter().enumerate() {
            let term = ["Spread, ms", "", ""][index.min(2)];
            lines.push(self.with_term(term, bar));
        }
        self.flow(&mut lines, "Strays", self.strays(), 2, width);
        lines
    }

    fn loss(&self) -> Vec<(String, Style)> {
        let theme = &self.look.theme;
        let Some(loss) = self.row.loss else {
            let why = match self.row.state {
                _ if self.row.hop.refusal.is_some() => "not counted: refusals may be rationed",
                RowState::Behind { .. } | RowState::BehindLoop { .. } => "not counted: it is not asked",
                _ if self.row.counts.judged() > 0 => "not known: it has never answered",
                _ => "no try is decided yet",
            };
            return vec![(why.to_owned(), theme.dim)];
        };
        let [low, high] = loss.ci95;
        let style = if loss.pct > 0.0 { theme.loss } else { theme.plain };
        vec![
            (percent(loss), style),
            (format!("of {}", self.row.counts.judged()), theme.plain),
            (format!("95 % interval {low:.1} to {high:.1}%"), theme.plain),
        ]
    }

    fn counts(&self) -> Vec<(String, Style)> {
        let Counts { answered, late, refused, lost, in_flight, not_sent, skipped, duplicates, .. } =
            self.row.counts;
        let theme = &self.look.theme;
        let all = [
            (self.row.counts.sent(), "sent", theme.plain),
            (answered, "answered", theme.plain),
            (late, "late", theme.late),
            (lost, "lost", theme.loss),
            (refused, "refused", theme.refused),
            (in_flight, "in flight", theme.plain),
            (not_sent, "not sent", theme.fault),
            (skipped, "skipped", theme.plain),
            (duplicates, "duplicates", theme.strong),
        ];
        let styled =
            |(count, what, style)| (format!("{count} {what}"), if count > 0 { style } else { theme.dim });
        all.into_iter().map(styled).collect()
    }

    /// What came of asking it less often than the others, word by word; nothing where that was not done.
    fn slowed(&self) -> Vec<(String, Style)> {
        let Counts { slowed, slowed_lost, .. } = self.row.counts;
        if slowed == 0 {
            return Vec::new();
        }
        let text = format!(
            "{slowed} tries at a slower pace, to see whether it limits its answers: {slowed_lost} lost, no part of \
             Loss%"
        );
        text.split(' ').map(|word| (word.to_owned(), self.look.theme.dim)).collect()
    }

    fn times(&self) -> Vec<(String, Style)> {
        let theme = &self.look.theme;
        let Some(Rtt { last, best, avg, worst, stdev, p50, p95, p99, jitter }) = self.row.rtt else {
            return vec![("none yet".to_owned(), theme.dim)];
        };
        let all = [
            ("last", last),
            ("best", Some(best)),
            ("avg", Some(avg)),
            ("worst", Some(worst)),
            ("stdev", Some(stdev)),
            ("p50", Some(p50)),
            ("p95", Some(p95)),
            ("p99", Some(p99)),
            ("jitter", Some(jitter)),
        ];
        let known = all.into_iter().filter_map(|(what, ms)| Some((what, ms?)));
        known.map(|(what, ms)| (format!("{what} {}", self.millis(ms)), theme.plain)).collect()
    }

    fn responders(&self, lines: &mut Vec<Line<'static>>, width: usize) {
        let theme = &self.look.theme;
        let all = &self.row.responders;
        if all.is_empty() {
            return;
        }
        let title = if all.len() == 1 { "Responder".to_owned() } else { format!("{} responders", all.len()) };
        let most = all.iter().map(|responder| responder.answered).max().unwrap_or_default();
        let columns = COLUMNS.map(|(head, width)| match head {
            TRIES => (head, width.max(1 + most.to_string().len())),
            _ => (head, width),
        });
        let figures: usize = columns.iter().map(|(_, width)| width).sum();
        let names: Vec<String> = all
            .iter()
            .map(|responder| {
                let room = width.saturating_sub(2 + responder.address.to_string().len() + " ()".len());
                "  ".to_owned()
                    + &host_within(self.view, responder.address, Hosts::Both, room, self.look.glyphs.ellipsis)
            })
            .collect();
        let longest = names.iter().map(|name| name.width()).max().unwrap_or_default().max(title.len());
        let hosts = width.saturating_sub(figures).min(longest);
        let heads = columns.map(|(head, width)| format!("{head:>width$}")).concat();
        lines.push(Line::from(vec![Span::styled(format!("{title:<hosts$}{heads}"), theme.dim)]));
        let total: u64 = all.iter().map(|responder| responder.answered).sum();
        for (responder, name) in all.iter().zip(names) {
            let figures = self.responder(responder, total, &columns);
            if name.width() <= hosts {
                let gap = hosts - name.width();
                lines.push(Line::styled(format!("{name}{:gap$}{figures}", ""), theme.plain));
            } else {
                lines.push(Line::styled(name, theme.plain));
                lines.push(Line::styled(format!("{:hosts$}{figures}", ""), theme.plain));
            }
        }
    }

    fn responder(&self, responder: &ResponderTotals, total: u64, columns: &[(&str, usize); 6]) -> String {
        let share = 100.0 * responder.answered as f64 / total.max(1) as f64;
        let rtt = &responder.rtt;
        let times = [rtt.best(), rtt.mean(), rtt.worst(), rtt.stdev()];
        let times = times.map(|us| if rtt.count() > 0 { self.millis(us / 1_000.0) } else { String::new() });
        let values = [format!("{share:.0}%"), responder.answered.to_string()].into_iter().chain(times);
        values.zip(columns).map(|(value, (_, width))| format!("{value:>width$}")).collect::<Vec<_>>().concat()
    }

    fn labels(&self) -> Vec<(String, Style)> {
        let plain = self.look.theme.plain;
        let labels = self.row.hop.labels.iter();
        labels.map(|label| (format!("{} (tc {}, ttl {})", label.label, label.tc, label.ttl), plain)).collect()
    }

    fn grades(&self) -> Vec<(String, Style)> {
        let theme = &self.look.theme;
        let graded = self.row.grades.into_iter().zip(["kernel", "mixed", "user"]);
        graded
            .map(|(count, what)| (format!("{count} {what}"), if count > 0 { theme.plain } else { theme.dim }))
            .collect()
    }

    /// The latest tries, the newest at the right end.
    fn recent(&self, lines: &mut Vec<Line<'static>>, width: usize) {
        let most = width.saturating_sub(TERM);
        let tries = self.view.snapshot.recent_tries(self.row.row, self.span, most);
        let cells = tries.iter().map(|&outcome| cell(outcome, self.scale.as_ref(), self.look));
        let spans: Vec<Span<'static>> = cells.map(|(symbol, style)| Span::styled(symbol, style)).collect();
        if !spans.is_empty() {
            lines.push(self.with_term("Latest", Line::from(spans)));
        }
    }

    fn strays(&self) -> Vec<(String, Style)> {
        let theme = &self.look.theme;
        let strays = &self.view.snapshot.strays;
        let counted = Stray::ALL.iter().filter_map(|reason| Some((*strays.get(reason)?, stray(*reason))));
        match listed(counted) {
            Some(list) => vec![(list, theme.plain), ("(of all hops)".to_owned(), theme.dim)],
            None => vec![("none".to_owned(), theme.dim)],
        }
    }

    fn millis(&self, ms: f64) -> String {
        millis(ms, by_kernel(self.row))
    }

    fn with_term(&self, term: &'static str, mut line: Line<'static>) -> Line<'static> {
        line.spans.insert(0, Span::styled(format!("{term:<TERM$}"), self.look.theme.dim));
        line
    }

    /// Adds a term with its items, on as many lines as they take; nothing without any.
    fn flow(
        &self,
        lines: &mut Vec<Line<'static>>,
        term: &'static str,
        items: impl IntoIterator<Item = (String, Style)>,
        gap: usize,
        width: usize,
    ) {
        let mut rows: Vec<Line<'static>> = Vec::new();
        let mut used = 0;
        for (text, style) in items {
            let wanted = text.width() + gap;
            match rows.last_mut() {
                Some(row) if TERM + used + wanted <= width + gap => {
                    row.push_span(Span::raw(" ".repeat(gap)));
                    row.push_span(Span::styled(text, style));
                    used += wanted;
                }
                _ => {
                    rows.push(Line::styled(text, style));
                    used = wanted;
                }
            }
        }
        let terms = std::iter::once(term).chain(std::iter::repeat(""));
        lines.extend(rows.into_iter().zip(terms).map(|(row, term)| self.with_term(term, row)));
    }
}
