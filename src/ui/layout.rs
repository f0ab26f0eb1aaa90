//! Where things go: the areas of the screen, and the columns of the table.

use ratatui::layout::Rect;

use crate::report::figures::{FIGURES, Figure, SPARE, USUAL};

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
    /// How many lines the verdict may have; one that says that all is well, only where there is plenty of room.
    pub const fn verdict_room(height: u16, is_well: bool) -> u16 {
        match height {
            0..6 => 0,
            6..10 => 1,
            10..20 if is_well => 1,
            _ => 2,
        }
    }

    /// The areas of `area`; the fault's is empty without one, and the verdict has `lines` as far as there is room.
    pub fn of(area: Rect, fault: bool, lines: u16) -> Self {
        let header = match area.height {
            0..4 => 0,
            4..8 => 1,
            _ => 2,
        };
        let fault = u16::from(fault && area.height >= 4);
        let verdict = lines.max(1).min(Self::verdict_room(area.height, false));
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
/// The width that the strip keeps before figures that not everybody looks for get room.
const ROOMY: u16 = 40;
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
    /// The columns that have room, in the order asked for, or as [`FIGURES`] has them.
    pub shown: Vec<&'static Figure>,
    /// The strip; 0 without room for one.
    pub strip: u16,
}

impl Columns {
    /// Shares out `width` cells; `hosts` is what the longest host takes, `origins` what the longest origin
    /// takes without and with its name, nothing where none are wanted.
    ///
    /// Columns get room by rank until one has none, or those of `order` from its start; the origin, which somebody asked for, only lets the figures
    /// go first that are an alarm. What is left goes to the host and then to the origin's name as far as they
    /// need it, but at most by halves, and to the strip.
    pub fn new(
        width: u16,
        ttl: u16,
        hosts: u16,
        origins: (u16, u16),
        order: Option<&[&'static Figure]>,
    ) -> Self {
        let floor = (width / 10 * 3).clamp(HOST.0, HOST.1);
        let mut left = width.saturating_sub(ttl + 1);
        let mut host = floor.min(left);
        left -= host;
        let (mut origin, named) = origins;
        match left.checked_sub(origin + 1) {
            Some(rest) if origin > 0 && rest >= BEFORE_ORIGIN => left = rest,
            _ => origin = 0,
        }
        let (mut shown, has_strip) = figures(&mut left, order);
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
        if order.is_none() {
            left -= spare(left, &mut shown);
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

/// The figures that fit into `left`, which their columns are taken from, and whether a strip does, too.
fn figures(left: &mut u16, order: Option<&[&'static Figure]>) -> (Vec<&'static Figure>, bool) {
    let mut ranked: Vec<(u16, u16, Option<&'static Figure>)> = if let Some(order) = order {
        (0..).zip(order).map(|(rank, &figure)| (rank, figure.width as u16, Some(figure))).collect()
    } else {
        let usual = FIGURES.iter().filter(|figure| figure.rank <= USUAL);
        usual.map(|figure| (figure.rank.into(), figure.width as u16, Some(figure))).collect()
    };
    // Who asks for figures gets them before the strip.
    let strip_rank = if order.is_some() { u16::MAX } else { STRIP.1.into() };
    ranked.push((strip_rank, STRIP.0, None));
    ranked.sort_by_key(|(rank, ..)| *rank);
    let fits = ranked.iter().take_while(|(_, width, _)| {
        let rest = left.checked_sub(width + 1);
        *left = rest.unwrap_or(*left);
        rest.is_some()
    });
    let fits: Vec<Option<&'static Figure>> = fits.map(|(.., figure)| *figure).collect();
    let mut shown: Vec<&'static Figure> = fits.iter().copied().flatten().collect();
    if order.is_none() {
        let place = |figure: &&Figure| FIGURES.iter().position(|other| other.letter == figure.letter);
        shown.sort_by_key(place);
    }
    (shown, fits.iter().any(Option::is_none))
}

/// Adds further figures where the strip has plenty; gives how many cells they take from it.
fn spare(left: u16, shown: &mut Vec<&'static Figure>) -> u16 {
    let mut more: Vec<&'static Figure> =
        FIGURES.iter().filter(|figure| (USUAL + 1..=SPARE).contains(&figure.rank)).collect();
    more.sort_by_key(|figure| figure.rank);
    let mut taken = 0;
    let fits = more.iter().take_while(|figure| {
        let needed = taken + figure.width as u16 + 1;
        let fits = left + STRIP.0 >= needed + ROOMY;
        if fits {
            taken = needed;
        }
        fits
    });
    let fits: Vec<char> = fits.map(|figure| figure.letter).collect();
    shown.extend(FIGURES.iter().filter(|figure| fits.contains(&figure.letter)));
    taken
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
            (200, "Loss% Snt Last Avg Best Wrst StDev P50 P95 P99 Javg", 30),
            (110, "Loss% Snt Last Avg Best Wrst StDev", 15),
            (80, "Loss% Snt Last Avg Wrst", 7),
            (60, "Loss% Last Avg", 7),
            (45, "Loss% Avg", 7),
            (44, "Loss% Avg", 0),
        ] {
            let columns = Columns::new(width, 3, 30, (7, 30), None);
            assert_eq!((names(&columns).join(" ").as_str(), columns.origin), (expected, origin), "{width}");
        }
    }

    #[test]
    fn columns_drop_by_rank() {
        for (width, expected) in [
            (200, "Loss% Snt Last Avg Best Wrst StDev P50 P95 P99 Javg"),
            (80, "Loss% Snt Last Avg Best Wrst StDev"),
            (79, "Loss% Snt Last Avg Best Wrst StDev"),
            (72, "Loss% Snt Last Avg Best Wrst"),
            (60, "Loss% Snt Last Avg"),
            (50, "Loss% Avg"),
            (32, "Loss%"),
            (20, ""),
        ] {
            assert_eq!(names(&Columns::new(width, 3, 40, (0, 0), None)).join(" "), expected, "{width}");
        }
    }

    #[test]
    fn an_order_that_is_asked_for_is_kept_and_loses_its_end_first() {
        let order = crate::report::figures::order("9L5AM").unwrap();
        for (width, expected) in
            [(200, "P95 Loss% P50 Avg Javg"), (50, "P95 Loss% P50 Avg"), (36, "P95"), (20, "")]
        {
            assert_eq!(
                names(&Columns::new(width, 3, 30, (0, 0), Some(&order))).join(" "),
                expected,
                "{width}"
            );
        }
    }

    #[test]
    fn long_hosts_take_half_of_what_is_left() {
        let (short, long) = (Columns::new(200, 3, 15, (0, 0), None), Columns::new(200, 3, 60, (0, 0), None));
        assert_eq!((short.host, long.host), (30, 60));
        assert_eq!(short.strip - long.strip, 30);
    }

    proptest! {
        #[test]
        fn a_table_never_outgrows_its_width(
            (width, ttl, hosts) in (0u16..400, 3u16..8, 0u16..300),
            (number, name) in (0u16..13, 0u16..60),
        ) {
            let columns = Columns::new(width, ttl, hosts, (number, number + name), None);
            let figures: u16 = columns.shown.iter().map(|figure| figure.width as u16 + 1).sum();
            let strip = if columns.strip > 0 { columns.strip + 1 } else { 0 };
            prop_assert!(columns.host_at() + columns.host + figures + strip <= width.max(ttl + 1));
        }

        #[test]
        fn areas_fill_the_screen_without_overlap(height in 0u16..100, fault in any::<bool>(), lines in 0u16..4) {
            let area = Rect::new(0, 0, 80, height);
            let areas = Areas::of(area, fault, lines);
            let heights = [areas.header, areas.verdict, areas.fault, areas.body, areas.footer].map(|part| part.height);
            prop_assert_eq!(heights.iter().sum::<u16>(), height);
            prop_assert_eq!(areas.footer.bottom(), height);
        }
    }
}
