//! What the verdict rests on, as lines for so many cells: a page that can be sent to a provider.

mod reasons;

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::Line;

use super::app::App;
use super::text::{fit, wrap};
use crate::engine::table::TableRow;
use crate::engine::verdict::words::duration;
use crate::engine::verdict::{Doubt, Finding, HopEvidence, Kind, Standing};
use crate::report::words::{host, leader};

/// Bursts told one by one, the latest of them.
const BURSTS: usize = 8;
/// Cells for a TTL, and for the longest words on how a hop stands to the verdict.
const TTL: usize = 3;
const WORDS: usize = "limits replies".len();
/// The least and the greatest width for a host.
const HOST: (usize, usize) = (12, 40);
/// Cells for a share alone, with its interval, and with the tries that it is of.
const FIGURES: [usize; 3] = [6, 22, 37];

/// Past which TTL a finding is marked in the table, and with what words; `None` where it has no place.
pub fn mark(finding: &Finding) -> Option<(Option<u8>, &'static str)> {
    let (from, to) = finding.between?;
    let is_range = to > from + 1;
    let words = match (finding.kind, is_range) {
        (Kind::Loss, false) => "loss begins here",
        (Kind::Loss, true) => "loss begins past here",
        (Kind::Latency, false) => "slower from here on",
        (Kind::Latency, true) => "slower past here",
        (Kind::Outage, _) if finding.is_now() => "nothing comes from past here",
        (Kind::Outage, _) => "nothing came from past here for a while",
        (Kind::Refused, _) => "refused here",
        (Kind::Unclear, _) if finding.doubt == Doubt::Alone => "only the last loses",
        _ => return None,
    };
    Some((Some(from), words))
}

/// The page.
pub fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    let (Some(view), Some(finding)) = (app.view(), app.finding()) else { return Vec::new() };
    let hops = view.snapshot.hop_evidence(finding);
    let page = Page { app, finding, width };
    let mut lines = Vec::new();
    let theme = &app.look().theme;
    let verdict = if finding.kind.is_alarm() { theme.loss } else { theme.strong };
    page.heading(&mut lines, "Verdict");
    for part in &finding.parts {
        page.wrapped(&mut lines, &sentence(part), verdict);
    }
    page.wrapped(&mut lines, &page.span(), theme.dim);
    page.heading(&mut lines, "Loss by hop, of its own packets, with 95 % interval");
    let (listed, gone): (Vec<&HopEvidence>, Vec<&HopEvidence>) =
        hops.iter().partition(|hop| page.row(hop).is_some());
    for hop in listed {
        lines.push(page.hop(hop));
    }
    if !gone.is_empty() {
        let text = format!("{} more on a route that is no longer taken", gone.len());
        lines.push(Line::styled(text, theme.dim));
    }
    page.bursts(&mut lines);
    page.heading(&mut lines, "What was ruled out, and why");
    for reason in reasons::ruled_out(finding, &hops) {
        page.wrapped(&mut lines, &reason, theme.plain);
    }
    lines
}

struct Page<'a> {
    app: &'a App,
    finding: &'a Finding,
    width: usize,
}

