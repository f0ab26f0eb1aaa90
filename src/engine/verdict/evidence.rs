//! What the verdict is read from: every row's tries in clock time, over one span.

use super::super::history::History;
use super::super::path::{End, PathView};
use super::super::round::{Round, Row, Try};
use super::super::span::Span;
use super::super::stats::Counts;
use super::super::time::Time;
use super::spread::Spread;
use crate::wire::icmp::Icmp;
use std::net::IpAddr;

/// Tries below which nothing is said.
pub const GATHERING: u32 = 10;

/// A try that is decided, and when it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When, in ms since the evidence began.
    pub at: u32,
    /// What it gave.
    pub gave: Gave,
}

/// What a decided try gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gave {
    /// An answer, after so many µs.
    Answer(u32),
    /// Nothing.
    Nothing,
    /// A refusal.
    Refusal,
    /// It never left this machine.
    NotSent,
}

/// A row's tries.
#[derive(Clone, Debug)]
pub struct RowEvidence {
    /// Which row.
    pub row: Row,
    /// Its TTL; for the target the lowest that reached it last.
    pub ttl: u8,
    /// The tries in order, refused ones and such as were not sent among them.
    pub samples: Vec<Sample>,
    /// Answered, in time or late.
    pub answered: u32,
    /// Lost.
    pub lost: u32,
    /// Refused.
    pub refused: u32,
    /// Not sent.
    pub not_sent: u32,
    /// Answered and lost while it was asked less often than the others; part of none of the above.
    pub slow: (u32, u32),
    /// It is asked in flows of its own, which may go another way.
    pub other_flow: bool,
    /// It quotes MPLS labels: its answers may go on to the tunnel's end before they come back.
    pub labelled: bool,
    /// Its answers carry the target's address.
    pub by_target: bool,
}

impl RowEvidence {
    /// A row without tries.
    pub fn new(row: Row, path: &PathView) -> Self {
        let view = match row {
            Row::Hop(ttl) => path.hops.get(usize::from(ttl).wrapping_sub(1)),
            Row::Target => Some(&path.target),
        };
        Self {
            row,
            ttl: 0,
            samples: Vec::new(),
            answered: 0,
            lost: 0,
            refused: 0,
            not_sent: 0,
            slow: (0, 0),
            other_flow: view.is_some_and(|view| view.other_flow),
            labelled: view.is_some_and(|view| !view.labels.is_empty()),
            by_target: row != Row::Target && view.is_some_and(|view| view.by_target),
        }
    }

    /// Takes in what became of a try.
    fn push(&mut self, at: u32, outcome: Try, is_slowed: bool) {
        if is_slowed {
            match outcome {
                Try::Answered { .. } | Try::Late { .. } => self.slow.0 += 1,
                Try::Lost => self.slow.1 += 1,
                _ => {}
            }
            return;
        }
        let (gave, count) = match outcome {
            Try::Answered { us, .. } | Try::Late { us, .. } => (Gave::Answer(us), &mut self.answered),
            Try::Lost => (Gave::Nothing, &mut self.lost),
            Try::Refused { .. } => (Gave::Refusal, &mut self.refused),
            Try::NotSent => (Gave::NotSent, &mut self.not_sent),
            Try::InFlight | Try::Skipped => return,
        };
        *count += 1;
        self.samples.push(Sample { at, gave });
    }

    /// Leaves only the tries that were due when `is_kept` says.
    pub fn retain(&mut self, is_kept: impl Fn(u32) -> bool) {
        self.samples.retain(|sample| is_kept(sample.at));
        (self.answered, self.lost, self.refused, self.not_sent) = (0, 0, 0, 0);
        for sample in &self.samples {
            *match sample.gave {
                Gave::Answer(_) => &mut self.answered,
                Gave::Nothing => &mut self.lost,
                Gave::Refusal => &mut self.refused,
                Gave::NotSent => &mut self.not_sent,
            } += 1;
        }
    }

    /// What its counts alone say of its loss; `None` without any.
    pub fn summed(&self) -> Option<Spread> {
        // How its losses cluster is not known here.
        let (answered, lost) = (self.answered.into(), self.lost.into());
        let share = Counts { answered, lost, bursts: lost, ..Counts::default() }.loss()?;
        let (rate, ci95) = (share.pct / 100.0, share.ci95.map(|end| end / 100.0));
        Some(Spread { tries: self.judged(), lost: self.lost, rate, ci95, ..Spread::default() })
    }

    /// Tries that tell something about loss.
    pub const fn judged(&self) -> u32 {
        self.answered + self.lost
    }

    /// Whether each of the tries that tell something about loss was lost, and when it was due.
    pub fn losses(&self) -> impl DoubleEndedIterator<Item = (u32, bool)> {
        self.samples.iter().filter_map(|sample| match sample.gave {
            Gave::Answer(_) => Some((sample.at, false)),
            Gave::Nothing => Some((sample.at, true)),
            Gave::Refusal | Gave::NotSent => None,
        })
    }

    /// The round-trip times in µs, and when their tries were due.
    pub fn times(&self) -> impl Iterator<Item = (u32, u32)> {
        self.samples.iter().filter_map(|sample| match sample.gave {
            Gave::Answer(us) => Some((sample.at, us)),
            _ => None,
        })
    }
}

