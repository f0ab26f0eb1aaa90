//! Every time and every responder in the books is held against the truth, while answers come in any order,
//! doubled, replayed and among others that lie.
//!
//! ```text
//! cargo test --release --test simulated attribution -- --ignored --nocapture
//! ```

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use hopwatch::engine::probe::{Answer, Event, Flow, Flows, LocalFault, ProbeNo, Reply, Stray};
use hopwatch::engine::random::mix;
use hopwatch::engine::record::Record;
use hopwatch::engine::round::Row;
use hopwatch::engine::time::{Anchor, Time, Wall};
use hopwatch::engine::trace::{Trace, TraceConfig};
use hopwatch::net::simulated::Simulated;
use hopwatch::wire::icmp::Icmp;
use proptest::prelude::*;

use crate::paths::{TARGET, plain, router, still};
use crate::play::PACE;

/// Who answered a row, and in how many µs.
type Fact = (Row, IpAddr, u32);

/// A trace among liars.
struct Crowd {
    trace: Trace,
    path: Simulated,
    random: u64,
    now: Time,
    /// What is on its way, with when it comes.
    coming: Vec<(Time, Event)>,
    /// True answers of before, to be played again.
    heard: Vec<Event>,
    stamps: HashMap<ProbeNo, Wall>,
    /// What there is to be booked, each once, and how often it was.
    truth: HashMap<Fact, (u64, u64)>,
    arrived: u64,
}

impl Crowd {
    fn new(hops: u8, seed: u64) -> Self {
        let mut hops = plain(hops);
        for (at, hop) in (seed % 97..).zip(&mut hops) {
            *hop = hop.clone().jitter((at % 5) as f64 * 40.0).loss(if at % 4 == 0 { 0.2 } else { 0.0 });
        }
        let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
        let config = TraceConfig { target: TARGET, pace: PACE, count: None, seed, flows: Flows::default() };
        Self {
            trace: Trace::new(config, Time::ZERO, anchor),
            path: Simulated::new(still(hops)),
            random: mix(seed),
            now: Time::ZERO,
            coming: Vec::new(),
            heard: Vec::new(),
            stamps: HashMap::new(),
            truth: HashMap::new(),
            arrived: 0,
        }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random = mix(self.random);
        (self.random >> 7) % below
    }

    fn later(&mut self, ms: u64) -> Time {
        let by = self.draw(ms * 1_000);
        self.now + Duration::from_micros(by)
    }

    /// A true event: stamps as they come, answers now or later, once or more often, or never.
    fn happen(&mut self, event: Event) {
        match event {
            Event::SendStamp { no, kernel } => {
                self.stamps.insert(no, kernel);
                self.coming.push((self.now, event));
            }
            Event::Reply(ref reply) => {
                let (Some(no), Some(came)) = (reply.no, reply.kernel) else { return };
                let row = match reply.from {
                    TARGET => Row::Target,
                    IpAddr::V4(from) => Row::Hop(from.octets()[3]),
                    IpAddr::V6(_) => return,
                };
                let us = (came.0 - self.stamps[&no].0) / 1_000;
                let fact = (row, reply.from, u32::try_from(us).expect("a short while"));
                self.truth.entry(fact).or_default().0 += 1;
                for _ in 0..[1, 1, 1, 1, 1, 2, 3, 0][self.draw(8) as usize] {
                    let wait = [1, 1, 1, 40, 4_000, 50_000, 90_000][self.draw(7) as usize];
                    let at = self.later(wait);
                    self.coming.push((at, event.clone()));
                }
                self.heard.push(event);
            }
            other => self.coming.push((self.now, other)),
        }
    }

