//! What is special about a hop, in words.

use crate::engine::path::End;
use crate::engine::probe::Quoted;
use crate::engine::round::Row;
use crate::engine::table::{RowState, TableRow};
use crate::report::words::{mark, state};
use crate::watch::View;
use crate::wire::icmp::{Icmp, Kind, Unreachable};

/// Every mark of a row.
pub fn of(row: &TableRow, view: &View, settled: bool) -> Vec<String> {
    let mut marks = Vec::new();
    match row.state {
        RowState::NoAnswer if settled => marks.push("nobody has answered here".to_owned()),
        RowState::NoAnswer => marks.push("no answer yet".to_owned()),
        _ => marks.extend(state(row, view)),
    }
    if row.row == Row::Target && row.upto > row.ttl {
        marks.push("branches of unequal length lead to it".to_owned());
    }
    if row.hop.by_target {
        marks.push("time exceeded from the target's own address, before the path's end".to_owned());
    }
    match view.snapshot.path.end {
        End::Other { ttl, .. } if row.row == Row::Hop(ttl) => {
            marks.push("answers in the target's place: probes go no further".to_owned());
        }
        End::Loop { ttl } if row.row == Row::Hop(ttl) => {
            marks.push("packets go round in a circle: the same two routers answer by turns".to_owned());
        }
        _ => {}
    }
    marks.extend(
        row.hop.refusal.map(|icmp| {
            format!("{} ({}, ICMP type {} code {})", reason(icmp), mark(icmp), icmp.ty, icmp.code)
        }),
    );
    if row.hop.other_flow {
        marks.push(
            "asked in flows of its own, as its answers name no probe: balancers may send it another way"
                .to_owned(),
        );
    }
    if let Some(quoted) = row.hop.quoted {
        // Those that refuse or are meant themselves, and the inside of a tunnel, leave some of the TTL.
        let is_plain = row.hop.refusal.is_none() && row.row != Row::Target && row.hop.labels.is_empty();
        marks.extend(meddled(quoted, view.about.tos, is_plain));
    }
    if row.hop.rewritten {
        marks.push("a NAT on the way rewrote the destination that it quotes".to_owned());
    }
    marks
}

/// What was done to a probe's IP header on its way, by what the router quoted of it.
fn meddled(quoted: Quoted, sent: u8, is_plain: bool) -> Vec<String> {
    let mut marks = Vec::new();
    // The last two bits are for ECN, which routers and this machine's own TCP may set.
    if quoted.tos & !3 != sent & !3 {
        marks.push(format!("type of service {sent:#04x} was rewritten to {:#04x} on the way", quoted.tos));
    }
    // Some routers count down before they look, and quote the 0 that comes of it.
    if quoted.ttl > 1 && is_plain {
        marks.push(format!("quotes a TTL of {}: a tunnel, or a device that set it anew", quoted.ttl));
    }
    marks
}

/// What an ICMP message says, in words.
const fn reason(icmp: Icmp) -> &'static str {
    match icmp.kind() {
        Kind::TimeExceeded => "the TTL ran out",
        Kind::EchoReply => "an echo reply",
        Kind::Other => "an answer of another kind",
        Kind::Unreachable(why) => match why {
            Unreachable::Network => "refuses: no route to the network",
            Unreachable::Host => "refuses: the host is not reachable",
            Unreachable::Protocol => "refuses: the protocol is not spoken there",
            Unreachable::Port => "says that nobody listens at the port",
            Unreachable::TooBig => "refuses: the packet is too big for the next link",
            Unreachable::SourceRoute => "refuses: the source route failed",
            Unreachable::Prohibited => "refuses: a filter forbids it",
            Unreachable::Code(_) => "refuses",
        },
    }
}

/// The TTL that the last answer arrived with, and how many hops back that suggests.
pub fn way_back(row: &TableRow) -> Option<String> {
    let left = row.hop.reply_ttl?;
    let (back, initial) = row.hop.way_back()?;
    let hops = if back == 1 { "hop" } else { "hops" };
    let there = if back == row.ttl { String::new() } else { format!(", {} there", row.ttl) };
    Some(format!("{left} on arrival: {back} {hops} back if it began with {initial}{there}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::span::Span;
    use crate::ui::testing::Scene;

    #[test]
    fn the_way_back_begins_with_the_nearest_usual_ttl() {
        let scene = Scene::new().hop("198.51.100.1", 1.0).hop("198.51.100.2", 2.0);
        let mut row = scene.view().snapshot.table(Span::All).rows[1].clone();
        for (left, expected) in [
            (64, "64 on arrival: 1 hop back if it began with 64, 2 there"),
            (127, "127 on arrival: 2 hops back if it began with 128"),
            (129, "129 on arrival: 127 hops back if it began with 255, 2 there"),
            (254, "254 on arrival: 2 hops back if it began with 255"),
            (0, "0 on arrival: 65 hops back if it began with 64, 2 there"),
        ] {
            row.hop.reply_ttl = Some(left);
            assert_eq!(way_back(&row).as_deref(), Some(expected));
        }
        row.hop.reply_ttl = None;
        assert_eq!(way_back(&row), None);
    }
}
