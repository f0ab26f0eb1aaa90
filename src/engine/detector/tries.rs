//! Which row is watched, and what its tries say about the target.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::engine::end::End;
use crate::engine::round::{Round, RoundRow, Row, Try};
use crate::engine::time::Time;
use crate::wire::icmp::Icmp;

/// Rounds that show which hop can stand in for a silent target.
const TRIAL: usize = 4;

/// The row that events are judged at: the target, once it has answered; before that the last hop that
/// answers steadily.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    row: Option<Row>,
    rounds: usize,
}

impl Watched {
    /// The row, if one is known.
    pub const fn row(&self) -> Option<Row> {
        self.row
    }

    /// Looks at the latest round. Gives whether another row than before is watched from here on.
    pub fn choose(&mut self, rounds: &VecDeque<Round>) -> bool {
        if self.row == Some(Row::Target) {
            return false;
        }
        let Some(latest) = rounds.back() else { return false };
        self.rounds += 1;
        let is_answered = |part: &RoundRow| part.tries.iter().any(|outcome| outcome.us().is_some());
        if latest.row(Row::Target).is_some_and(is_answered) {
            return self.row.replace(Row::Target).is_some();
        }
        if self.rounds >= TRIAL && self.rounds.is_multiple_of(TRIAL) {
            let best = steady(rounds);
            // A stand-in keeps its part until one behind it answers as well, or its row is gone.
            let is_gone = self.row.is_some_and(|row| latest.row(row).is_none());
            if best.is_some() && (best > self.row || is_gone) {
                return std::mem::replace(&mut self.row, best).is_some();
            }
        }
        false
    }
}

/// The last hop that answered all but one of its latest tries.
fn steady(rounds: &VecDeque<Round>) -> Option<Row> {
    let latest = || rounds.iter().rev().take(TRIAL);
    let rows = latest().flat_map(|round| &round.rows).map(|part| part.row);
    let mut hops: Vec<Row> = rows.filter(|row| *row != Row::Target).collect();
    hops.sort_unstable();
    hops.dedup();
    hops.into_iter().rev().find(|row| {
        let tries = || latest().filter_map(|round| round.row(*row)).flat_map(|part| &part.tries);
        let answered = tries().filter(|outcome| outcome.us().is_some()).count();
        let failed = tries().filter(|outcome| matches!(outcome, Try::Lost | Try::Refused { .. })).count();
        answered >= TRIAL && failed <= 1
    })
}

/// One try of the watched row.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// When it was due.
    pub at: Time,
    /// Its round.
    pub round: u32,
    /// Its place in the round.
    pub index: u8,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a try, as the watched row sees it.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// Answered, after so many µs.
    Answered(u32),
    /// Not answered, or only too late.
    Lost,
    /// Refused, by whom and with what if that is known.
    Refused(Option<(IpAddr, Icmp)>),
}

impl Fate {
    /// Whether the target was not reached.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Answered(_))
    }
}

/// What the tries of a round say about `row`, in the order sent.
///
/// Where the path ends before it, the tries of the hop that it ends at stand for its own, which are not sent.
pub fn outcomes(round: &Round, row: Row) -> Vec<Outcome> {
    let own = round.row(row);
    let place = match round.end {
        End::Refused { ttl, .. } | End::Other { ttl, .. } | End::Loop { ttl } => round.row(Row::Hop(ttl)),
        _ => None,
    }
    .filter(|part| part.row < row);
    let tries = [own, place].into_iter().flatten().map(|part| part.tries.len()).max().unwrap_or_default();
    let outcome = |index: u8| {
        let fate = own
            .and_then(|part| own_fate(round, part, index))
            .or_else(|| place.and_then(|part| fate_in_place(round, part, index)))?;
        Some(Outcome { at: round.due(index.into()), round: round.number, index, fate })
    };
    (0..u8::try_from(tries).unwrap_or(u8::MAX)).filter_map(outcome).collect()
}

fn own_fate(round: &Round, part: &RoundRow, index: u8) -> Option<Fate> {
    Some(match *part.tries.get(usize::from(index))? {
        Try::Answered { us, .. } | Try::Late { us, .. } => Fate::Answered(us),
        Try::Lost => Fate::Lost,
        Try::Refused { by } => Fate::Refused(refuser(round, part, by)),
        Try::InFlight | Try::NotSent | Try::Skipped => return None,
    })
}

/// What a try of the hop that the path ends at says about those behind.
fn fate_in_place(round: &Round, part: &RoundRow, index: u8) -> Option<Fate> {
    Some(match (*part.tries.get(usize::from(index))?, round.end) {
        (Try::Refused { by }, _) => Fate::Refused(refuser(round, part, by)),
        (Try::Answered { .. } | Try::Late { .. }, End::Other { address, icmp, .. }) => {
            Fate::Refused(Some((address, icmp)))
        }
        (Try::Answered { .. } | Try::Late { .. }, End::Loop { .. }) | (Try::Lost, _) => Fate::Lost,
        _ => return None,
    })
}

fn refuser(round: &Round, part: &RoundRow, by: u8) -> Option<(IpAddr, Icmp)> {
    let who = part.responders.get(usize::from(by))?;
    match round.end {
        End::Refused { address, icmp, .. } | End::Other { address, icmp, .. } if address == *who => {
            Some((address, icmp))
        }
        _ => None,
    }
}
