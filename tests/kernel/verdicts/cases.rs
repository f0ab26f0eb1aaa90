//! The cases: a path, what is done to it, and what may be said of it.

use hopwatch::engine::round::Row;
use hopwatch::engine::verdict::Kind;

use crate::support::chain::{Chain, Machine};
use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait};

/// Routers on the way.
const ROUTERS: u8 = 5;
/// The round in which a trouble begins that is not there from the start: 36 s after it.
const HURT: u32 = 60;

/// What a case plays on.
pub enum Stage {
    /// Real Linux routers; the second machine is on the other way, where there is one, and lives as long.
    Real { chain: Chain, _other: Option<Machine> },
    /// A made-up path.
    MadeUp(Responder),
}

impl Stage {
    fn chain(&self) -> &Chain {
        match self {
            Self::Real { chain, .. } => chain,
            Self::MadeUp(_) => panic!("this path is made up"),
        }
    }

    /// Runs an nftables script on the router at a distance; past the last one, on the target.
    fn nft(&self, distance: u8, script: &'static str) {
        self.at(distance, move || lab::nft(script));
    }

    fn at(&self, distance: u8, errand: impl FnOnce() + Send + 'static) {
        let chain = self.chain();
        let machine = chain.routers.get(usize::from(distance) - 1).unwrap_or(&chain.target);
        machine.run(errand);
    }
}

type Act = Box<dyn Fn(&Stage, u32) + Send + Sync>;

/// A case.
pub struct Case {
    pub name: &'static str,
    /// The TTL of the target.
    pub hops: u8,
    build: fn() -> Stage,
    /// What is done after a round.
    act: Act,
    /// The round after which the trouble begins; 0 where it is there from the start.
    pub hurt: u32,
    /// Rounds from then on in which it may not be known yet.
    pub grace: u32,
    /// What may be said before it is known: before the trouble, and while the time for grace lasts.
    pub before: &'static [Kind],
    /// What else may be said while that lasts.
    pub meanwhile: &'static [Kind],
    /// What may be said once it is.
    pub after: &'static [Kind],
    /// What is to be said at the end.
    pub end: Kind,
    /// The hops before and behind the link in trouble.
    pub place: Option<(u8, u8)>,
    /// Whether that link is to be named, not only a range that holds it.
    pub is_exact: bool,
    /// A hop that is to be told to limit its answers.
    pub limited: Option<Row>,
    pub silent_target: bool,
}

impl Case {
    /// One in which nothing is wrong.
    fn clean(name: &'static str, build: fn() -> Stage) -> Self {
        Self {
            name,
            hops: ROUTERS + 1,
            build,
            act: Box::new(|_, _| {}),
            hurt: 0,
            grace: 0,
            before: &[Kind::Clean],
            meanwhile: &[],
            after: &[Kind::Clean],
            end: Kind::Clean,
            place: None,
            is_exact: false,
            limited: None,
            silent_target: false,
        }
    }

    /// Loss on a link from the start on: it takes some tries to be told from chance.
    fn loss(name: &'static str, build: fn() -> Stage, place: (u8, u8)) -> Self {
        Self {
            grace: 70,
            before: &[Kind::Clean, Kind::Unclear],
            after: &[Kind::Loss],
            end: Kind::Loss,
            place: Some(place),
            is_exact: true,
            ..Self::clean(name, build)
        }
    }

    /// A trouble that begins in the middle.
    fn sudden(
        name: &'static str,
        build: fn() -> Stage,
        kinds: &'static [Kind],
        place: Option<(u8, u8)>,
        act: fn(&Stage),
    ) -> Self {
        let act: Act = Box::new(move |stage, round| {
            if round == HURT {
                act(stage);
            }
        });
        let (hurt, grace) = (HURT, 20);
        let is_exact = place.is_some();
        Self { act, hurt, grace, after: kinds, end: kinds[0], place, is_exact, ..Self::clean(name, build) }
    }

    /// The path, around the thread that asks for it.
    pub fn stage(&self) -> Stage {
        (self.build)()
    }

    /// Does what is due after a round.
    pub fn act(&self, stage: &Stage, round: u32) {
        (self.act)(stage, round);
    }
}

/// Drops a share of what comes in from one side to be passed on.
const LOSS_THERE: &str = "table inet trouble { chain forward { type filter hook forward priority 0; \
    iifname home numgen random mod 100 < 8 drop; }; }";
const LOSS_BACK: &str = "table inet trouble { chain forward { type filter hook forward priority 0; \
    iifname away numgen random mod 100 < 8 drop; }; }";
const CUT: &str = "table inet trouble { chain forward { type filter hook forward priority 0; \
    iifname home drop; }; }";
const MEND: &str = "delete table inet trouble";
const MUTE: &str = "table inet mute { chain output { type filter hook output priority 0; \
    icmp type time-exceeded drop; }; }";
const REFUSE: &str = "table inet trouble { chain forward { type filter hook forward priority 0; \
    iifname home reject with icmp type host-unreachable; }; }";
const FILTER: &str = "table inet trouble { chain input { type filter hook input priority 0; \
    meta l4proto udp drop; }; }";

