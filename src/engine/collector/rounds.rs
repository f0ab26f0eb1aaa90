//! Probes as the rounds that they make up.

use super::entry::State;
use super::{Collector, Open};
use crate::engine::path::Path;
use crate::engine::probe::ProbeNo;
use crate::engine::round::{Responders, Round, RoundRow, Row, Tries};

/// Where a probe is booked: the row and the place in it, or past the end.
type Booking = (ProbeNo, Option<(Row, u8)>);

impl Collector {
    /// The oldest open round, once all of its tries are decided and no more will come (`closed`, or a
    /// later round has begun).
    pub fn settle(&mut self, path: &Path, closed: bool) -> Option<Round> {
        let open = *self.rounds.front()?;
        let end = self.rounds.get(1).map_or(self.next(), |next| next.first);
        let is_over = closed || self.rounds.len() > 1;
        // `undecided` stops at the first probe in flight, so answered ones behind it are looked through.
        let waits = self.range(open.first, end).any(|(_, entry)| entry.state == State::InFlight);
        if !is_over || waits {
            return None;
        }
        self.rounds.pop_front();
        let (round, booked) = self.assemble(open, end, path);
        for (no, place) in booked {
            match place {
                Some(_) => {
                    let offset = self.offset(no);
                    self.entries[offset].booked = place;
                }
                None => self.overshoot += 1,
            }
        }
        Some(round)
    }

    /// The rounds still open, as they stand, and the probes past the end in all rounds.
    pub fn open_rounds(&self, path: &Path) -> (Vec<Round>, u64) {
        let mut overshoot = self.overshoot;
        let ends = self.rounds.iter().skip(1).map(|next| next.first).chain([self.next()]);
        let rounds = self.rounds.iter().zip(ends).map(|(&open, end)| {
            let (round, booked) = self.assemble(open, end, path);
            overshoot += booked.iter().filter(|(_, place)| place.is_none()).count() as u64;
            round
        });
        (rounds.collect(), overshoot)
    }

    fn assemble(&self, open: Open, end: ProbeNo, path: &Path) -> (Round, Vec<Booking>) {
        let mut rows: Vec<RoundRow> = Vec::new();
        let mut booked = Vec::new();
        for (no, entry) in self.range(open.first, end) {
            let Some(row) = entry.row(path) else {
                if entry.state != State::Skipped {
                    booked.push((no, None));
                }
                continue;
            };
            let at = rows.iter().position(|part| part.row == row).unwrap_or_else(|| {
                let part =
                    RoundRow { row, ttl: entry.ttl, responders: Responders::new(), tries: Tries::new() };
                rows.push(part);
                rows.len() - 1
            });
            let part = &mut rows[at];
            part.ttl = part.ttl.min(entry.ttl);
            booked.push((no, Some((row, u8::try_from(part.tries.len()).unwrap_or(u8::MAX)))));
            let outcome = entry.outcome(&mut part.responders);
            part.tries.push(outcome);
        }
        rows.sort_by_key(|part| part.row);
        let Open { number, start, interval, .. } = open;
        (Round { number, start, interval, end: path.end(), rows }, booked)
    }
}
