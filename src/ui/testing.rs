//! Views made by hand, for tests.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

use super::app::{App, UiConfig};
use super::draw::draw;
use super::theme::{Depth, Glyphs, Look, Theme};
use crate::engine::faults::Fault;
use crate::engine::history::History;
use crate::engine::path::{End, HopView, PathView};
use crate::engine::probe::{Flows, Grade, LocalFault, Protocol};
use crate::engine::round::{Round, RoundRow, Row, Try};
use crate::engine::snapshot::{Pace, Snapshot};
use crate::engine::time::{Anchor, Time};
use crate::names::Names;
use crate::origin::{Origin, Origins};
use crate::settings::Hosts;
use crate::watch::{About, View};
use crate::wire::icmp::Icmp;

/// 14:00:00 UTC, when every scene begins.
pub const START: Duration = Duration::from_hours(489_950);

/// What a row gives at its `n`th try.
pub type Tries = Box<dyn Fn(u32) -> Try>;

/// A path and what its tries gave.
pub struct Scene {
    rows: Vec<(Vec<IpAddr>, Tries)>,
    target: (Option<IpAddr>, Tries),
    names: Vec<(IpAddr, Arc<str>)>,
    origins: Vec<(IpAddr, Origin<'static>)>,
    /// Why there are no more origins.
    pub trouble: Option<&'static str>,
    /// Settled rounds of three tries.
    pub rounds: u32,
    /// What the path is told to be, at the end.
    pub mend: Box<dyn Fn(&mut Snapshot)>,
}

/// An address.
pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// An answer by the row's first responder after about `ms`, with some jitter.
pub fn answered(ms: f64, n: u32) -> Try {
    let jitter = f64::from(n.wrapping_mul(2_654_435_761) >> 24) / 256.0;
    let us = (ms * 1_000.0 * (1.0 + 0.6 * jitter)) as u32;
    Try::Answered { us, by: 0, grade: Grade::Kernel }
}

impl Scene {
    /// A scene of thirty rounds without any hops, and a target that never answers.
    pub fn new() -> Self {
        Self {
            rows: Vec::new(),
            target: (None, Box::new(|_| Try::Lost)),
            names: Vec::new(),
            origins: Vec::new(),
            trouble: None,
            rounds: 30,
            mend: Box::new(|_| {}),
        }
    }

    /// Another hop that always answers.
    pub fn hop(self, address: &str, ms: f64) -> Self {
        self.tries(&[address], move |n| answered(ms, n))
    }

    /// Another hop that gives what `tries` says.
    pub fn tries(mut self, addresses: &[&str], tries: impl Fn(u32) -> Try + 'static) -> Self {
        self.rows.push((addresses.iter().map(|address| ip(address)).collect(), Box::new(tries)));
        self
    }

    /// So many hops that never answer.
    pub fn silent(self, count: usize) -> Self {
        (0..count).fold(self, |scene, _| scene.tries(&[], |_| Try::Lost))
    }

    /// A target that always answers.
    pub fn target(mut self, address: &str, ms: f64) -> Self {
        self.target = (Some(ip(address)), Box::new(move |n| answered(ms, n)));
        self
    }

    /// Nothing from hop `ttl` on, the target included, that answers a try from the `from`th on.
    pub fn cut(mut self, ttl: usize, from: u32) -> Self {
        let cut = |tries: Tries| -> Tries { Box::new(move |n| if n < from { tries(n) } else { Try::Lost }) };
        let behind = self.rows.split_off(ttl - 1);
        self.rows.extend(behind.into_iter().map(|(responders, tries)| (responders, cut(tries))));
        self.target = (self.target.0, cut(self.target.1));
        self
    }

    /// A name.
    pub fn name(mut self, address: &str, name: &str) -> Self {
        self.names.push((ip(address), name.into()));
        self
    }

    /// An origin.
    pub fn origin(mut self, address: &str, number: u32, name: Option<&'static str>) -> Self {
        self.origins.push((ip(address), Origin { number, name }));
        self
    }

    /// A change to the snapshot, at the end.
    pub fn mend(mut self, mend: impl Fn(&mut Snapshot) + 'static) -> Self {
        self.mend = Box::new(mend);
        self
    }

    fn round(&self, number: u32) -> Round {
        let tries = |tries: &Tries| (0..3).map(|index| tries(3 * number + index)).collect();
        let hops = (1u8..).zip(&self.rows).map(|(ttl, (responders, of))| RoundRow {
            row: Row::Hop(ttl),
            ttl,
            responders: responders.iter().copied().collect(),
            tries: tries(of),
        });
        let target = RoundRow {
            row: Row::Target,
            ttl: self.rows.len() as u8 + 1,
            responders: self.target.0.into_iter().collect(),
            tries: tries(&self.target.1),
        };
        Round {
            number,
            start: Time::from_millis(3_000 * u64::from(number)),
            interval: Duration::from_secs(1),
            end: End::Silent,
            rows: hops.chain([target]).collect(),
        }
    }