/// The tries of a span, by row.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Hops by TTL, the target last; rows that were never asked are left out.
    pub rows: Vec<RowEvidence>,
    /// What sample times count from.
    pub start: Time,
    /// When the last of the tries was due, in ms since `start`.
    pub length: u32,
    /// The time between two tries to a hop, in ms, as of the last round.
    pub interval: u32,
    /// The moments at which that became another, in ms since `start`.
    pub paces: Vec<u32>,
    /// Where the path ended when the last round was settled.
    pub end: End,
    /// The last stretch of rounds in which someone refused to pass probes on.
    pub refusal: Option<Refusal>,
}

/// A stretch of time in which someone refused to pass probes on, in ms since the evidence began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When the first refused try was due.
    pub from: u32,
    /// When the last was, an interval added.
    pub to: u32,
    /// At which TTL.
    pub ttl: u8,
    /// Who refuses.
    pub address: IpAddr,
    /// With what.
    pub icmp: Icmp,
    /// How many tries.
    pub tries: u32,
}

impl Evidence {
    /// Gathers what the rounds kept try by try hold of a span.
    pub fn of(history: &History, path: &PathView, span: Span) -> Self {
        Self::gather(history.recent(), history, path, span, |_| true)
    }

    /// The same of one row alone, from the given rounds.
    pub fn of_row<'a>(
        row: Row,
        rounds: impl Iterator<Item = &'a Round>,
        history: &History,
        path: &PathView,
        span: Span,
    ) -> Self {
        Self::gather(rounds, history, path, span, |other| other == row)
    }

    /// A round tells when it began and in which order its tries were sent; hops are spread over the interval
    /// by TTL, so a try's time is known to within a part of that.
    fn gather<'a>(
        rounds: impl Iterator<Item = &'a Round>,
        history: &History,
        path: &PathView,
        span: Span,
        is_wanted: impl Fn(Row) -> bool,
    ) -> Self {
        let mut rounds = rounds.filter(|round| span.touches(round.start, round.until())).peekable();
        let start = rounds.peek().map_or(span.from(), |round| round.start);
        let mut all = Self {
            rows: Vec::new(),
            start,
            length: 0,
            interval: 1_000,
            paces: Vec::new(),
            end: End::Silent,
            refusal: None,
        };
        let mut places = [u8::MAX; 256];
        for round in rounds {
            let begin = round.start.millis_since(start);
            let interval = u32::try_from(round.interval.as_millis()).unwrap_or(u32::MAX).max(1);
            if interval != all.interval && begin > 0 {
                all.paces.push(begin);
            }
            (all.interval, all.end) = (interval, round.end);
            if let End::Refused { ttl, address, icmp } = round.end {
                let goes_on =
                    |known: &&mut Refusal| (known.ttl, known.address, known.icmp) == (ttl, address, icmp);
                let to = begin.saturating_add(interval.saturating_mul(3));
                match all.refusal.as_mut().filter(goes_on) {
                    Some(known) => (known.to, known.tries) = (to, known.tries + 3),
                    None => all.refusal = Some(Refusal { from: begin, to, ttl, address, icmp, tries: 3 }),
                }
            }
            let count = round.rows.len() as u32 + 1;
            for (order, part) in (1u32..).zip(&round.rows).filter(|(_, part)| is_wanted(part.row)) {
                let place = &mut places[part.row.index()];
                if *place == u8::MAX {
                    *place = all.rows.len() as u8;
                    all.rows.push(RowEvidence::new(part.row, path));
                }
                let row = &mut all.rows[usize::from(*place)];
                row.ttl = part.ttl;
                for (due, outcome) in round.tries_in(part, span) {
                    let at = due.millis_since(start).saturating_add(interval / count * order);
                    all.length = all.length.max(at);
                    row.push(at, outcome, history.is_slowed(part.row, due));
                }
            }
        }
        all.rows.sort_by_key(|row| row.row);
        all
    }

    /// The same from `from` to `to`, in ms since the start.
    #[must_use]
    pub fn part(&self, from: u32, to: u32) -> Self {
        let mut part = self.clone();
        part.rows.iter_mut().for_each(|row| row.retain(|at| (from..to).contains(&at)));
        part.rows.retain(|row| !row.samples.is_empty());
        part.refusal = part.refusal.filter(|refusal| (from..to).contains(&refusal.from));
        part
    }

    /// The rows whose loss tells of the path, the last of them the one that it is judged up to.
    pub fn carriers(&self, path: &PathView) -> Vec<&RowEvidence> {
        let counts = |row: &&RowEvidence| match row.row {
            Row::Hop(_) => row.answered > 0 && !row.other_flow,
            // A target that answered before is not silent, whatever it does now.
            Row::Target => row.answered > 0 || path.target_ttl.is_some() && row.lost > 0,
        };
        self.rows.iter().filter(counts).collect()
    }

    /// Whether any row answered a try that was due at a moment that `is_within`.
    pub fn is_heard(&self, is_within: impl Fn(u32) -> bool) -> bool {
        let samples = self.rows.iter().flat_map(|row| &row.samples);
        samples.into_iter().any(|sample| matches!(sample.gave, Gave::Answer(_)) && is_within(sample.at))
    }

    /// The target's tries, if it was asked.
    pub fn target(&self) -> Option<&RowEvidence> {
        self.rows.last().filter(|row| row.row == Row::Target)
    }

    /// A moment of the evidence in session time.
    pub fn time(&self, at: u32) -> Time {
        self.start + std::time::Duration::from_millis(at.into())
    }
}
