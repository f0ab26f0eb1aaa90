//! What is shown, worked out of the view: figures, verdict, lines, places.

use ratatui::layout::Rect;

use super::{AFTERGLOW, App, ROOM_FOR_MARK};
use crate::engine::faults::Fault;
use crate::engine::span::Span;
use crate::engine::table::{RowState, Table, TableRow};
use crate::engine::time::Time;
use crate::engine::verdict::{Finding, Kind};
use crate::scrub::text;
use crate::ui::clock::moments;
use crate::ui::details::Details;
use crate::ui::evidence;
use crate::ui::layout::Areas;
use crate::ui::lines::{self, Line, Window};
use crate::ui::period::Period;
use crate::ui::strip::Scale;
use crate::ui::timeline::Timeline;
use crate::ui::verdict;
use crate::watch::Recorded;

impl App {
    /// The stretch of time that the shown figures are of; it stands still with a frozen picture.
    pub fn period(&self) -> Period {
        self.frozen.as_ref().map_or(self.period, |frozen| frozen.period)
    }

    /// The span that this is for what is shown.
    pub fn span(&self) -> Span {
        self.view().map_or(Span::All, |view| self.period().span(view.snapshot.now))
    }

    /// The hop table of what is shown, made once for each view and period.
    pub fn table(&self) -> Option<&Table> {
        let view = self.view()?;
        Some(self.table.get_or_init(|| view.snapshot.table(self.span())))
    }

    /// The verdict of what is shown, made once for each view and period.
    pub fn finding(&self) -> Option<&Finding> {
        let view = self.view()?;
        Some(self.finding.get_or_init(|| view.snapshot.verdict(self.span())))
    }

    /// That table's rows over time, made once for each view, period and width of the screen.
    pub fn timeline(&self) -> Option<&Timeline> {
        let (view, table) = (self.view()?, self.table()?);
        let width = usize::from(self.size.width);
        Some(self.timeline.get_or_init(|| Timeline::new(&view.snapshot, table, self.span(), width)))
    }

    /// The lines of that table, with the onset between its two rows where there is room. Silent hops fold once
    /// they have had the time to answer.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let lines = |table| lines::lines(table, self.has_settled(), self.labels);
        let mut lines = self.table().map(lines).unwrap_or_default();
        let onset = self.finding().and_then(|finding| evidence::mark(finding)?.0);
        if let Some(before) = onset.filter(|_| self.areas().page() >= ROOM_FOR_MARK) {
            lines::mark_onset(&mut lines, before);
        }
        lines
    }

    /// The lines of the table that fit, the selected one among them.
    pub fn window(&self, lines: &[Line]) -> Window {
        Window::new(lines, self.areas().page(), self.selected, self.top)
    }

    /// How far the details are scrolled down; `None` while they are closed.
    pub const fn scroll(&self) -> Option<usize> {
        self.details
    }

    /// The details of the selected hop, or the nearest before it once it has gone.
    pub fn details(&self) -> Option<Details<'_>> {
        let (view, table) = (self.view()?, self.table()?);
        let is_there = |row: &&TableRow| Some(row.row) <= self.selected;
        let row = table.rows.iter().rfind(is_there).or(table.rows.first())?;
        let (settled, look) = (self.has_settled(), self.look());
        Some(Details { row, view, span: self.span(), scale: Scale::of(table), settled, look })
    }

    /// Whether the first probes have had the time to be answered.
    pub fn has_settled(&self) -> bool {
        self.view().is_some_and(|view| {
            let snapshot = &view.snapshot;
            snapshot.now.since(snapshot.started) >= snapshot.pace.timeout
        })
    }

    /// Whether the target has answered nothing, though it had the time to.
    pub fn is_target_silent(&self) -> bool {
        let is_silent =
            |table: &Table| table.rows.last().is_some_and(|row| row.state == RowState::SilentTarget);
        self.has_settled() && self.table().is_some_and(is_silent)
    }

    /// The session's time that is shown: it goes on between views, unless frozen.
    pub fn session_now(&self) -> Option<Time> {
        let snapshot = &self.view()?.snapshot;
        let passed = self.now.duration_since(snapshot.anchor.wall).unwrap_or_default();
        let live = snapshot.now.max(snapshot.anchor.time + passed);
        Some(if self.is_frozen() || self.is_replay() { snapshot.now } else { live })
    }

    /// When that was by the clock on the wall, with dates where one of them is not today's.
    pub fn clock<const N: usize>(&self, times: [Time; N]) -> [String; N] {
        let wall = |time| self.view().map_or(self.now, |view| view.snapshot.anchor.wall(time));
        moments(times.map(wall), self.now, self.zone())
    }

    /// The local fault in force, or one that ended within the last minute.
    pub fn fault(&self) -> Option<Fault> {
        let (fault, now) = (self.view()?.snapshot.fault?, self.session_now()?);
        fault.until.is_none_or(|until| now.since(until) < AFTERGLOW).then_some(fault)
    }

    /// What is worth keeping when the screen is left: what was found, and where it is recorded. Of the live view,
    /// whatever was frozen.
    pub fn farewell(&self) -> Vec<String> {
        let Some(view) = self.live() else { return Vec::new() };
        let finding = view.snapshot.verdict(self.period.span(view.snapshot.now));
        let found = format!("{}: {}", view.about.target, finding.text());
        let recorded = match &*view.recorded {
            Recorded::Yes(status) => {
                let path = text(status.path.to_string_lossy().as_bytes());
                Some(format!("recorded: hopwatch replay {path}"))
            }
            _ => None,
        };
        std::iter::once(found).chain(recorded).collect()
    }

    /// Where things go at the present size.
    pub fn areas(&self) -> Areas {
        self.areas_of(Rect::from(self.size))
    }

    /// Where things go on a screen of this size.
    pub fn areas_of(&self, screen: Rect) -> Areas {
        let lines = self.finding().map_or(0, |finding| {
            let is_well = matches!(finding.kind, Kind::Gathering | Kind::Clean);
            let most = Areas::verdict_room(screen.height, is_well);
            verdict::lines(&finding.parts, usize::from(screen.width), usize::from(most)).len()
        });
        Areas::of(screen, self.fault().is_some(), lines as u16)
    }
}