    /// Something that is no answer of the path, as a channel would tell it.
    fn lie(&mut self) -> Event {
        let (no, from) = (self.draw(1 << 32) as u32, router(200 + self.draw(40) as u8));
        let from = if self.draw(4) == 0 { TARGET } else { from };
        let (ty, code) = [(11, 0), (3, 3), (3, 13), (3, 1)][self.draw(4) as usize];
        let reply = Reply::new(None, from, Answer::Icmp(Icmp::v4(ty, code)), self.now, Wall(0));
        match self.draw(8) {
            // Which ports are in use a channel keeps to itself; so this is a guess at others.
            0 => Event::Bare { flow: Flow::Own(1_000 + no as u16 % 31_000), reply },
            1 => Event::Bare { flow: Flow::Stable, reply },
            2 if self.now > Time::from_millis(1_000) => Event::Bare {
                flow: Flow::Stable,
                reply: Reply { answer: Answer::Direct, from: TARGET, ..reply },
            },
            // A number that is right by chance would need our cookie.
            3 => Event::Reply(Reply { no: Some(ProbeNo(no | 1 << 31)), ..reply }),
            4 => Event::Local { no: Some(ProbeNo(no | 1 << 31)), fault: LocalFault::Neighbour },
            5 if !self.heard.is_empty() => {
                let at = self.draw(self.heard.len() as u64) as usize;
                self.heard[at].clone()
            }
            _ => Event::Stray(Stray::ALL[self.draw(6) as usize]),
        }
    }

    fn arrive(&mut self, event: Event) {
        self.arrived += 1;
        let event = match event {
            Event::Reply(reply) => Event::Reply(Reply { received: self.now, ..reply }),
            other => other,
        };
        self.trace.handle_event(self.now, event);
    }

    /// Books what is settled against the truth: nothing is there that was not, nor more often.
    fn book(&mut self) -> u64 {
        let mut booked = 0;
        while let Some(record) = self.trace.poll_record() {
            let facts: Vec<Fact> = match record {
                Record::Round(round) => round
                    .rows
                    .iter()
                    .flat_map(|part| part.tries.iter().map(move |outcome| (part, outcome)))
                    .filter_map(|(part, outcome)| {
                        let (hopwatch::engine::round::Try::Answered { us, by, .. }
                        | hopwatch::engine::round::Try::Late { us, by, .. }) = *outcome
                        else {
                            return None;
                        };
                        Some((part.row, part.responders[usize::from(by)], us))
                    })
                    .collect(),
                Record::Late(late) => vec![(late.row, late.from, late.us)],
                _ => continue,
            };
            for fact in facts {
                let (there, used) = self.truth.entry(fact).or_default();
                *used += 1;
                assert!(used <= there, "booked, and never happened: {fact:?} at {:?}", self.now);
                booked += 1;
            }
        }
        booked
    }

    /// Plays until so many packets have arrived, `lies` of them for every true one; gives how many answers were
    /// booked.
    fn play(&mut self, packets: u64, lies: u64) -> u64 {
        let mut booked = 0;
        while self.arrived < packets {
            while let Some(event) = self.path.poll(self.now) {
                self.happen(event);
                for _ in 0..lies {
                    let (at, lie) = (self.later(1_000), self.lie());
                    self.coming.push((at, lie));
                }
                let kept = self.heard.len().saturating_sub(500);
                self.heard.drain(..kept);
            }
            let (due, rest): (Vec<_>, Vec<_>) = self.coming.drain(..).partition(|(at, _)| *at <= self.now);
            self.coming = rest;
            for (_, event) in due {
                self.arrive(event);
            }
            self.trace.handle_timeout(self.now);
            while let Some(probe) = self.trace.poll_transmit(self.now) {
                let outcome = self.path.send(self.now, &probe);
                self.trace.handle_sent(self.now, probe.no, outcome);
            }
            booked += self.book();
            let next = [self.trace.poll_timeout(), self.path.poll_timeout()];
            let next = next.into_iter().flatten().min().expect("it never ends");
            // In steps of 20 ms at most, so that what comes in between comes then.
            self.now = next.max(self.now).min(self.now + Duration::from_millis(20));
        }
        let strays: u64 = self.trace.snapshot(self.now).strays.values().sum();
        assert!(
            booked > packets / (lies + 2) / 8 && strays > packets / 4,
            "{booked} booked, {strays} strays"
        );
        booked
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_and_among_lies_nothing_is_booked_that_was_not(hops in 1u8..20, seed: u64) {
        Crowd::new(hops, seed).play(5_000, 4);
    }
}

#[test]
#[ignore = "a million packets; a minute in a release build"]
fn a_million_packets_and_nothing_booked_that_was_not() {
    let booked: u64 = (1..=10).map(|seed| Crowd::new(10, seed).play(100_000, 9)).sum();
    println!("1,000,000 packets: {booked} answers booked, each with its true hop, responder and time");
}
