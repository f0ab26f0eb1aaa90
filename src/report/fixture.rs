//! Hand-made views for the tests of the formatters.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use crate::engine::crosscheck::Echoes;
use crate::engine::faults::Fault;
use crate::engine::history::History;
use crate::engine::path::{End, HopView, PathView};
use crate::engine::probe::{Flows, Grade, LocalFault, Protocol, Stray};
use crate::engine::round::{Late, Round, RoundRow, Row, Try};
use crate::engine::snapshot::{Pace, Snapshot};
use crate::engine::time::{Anchor, Time};
use crate::names::Names;
use crate::origin::Origin;
use crate::watch::{About, View};
use crate::wire::extension::Label;
use crate::wire::icmp::Icmp;

/// An address from text.
pub fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A try answered by the row's responder `by` after `us` µs, timed by the kernel.
pub const fn answered(us: u32, by: u8) -> Try {
    Try::Answered { us, by, grade: Grade::Kernel }
}

/// One row's part of a round.
pub fn part(row: Row, ttl: u8, responders: &[&str], tries: &[Try]) -> RoundRow {
    let responders = responders.iter().map(|text| address(text)).collect();
    RoundRow { row, ttl, responders, tries: tries.into() }
}

/// A round of three tries.
pub fn round(number: u32, rows: Vec<RoundRow>) -> Round {
    let interval = Duration::from_secs(1);
    let start = Time::from_millis(u64::from(number) * 3_000);
    Round { number, start, interval, end: End::Silent, rows }
}

/// What a hop is known as, by its current responder.
pub fn hop(current: &str) -> HopView {
    HopView { current: Some(address(current)), ..HopView::default() }
}

