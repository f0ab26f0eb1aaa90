//! A chain of real Linux routers, each in a network namespace of its own, with the kernel's own ICMP and
//! its default limits. The prober is in the namespace of the thread that builds it.
//!
//! ```text
//! client ── router 1 ── router 2 ── … ── target
//! 10.0.1.254  10.0.1.1    10.0.2.1        10.0.{n+1}.1
//! ```

use std::fmt::Write;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Pid, gettid};

use super::lab::{ip, sysctl};

type Errand = Box<dyn FnOnce() + Send>;

/// A machine: a network namespace, and a thread in it that runs errands. Both end when it is dropped.
#[derive(Debug)]
pub struct Machine {
    errands: Option<Sender<Errand>>,
    thread: Option<JoinHandle<()>>,
    id: Pid,
}

impl Machine {
    fn new() -> Self {
        let (errands, inbox) = channel::<Errand>();
        let (tell, told) = channel();
        let thread = std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace");
            sysctl("ipv6/conf/default/accept_dad", "0");
            ip("link set lo up");
            tell.send(gettid()).expect("the builder waits");
            for errand in inbox {
                errand();
            }
        });
        let id = told.recv().expect("the machine starts");
        Self { errands: Some(errands), thread: Some(thread), id }
    }

    /// Runs something in there and waits for what it gives.
    pub fn run<T: Send + 'static>(&self, errand: impl FnOnce() -> T + Send + 'static) -> T {
        let (give, given) = channel();
        let errand = Box::new(move || drop(give.send(errand())));
        self.errands.as_ref().expect("it lives").send(errand).expect("the machine runs");
        given.recv().expect("the errand succeeds")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.errands.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The chain.
#[derive(Debug)]
pub struct Chain {
    /// The routers, the nearest first.
    pub routers: Vec<Machine>,
    /// The target.
    pub target: Machine,
}

impl Chain {
    /// Builds one of `routers` routers and a target, addressed as
    /// [`node_address`](super::responder::node_address) says.
    ///
    /// Every router calls its interface towards the prober `home` and the other one `away`; the prober has
    /// an `away` and the target a `home`.
    pub fn build(routers: u8) -> Self {
        sysctl("ipv6/conf/default/accept_dad", "0");
        let chain = Self { routers: (0..routers).map(|_| Machine::new()).collect(), target: Machine::new() };
        let machines: Vec<&Machine> = chain.routers.iter().chain([&chain.target]).collect();
        let mut links = String::new();
        for (index, machine) in machines.iter().enumerate() {
            let nearer = index.checked_sub(1).map(|nearer| format!("netns {}", machines[nearer].id));
            let nearer = nearer.unwrap_or_default();
            let id = machine.id;
            writeln!(links, "link add name away {nearer} type veth peer name home netns {id}")
                .expect("a string");
        }
        ip(&links);
        ip(&(far_end(1) + &default_route("away", 1, 1)));
        for (machine, distance) in machines.iter().zip(1..) {
            machine.run(move || {
                if distance > routers {
                    ip(&(near_end(distance) + &default_route("home", distance, 0xfe)));
                    return;
                }
                sysctl("ipv4/ip_forward", "1");
                sysctl("ipv6/conf/all/forwarding", "1");
                let onward = default_route("away", distance + 1, 1);
                ip(&(near_end(distance) + &far_end(distance + 1) + &onward + &way_back(distance)));
            });
        }
        chain
    }

    /// Makes the prober's link anew, where it was deleted.
    pub fn relink(&self) {
        let router = &self.routers[0];
        ip(&format!("link add name away type veth peer name home netns {}", router.id));
        router.run(|| ip(&near_end(1)));
        ip(&(far_end(1) + &default_route("away", 1, 1)));
    }

    /// Gives the router at `distance` a second way, past the next router to the one behind that; load is
    /// balanced over the two by address and port. Gives the router on it, whose addresses are those of the
    /// distance after, and 100 more.
    pub fn bypass(&self, distance: u8) -> Machine {
        let machine = Machine::new();
        let at = usize::from(distance);
        let (fork, join) = (&self.routers[at - 1], &self.routers[at + 1]);
        let (next, behind) = (distance + 1, distance + 2);
        let (near, far) = (next + 100, behind + 100);
        ip(&format!(
            "link add name other netns {} type veth peer name home netns {}\n\
             link add name away netns {} type veth peer name other netns {}",
            fork.id, machine.id, machine.id, join.id
        ));
        machine.run(move || {
            sysctl("ipv4/ip_forward", "1");
            sysctl("ipv6/conf/all/forwarding", "1");
            ip(&(near_end(near) + &far_end(far) + &default_route("away", far, 1)));
            ip(&format!(
                "route add 10.0.1.0/24 via 10.0.{near}.254\nroute add fd00:0:0:1::/64 via fd00:0:0:{near:x}::fe"
            ));
        });
        join.run(move || ip(&near_end(far).replace("home", "other")));
        fork.run(move || {
            sysctl("ipv4/fib_multipath_hash_policy", "1");
            sysctl("ipv6/fib_multipath_hash_policy", "1");
            ip(&far_end(near).replace("away", "other"));
            ip(&format!(
                "route replace default nexthop via 10.0.{next}.1 dev away nexthop via 10.0.{near}.1 dev other\n\
                 route del default via fd00:0:0:{next:x}::1\n\
                 route add default nexthop via fd00:0:0:{next:x}::1 dev away \
                 nexthop via fd00:0:0:{near:x}::1 dev other"
            ));
        });
        machine
    }
}

/// Commands that give a machine its address on the link of its own distance.
fn near_end(link: u8) -> String {
    format!(
        "link set home up\naddr add 10.0.{link}.1/24 dev home\naddr add fd00:0:0:{link:x}::1/64 dev home nodad\n"
    )
}

/// Commands that give a machine its address on the link behind it.
fn far_end(link: u8) -> String {
    format!(
        "link set away up\naddr add 10.0.{link}.254/24 dev away\n\
         addr add fd00:0:0:{link:x}::fe/64 dev away nodad\n"
    )
}

fn default_route(interface: &str, link: u8, host: u8) -> String {
    let v4 = if host == 1 { 1 } else { 254 };
    format!(
        "route add default via 10.0.{link}.{v4} dev {interface}\n\
         route add default via fd00:0:0:{link:x}::{host:x} dev {interface}\n"
    )
}

/// Commands that give a router its route to the prober; the first one is on the prober's own link.
fn way_back(link: u8) -> String {
    if link == 1 {
        return String::new();
    }
    format!(
        "route add 10.0.1.0/24 via 10.0.{link}.254\nroute add fd00:0:0:1::/64 via fd00:0:0:{link:x}::fe\n"
    )
}
