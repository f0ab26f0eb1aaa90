//! The screen over real Linux routers.

use crate::support::chain::Chain;
use crate::support::lab;
use crate::support::responder::both;
use crate::support::terminal::Terminal;

#[test]
fn ten_routers_and_the_target_are_on_the_screen_with_addresses_and_names() {
    lab::inside(|| {
        let _chain = Chain::build(10);
        let names =
            (1..=11).flat_map(|distance| both(distance).map(|node| (node, format!("node{distance}.lab"))));
        lab::hosts(names);
        for (family, flag) in ["-4", "-6"].into_iter().enumerate() {
            for (columns, rows) in [(80, 24), (200, 60)] {
                let mut terminal = Terminal::open(&lab::hopwatch(&[flag, "node11.lab"]), columns, rows);
                for form in ["names", "addresses", "both"] {
                    terminal.until(form, |screen| {
                        let contents = screen.contents();
                        let mut rows = contents
                            .lines()
                            .filter_map(|line| line.trim_start_matches(['▸', ' ']).split_once(' '));
                        (1..=11).all(|distance| {
                            let row = rows.find(|(number, _)| *number == distance.to_string());
                            let host = row.map_or("", |(_, rest)| rest.trim_start());
                            let (name, address) =
                                (format!("node{distance}.lab"), both(distance)[family].to_string());
                            match form {
                                "names" => host.starts_with(&format!("{name} ")),
                                "addresses" => host.starts_with(&format!("{address} ")),
                                _ => host.starts_with(&name) && (columns < 200 || host.contains(&address)),
                            }
                        })
                    });
                    terminal.keys("n");
                }
            }
        }
    });
}
