//! What befalls this machine's own network while a watch runs, on every channel and over both families: it is
//! named with its start and its length, it is over within a round of its end, and none of it is loss on the path.

mod addresses;
mod links;
mod refusals;
mod stops;
mod watch;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use hopwatch::engine::probe::LocalFault;
use hopwatch::engine::round::Try;

use self::watch::{By, INTERVAL, ROUND, ROUTERS, Told, Watch};
use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::stalls::Stalls;

/// Gives the prober back all that a link loses when it goes down.
const LINK: &str = "link set away up
addr replace 10.0.1.254/24 dev away
addr replace fd00:0:0:1::fe/64 dev away nodad
route replace default via 10.0.1.1
route replace default via fd00:0:0:1::1";

/// Real routers that answer as often as they are asked, and ping sockets for all.
fn chain() -> Chain {
    lab::permit_ping();
    unlimited()
}

/// The same without ping sockets.
fn unlimited() -> Chain {
    let chain = Chain::build(ROUTERS);
    for machine in chain.routers.iter().chain([&chain.target]) {
        machine.run(|| {
            lab::sysctl("ipv4/icmp_ratemask", "0");
            lab::sysctl("ipv6/icmp/ratemask", "\n");
        });
    }
    chain
}

/// A watch on every channel over both families, each with `flags`.
fn everywhere(flags: &[&str]) -> Vec<Watch> {
    let ways = By::ALL.into_iter().flat_map(|by| [(by, 0), (by, 1)]);
    ways.map(|(by, family)| Watch::start(by, family, flags)).collect()
}

/// When a change was made: before and after.
type Moment = (SystemTime, SystemTime);

fn change(make: impl FnOnce()) -> Moment {
    let before = SystemTime::now();
    make();
    (before, SystemTime::now())
}

/// Waits until all of them see the whole path at their full pace: in the first round a target may be spared that
/// the first sweep asked too often, and links that were just made may not carry all.
fn settled(watches: &[Watch]) {
    for watch in watches {
        watch.until(8.0, "the path", |told| {
            let start = told.rounds.get(1).map(|round| told.wall(round.start));
            start.is_some_and(|start| told.is_whole_after(start))
        });
    }
}

/// Hurts what `watches` need, sees that each of them tells a fault of the kind that `named` says, mends it, and
/// sees that each is over it within a round, and lost nothing to it.
fn survive(
    watches: &[Watch],
    named: impl Fn(&Watch) -> LocalFault,
    hurt: impl FnOnce(),
    mend: impl FnOnce(),
) {
    let stalls = Stalls::watch();
    settled(watches);
    let hurt = change(hurt);
    for watch in watches {
        let kind = named(watch);
        watch.until(6.0, &format!("{kind}"), |told| told.faults.iter().any(|fault| fault.kind == kind));
    }
    let mend = change(mend);
    let judged = watches.iter().flat_map(|watch| {
        let told = watch.until(4.0, "a whole round after it", |told| told.is_whole_after(mend.1));
        judge(watch, &told, &[named(watch)], (hurt, mend), stalls.forgiven())
    });
    let wrong: Vec<String> = judged.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Changes something that is mended in the same moment: no more than a fault of these `kinds`, for a moment.
fn pass(watches: &[Watch], kinds: &[LocalFault], make: impl FnOnce()) {
    let stalls = Stalls::watch();
    settled(watches);
    let changed = change(make);
    let judged = watches.iter().flat_map(|watch| {
        let told = watch.until(4.0, "a whole round after it", |told| told.is_whole_after(changed.1));
        judge(watch, &told, kinds, (changed, changed), stalls.forgiven())
    });
    let wrong: Vec<String> = judged.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All that is wrong with what a watch told of a change for the worse and one for the better, on a machine whose own
/// delays are `forgiven`.
///
/// A fault begins with the first probe that fails and ends within a round. No try is lost but one a hop at its edge;
/// none is kept back before it and from a round after it on.
fn judge(
    watch: &Watch,
    told: &Told,
    kinds: &[LocalFault],
    (hurt, mend): (Moment, Moment),
    forgiven: Duration,
) -> Vec<String> {
    let seconds = |moment: SystemTime| {
        let since = moment.duration_since(hurt.0);
        since.map_or_else(|early| -early.duration().as_secs_f64(), |late| late.as_secs_f64())
    };
    let (begun, going_on) = (hurt.1 + INTERVAL + forgiven, mend.1 + INTERVAL + forgiven);
    let recovered = mend.1 + ROUND + forgiven;
    let settled = told.rounds.get(1).map(|round| told.wall(round.start));
    let mut wrong = Vec::new();
    for fault in told.faults.iter().filter(|fault| Some(told.wall(fault.since)) >= settled) {
        let (from, to) = (told.wall(fault.since), fault.until.map(|until| told.wall(until)));
        let is_it = kinds.contains(&fault.kind) && from >= hurt.0 && from <= begun;
        // What is mended has no address, no route and no neighbours at first.
        let follows = [LocalFault::AddressGone, LocalFault::NoRoute, LocalFault::Neighbour];
        let is_after_it = follows.contains(&fault.kind) && from >= mend.0 && from <= going_on;
        let is_over = to.is_some_and(|to| to >= mend.0 && to <= recovered);
        if !(is_over && (is_it || is_after_it)) {
            let to = to.map(seconds);
            wrong.push(format!(
                "{:?} ({}) from {:.3} to {to:.3?}",
                fault.kind,
                fault.not_sent,
                seconds(from)
            ));
        }
    }
    let mut on_their_way = BTreeSet::new();
    for slot in told.slots().filter(|slot| Some(slot.from) >= settled) {
        let is_right = match slot.outcome {
            Try::NotSent => slot.to + forgiven > hurt.0 && slot.from < recovered,
            Try::Answered { .. } => slot.from < begun || slot.to + forgiven > mend.0,
            // The kernel kept it until there was a way, longer than an answer is waited for.
            Try::Late { .. } => slot.to + forgiven > hurt.0 && slot.from < mend.1,
            // At most one a hop, on its way while the change was being made.
            Try::Lost => {
                slot.to + forgiven > hurt.0 && slot.from < hurt.1 + forgiven && on_their_way.insert(slot.row)
            }
            _ => false,
        };
        if !is_right {
            let (from, to) = (seconds(slot.from), seconds(slot.to));
            wrong.push(format!("{:?} due {from:.3} to {to:.3}: {:?}", slot.row, slot.outcome));
        }
    }
    let [hurt, mend, mended] = [hurt.1, mend.0, mend.1].map(seconds);
    let when = format!("hurt by {hurt:.3}, mended from {mend:.3} to {mended:.3}, {forgiven:.3?} forgiven");
    if !wrong.is_empty() {
        wrong.push(format!("{when}, told:\n{told:?}"));
    }
    wrong.into_iter().map(|what| format!("{}: {what}", watch.name())).collect()
}
