//! Who answers at one hop, and whether that has changed.

use std::net::IpAddr;

use crate::engine::round::MAX_RESPONDERS;
use crate::engine::time::Time;

/// Answers of the hop after which a responder that gave none of them is no longer known there.
const FORGET: u32 = 60;

/// The responders of one hop.
#[derive(Clone, Debug, Default)]
pub struct Hop {
    /// Those who answer now, and how many answers of others came since their last.
    known: Vec<(IpAddr, u32)>,
    /// All who answered in this epoch, in order of address.
    members: Vec<IpAddr>,
    /// Those who did in the epoch before.
    previous: Vec<IpAddr>,
    /// Answers in a row from addresses that are not known, and when the first of them was asked for.
    new: Option<(Time, u32, Vec<IpAddr>)>,
    /// Someone who is known has answered in this epoch.
    is_heard: bool,
}

/// What an answer says about the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing that matters.
    Nothing,
    /// Traffic is balanced over old and new addresses here; one of the new answered here in the epoch before.
    Balanced {
        /// It did.
        returned: bool,
    },
    /// The hop is another now.
    Changed,
}

impl Hop {
    /// A hop that these answered at, in order of address.
    pub fn of(members: &[IpAddr]) -> Self {
        let known = members.iter().map(|who| (*who, 0)).collect();
        Self { known, members: members.to_vec(), is_heard: !members.is_empty(), ..Self::default() }
    }

    /// `who` answered; `needed` answers in a row from a new address are a change, of several as many for each.
    pub fn hear(&mut self, at: Time, who: IpAddr, needed: u32) -> Heard {
        let place = self.known.iter().position(|(known, _)| *known == who);
        let Some(place) = place else {
            if !self.is_heard {
                // Nobody has answered here yet in this epoch.
                self.known = vec![(who, 0)];
                self.members = vec![who];
                self.is_heard = true;
                return Heard::Nothing;
            }
            let (_, run, addresses) = self.new.get_or_insert((at, 0, Vec::new()));
            *run += 1;
            if !addresses.contains(&who) && addresses.len() < MAX_RESPONDERS {
                addresses.push(who);
            }
            let many = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
            return if *run >= needed * many { Heard::Changed } else { Heard::Nothing };
        };
        self.is_heard = true;
        for (index, (_, age)) in self.known.iter_mut().enumerate() {
            *age = if index == place { 0 } else { *age + 1 };
        }
        self.known.retain(|(_, age)| *age < FORGET);
        let Some((_, _, joined)) = self.new.take() else { return Heard::Nothing };
        let returned = joined.iter().any(|who| self.previous.contains(who));
        for who in joined {
            self.known.push((who, 0));
            self.join(who);
        }
        self.known.truncate(MAX_RESPONDERS);
        Heard::Balanced { returned }
    }

    /// Since when only new addresses answer, if they do.
    pub fn new_since(&self) -> Option<Time> {
        self.new.as_ref().map(|(since, ..)| *since)
    }

    /// The path is another one from here on.
    pub fn begin_epoch(&mut self) {
        self.previous = std::mem::take(&mut self.members);
        self.is_heard = false;
        if let Some((_, _, addresses)) = self.new.take() {
            self.known = addresses.into_iter().map(|who| (who, 0)).collect();
            self.is_heard = true;
        }
        for (who, _) in self.known.clone() {
            self.join(who);
        }
    }

    /// All who answered in this epoch, in order of address.
    pub fn members(&self) -> &[IpAddr] {
        &self.members
    }

    fn join(&mut self, who: IpAddr) {
        if let Err(place) = self.members.binary_search(&who)
            && self.members.len() < MAX_RESPONDERS
        {
            self.members.insert(place, who);
        }
    }
}
