//! How the selection, the details and the help move, by key and by mouse.

use super::{App, Layer};
use crate::engine::round::Row;
use crate::ui::action::Step;
use crate::ui::evidence;
use crate::ui::journal;
use crate::ui::lines::{self, Line};
use crate::ui::manual;

impl App {
    /// Moves the selection, or scrolls the help.
    pub(super) fn step(&mut self, step: Step) {
        let body = self.areas().body;
        let (width, page) = (usize::from(body.width), usize::from(body.height));
        // The journal and the path over time have a title above.
        let below_title = page.saturating_sub(1);
        match &self.layer {
            Layer::Help(scroll) => {
                let height = manual::height(&self.look().glyphs, body.width);
                self.layer = Layer::Help(scrolled(step, *scroll, height, page));
                return;
            }
            Layer::Journal(scroll) => {
                let height = journal::height(self, width);
                self.layer = Layer::Journal(scrolled(step, *scroll, height, below_title));
                return;
            }
            Layer::Timeline(scroll) => {
                // A line for each hop, and the axis.
                let height = self.table().map_or(0, |table| table.rows.len() + 1);
                self.layer = Layer::Timeline(scrolled(step, *scroll, height, below_title));
                return;
            }
            Layer::Evidence(scroll) => {
                let height = evidence::lines(self, width).len();
                self.layer = Layer::Evidence(scrolled(step, *scroll, height, page));
                return;
            }
            Layer::None | Layer::Prompt(_) => {}
        }
        let page = self.areas().page();
        self.selected = if self.details.is_some() {
            // With the details open no hop is folded.
            let rows = self.table().map(|table| table.rows.as_slice()).unwrap_or_default();
            let at = rows.iter().rposition(|row| Some(row.row) <= self.selected).unwrap_or_default();
            rows.get(step.from(at, rows.len(), page)).map(|row| row.row)
        } else {
            lines::moved(&self.lines(), self.selected, step, page)
        };
        self.top = self.window(&self.lines()).first;
    }

    /// Opens the details of the selected hop, or of the target.
    pub(super) fn open(&mut self) {
        self.selected = self.selected.or(Some(Row::Target));
        self.details = Some(0);
        self.top = self.window(&self.lines()).first;
    }

    /// Scrolls the details, if they are open.
    pub(super) fn scroll_details(&mut self, step: Step) {
        let (Some(details), Some(scroll)) = (self.details(), self.details) else { return };
        let (width, page) = (self.size.width, self.areas().page());
        let height = details.lines(usize::from(width), page).len();
        self.details = Some(scrolled(step, scroll, height, page));
    }

    /// Selects the line at a row of the screen; a second time, opens its details.
    pub(super) fn click(&mut self, y: u16) {
        let body = self.areas().body;
        let lines = self.lines();
        let place = y.checked_sub(body.y + 1).filter(|_| y < body.bottom());
        let index = place.and_then(|place| self.window(&lines).indices().nth(usize::from(place)));
        let Some(index) = index else { return };
        // A line of another responder belongs to the hop above it.
        let hit = lines[..=index].iter().rev().find_map(Line::anchor);
        let selected = self.selected.and_then(|row| lines[lines::position(&lines, row)?].anchor());
        if hit.is_some() && hit == selected {
            self.open();
        } else {
            self.selected = hit;
            self.top = self.window(&self.lines()).first;
        }
    }
}

/// Where a text of so many lines, `page` of which are one screenful, is scrolled to from `scroll`.
fn scrolled(step: Step, scroll: usize, height: usize, page: usize) -> usize {
    let places = (height + 1).saturating_sub(page).max(1);
    step.from(scroll.min(places - 1), places, page)
}