/// A view of a path; nothing settled, nothing open, nobody named.
pub fn view(target: &str, address: IpAddr, path: PathView) -> View {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let pace = Pace {
        interval: Duration::from_secs(1),
        tries: 3,
        timeout: Duration::from_secs(3),
        first_ttl: 1,
        max_ttl: 30,
    };
    let snapshot = Snapshot {
        now: Time::from_millis(9_000),
        started: Time::ZERO,
        anchor: Anchor { time: Time::ZERO, wall },
        target: address,
        path,
        history: Arc::default(),
        journal: Arc::default(),
        epochs: Arc::default(),
        open: Vec::new(),
        pace,
        fault: None,
        strays: BTreeMap::new(),
        overshoot: 0,
        finished: false,
    };
    let about = About {
        target: target.to_owned(),
        address,
        source: Some("198.51.100.7".parse().unwrap()),
        protocol: Protocol::Udp,
        port: Some(33_434),
        tos: 0,
        flows: Flows::Stable,
        channel: "error-queue",
        host: "here".to_owned(),
    };
    View {
        snapshot: Arc::new(snapshot),
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

/// The same view with 40 echo requests to the target, so many of them lost and the others answered in 12.3 ms.
pub fn cross_checked(view: View, lost: u64) -> View {
    let mut echoes = Echoes::default();
    echoes.counts.lost = lost;
    for _ in lost..40 {
        echoes.counts.answered += 1;
        echoes.last = Some(Duration::from_micros(12_300));
        echoes.rtt.push(12_300.0);
    }
    View { echoes: Some(echoes), ..view }
}

/// The same view with its snapshot changed.
pub fn with(mut view: View, change: impl FnOnce(&mut Snapshot)) -> View {
    change(Arc::make_mut(&mut view.snapshot));
    view
}

/// Four hops: a named gateway, a silent router, two routers in turn, and the target. Two rounds settled.
pub fn reached() -> View {
    let path = PathView {
        end: End::Target { ttl: 4, upto: 4 },
        target_ttl: Some(4),
        last_hop: 3,
        hops: vec![
            hop("192.0.2.254"),
            HopView::default(),
            HopView { labels: labels(), ..hop("198.51.100.2") },
        ],
        target: hop("192.0.2.1"),
    };
    let rows = |base: u32| {
        let target = [answered(base + 2_900, 0), answered(base + 3_100, 0), answered(base + 3_000, 0)];
        vec![
            part(Row::Hop(1), 1, &["192.0.2.254"], &[answered(base, 0), answered(base + 20, 0), Try::Lost]),
            part(Row::Hop(2), 2, &[], &[Try::Lost; 3]),
            part(
                Row::Hop(3),
                3,
                &["198.51.100.1", "198.51.100.2"],
                &[answered(base + 1_500, 0), Try::Lost, answered(base + 1_700, 1)],
            ),
            part(Row::Target, 4, &["192.0.2.1"], &target),
        ]
    };
    let mut history = History::default();
    history.push(round(0, rows(314)));
    history.push(round(1, rows(414)));
    let from = address("192.0.2.254");
    history.mend(Late {
        round: 1,
        row: Row::Hop(1),
        index: 2,
        refused: false,
        us: 3_200_000,
        grade: Grade::Mixed,
        from,
    });
    history.duplicate(Row::Target);
    let names: Names = [(address("192.0.2.254"), Arc::from("gw.example.org"))].into_iter().collect();
    let mut view = with(view("example.org", address("192.0.2.1"), path), |snapshot| {
        snapshot.history = Arc::new(history);
        snapshot.strays = [(Stray::Foreign, 3), (Stray::Malformed, 1)].into();
        snapshot.overshoot = 19;
        snapshot.finished = true;
        let (since, until) = (Time::from_millis(2_000), Some(Time::from_millis(5_000)));
        snapshot.fault = Some(Fault { kind: LocalFault::NoRoute, since, until, not_sent: 2 });
    });
    view.names = Arc::new(names);
    view
}

/// The same path, two of its systems known, one of them by name.
pub fn originated() -> View {
    let origins = [
        ("198.51.100.2", Origin { number: 64_500, name: Some("EXAMPLE-AS Example, ZZ") }),
        ("192.0.2.1", Origin { number: 4_200_000_000, name: None }),
    ];
    let origins = origins.into_iter().map(|(text, origin)| (address(text), origin)).collect();
    View { origins: Arc::new(origins), ..reached() }
}

fn labels() -> Vec<Label> {
    vec![Label { label: 24_005, tc: 0, bottom: true, ttl: 1 }]
}

/// One router, and a target that never answers.
pub fn silent() -> View {
    let path = PathView { last_hop: 1, hops: vec![hop("192.0.2.254")], ..PathView::default() };
    let mut history = History::default();
    history.push(round(
        0,
        vec![
            part(Row::Hop(1), 1, &["192.0.2.254"], &[answered(300, 0); 3]),
            part(Row::Target, 2, &[], &[Try::Lost; 3]),
        ],
    ));
    with(view("example.org", address("192.0.2.1"), path), |snapshot| {
        snapshot.history = Arc::new(history);
        snapshot.finished = true;
    })
}

/// A filter at the second hop of an IPv6 path.
pub fn refused() -> View {
    let icmp = Icmp::v6(1, 1);
    let filter = HopView { refusal: Some(icmp), ..hop("2001:db8:0:2::1") };
    let path = PathView {
        end: End::Refused { ttl: 2, address: address("2001:db8:0:2::1"), icmp },
        last_hop: 2,
        hops: vec![hop("2001:db8::1"), filter],
        ..PathView::default()
    };
    let mut history = History::default();
    history.push(round(
        0,
        vec![
            part(Row::Hop(1), 1, &["2001:db8::1"], &[answered(300, 0); 3]),
            part(Row::Hop(2), 2, &["2001:db8:0:2::1"], &[Try::Refused { by: 0 }; 3]),
        ],
    ));
    with(view("2001:db8:ffff::1", address("2001:db8:ffff::1"), path), |snapshot| {
        snapshot.history = Arc::new(history);
        snapshot.finished = true;
    })
}

/// Any view that the types allow, sensible or not.
pub fn any_view() -> impl Strategy<Value = View> {
    let rounds = || prop::collection::vec(any_round(), 0..4);
    let path =
        (any_end(), prop::option::of(any::<u8>()), any::<u8>(), prop::collection::vec(any_hop(), 0..5));
    (path, rounds(), rounds(), any::<bool>(), 1u8..=255, any_hop(), any::<u64>()).prop_map(
        |((end, target_ttl, last_hop, hops), settled, open, finished, first_ttl, target, nanos)| {
            let path = PathView { end, target_ttl, last_hop, hops, target };
            let mut history = History::default();
            for round in settled {
                history.push(round);
            }
            with(view("example.org", address("192.0.2.1"), path), |snapshot| {
                snapshot.now = Time::from_nanos(nanos);
                snapshot.history = Arc::new(history);
                snapshot.open = open;
                snapshot.finished = finished;
                snapshot.pace.first_ttl = first_ttl;
                let kind = LocalFault::Errno(first_ttl.into());
                snapshot.fault = Some(Fault { kind, since: Time::FAR, until: None, not_sent: nanos });
            })
        },
    )
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
}

fn any_icmp() -> impl Strategy<Value = Icmp> {
    (any::<bool>(), any::<u8>(), any::<u8>())
        .prop_map(|(v4, ty, code)| if v4 { Icmp::v4(ty, code) } else { Icmp::v6(ty, code) })
}

fn any_end() -> impl Strategy<Value = End> {
    prop_oneof![
        Just(End::Silent),
        (any::<u8>(), any::<u8>()).prop_map(|(ttl, upto)| End::Target { ttl, upto }),
        (any::<u8>(), any_address(), any_icmp()).prop_map(|(ttl, address, icmp)| End::Other {
            ttl,
            address,
            icmp
        }),
        (any::<u8>(), any_address(), any_icmp()).prop_map(|(ttl, address, icmp)| End::Refused {
            ttl,
            address,
            icmp
        }),
        any::<u8>().prop_map(|ttl| End::Loop { ttl }),
    ]
}

fn any_hop() -> impl Strategy<Value = HopView> {
    (prop::option::of(any_address()), prop::option::of(any_icmp()), any::<bool>()).prop_map(
        |(current, refusal, flag)| {
            let labels = if flag { labels() } else { Vec::new() };
            HopView {
                current,
                labels,
                refusal,
                by_target: flag,
                rewritten: flag,
                reply_ttl: None,
                other_flow: flag,
                mtu: None,
                quoted: None,
            }
        },
    )
}

fn any_round() -> impl Strategy<Value = Round> {
    let row = prop_oneof![Just(Row::Target), (1u8..6).prop_map(Row::Hop)];
    let responders = prop::collection::vec(any_address(), 0..4);
    let tries = prop::collection::vec(any_try(), 0..5);
    let rows = (row, any::<u8>(), responders, tries).prop_map(|(row, ttl, responders, tries)| RoundRow {
        row,
        ttl,
        responders: responders.into(),
        tries: tries.into(),
    });
    (any::<u32>(), prop::collection::vec(rows, 0..6)).prop_map(|(number, rows)| round(number, rows))
}

fn any_try() -> impl Strategy<Value = Try> {
    prop_oneof![
        Just(Try::InFlight),
        Just(Try::Lost),
        Just(Try::NotSent),
        Just(Try::Skipped),
        any::<u8>().prop_map(|by| Try::Refused { by }),
        (any::<u32>(), any::<u8>()).prop_map(|(us, by)| Try::Answered { us, by, grade: Grade::User }),
        (any::<u32>(), any::<u8>()).prop_map(|(us, by)| Try::Late { us, by, grade: Grade::Kernel }),
    ]
}
