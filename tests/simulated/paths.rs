//! Addresses and paths that the tests play on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hopwatch::net::simulated::scenario::{Branch, Hop, Scenario};

pub const SOURCE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
pub const TARGET: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));
pub const TARGET6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// The router at hop `n`.
pub const fn router(n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, n))
}

/// The IPv6 router at hop `n`.
pub const fn router6(n: u8) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, n as u16))
}

/// Routers 1 to `n`, 2 ms apart.
pub fn routers(n: u8) -> Branch {
    (1..=n).map(|ttl| Hop::router(router(ttl), 2.0 * f64::from(ttl))).collect()
}

/// Routers 1 to `n`, and behind them `last`.
pub fn routers_and(n: u8, last: Hop) -> Branch {
    routers(n).into_iter().chain([last]).collect()
}

/// A path of `hops` hops whose last is the target, where no one listens.
pub fn plain(hops: u8) -> Branch {
    routers_and(hops - 1, Hop::target(TARGET, 2.0 * f64::from(hops)))
}

/// The same over IPv6.
pub fn plain6(hops: u8) -> Branch {
    let router = |ttl: u8| Hop::router(router6(ttl), 2.0 * f64::from(ttl));
    (1..hops).map(router).chain([Hop::target(TARGET6, 2.0 * f64::from(hops))]).collect()
}

/// A path to the target that never changes, whatever its last hop.
pub fn still(hops: Branch) -> Scenario {
    Scenario { target: TARGET, ..Scenario::still(SOURCE, hops) }
}
