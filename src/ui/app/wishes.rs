//! What keys ask for and the state alone can do, and what it asks the watch for.

use super::{App, Frozen, Layer};
use crate::engine::probe::Command;
use crate::report::words::probes;
use crate::settings::Hosts;
use crate::ui::clock::setting;
use crate::ui::period::Period;
use crate::watch::{Request, View};

impl App {
    pub(super) fn back(&mut self) {
        match self.layer {
            Layer::None if self.details.is_some() => self.details = None,
            Layer::None => self.selected = None,
            _ => self.layer = Layer::None,
        }
    }

    pub(super) fn next_hosts(&mut self) -> Option<Request> {
        self.hosts = match self.hosts {
            Hosts::Names => Hosts::Addresses,
            Hosts::Addresses => Hosts::Both,
            Hosts::Both => Hosts::Names,
        };
        let first_need = self.hosts != Hosts::Addresses && !self.names_asked;
        self.names_asked |= first_need;
        first_need.then_some(Request::Names(true))
    }

    pub(super) fn reach(&mut self, by: i8) -> Option<Request> {
        let pace = self.live.as_ref()?.snapshot.pace;
        let reach = self.max_ttl.unwrap_or(pace.max_ttl);
        let wanted = reach.saturating_add_signed(by).max(pace.first_ttl.max(1));
        self.message = Some(format!("maximum hops: {wanted}"));
        if wanted == reach {
            return None;
        }
        self.max_ttl = Some(wanted);
        Some(Request::Trace(Command::MaxTtl(wanted)))
    }

    pub(super) fn freeze(&mut self) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => self.live.clone().map(|view| Frozen { view, period: self.period, since: self.now }),
        };
        self.forget();
    }

    /// What was worked out of the view before is no longer of what is shown.
    pub(super) fn forget(&mut self) {
        self.table.take();
        self.finding.take();
        self.timeline.take();
    }

    pub(super) fn restart(&mut self) {
        let Some(view) = &self.live else { return };
        self.restarted = Some(view.snapshot.now);
        self.period = Period::From(view.snapshot.now);
        self.message = Some("statistics restarted".to_owned());
        if self.frozen.is_none() {
            self.forget();
        }
    }

    pub(super) fn next_period(&mut self) {
        // Of a frozen picture nothing is shown by what began behind it.
        let shown = self.view().map(|view| view.snapshot.now);
        let restarted = self.restarted.filter(|at| shown > Some(*at));
        self.period = self.period().next(restarted);
        if let Some(frozen) = &mut self.frozen {
            frozen.period = self.period;
        }
        self.message = Some(format!("figures: {}", self.period.name()));
        self.forget();
    }

    pub(super) fn submit(&mut self) -> Option<Request> {
        let Layer::Prompt(prompt) = &mut self.layer else { return None };
        let interval = prompt.submit(self.config.interval_floor)?;
        self.layer = Layer::None;
        self.message = Some(format!("interval: {}", setting(interval)));
        Some(Request::Trace(Command::Interval(interval)))
    }
}

/// What the watch has to say, where `after` is the first view to tell.
pub(super) fn said(before: &View, after: &View) -> Option<String> {
    if before.about.protocol != after.about.protocol {
        return Some(format!("{}; statistics restarted", probes(&after.about)));
    }
    after.news(before.said.as_ref()).map(ToString::to_string)
}