/// Real routers that answer as often as they are asked.
fn unlimited() -> Stage {
    let chain = Chain::build(ROUTERS);
    for machine in chain.routers.iter().chain([&chain.target]) {
        machine.run(|| lab::sysctl("ipv4/icmp_ratemask", "0"));
    }
    Stage::Real { chain, _other: None }
}

/// The same, with a script run on some of them.
fn with(troubles: &[(u8, &'static str)]) -> Stage {
    let stage = unlimited();
    for &(distance, script) in troubles {
        stage.nft(distance, script);
    }
    stage
}

/// The same, and one of them as Linux has it by default: six answers, then one a second.
fn limited(distance: u8) -> Stage {
    let stage = unlimited();
    stage.at(distance, || lab::sysctl("ipv4/icmp_ratemask", "6168"));
    stage
}

/// The same with a second way past the third router, which is not taken yet.
fn two_ways() -> Stage {
    let Stage::Real { chain, .. } = with(&[(4, LOSS_THERE)]) else { unreachable!("real routers") };
    let other = chain.bypass(2);
    other.run(|| lab::sysctl("ipv4/icmp_ratemask", "0"));
    chain.routers[1].run(|| lab::ip("route replace default via 10.0.3.1 dev away"));
    Stage::Real { chain, _other: Some(other) }
}

/// Ten milliseconds a hop, and so much more from a hop on.
fn slow_from(distance: u8, more: f64) -> Vec<Node> {
    let nodes = Node::path(ROUTERS).into_iter().zip(1u8..);
    let delay = |at: u8| 10.0 * f64::from(at) + if at >= distance { more } else { 0.0 };
    nodes.map(|(node, at)| node.after_ms(delay(at)).jitter_ms(0.5)).collect()
}

/// Cuts the link behind the second router for two seconds in eight.
fn bursts(stage: &Stage, round: u32) {
    match round % 14 {
        7 => stage.nft(2, CUT),
        10 => stage.nft(2, MEND),
        _ => {}
    }
}

/// All of them.
pub fn all() -> Vec<Case> {
    use Kind::{Clean, Latency, Local, Loop, Loss, Outage, Refused, TargetLimited, Unclear};
    vec![
        Case::clean("clean", unlimited),
        Case::loss("loss on the way there", || with(&[(3, LOSS_THERE)]), (3, 4)),
        Case::loss("loss on the way back", || with(&[(2, LOSS_BACK)]), (2, 3)),
        Case {
            act: Box::new(bursts),
            // While nothing comes, that is an outage as far as anybody can know.
            before: &[Clean, Unclear, Loss, Outage],
            after: &[Loss, Outage],
            ..Case::loss("loss in bursts", unlimited, (2, 3))
        },
        Case { limited: Some(Row::Hop(3)), ..Case::clean("limited hop", || limited(3)) },
        Case {
            grace: 30,
            before: &[Clean, Unclear],
            // Which of two it is, it may say: that is not wrong.
            after: &[TargetLimited, Unclear],
            end: TargetLimited,
            ..Case::clean("limited target", || limited(ROUTERS + 1))
        },
        Case::clean("silent hops", || with(&[(3, MUTE), (4, MUTE)])),
        Case {
            is_exact: false,
            ..Case::loss("loss behind silent hops", || with(&[(3, MUTE), (4, MUTE), (4, LOSS_THERE)]), (4, 5))
        },
        Case { silent_target: true, ..Case::clean("filtered target", || with(&[(ROUTERS + 1, FILTER)])) },
        Case {
            silent_target: true,
            ..Case::loss("filtered, and loss", || with(&[(ROUTERS + 1, FILTER), (2, LOSS_THERE)]), (2, 3))
        },
        Case {
            // Its first second is a burst of loss.
            meanwhile: &[Loss],
            ..Case::sudden("outage", unlimited, &[Outage], Some((3, 4)), |stage| stage.nft(3, CUT))
        },
        // Who refuses is the third, and what it refuses is to pass on to the fourth.
        Case::sudden("refused", unlimited, &[Refused], Some((3, 4)), |stage| stage.nft(3, REFUSE)),
        Case {
            is_exact: false,
            ..Case::sudden("loop", unlimited, &[Loop], Some((2, 3)), |stage| {
                stage.at(3, || lab::ip("route replace default via 10.0.3.254 dev home"));
            })
        },
        Case {
            grace: 60,
            ..Case::sudden(
                "latency step",
                || Stage::MadeUp(Responder::start(slow_from(1, 0.0), Wait::Asleep)),
                &[Latency],
                Some((3, 4)),
                |stage| match stage {
                    Stage::MadeUp(responder) => responder.set_path(slow_from(4, 60.0)),
                    Stage::Real { .. } => panic!("real routers take no delay"),
                },
            )
        },
        Case {
            act: Box::new(|stage, round| {
                if round == HURT {
                    stage.at(2, || lab::ip("route replace default via 10.0.103.1 dev other"));
                }
            }),
            ..Case::loss("new route amid loss", two_ways, (4, 5))
        },
        Case::sudden("link down here", unlimited, &[Local], None, |_| {
            lab::ip("link set away down");
        }),
    ]
}
