//! The one state of the screen. Keys change it, views are drawn from it, and nothing in it is shared.

mod moves;
mod sight;
mod wishes;

use std::cell::OnceCell;
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use ratatui::layout::Size;

use self::wishes::said;
use super::action::Action;
use super::bell::Bell;
use super::keys::Scope;
use super::period::Period;
use super::prompt::Prompt;
use super::theme::Look;
use super::timeline::Timeline;
use crate::engine::round::Row;
use crate::engine::table::Table;
use crate::engine::time::Time;
use crate::engine::verdict::Finding;
use crate::report::figures::Figure;
use crate::settings::Hosts;
use crate::watch::{Recorded, Request, View};

/// Lines of the table from which on one is spared to mark an onset.
const ROOM_FOR_MARK: usize = 9;

/// How long an ended fault stays in sight.
const AFTERGLOW: Duration = Duration::from_mins(1);

/// What a run sets for its screen.
#[derive(Clone, Debug)]
pub struct UiConfig {
    /// How hosts are shown at first.
    pub hosts: Hosts,
    /// Whether MPLS labels are shown at first.
    pub labels: bool,
    /// The least interval that the prompt takes.
    pub interval_floor: Duration,
    /// Colours and characters.
    pub look: Look,
    /// Where the clock on the wall hangs.
    pub zone: TimeZone,
    /// Whether origins are shown at first.
    pub origins: bool,
    /// The figures, from the left; `None` leaves it to the room there is.
    pub order: Option<Vec<&'static Figure>>,
    /// The number of the first event that the bell is rung for, if it is for any.
    pub bell: Option<u32>,
}

/// The state of the screen.
#[derive(Debug)]
pub struct App {
    config: UiConfig,
    now: SystemTime,
    size: Size,
    live: Option<View>,
    period: Period,
    /// When the statistics were restarted last.
    restarted: Option<Time>,
    frozen: Option<Frozen>,
    hosts: Hosts,
    labels: bool,
    origins: bool,
    names_asked: bool,
    selected: Option<Row>,
    /// The first line of the table shown, when the selection moved last.
    top: usize,
    /// How far the details are scrolled down; `None` while they are closed.
    details: Option<usize>,
    layer: Layer,
    message: Option<String>,
    max_ttl: Option<u8>,
    bell: Bell,
    table: OnceCell<Table>,
    finding: OnceCell<Finding>,
    timeline: OnceCell<Timeline>,
}

/// A picture held still.
#[derive(Debug)]
struct Frozen {
    view: View,
    period: Period,
    since: SystemTime,
}

/// What lies on top of the table or the details, and gets the keys first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Layer {
    /// Nothing.
    #[default]
    None,
    /// The help, scrolled down by so many lines.
    Help(usize),
    /// What the verdict rests on, scrolled down by so many lines.
    Evidence(usize),
    /// The journal, scrolled down by so many lines.
    Journal(usize),
    /// The path over time, scrolled down by so many lines.
    Timeline(usize),
    /// The prompt for an interval.
    Prompt(Prompt),
}

impl App {
    /// The state before anything is known.
    pub fn new(config: UiConfig, size: Size, now: SystemTime) -> Self {
        Self {
            now,
            size,
            live: None,
            period: Period::All,
            restarted: None,
            frozen: None,
            hosts: config.hosts,
            labels: config.labels,
            origins: config.origins,
            names_asked: config.hosts != Hosts::Addresses,
            selected: None,
            top: 0,
            details: None,
            layer: Layer::None,
            message: None,
            max_ttl: None,
            bell: Bell::new(config.bell),
            table: OnceCell::new(),
            finding: OnceCell::new(),
            timeline: OnceCell::new(),
            config,
        }
    }

    /// Takes a new view in. Says whether the picture changes by it: not while it is frozen, and below the
    /// help no sooner than with the clock.
    pub fn show(&mut self, view: View) -> bool {
        if self.max_ttl == Some(view.snapshot.pace.max_ttl) {
            self.max_ttl = None;
        }
        if let Some(news) = self.live.as_ref().and_then(|before| said(before, &view)) {
            self.message = Some(news);
        }
        self.bell.look(&view.snapshot.journal);
        self.live = Some(view);
        if self.is_frozen() {
            return false;
        }
        self.forget();
        !matches!(self.layer, Layer::Help(_))
    }

    /// Whether an event began since this was asked last, and the bell is to be rung for it.
    pub const fn take_bell(&mut self) -> bool {
        self.bell.take()
    }

