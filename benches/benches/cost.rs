//! What the parts that run all the time cost: an answer handled, a snapshot and its table, a frame, a message
//! read.
//!
//! ```text
//! cd benches && cargo bench
//! ```

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use hopwatch::engine::probe::{Flows, Protocol};
use hopwatch::engine::snapshot::{Pace, Snapshot};
use hopwatch::engine::span::Span;
use hopwatch::engine::time::{Anchor, Time};
use hopwatch::engine::trace::{Trace, TraceConfig};
use hopwatch::net::simulated::Simulated;
use hopwatch::net::simulated::scenario::{Hop, Scenario};
use hopwatch::scrub;
use hopwatch::settings::Hosts;
use hopwatch::ui::UiConfig;
use hopwatch::ui::app::App;
use hopwatch::ui::draw::draw;
use hopwatch::ui::theme::Look;
use hopwatch::watch::{About, View};
use hopwatch::wire::extension::{self, Label};
use hopwatch::wire::icmp::{Family, Icmp};
use hopwatch::wire::message::{ErrorMessage, Message, checksum_ok};
use hopwatch::wire::payload::{self, Cookie};
use hopwatch::wire::quote::{Quote, UDP};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

fn main() {
    divan::main();
}

/// A trace over 30 hops, a tenth of whose tries at hop 7 are lost.
struct Watch {
    trace: Trace,
    path: Simulated,
    now: Time,
    answers: usize,
}

impl Watch {
    /// One that has run so long.
    fn after(time: Duration) -> Self {
        let target = "203.0.113.1".parse().expect("an address");
        let mut hops: Vec<Hop> =
            (1..30).map(|ttl| Hop::router([192, 0, 2, ttl], 2.0 * f64::from(ttl)).jitter(3.0)).collect();
        hops.push(Hop::target(target, 60.0));
        hops[6] = hops[6].clone().loss(0.1);
        let scenario = Scenario { target, ..Scenario::still([198, 51, 100, 7], hops) };
        let pace = Pace {
            interval: Duration::from_secs(1),
            tries: 3,
            timeout: Duration::from_secs(3),
            first_ttl: 1,
            max_ttl: 30,
        };
        let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
        let config = TraceConfig { target, pace, count: None, seed: 1, flows: Flows::default() };
        let trace = Trace::new(config, Time::ZERO, anchor);
        let watch = Self { trace, path: Simulated::new(scenario), now: Time::ZERO, answers: 0 };
        watch.run(Time::ZERO + time)
    }

    fn run(mut self, until: Time) -> Self {
        while self.now < until {
            while let Some(event) = self.path.poll(self.now) {
                self.trace.handle_event(self.now, event);
                self.answers += 1;
            }
            self.trace.handle_timeout(self.now);
            while let Some(probe) = self.trace.poll_transmit(self.now) {
                let outcome = self.path.send(self.now, &probe);
                self.trace.handle_sent(self.now, probe.no, outcome);
            }
            while self.trace.poll_record().is_some() {}
            let next = [self.trace.poll_timeout(), self.path.poll_timeout()].into_iter().flatten().min();
            self.now = next.map_or(until, |next| next.max(self.now));
        }
        self
    }

    fn view(&self) -> View {
        let about = About {
            target: "example.org".into(),
            address: self.trace.target(),
            source: None,
            protocol: Protocol::Udp,
            port: Some(33_434),
            tos: 0,
            flows: Flows::Stable,
            channel: "simulated",
            host: "here".into(),
        };
        View {
            snapshot: Arc::new(self.trace.snapshot(self.now)),
            names: Arc::default(),
            origins: Arc::default(),
            naming: false,
            about: Arc::new(about),
            echoes: None,
            said: None,
            recorded: Arc::default(),
            untold: None,
        }
    }
}

/// Probes, stamps and answers of ten minutes, with the books kept: items are answers and stamps.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn answers_handled(bencher: Bencher) {
    let events = Watch::after(Duration::from_mins(10)).answers;
    bencher.counter(ItemsCount::new(events)).bench(|| Watch::after(Duration::from_mins(10)));
}

#[divan::bench]
fn snapshot_at_30_hops(bencher: Bencher) {
    let watch = Watch::after(Duration::from_mins(10));
    bencher.bench(|| watch.trace.snapshot(watch.now));
}

#[divan::bench]
fn table_at_30_hops(bencher: Bencher) {
    let watch = Watch::after(Duration::from_mins(10));
    let snapshot: Snapshot = watch.trace.snapshot(watch.now);
    bencher.bench(|| black_box(&snapshot).table(Span::All));
}

/// A new view taken in and drawn, at 120 by 40.
#[divan::bench]
fn frame_at_30_hops(bencher: Bencher) {
    let watch = Watch::after(Duration::from_mins(10));
    let config = UiConfig {
        hosts: Hosts::Names,
        labels: true,
        interval_floor: Duration::from_millis(100),
        look: Look::detect(|_| None),
        zone: jiff::tz::TimeZone::UTC,
        origins: false,
        order: None,
        bell: None,
    };
    let mut app = App::new(config, Size::new(120, 40), SystemTime::UNIX_EPOCH);
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("a terminal of memory");
    let view = watch.view();
    bencher.bench_local(|| {
        app.show(view.clone());
        terminal.draw(|frame| draw(frame, &app)).expect("a frame");
    });
}

/// A time exceeded with two labels, as a raw socket gives it.
fn message() -> Vec<u8> {
    let payload = payload::build(Cookie(7), 77, 36);
    let quoted = Quote {
        source: "192.0.2.1".parse().expect("one"),
        destination: "198.51.100.7".parse().expect("one"),
        ttl: 1,
        tos: 0,
        total_len: 64,
        id: Some(7),
        protocol: Some(UDP),
        source_port: Some(54_321),
        destination_port: Some(33_434),
        udp_len: Some(44),
        udp_checksum: Some(0xabcd),
        echo: None,
        payload: &payload,
    };
    let label = Label { label: 16_001, tc: 0, bottom: true, ttl: 1 };
    let (quoted, extension) = (quoted.emit(), extension::emit(&[label, label]));
    let error =
        ErrorMessage { icmp: Icmp::v4(11, 0), mtu: 0, quoted: &quoted, extension: &extension, legacy: false };
    error.emit("203.0.113.9".parse().expect("one"), "192.0.2.1".parse().expect("one"))
}

#[divan::bench]
fn message_read(bencher: Bencher) {
    let message = message();
    bencher.counter(ItemsCount::new(1_usize)).bench(|| {
        let bytes = black_box(&message[..]);
        checksum_ok(bytes).then(|| Message::parse(Family::V4, bytes).map(|message| message.labels.len()))
    });
}

#[divan::bench]
fn payload_recognised(bencher: Bencher) {
    let payload = payload::build(Cookie(7), 77, 36);
    bencher.bench(|| payload::recognise(black_box(&payload), Cookie(7)));
}

#[divan::bench]
fn name_scrubbed(bencher: Bencher) {
    bencher.bench(|| scrub::name(black_box("ae-12.r24.fra\u{1b}[31m03.de.bb.example.net")));
}
