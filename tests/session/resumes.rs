//! A recording that is gone on with: the gap marked, rounds, events and paths counted on.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::lab;
use crate::support::responder::{Node, Responder, Wait, both};
use crate::watch::{QUICK, Watch, hopwatch, kinds, lines, place, printed, report, rounds, text, until};

fn journal(records: &[Value]) -> Vec<&Value> {
    records.iter().map(|record| &record["journal"]).filter(|entry| entry.is_object()).collect()
}

#[test]
fn a_resumed_watch_goes_on_in_the_same_file_behind_a_gap() {
    lab::inside(|| {
        let (directory, file) = place();
        let responder = Responder::start(Node::path(3), Wait::Asleep);
        let mut cut = Node::path(3);
        cut.iter_mut().skip(1).for_each(|node| node.loss = 1.0);
        let mut command = lab::hopwatch(&["--headless", "--jsonl", "--record", text(&file)]);
        // A command in a recording is never run by who goes on with it.
        let touched = directory.path().join("touched");
        command
            .args(QUICK)
            .args(["--on-event", &format!("cat >> {}", touched.display())])
            .arg(both(4)[0].to_string());
        let watch = Watch::start(command);
        watch.until_round(5);
        responder.set_path(cut);
        watch.until("the outage", 5.0, |record| record["journal"].is_object());
        watch.signal(Signal::SIGTERM);
        assert!(watch.ended().0.success());
        let before = lines(&file);
        let last = *rounds(&before).last().expect("a round");
        until("the command was told", 5.0, || lines(&touched).len() == 1);
        // The path is another one now.
        let other = |node: Node| node.at([10, 9, 9, 9].into(), [0xfd00, 9, 9, 9, 9, 9, 9, 9].into());
        responder.set_path(vec![Node::router(1), other(Node::router(2)), Node::router(3), Node::target(4)]);
        let mut command = lab::hopwatch(&["resume", "--headless", text(&file)]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut resumed = command.spawn().expect("it starts");
        let route_changed =
            || journal(&lines(&file)).iter().any(|entry| entry["what"]["route_change"].is_object());
        until("the change of route", 10.0, route_changed);
        let pid = nix::unistd::Pid::from_raw(i32::try_from(resumed.id()).expect("a pid"));
        nix::sys::signal::kill(pid, Signal::SIGTERM).expect("it runs");
        assert!(resumed.wait().expect("it ends").success());
        let all = lines(&file);
        assert_eq!(all[..before.len()], before[..], "what was there stays");
        let gone_on = &all[before.len()..];
        assert_eq!(kinds(&all).iter().filter(|kind| **kind == "header").count(), 1);
        let numbers = rounds(gone_on);
        assert_eq!(numbers, (last + 1..=last + numbers.len() as u64).collect::<Vec<_>>());
        let gap = gone_on.iter().find(|record| record["gap"].is_object()).expect("a gap");
        assert_eq!(gap["gap"]["why"], "resumed");
        // The outage in force ended with the recording; the change has the next number, and the next path.
        let (ended, changed) = (journal(gone_on)[0], journal(gone_on)[1]);
        assert_eq!((ended["number"].as_u64(), &ended["end"]), (Some(0), &gap["gap"]["from"]));
        assert_eq!(changed["number"], 1);
        assert_eq!(changed["what"]["route_change"], serde_json::json!({"from": 0, "to": 1}));
        let document = report(&file, &[]);
        let listed = |key: &str| document[key].as_array().expect("a list").len();
        assert_eq!((listed("journal"), listed("epochs")), (2, 2), "{document:#}");
        let table = printed(&["replay", "-r", "-n", text(&file)]);
        let events = table.lines().skip_while(|line| *line != "Events:").skip(1);
        let events: Vec<&str> =
            events.filter_map(|line| line.trim().split_once("  ")).map(|(_, what)| what).collect();
        assert!(
            events[0].starts_with("outage, ")
                && events[1].starts_with("not watched, ")
                && events[2].starts_with("route change, "),
            "{table}"
        );
        assert_eq!(lines(&touched).len(), 1, "the recording's command was run again");
    });
}

#[test]
fn what_cannot_be_resumed_says_why() {
    let (_directory, file) = place();
    let fails = |line: &[&str], status: i32| {
        let output = hopwatch(line).output().expect("it runs");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), said.lines().count()), (Some(status), 1), "{said}");
        said
    };
    assert!(fails(&["resume", "--headless", text(&file)], 1).contains("no such file"));
    std::fs::write(&file, "no session\n").expect("room");
    assert!(fails(&["resume", "--headless", text(&file)], 1).contains("is no recorded watch"));
    fails(&["resume"], 2);
}