    /// The wall clock moved on. Says whether it shows another second.
    pub fn tick(&mut self, now: SystemTime) -> bool {
        let second = |moment: SystemTime| {
            moment.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
        };
        let changes = second(now) != second(self.now);
        self.now = now;
        changes
    }

    /// The screen has this size now.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.timeline.take();
    }

    /// Does what a key asks for; gives what the watch has to do for it.
    pub fn update(&mut self, action: Action) -> Option<Request> {
        self.message = None;
        if self.is_replay() && action.needs_watch() {
            self.message = Some("a recorded watch: nothing is probed".to_owned());
            return None;
        }
        match action {
            Action::Quit => return Some(Request::Quit),
            Action::Help => self.layer = Layer::Help(0),
            Action::Evidence => self.layer = Layer::Evidence(0),
            Action::Journal => self.layer = Layer::Journal(0),
            Action::Timeline => self.layer = Layer::Timeline(0),
            Action::Back => self.back(),
            Action::NextHosts => return self.next_hosts(),
            Action::Origins => {
                self.origins = !self.origins;
                return Some(Request::Origins(self.origins));
            }
            Action::MoreHops => return self.reach(1),
            Action::FewerHops => return self.reach(-1),
            Action::Freeze => self.freeze(),
            Action::Restart => self.restart(),
            Action::NextPeriod => self.next_period(),
            Action::NextProtocol => return Some(Request::NextProtocol),
            Action::Reresolve => {
                let target = self.live.as_ref()?.about.target.clone();
                self.message = Some(format!("looking {target} up again"));
                return Some(Request::Reresolve);
            }
            Action::Labels => self.labels = !self.labels,
            Action::AskInterval => self.layer = Layer::Prompt(Prompt::default()),
            Action::Details => self.open(),
            Action::Move(step) => self.step(step),
            Action::Scroll(step) => self.scroll_details(step),
            Action::Click(y) => self.click(y),
            Action::Edit(edit) => {
                if let Layer::Prompt(prompt) = &mut self.layer {
                    prompt.edit(edit);
                }
            }
            Action::Submit => return self.submit(),
            // The terminal's own affairs: whoever holds it does them.
            Action::Redraw | Action::Suspend => {}
        }
        None
    }

    /// What is shown: the live view, or the frozen one.
    pub fn view(&self) -> Option<&View> {
        self.frozen.as_ref().map(|frozen| &frozen.view).or(self.live.as_ref())
    }

    /// Whether this is a recorded watch.
    pub fn is_replay(&self) -> bool {
        self.live.as_ref().is_some_and(|view| matches!(*view.recorded, Recorded::Replay { .. }))
    }

    /// Whether an action can do anything here: a recorded watch probes nothing, a simulated one in one way only.
    pub fn works(&self, action: Action) -> bool {
        let is_simulated = self.live.as_ref().is_some_and(|view| view.about.is_simulated());
        !(self.is_replay() && action.needs_watch() || is_simulated && action == Action::NextProtocol)
    }

    /// The live view, frozen or not.
    pub const fn live(&self) -> Option<&View> {
        self.live.as_ref()
    }

    /// The wall clock.
    pub const fn now(&self) -> SystemTime {
        self.now
    }

    /// Since when the picture is frozen.
    pub fn frozen_since(&self) -> Option<SystemTime> {
        self.frozen.as_ref().map(|frozen| frozen.since)
    }

    /// Whether the picture is frozen.
    pub const fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// How hosts are shown.
    pub const fn hosts(&self) -> Hosts {
        self.hosts
    }

    /// Whether origins are shown.
    pub const fn shows_origins(&self) -> bool {
        self.origins
    }

    /// The selected row.
    pub const fn selected(&self) -> Option<Row> {
        self.selected
    }

    /// What lies on top.
    pub const fn layer(&self) -> &Layer {
        &self.layer
    }

    /// Who gets the keys.
    pub const fn scope(&self) -> Scope {
        match self.layer {
            Layer::None if self.details.is_some() => Scope::Details,
            Layer::None => Scope::Table,
            Layer::Help(_) => Scope::Help,
            Layer::Evidence(_) => Scope::Evidence,
            Layer::Journal(_) => Scope::Journal,
            Layer::Timeline(_) => Scope::Timeline,
            Layer::Prompt(_) => Scope::Prompt,
        }
    }

    /// What the last key did, where the picture does not tell.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Colours and characters.
    pub const fn look(&self) -> &Look {
        &self.config.look
    }

    /// The figures asked for, from the left.
    pub fn order(&self) -> Option<&[&'static Figure]> {
        self.config.order.as_deref()
    }

    /// The time zone of the clock.
    pub const fn zone(&self) -> &TimeZone {
        &self.config.zone
    }
}
