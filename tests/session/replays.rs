//! Recordings, read back: listed, in part, on the screen, while they are written, torn, in many parts.

use std::io::Write;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::lab;
use crate::support::packet::Quote;
use crate::support::responder::{Node, Responder, Wait, both};
use crate::support::terminal::Terminal;
use crate::watch::{
    QUICK, Watch, demo, hopwatch, lines, place, printed, recorded_tries, report, rounds, text, tries, until,
};

/// A recording made in the lab below `state`, of so many outages of a second each, at a quick pace.
fn with_outages(state: &std::path::Path, outages: usize) -> Vec<Value> {
    let responder = Responder::start(Node::path(3), Wait::Asleep);
    let mut cut = Node::path(3);
    cut[1] = cut[1].clone().losing(1.0);
    cut[2] = cut[2].clone().losing(1.0);
    cut[3] = cut[3].clone().losing(1.0);
    let mut command = lab::hopwatch(&["--headless", "--jsonl"]);
    command.args(QUICK).arg(both(4)[0].to_string()).env("XDG_STATE_HOME", state);
    let watch = Watch::start(command);
    let mut told = watch.until_round(5);
    for _ in 0..outages {
        responder.set_path(cut.clone());
        told.extend(watch.until("the outage", 5.0, |record| {
            record["journal"]["end"].is_null() && record["journal"].is_object()
        }));
        responder.set_path(Node::path(3));
        told.extend(watch.until("its end", 5.0, |record| record["journal"]["end"].is_u64()));
        // Apart by so many tries that the next one is another.
        let last = *rounds(&told).last().expect("a round");
        told.extend(watch.until_round(last + 40));
    }
    watch.signal(Signal::SIGTERM);
    let (status, rest, said) = watch.ended();
    assert!(status.success(), "{said}");
    told.extend(rest);
    told
}

#[test]
fn recordings_are_listed_with_the_outages_of_their_journal() {
    lab::inside(|| {
        let state = tempfile::tempdir().expect("a directory");
        let list = || {
            let output = hopwatch(&["replay", "--list"])
                .env("XDG_STATE_HOME", state.path())
                .output()
                .expect("it runs");
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).expect("text")
        };
        assert_eq!(list(), "", "nothing is recorded yet");
        with_outages(state.path(), 2);
        let listed = list();
        assert!(listed.contains("  10.0.4.1  ") && listed.contains("  2 outages  "), "{listed}");
        assert!(listed.contains("-10.0.4.1.jsonl\n") && !listed.contains("running"), "{listed}");
        // Without a name it is the newest that is replayed.
        let newest =
            hopwatch(&["replay", "-r"]).env("XDG_STATE_HOME", state.path()).output().expect("it runs");
        let newest = String::from_utf8(newest.stdout).expect("text");
        assert_eq!(newest.matches("  outage, hop 2, ").count(), 2, "{newest}");
    });
}