    /// The view of it.
    pub fn view(&self) -> View {
        let mut history = History::default();
        (0..self.rounds).for_each(|number| history.push(self.round(number)));
        let mut open = self.round(self.rounds);
        for part in &mut open.rows {
            part.tries.truncate(2);
            part.tries[1] = Try::InFlight;
        }
        let last_hop = self.rows.len() as u8;
        let hops = self
            .rows
            .iter()
            .map(|(responders, _)| HopView { current: responders.first().copied(), ..HopView::default() });
        let reached = self.target.0.map(|_| last_hop + 1);
        let mut snapshot = Snapshot {
            now: Time::from_millis(3_000 * u64::from(self.rounds) + 1_500),
            started: Time::ZERO,
            anchor: Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH + START },
            target: ip("203.0.113.9"),
            path: PathView {
                end: reached.map_or(End::Silent, |ttl| End::Target { ttl, upto: ttl }),
                target_ttl: reached,
                last_hop,
                hops: hops.collect(),
                target: HopView { current: self.target.0, ..HopView::default() },
            },
            history: Arc::new(history),
            journal: Arc::default(),
            epochs: Arc::default(),
            open: vec![open],
            pace: Pace {
                interval: Duration::from_secs(1),
                tries: 3,
                timeout: Duration::from_secs(3),
                first_ttl: 1,
                max_ttl: 30,
            },
            fault: None,
            strays: BTreeMap::new(),
            overshoot: 0,
            finished: false,
        };
        (self.mend)(&mut snapshot);
        View {
            snapshot: Arc::new(snapshot),
            names: Arc::new(self.names.iter().cloned().collect::<Names>()),
            origins: Arc::new(self.origins.iter().copied().collect::<Origins>().with_trouble(self.trouble)),
            naming: false,
            about: Arc::new(about()),
            echoes: None,
            said: None,
            recorded: Arc::default(),
            untold: None,
        }
    }

    /// A screen of this size that shows it.
    pub fn app(&self, width: u16, height: u16) -> App {
        let view = self.view();
        let passed = Duration::from_nanos(view.snapshot.now.as_nanos());
        let now = SystemTime::UNIX_EPOCH + START + passed;
        let mut app = App::new(config(), Size::new(width, height), now);
        app.show(view);
        app
    }
}

/// What every scene is about.
pub fn about() -> About {
    About {
        target: "example.org".to_owned(),
        address: ip("203.0.113.9"),
        source: Some(ip("192.0.2.20")),
        protocol: Protocol::Udp,
        port: Some(33_434),
        tos: 0,
        flows: Flows::Stable,
        channel: "error-queue",
        host: "laptop".to_owned(),
    }
}

/// A screen of sixteen colours and Unicode, in UTC.
pub fn config() -> UiConfig {
    UiConfig {
        hosts: Hosts::Names,
        labels: true,
        interval_floor: Duration::from_millis(100),
        look: Look { theme: Theme::new(Depth::Ansi), glyphs: Glyphs::UNICODE },
        zone: TimeZone::UTC,
        origins: false,
        order: None,
        bell: None,
    }
}

/// What is on screen.
pub fn picture(app: &App, width: u16, height: u16) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    terminal.backend().clone()
}

/// Ten answering routers and the target.
pub fn clean() -> Scene {
    let ms = [0.4, 1.2, 4.8, 5.1, 7.7, 8.0, 8.3, 11.6, 12.1, 12.4];
    let scene =
        (1u8..).zip(ms).fold(Scene::new(), |scene, (ttl, ms)| scene.hop(&format!("198.51.100.{ttl}"), ms));
    scene
        .target("203.0.113.9", 12.9)
        .name("198.51.100.1", "gateway.home")
        .name("198.51.100.3", "ae1-100.bng2.access.isp.example.net")
        .name("198.51.100.4", "ae0.cr1.isp.example.net")
        .name("198.51.100.8", "ix.fra.transit.example.com")
        .name("203.0.113.9", "www.example.org")
}

/// Losses at two hops, one of them in bursts, late and refused tries.
pub fn lossy() -> Scene {
    Scene::new()
        .hop("198.51.100.1", 0.4)
        .tries(&["198.51.100.2"], |n| if n % 7 == 3 { Try::Lost } else { answered(6.0, n) })
        .tries(&["198.51.100.3"], |n| match n % 20 {
            11..=15 => Try::Lost,
            16 => Try::Late { us: 3_400_000, by: 0, grade: Grade::User },
            17 => Try::NotSent,
            18 => Try::Refused { by: 0 },
            19 => Try::Skipped,
            _ => answered(11.0, n),
        })
        .target("203.0.113.9", 19.0)
}

/// A path that folds, with two routers at one hop.
pub fn balanced() -> Scene {
    Scene::new()
        .hop("198.51.100.1", 0.4)
        .tries(&["198.51.100.2", "198.51.100.102", "198.51.100.202"], |n| match answered(6.0, n) {
            Try::Answered { us, grade, .. } => Try::Answered { us, by: [0, 0, 1, 2][n as usize % 4], grade },
            other => other,
        })
        .silent(6)
        .hop("198.51.100.9", 22.0)
        .silent(1)
        .target("203.0.113.9", 24.0)
        .name("198.51.100.102", "lag2.core.example.net")
}

/// A path that ends in silence.
pub fn silent_target() -> Scene {
    Scene::new().hop("198.51.100.1", 0.4).hop("198.51.100.2", 5.0).silent(4)
}

/// A path that a firewall refuses.
pub fn refused() -> Scene {
    let scene = Scene::new().hop("198.51.100.1", 0.4).hop("198.51.100.2", 5.0);
    scene.tries(&["198.51.100.3"], |_| Try::Refused { by: 0 }).mend(|snapshot| {
        let icmp = Icmp::v4(3, 13);
        snapshot.path.end = End::Refused { ttl: 3, address: ip("198.51.100.3"), icmp };
        snapshot.path.hops[2].refusal = Some(icmp);
    })
}

/// A path on a machine that has lost its route.
pub fn unplugged() -> Scene {
    let scene =
        Scene::new().tries(&["198.51.100.1"], |n| if n < 70 { answered(0.4, n) } else { Try::NotSent });
    scene.target("203.0.113.9", 9.0).mend(|snapshot| {
        let since = Time::from_millis(70_000);
        snapshot.fault = Some(Fault { kind: LocalFault::NoRoute, since, until: None, not_sent: 44 });
    })
}
