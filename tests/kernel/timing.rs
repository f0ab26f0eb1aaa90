//! Round-trip times against the truth: the responder's own kernel stamps of a probe's arrival and the
//! answer's leaving. What a time holds beyond that is its error.
//!
//! ```text
//! cargo test --test kernel timing -- --nocapture --test-threads=1
//! ```

use std::net::SocketAddr;

use hopwatch::engine::probe::{Event, Flow, Probe, ProbeNo, Protocol};
use hopwatch::net::channel::ChannelConfig;
use hopwatch::net::clock::Clock;
use hopwatch::net::error_queue::ErrorQueue;
use hopwatch::wire::payload::Cookie;

use crate::report;
use crate::support::lab;
use crate::support::load::Load;
use crate::support::responder::{Node, Responder, Seen, Wait, both};

/// Errors in nanoseconds, sorted.
#[derive(Debug)]
struct Errors(Vec<u64>);

impl Errors {
    fn of(errors: impl Iterator<Item = u64>) -> Self {
        let mut errors: Vec<u64> = errors.collect();
        errors.sort_unstable();
        Self(errors)
    }

    fn quantile(&self, share: f64) -> u64 {
        self.0[((self.0.len() - 1) as f64 * share).round() as usize]
    }

    fn say(&self, whose: &str) {
        let us = |share| self.quantile(share) as f64 / 1e3;
        let (count, median, p99, worst) = (self.0.len(), us(0.5), us(0.99), us(1.0));
        println!("{whose}: {count} times, error in µs: median {median:.1}, p99 {p99:.1}, worst {worst:.1}");
    }
}

/// What one probe's times were by the kernel's stamps and by those of user space, in nanoseconds.
struct Times {
    number: u32,
    kernel: i64,
    user: i64,
}

/// Sends probes one after the other over the crate's own channel.
async fn ask(target: SocketAddr, probes: u32) -> Vec<Times> {
    let config = ChannelConfig::new(Protocol::Udp, target, Cookie(7));
    let mut channel = ErrorQueue::open(&config, Clock::start()).expect("a channel");
    let mut times = Vec::new();
    for number in 0..probes {
        let no = ProbeNo(number);
        let sent = channel.send(&Probe { no, ttl: 1, flow: Flow::Stable }).expect("it leaves");
        let (mut left, mut answered) = (None, None);
        while answered.is_none() {
            channel.ready().await;
            while let Some(event) = channel.poll() {
                match event {
                    Event::SendStamp { no: of, kernel } if of == no => left = Some(kernel.0),
                    Event::Reply(reply) if reply.no == Some(no) => answered = Some(reply),
                    other => panic!("unexpected: {other:?}"),
                }
            }
        }
        let answer = answered.expect("just seen");
        // The kernel may begin to stamp a moment after it was told to.
        if let (Some(left), Some(came)) = (left, answer.kernel) {
            times.push(Times { number, kernel: came.0 - left, user: answer.wall.0 - sent.wall.0 });
        }
    }
    times
}

fn truth(seen: &[Seen], number: u32) -> Option<i64> {
    seen.iter().find(|probe| probe.number == Some(number))?.delay()
}

/// Errors of the kernel's stamps and of user space's, with so many busy loops beside.
fn compare(load: usize) -> (Errors, Errors) {
    let responder = Responder::start(vec![Node::target(1).after_ms(0.5)], Wait::Asleep);
    let load = Load::of(load);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let times = runtime.block_on(ask(SocketAddr::new(both(1)[0], 33434), 600));
    drop(load);
    let seen = responder.until("every stamp", 5.0, |seen| seen.iter().all(|probe| probe.sent.is_some()));
    let errors = |pick: fn(&Times) -> i64| {
        let error = |time: &Times| Some((pick(time) - truth(&seen, time.number)?).unsigned_abs());
        Errors::of(times.iter().filter_map(error))
    };
    let (kernel, user) = (errors(|time| time.kernel), errors(|time| time.user));
    assert!(kernel.0.len() > 550, "{} of 600 with stamps", kernel.0.len());
    (kernel, user)
}

#[test]
fn a_busy_machine_does_not_show_as_a_slow_network() {
    lab::inside(|| {
        for load in [0, 4] {
            let (kernel, user) = compare(load);
            kernel.say(&format!("{load} busy loops, kernel stamps"));
            user.say(&format!("{load} busy loops, user-space stamps"));
            assert!(kernel.quantile(0.5) < 10_000, "{load} loops");
            assert!(load == 0 || kernel.quantile(0.99) * 10 < user.quantile(0.99), "{load} loops");
        }
    });
}

#[test]
fn the_reports_times_are_true_to_a_few_microseconds() {
    lab::inside(|| {
        let path: Vec<Node> = Node::path(29)
            .into_iter()
            .zip(1..)
            .map(|(node, far)| node.after_ms(f64::from(far) * 0.2))
            .collect();
        let responder = Responder::start(path, Wait::Asleep);
        for load in [0, 4] {
            let _load = Load::of(load);
            let mut errors = Vec::new();
            for _ in 0..3 {
                let before = responder.seen().len();
                let report = report::run(both(30)[1], &["-c", "1"]);
                report.assert_clean(1);
                let seen = responder.until("every stamp", 5.0, |seen| {
                    seen.iter().skip(before).all(|probe| probe.sent.is_some())
                });
                for hop in report.hops() {
                    let probe = seen[before..].iter().find(|probe| u64::from(probe.ttl) == hop.ttl());
                    let truth = probe.and_then(Seen::delay).expect("a stamp");
                    let reported = hop.number("rtt_ms/last").expect("a time");
                    errors.push((reported * 1e6).round() as i64 - truth);
                }
            }
            let errors = Errors::of(errors.into_iter().map(i64::unsigned_abs));
            errors.say(&format!("{load} busy loops, the report"));
            assert!(errors.quantile(0.5) < 10_000, "{load} loops");
        }
    });
}