#[test]
fn a_part_of_a_recording_has_its_own_figures_and_events() {
    lab::inside(|| {
        let state = tempfile::tempdir().expect("a directory");
        let told = with_outages(state.path(), 1);
        let directory = std::fs::read_dir(state.path().join("hopwatch")).expect("a directory");
        let file = directory.map(|entry| entry.expect("a file").path()).next().expect("a recording");
        let outage = told.iter().rfind(|record| record["journal"].is_object()).expect("it is told");
        let (start, end) = (&outage["journal"]["start"], &outage["journal"]["end"]);
        let of_round = |at: &Value| {
            let round = told
                .iter()
                .rfind(|record| record["round"].is_object() && record["round"]["at"].as_u64() <= at.as_u64());
            round.expect("a round")["time"].as_str().expect("a time").to_owned()
        };
        let (from, to) = (of_round(start), of_round(end));
        let before = report(&file, &["--to", &from]);
        assert_eq!(before["journal"], Value::Array(Vec::new()), "{before:#}");
        let target = |document: &Value, what: &str| document["hops"][3][what].as_u64().expect("a count");
        assert_eq!(target(&before, "lost"), 0);
        let within = report(&file, &["--from", &from, "--to", &to]);
        assert_eq!((target(&within, "answered"), within["journal"][0]["kind"].as_str()), (0, Some("outage")));
        assert_eq!(within["journal"][0]["lost"].as_u64(), Some(target(&within, "lost")), "{within:#}");
        // Cut while it lasted, it lasts, with as many as it was told to have then: news come when they have doubled.
        let nanos = |at: &Value| at.as_u64().expect("a moment");
        let middle = of_round(&Value::from(u64::midpoint(nanos(start), nanos(end))));
        let cut = report(&file, &["--from", &from, "--to", &middle]);
        let (event, lost) = (&cut["journal"][0], target(&cut, "lost"));
        let told = event["lost"].as_u64().expect("a count");
        assert!(event["end"].is_null() && lost > 0, "{cut:#}");
        assert!(told <= lost && lost < 2 * told.max(1), "{cut:#}");
        let after = report(&file, &["--from", &to]);
        assert_eq!((target(&after, "lost"), &after["journal"]), (0, &Value::Array(Vec::new())), "{after:#}");
        let whole = report(&file, &[]);
        assert_eq!(
            target(&whole, "sent"),
            [&before, &within, &after].map(|part| target(part, "sent")).iter().sum::<u64>()
        );
        let table = printed(&["replay", "-r", "-n", "--from", &from, "--to", &to, text(&file)]);
        let lost = target(&within, "lost");
        // So few tries make no share.
        assert!(table.contains(&format!(" {lost}/{lost} ")), "{table}");
    });
}

#[test]
fn the_screen_shows_a_recording_its_journal_and_its_windows() {
    lab::inside(|| {
        let state = tempfile::tempdir().expect("a directory");
        with_outages(state.path(), 1);
        let mut command = hopwatch(&["replay", "-n"]);
        command.env("XDG_STATE_HOME", state.path());
        let mut terminal = Terminal::open(&command, 120, 30);
        let screen = terminal.until_text("10.0.4.1").contents();
        assert!(screen.contains("recorded") && screen.contains("finished after"), "{screen}");
        terminal.keys("w");
        terminal.until_text("last 1 min, since");
        terminal.keys("o");
        terminal.until_text("lost");
        terminal.until("the outage", |screen| {
            screen.contents().lines().any(|line| line.contains("outage") && line.contains("hop 2"))
        });
        terminal.keys("\x1b");
        terminal.until("the table again", |screen| screen.contents().contains("Loss%"));
        terminal.keys("i");
        terminal.until_text("a recorded watch: nothing is probed");
        terminal.keys("q");
        assert_eq!(terminal.ended().exit_code(), 0);
    });
}

/// Runs a counted watch for its report; holds that of its recording against it, field by field. Gives it.
fn reported_and_replayed(mut command: std::process::Command) -> Value {
    let (_directory, file) = place();
    let output = command.args(["-j", "--record", text(&file)]).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let live: Value = serde_json::from_slice(&output.stdout).expect("a document");
    let replayed = report(&file, &[]);
    for (key, value) in live.as_object().expect("an object") {
        assert_eq!(&replayed[key], value, "{key}");
    }
    assert_eq!(replayed, live);
    live
}

#[test]
fn the_report_of_a_recording_is_that_of_the_watch() {
    let quick = ["-i", "100ms", "-q", "2", "-Z", "300ms", "-c", "25"];
    for scenario in ["mpls", "filtered-target", "lossy"] {
        let mut command = hopwatch(&["--demo", scenario]);
        command.args(quick);
        let document = reported_and_replayed(command);
        let echoes = document["cross_check"]["answered"].as_u64();
        assert_eq!(echoes.is_some_and(|count| count > 3), scenario == "filtered-target", "{document:#}");
    }
    lab::inside(|| {
        let quote = Quote { labels: vec![(16_001, 5, 1), (24, 0, 254)], ..Quote::default() };
        let mut path = Node::path(3);
        path[1] = path[1].clone().quoting(quote);
        path[2] = path[2].clone().losing(0.3);
        let _responder = Responder::start(path, Wait::Asleep);
        for target in both(4) {
            let mut command = lab::hopwatch(&["-n"]);
            command.args(quick).arg(target.to_string());
            let document = reported_and_replayed(command);
            let label = &document["hops"][1]["responders"][0]["mpls"][0]["label"];
            assert_eq!(label, &16_001, "{document:#}");
        }
    });
}

