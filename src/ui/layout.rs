//! Where things go: the areas of the screen, and the columns of the table.

use ratatui::layout::Rect;

use crate::report::figures::{FIGURES, Figure};

/// The areas of the screen, from the top. An area that has no room is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    /// What is watched, and how.
    pub header: Rect,
    /// The verdict.
    pub verdict: Rect,
    /// The local fault.
    pub fault: Rect,
    /// The hop table, or the layer on top of it.
    pub body: Rect,
    /// The keys, a message, or a prompt.
    pub footer: Rect,
}

impl Areas {
    /// The areas of `area`; the fault's is empty without one.
    pub fn of(area: Rect, fault: bool) -> Self {
        let header = match area.height {
            0..4 => 0,
            4..8 => 1,
            _ => 2,
        };
        let fault = u16::from(fault && area.height >= 4);
        let verdict = u16::from(area.height >= 6);
        let footer = u16::from(area.height >= 3);
        let body = area.height.saturating_sub(header + verdict + fault + footer);
        let mut y = area.y;
        let [header, verdict, fault, body, footer] = [header, verdict, fault, body, footer].map(|height| {
            let part = Rect { y, height, ..area };
            y += height;
            part
        });
        Self { header, verdict, fault, body, footer }
    }

    /// How many lines of the table fit below its header.
    pub fn page(&self) -> usize {
        usize::from(self.body.height.saturating_sub(1))
    }
}

/// The least width of the strip, and when it gets room among the columns.
const STRIP: (u16, u8) = (8, 3);
/// The least and the greatest width that the host column claims before the others.
const HOST: (u16, u16) = (20, 30);
/// What must be left for figures where an origin is shown: Loss% and Avg, each with its gap.
const BEFORE_ORIGIN: u16 = 7 + 6;
/// The least part of an origin's name that is worth its place, with the space before it.
const LEAST_NAME: u16 = 8;

/// The widths of the table's parts. Each but the first has a gap of one cell before it.
#[derive(Clone, Debug)]
pub struct Columns {
    /// The target's mark and the TTL.
    pub ttl: u16,
    /// The origin; 0 where it is not shown or has no room.
    pub origin: u16,
    /// The host.
    pub host: u16,
    /// The columns that have room, as [`FIGURES`] orders them.
    pub shown: Vec<&'static Figure>,
    /// The strip; 0 without room for one.
    pub strip: u16,
}

impl Columns {
    /// Shares out `width` cells; `hosts` is what the longest host takes, `origins` what the longest origin
    /// takes without and with its name, nothing where none are wanted.
    ///
    /// Columns get room by rank until one has none; the origin, which somebody asked for, only lets the figures
    /// go first that are an alarm. What is left goes to the host and then to the origin's name as far as they
    /// need it, but at most by halves, and to the strip.
    pub fn new(width: u16, ttl: u16, hosts: u16, origins: (u16, u16)) -> Self {
        let floor = (width / 10 * 3).clamp(HOST.0, HOST.1);
        let mut left = width.saturating_sub(ttl + 1);
        let mut host = floor.min(left);
        left -= host;
        let (mut origin, named) = origins;
        match left.checked_sub(origin + 1) {
            Some(rest) if origin > 0 && rest >= BEFORE_ORIGIN => left = rest,
            _ => origin = 0,
        }
        let mut ranked: Vec<(u8, u16)> =
            FIGURES.iter().map(|figure| (figure.rank, figure.width as u16)).collect();
        ranked.push((STRIP.1, STRIP.0));
        ranked.sort_unstable();
        let mut last = 0;
        for (rank, width) in ranked {
            let Some(rest) = left.checked_sub(width + 1) else { break };
            (left, last) = (rest, rank);
        }
        let shown = FIGURES.iter().filter(|figure| figure.rank <= last).collect();
        let has_strip = STRIP.1 <= last;
        let more = hosts.saturating_sub(host).min(if has_strip { left / 2 } else { left });
        host += more;
        left -= more;
        if origin > 0 {
            let name = named.saturating_sub(origin).min(if has_strip { left / 2 } else { left });
            // A few letters of a name tell nothing.
            if origin + name == named || name >= LEAST_NAME {
                origin += name;
                left -= name;
            }
        }
        Self { ttl, origin, host, shown, strip: if has_strip { STRIP.0 + left } else { 0 } }
    }

    /// Where the host begins, from the left of the table.
    pub const fn host_at(&self) -> u16 {
        let origin = if self.origin > 0 { self.origin + 1 } else { 0 };
        self.ttl + 1 + origin
    }

    /// Where the figures begin, from the left of the table.
    pub const fn figures_at(&self) -> u16 {
        self.host_at() + self.host + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(columns: &Columns) -> Vec<&'static str> {
        columns.shown.iter().map(|figure| figure.header).collect()
    }

    #[test]
    fn origins_get_room_before_all_but_the_alarm() {
        for (width, expected, origin) in [
            (200, "Loss% Snt Last Avg Best Wrst StDev", 30),
            (110, "Loss% Snt Last Avg Best Wrst StDev", 15),
            (80, "Loss% Snt Last Avg Wrst", 7),
            (60, "Loss% Last Avg", 7),
            (45, "Loss% Avg", 7),
            (44, "Loss% Avg", 0),
        ] {
            let columns = Columns::new(width, 3, 30, (7, 30));
            assert_eq!((names(&columns).join(" ").as_str(), columns.origin), (expected, origin), "{width}");
        }
    }

    #[test]
    fn columns_drop_by_rank() {
        for (width, expected) in [
            (200, "Loss% Snt Last Avg Best Wrst StDev"),
            (80, "Loss% Snt Last Avg Best Wrst StDev"),
            (79, "Loss% Snt Last Avg Best Wrst StDev"),
            (72, "Loss% Snt Last Avg Best Wrst"),
            (60, "Loss% Snt Last Avg"),
            (50, "Loss% Avg"),
            (32, "Loss%"),
            (20, ""),
        ] {
            assert_eq!(names(&Columns::new(width, 3, 40, (0, 0))).join(" "), expected, "{width}");
        }
    }

    #[test]
    fn long_hosts_take_half_of_what_is_left() {
        let (short, long) = (Columns::new(200, 3, 15, (0, 0)), Columns::new(200, 3, 60, (0, 0)));
        assert_eq!((short.host, long.host), (30, 60));
        assert_eq!(short.strip - long.strip, 30);
    }

    proptest! {
        #[test]
        fn a_table_never_outgrows_its_width(
            (width, ttl, hosts) in (0u16..400, 3u16..8, 0u16..300),
            (number, name) in (0u16..13, 0u16..60),
        ) {
            let columns = Columns::new(width, ttl, hosts, (number, number + name));
            let figures: u16 = columns.shown.iter().map(|figure| figure.width as u16 + 1).sum();
            let strip = if columns.strip > 0 { columns.strip + 1 } else { 0 };
            prop_assert!(columns.host_at() + columns.host + figures + strip <= width.max(ttl + 1));
        }

        #[test]
        fn areas_fill_the_screen_without_overlap(height in 0u16..100, fault in any::<bool>()) {
            let area = Rect::new(0, 0, 80, height);
            let areas = Areas::of(area, fault);
            let heights = [areas.header, areas.verdict, areas.fault, areas.body, areas.footer].map(|part| part.height);
            prop_assert_eq!(heights.iter().sum::<u16>(), height);
            prop_assert_eq!(areas.footer.bottom(), height);
        }
    }
}
