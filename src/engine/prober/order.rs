//! In which order a cycle asks the hops, and when each of them may be asked again.

use crate::engine::path::Path;
use crate::engine::random::mix;
use crate::engine::time::Time;

/// When each TTL may be asked again, by TTL.
#[derive(Clone, Debug)]
pub struct Distances(Vec<Time>);

impl Distances {
    /// Nothing was asked yet.
    pub fn new() -> Self {
        Self(vec![Time::ZERO; 256])
    }

    /// When `ttl` may be asked again as a hop, whoever answers there.
    pub fn own(&self, ttl: u8) -> Time {
        self.0[usize::from(ttl)]
    }

    /// When `ttl` may be asked: an interval after it was, or any other TTL that its responder answers.
    pub fn ready(&self, ttl: u8, path: &Path) -> Time {
        let Some(address) = path.address(ttl) else { return self.own(ttl) };
        let others = (1..=u8::MAX).zip(&self.0[1..]);
        let same = others.filter(|(other, _)| path.address(*other) == Some(address));
        same.fold(self.own(ttl), |latest, (_, &time)| latest.max(time))
    }

    /// `ttl` may be asked from `time` on.
    pub fn set(&mut self, ttl: u8, time: Time) {
        self.0[usize::from(ttl)] = time;
    }

    /// Changes the distance of everything that was asked.
    pub fn change(&mut self, new: impl Fn(Time) -> Time) {
        for time in self.0.iter_mut().filter(|time| **time != Time::ZERO) {
            *time = new(*time);
        }
    }
}

/// Puts a cycle's TTLs in order, and tells which of them to leave out.
///
/// `shuffle` permutes them; 0 keeps them as they are. Of several TTLs with one responder only the one that
/// has waited longest is asked, in the place of the first of them, so that the responder is asked in even
/// steps.
pub fn order(mut ttls: Vec<u8>, shuffle: u64, distances: &Distances, path: &Path) -> Vec<(u8, bool)> {
    if shuffle != 0 {
        // Nobody moves further than a quarter, so that no hop waits for more than two intervals.
        let stray = u64::try_from(ttls.len() / 4 + 1).unwrap_or(1);
        ttls.sort_by_key(|&ttl| u64::from(ttl) + mix(shuffle ^ u64::from(ttl)) % stray);
    }
    let mut slots: Vec<(u8, bool)> = ttls.into_iter().map(|ttl| (ttl, false)).collect();
    let waited = |ttl: u8| (distances.own(ttl), ttl);
    for first in 0..slots.len() {
        let (ttl, is_left_out) = slots[first];
        let Some(address) = path.address(ttl).filter(|_| !is_left_out) else { continue };
        let mut asked = first;
        for place in first + 1..slots.len() {
            if path.address(slots[place].0) == Some(address) {
                slots[place].1 = true;
                if waited(slots[place].0) < waited(slots[asked].0) {
                    asked = place;
                }
            }
        }
        (slots[first].0, slots[asked].0) = (slots[asked].0, slots[first].0);
    }
    slots
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::engine::probe::{Answer, ProbeNo, Reply};
    use crate::engine::time::Wall;
    use crate::wire::icmp::Icmp;

    /// A path whose hop 1, 2, … is the router with that last byte.
    fn path_of(bytes: &[u8]) -> Path {
        let address = |byte| IpAddr::V4(Ipv4Addr::new(192, 0, 2, byte));
        let mut path = Path::new(address(99), 1, 30);
        for (ttl, &byte) in (1..).zip(bytes) {
            let reply = Reply::new(None, address(byte), Answer::Icmp(Icmp::v4(11, 0)), Time::ZERO, Wall(0));
            path.observe(ProbeNo(u32::from(ttl)), ttl, &reply);
        }
        path
    }

    #[test]
    fn one_responder_at_several_hops_takes_turns_in_one_place() {
        let path = path_of(&[1, 7, 2, 7]);
        let mut distances = Distances::new();
        (1..=4).for_each(|ttl| distances.set(ttl, Time::from_millis(u64::from(ttl))));
        let asked = |distances: &Distances| order(vec![1, 2, 3, 4], 0, distances, &path);
        assert_eq!(asked(&distances), [(1, false), (2, false), (3, false), (4, true)]);
        distances.set(2, Time::from_millis(1_000));
        assert_eq!(asked(&distances), [(1, false), (4, false), (3, false), (2, true)]);
        assert_eq!(distances.ready(4, &path), Time::from_millis(1_000));
        assert_eq!(distances.ready(3, &path), Time::from_millis(3));
    }

    #[test]
    fn a_shuffle_moves_nobody_far() {
        let path = path_of(&[]);
        let ttls: Vec<u8> = (1..=20).collect();
        for shuffle in 1..200 {
            let slots = order(ttls.clone(), shuffle, &Distances::new(), &path);
            assert!(slots.iter().all(|(_, left_out)| !left_out));
            for (place, (ttl, _)) in (1u8..).zip(slots) {
                assert!(ttl.abs_diff(place) <= 5, "{ttl} at {place}");
            }
        }
    }
}