#[test]
fn a_recording_is_read_while_it_is_written() {
    let (_directory, file) = place();
    let watch = Watch::start(demo(&file, &[]));
    for number in [3, 8] {
        watch.until_round(number);
        until("the file has it", 5.0, || rounds(&lines(&file)).len() as u64 > number);
        let before = recorded_tries(&lines(&file));
        let read = tries(&report(&file, &[]));
        assert!((before..=recorded_tries(&lines(&file))).contains(&read), "{read}, {before} before");
    }
    let output = hopwatch(&["--demo", "--headless", "--record", text(&file)]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("there is such a file already"), "{said}");
    let output = hopwatch(&["resume", "--headless", text(&file)]).output().expect("it runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.code() == Some(1) && said.contains("another watch writes to it"), "{said}");
}

#[test]
fn a_torn_tail_is_left_out_and_what_is_no_recording_is_said_to_be_none() {
    let (directory, file) = place();
    let status = demo(&file, &["-c", "4"]).output().expect("it runs").status;
    assert!(status.success());
    let whole = report(&file, &[]);
    let mut end = std::fs::OpenOptions::new().append(true).open(&file).expect("a file");
    end.write_all(b"{\"round\":{\"n\":99,\"at\":12").expect("room");
    assert_eq!(report(&file, &[])["hops"], whole["hops"]);
    let other = directory.path().join("other");
    std::fs::write(&other, "{\"a\":1}\n").expect("room");
    for (name, why) in [(other.as_path(), "is no recorded watch"), (directory.path(), "is a directory")] {
        let output = hopwatch(&["replay", "-r", text(name)]).output().expect("it runs");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_spoilt_line_costs_no_more_than_what_goes_with_it_and_is_told() {
    let (_directory, file) = place();
    assert!(demo(&file, &["-c", "4"]).output().expect("it runs").status.success());
    let recorded = std::fs::read_to_string(&file).expect("a recording");
    let ask = |form: &str| {
        let output = hopwatch(&["replay", form, text(&file)]).output().expect("it runs");
        let [out, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
        (output.status.code(), out, said)
    };
    let target = |document: &str| {
        let document: Value = serde_json::from_str(document).expect("a document");
        let hops = document["hops"].as_array().expect("hops").clone();
        hops.last().expect("a target")["sent"].as_u64().expect("a count")
    };
    let whole = target(&ask("-j").1);
    std::fs::write(&file, recorded.replacen("{\"round\":{\"n\":2,", "{\"round\":{\"n\":\0,", 1))
        .expect("room");
    for form in ["-r", "-j"] {
        let (code, out, said) = ask(form);
        assert_eq!((code, said.lines().count()), (Some(0), 1), "{said}");
        assert!(
            said.starts_with("hopwatch: not shown: 2 lines that cannot be read or go with one"),
            "{said}"
        );
        assert!(form == "-r" || target(&out) == whole - 2, "{} of {whole}", target(&out));
    }
    std::fs::write(&file, recorded.replace("{\"round\":", "{\"round\":\0")).expect("room");
    let (code, out, said) = ask("-r");
    assert_eq!((code, out.as_str(), said.lines().count()), (Some(1), "", 1), "{said}");
    assert!(said.contains("no round of it can be read: \""), "{said}");
}

#[test]
fn a_time_without_records_is_said_to_be_one() {
    let (directory, file) = place();
    assert!(demo(&file, &["-c", "4"]).output().expect("it runs").status.success());
    let empty = directory.path().join("empty.jsonl");
    let recorded = std::fs::read_to_string(&file).expect("a recording");
    std::fs::write(&empty, recorded.split_inclusive('\n').next().expect("a header")).expect("room");
    let outside = "no round was recorded in that time: the recording goes from 20";
    for (file, more, why) in [
        (&file, &["--from", "2030-01-01T00:00:00Z"][..], outside),
        // In local time a date is no less of one: a time of day would be one of the recording's day.
        (&file, &["--from", "2030-01-01T00:00:00"], outside),
        (&file, &["--from", "2030-01-01 00:00"], outside),
        (&file, &["--from", "2030-01-01"], outside),
        (&file, &["--to", "2020-01-01T00:00:00Z"], outside),
        (&empty, &[], "nothing is recorded: no round of the watch was decided"),
    ] {
        for form in ["-r", "-j"] {
            let output = hopwatch(&["replay", form, text(file)]).args(more).output().expect("it runs");
            let said = String::from_utf8(output.stderr).expect("text");
            assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
            assert!(said.contains(why) && output.stdout.is_empty(), "{said}");
        }
    }
}

#[test]
fn a_recording_in_many_parts_is_one_and_is_gone_on_with_in_the_last() {
    let (directory, file) = place();
    let part = |number: u32| directory.path().join(format!("watch_{number}.jsonl"));
    let watch = Watch::start(demo(&file, &["--record-limit", "32k"]));
    until("a third part", 60.0, || part(3).exists());
    watch.signal(Signal::SIGTERM);
    assert!(watch.ended().0.success());
    let sizes = [file.clone(), part(2)].map(|path| std::fs::metadata(path).expect("a part").len());
    assert!(sizes.iter().all(|size| (4_096..6_000).contains(size)), "{sizes:?}");
    let read = |path: &std::path::Path| tries(&report(path, &[]));
    let all = [lines(&file), lines(&part(2)), lines(&part(3))].concat();
    let (numbers, recorded) = (rounds(&all), recorded_tries(&all));
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!((read(&file), read(&part(2)), read(&part(3))), (recorded, recorded, recorded));
    let behind =
        |from: u32| (from..from + 4).map(|number| rounds(&lines(&part(number))).len()).sum::<usize>();
    let before = behind(3);
    let mut command = hopwatch(&["resume", "--headless", text(&file)]);
    let mut resumed = command.stderr(std::process::Stdio::null()).spawn().expect("it starts");
    until("rounds behind the gap", 20.0, || behind(3) > before + 3);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(resumed.id()).expect("a pid"));
    nix::sys::signal::kill(pid, Signal::SIGTERM).expect("it runs");
    assert!(resumed.wait().expect("it ends").success());
    assert!(read(&file) > recorded);
}

#[test]
fn what_is_left_of_a_recording_has_names_and_labels() {
    let (directory, file) = place();
    let part = |number: u32| directory.path().join(format!("watch_{number}.jsonl"));
    let mut command = hopwatch(&["--demo", "mpls", "--headless", "--jsonl", "--record", text(&file)]);
    command.args(["-i", "100ms", "-q", "1", "-Z", "300ms", "--record-limit", "32k"]);
    let watch = Watch::start(command);
    until("rounds in a third part", 60.0, || rounds(&lines(&part(3))).len() > 3);
    watch.signal(Signal::SIGTERM);
    assert!(watch.ended().0.success());
    let told = |document: &Value| -> Vec<(u64, String, String, Value)> {
        let hops = document["hops"].as_array().expect("hops").iter();
        let responders = hops.flat_map(|hop| {
            let ttl = hop["ttl"].as_u64().expect("a number");
            let responders = hop["responders"].as_array().expect("responders").iter();
            responders.map(move |one| {
                (ttl, one["address"].to_string(), one["name"].to_string(), one["mpls"].clone())
            })
        });
        let mut responders: Vec<_> = responders.collect();
        responders.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        responders
    };
    let whole = report(&file, &[]);
    std::fs::remove_file(&file).expect("it is there");
    std::fs::remove_file(part(2)).expect("it is there");
    let left = report(&part(3), &[]);
    assert_eq!(told(&left), told(&whole));
    let names = told(&left).iter().filter(|(_, _, name, _)| name != "null").count();
    let labels = told(&left).iter().filter(|(.., labels)| labels != &Value::Array(Vec::new())).count();
    assert!(names > 8 && labels > 1, "{left:#}");
    assert_eq!(left["epochs"].as_array().map(Vec::len), Some(1), "{left:#}");
}