impl Page<'_> {
    fn heading(&self, lines: &mut Vec<Line<'static>>, text: &str) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        self.wrapped(lines, text, self.app.look().theme.header);
    }

    /// Words in as many lines as they take.
    fn wrapped(&self, lines: &mut Vec<Line<'static>>, text: &str, style: Style) {
        lines.extend(wrap(text, self.width).into_iter().map(|line| Line::styled(line, style)));
    }

    fn span(&self) -> String {
        let (from, to) = self.finding.span;
        let clock = self.app.clock([from, to]).join(" to ");
        let watched = duration(self.finding.watched());
        let rest = match self.finding.unwatched {
            unwatched if unwatched.as_secs() > 0 => {
                format!(" watched; nobody watched for {}", duration(unwatched))
            }
            _ => String::new(),
        };
        format!("Judged: {clock}, {watched}{rest}.")
    }

    /// The table's row of a hop: that is what it is called there, at which TTL, and what it has lost.
    fn row(&self, hop: &HopEvidence) -> Option<&TableRow> {
        self.app.table()?.rows.iter().find(|row| row.row == hop.row)
    }

    /// Its share lost and the 95 % interval in percent, the tries lost and all tries. Of the table's own row
    /// where that is of the same tries: one figure for one thing.
    fn figure(&self, hop: &HopEvidence) -> Option<(f64, [f64; 2], u64, u64)> {
        let snapshot = &self.app.view()?.snapshot;
        let spread = hop.spread.as_ref().filter(|_| hop.standing != Standing::Silent)?;
        let row = self.row(hop).filter(|_| snapshot.history.has_tries(self.app.span()));
        if let Some((row, loss)) = row.and_then(|row| Some((row, row.loss?))) {
            let counts = &row.counts;
            return Some((
                loss.pct,
                loss.ci95,
                counts.lost.saturating_sub(counts.slowed_lost),
                counts.judged(),
            ));
        }
        let ci95 = spread.ci95.map(|end| 100.0 * end);
        Some((100.0 * spread.rate, ci95, spread.lost.into(), spread.tries.into()))
    }

    fn hop(&self, hop: &HopEvidence) -> Line<'static> {
        let theme = &self.app.look().theme;
        let row = self.row(hop);
        let view = self.app.view();
        let who =
            row.zip(view).and_then(|(row, view)| Some(host(view, leader(row, view)?, self.app.hosts())));
        // A TTL and the words take their cells first, then as many figures as leave some for the host.
        let left = self.width.saturating_sub(TTL + 1 + 1 + WORDS);
        let shown = FIGURES.iter().rposition(|cells| cells + 1 + HOST.0 <= left).unwrap_or_default();
        let figures = FIGURES[shown];
        let room = left.saturating_sub(figures + 1).clamp(HOST.0, HOST.1);
        let who = fit(who.as_deref().unwrap_or("*"), room, self.app.look().glyphs.ellipsis).into_owned();
        let figure = match self.figure(hop) {
            Some((pct, [low, high], lost, tries)) => {
                let interval = format!(" {low:>5.1} to {high:>5.1}%");
                [format!("{pct:>5.1}%"), interval, format!("  {lost:>5} of {tries}")][..=shown].concat()
            }
            None => "    -".to_owned(),
        };
        let (words, style) = match hop.standing {
            Standing::Before if self.finding.between.is_some() => ("before", theme.plain),
            Standing::Before => ("", theme.plain),
            Standing::Within => ("may begin here", theme.strong),
            Standing::Behind => ("affected", theme.loss),
            Standing::Limited => ("limits replies", theme.dim),
            Standing::Silent => ("no answers", theme.dim),
            Standing::OtherFlow => ("other flow", theme.dim),
        };
        let ttl = row.map_or(hop.ttl, |row| row.ttl);
        let text = format!("{ttl:>TTL$} {who:<room$} {figure:<figures$} {words}");
        Line::styled(text.trim_end().to_owned(), style)
    }

    fn bursts(&self, lines: &mut Vec<Line<'static>>) {
        let finding = self.finding;
        if !(finding.bursty || finding.kind == Kind::Outage) || finding.episodes.is_empty() {
            return;
        }
        self.heading(lines, "When the last row answered nothing");
        let plain = self.app.look().theme.plain;
        let start = finding.span.0;
        let at = |ms: u32| start + Duration::from_millis(ms.into());
        let skipped = finding.episodes.len().saturating_sub(BURSTS);
        if skipped > 0 {
            lines.push(Line::styled(format!("{skipped} before these"), self.app.look().theme.dim));
        }
        for burst in finding.episodes.iter().skip(skipped) {
            let long = duration(Duration::from_millis(burst.to.saturating_sub(burst.from).into()));
            let when = self.app.clock([at(burst.from), at(burst.to)]).join(" to ");
            let text = format!("{when}  {long}, {} tries lost", burst.lost);
            lines.push(Line::styled(text, plain));
        }
    }
}

/// A part of a verdict as a sentence of its own.
fn sentence(part: &str) -> String {
    let mut letters = part.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}
