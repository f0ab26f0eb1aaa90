//! Whether this machine itself drops SYNs: a local firewall that does so tells nobody.
//!
//! Linux sends a SYN again after a second, and tells whether that one has left the machine (`tcpi_retrans` beside
//! `tcpi_total_retrans`, `TCP_INFO`). So while nothing at all is answered, one connection besides the probes, whose
//! answer counts nowhere, lives until then.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::socket::getsockopt;

use super::attempts::Attempt;
use super::socket::{self, TcpInfo};
use crate::engine::probe::ProbeNo;
use crate::engine::time::Time;
use crate::net::channel::ChannelConfig;

/// When the SYN has been sent again: after a second (RFC 6298, 2), and the tenth of one that the kernel's timers may
/// be late.
const AGAIN: Duration = Duration::from_millis(1_150);
/// The state of a connection that waits for the answer to its SYN (`linux/tcp_states.h`).
const SYN_SENT: u8 = 2;
/// Probes remembered.
const MOST: usize = 512;

/// What has come to nothing since the last answer.
#[derive(Debug, Default)]
pub struct Silence {
    answered: Option<Time>,
    /// The TTLs of all probes that were ever answered.
    answering: BTreeSet<u8>,
    /// Probes given up since, oldest first, that nobody has been told of.
    given_up: VecDeque<ProbeNo>,
    test: Option<Test>,
    /// Those that were given up by the end of a test that found SYNs dropped.
    dropped: VecDeque<ProbeNo>,
}

/// The connection besides the probes.
#[derive(Debug)]
struct Test {
    stream: TcpStream,
    due: Time,
}

impl Silence {
    /// A probe with this TTL was answered: SYNs leave.
    pub fn end(&mut self, now: Time, ttl: u8) {
        let mut answering = std::mem::take(&mut self.answering);
        answering.insert(ttl);
        *self = Self { answered: Some(now), answering, ..Self::default() };
    }

    /// A probe was given up. Where others were answered before, the silence of one that none was to proves nothing.
    pub fn given_up(&mut self, now: Time, attempt: &Attempt, config: &ChannelConfig) {
        if self.answered > Some(attempt.sent.time) {
            return;
        }
        if self.given_up.len() == MOST {
            self.given_up.pop_front();
        }
        self.given_up.push_back(attempt.no);
        let is_odd = self.answering.is_empty() || self.answering.contains(&attempt.ttl);
        if self.test.is_none() && is_odd {
            self.test = Test::begin(now, attempt.ttl, config).ok();
        }
    }

    /// A probe that this machine has dropped, as is known by now.
    pub fn poll(&mut self, now: Time) -> Option<ProbeNo> {
        if let Some(test) = self.test.take_if(|test| test.due <= now) {
            let given_up = std::mem::take(&mut self.given_up);
            if test.was_dropped() {
                self.dropped.extend(given_up);
            }
        }
        self.dropped.pop_front()
    }

    /// When [`poll`](Self::poll) will know more.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.test.as_ref().map(|test| test.due)
    }
}

impl Test {
    fn begin(now: Time, ttl: u8, config: &ChannelConfig) -> io::Result<Self> {
        let stream = socket::connect(socket::open(config, ttl, None)?, config.target)?;
        Ok(Self { stream, due: now + AGAIN })
    }

    fn was_dropped(&self) -> bool {
        getsockopt(&self.stream, TcpInfo)
            .is_ok_and(|info| is_dropped(info.tcpi_state, info.tcpi_total_retrans, info.tcpi_retrans))
    }
}

/// A SYN was sent again, and did not get out: the connection still waits, and of all that was sent again none is on
/// its way. An answer takes the second SYN from those, too, but ends the waiting.
const fn is_dropped(state: u8, sent_again: u32, on_their_way: u32) -> bool {
    state == SYN_SENT && sent_again > 0 && on_their_way == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_second_syn_that_did_not_leave_tells() {
        const ESTABLISHED: u8 = 1;
        assert!(is_dropped(SYN_SENT, 1, 0));
        assert!(!is_dropped(SYN_SENT, 0, 0), "not sent again yet");
        assert!(!is_dropped(SYN_SENT, 1, 1), "lost on the way");
        assert!(!is_dropped(ESTABLISHED, 1, 0), "the first was lost on the way, the second answered");
    }
}
