//! The figures of a hop and how a host is called: one table of columns, for the screen and the reports.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::engine::table::{Rtt, TableRow};
use crate::names::Names;
use crate::settings::Hosts;
use crate::wire::icmp::{Icmp, Kind};

/// A column of figures.
#[derive(Debug)]
pub struct Column {
    /// Its header: mtr's name for it.
    pub name: &'static str,
    /// Cells that its widest text takes.
    pub width: u16,
    /// The order in which columns get room: the lowest first.
    pub rank: u8,
    /// What it means, in a few words.
    pub help: &'static str,
    /// Its text for a row; empty where there is nothing to say.
    pub text: fn(&TableRow) -> String,
}

/// The columns, in the order shown.
pub const COLUMNS: &[Column] = &[
    Column {
        name: "Loss%",
        width: 6,
        rank: 1,
        help: "lost, of the tries that are decided",
        text: |row| row.loss.map(|loss| format!("{:.1}%", loss.pct)).unwrap_or_default(),
    },
    Column { name: "Snt", width: 5, rank: 5, help: "tries sent", text: |row| count(row.counts.sent()) },
    Column {
        name: "Last",
        width: 6,
        rank: 4,
        help: "the latest try's time in ms; blank after a loss",
        text: |row| time(row, |rtt| rtt.last),
    },
    Column {
        name: "Avg",
        width: 6,
        rank: 2,
        help: "the mean time",
        text: |row| time(row, |rtt| Some(rtt.avg)),
    },
    Column {
        name: "Best",
        width: 6,
        rank: 7,
        help: "the least time",
        text: |row| time(row, |rtt| Some(rtt.best)),
    },
    Column {
        name: "Wrst",
        width: 6,
        rank: 6,
        help: "the greatest time",
        text: |row| time(row, |rtt| Some(rtt.worst)),
    },
    Column {
        name: "StDev",
        width: 5,
        rank: 8,
        help: "the sample standard deviation",
        text: |row| time(row, |rtt| Some(rtt.stdev)),
    },
];

fn time(row: &TableRow, figure: impl Fn(&Rtt) -> Option<f64>) -> String {
    let by_kernel = row.grades[1] == 0 && row.grades[2] == 0;
    row.rtt.as_ref().and_then(figure).map(|value| millis(value, by_kernel)).unwrap_or_default()
}

/// A time in ms with as many digits as it deserves: hundredths only below 10 ms and between kernel stamps.
pub fn millis(value: f64, by_kernel: bool) -> String {
    match value {
        _ if by_kernel && value < 9.995 => format!("{value:.2}"),
        _ if value < 999.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// A count in at most five cells: exact below 100,000.
pub fn count(n: u64) -> String {
    match n {
        0..=99_999 => n.to_string(),
        100_000..=999_999 => format!("{}k", n / 1_000),
        1_000_000..=99_999_999 => format!("{}.{}M", n / 1_000_000, n / 100_000 % 10),
        _ => format!("{}M", n / 1_000_000),
    }
}

/// How the host at `address` is called.
pub fn host(names: &Names, address: IpAddr, hosts: Hosts) -> Cow<'_, str> {
    match (hosts, names.get(address)) {
        (Hosts::Names, Some(name)) => name.into(),
        (Hosts::Both, Some(name)) => format!("{name} ({address})").into(),
        (Hosts::Addresses, _) | (_, None) => address.to_string().into(),
    }
}

/// traceroute's mark for a refusal, or `!` and the type and code of any other message.
pub fn mark(icmp: Icmp) -> String {
    match icmp.kind() {
        Kind::Unreachable(why) => why.to_string(),
        _ => format!("!{}/{}", icmp.ty, icmp.code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_hundredths_only_where_the_kernel_stamped_it() {
        for (value, by_kernel, text) in [
            (0.034, true, "0.03"),
            (9.994, true, "9.99"),
            (9.996, true, "10.0"),
            (0.034, false, "0.0"),
            (999.94, true, "999.9"),
            (999.96, true, "1000"),
            (60_000.0, true, "60000"),
        ] {
            assert_eq!(millis(value, by_kernel), text);
        }
    }

    #[test]
    fn no_count_outgrows_five_cells() {
        for (n, text) in [
            (99_999, "99999"),
            (100_000, "100k"),
            (999_999, "999k"),
            (1_249_999, "1.2M"),
            (99_999_999, "99.9M"),
            (100_000_000, "100M"),
        ] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn a_host_without_a_name_is_its_address() {
        let (known, unknown) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let names: Names = [(known, "gw".into())].into_iter().collect();
        assert_eq!(host(&names, known, Hosts::Names), "gw");
        assert_eq!(host(&names, known, Hosts::Both), "gw (192.0.2.1)");
        assert_eq!(host(&names, known, Hosts::Addresses), "192.0.2.1");
        assert_eq!(host(&names, unknown, Hosts::Both), "192.0.2.2");
    }

    #[test]
    fn a_refusal_has_traceroutes_mark() {
        assert_eq!(mark(Icmp::v4(3, 13)), "!X");
        assert_eq!(mark(Icmp::v6(1, 3)), "!H");
        assert_eq!(mark(Icmp::v4(12, 0)), "!12/0");
    }
}
