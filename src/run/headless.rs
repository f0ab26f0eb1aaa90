//! A watch without a screen: it records, and prints records as they come if that is asked for.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::views::{Views, to_the_end};
use super::{Exit, RunError, launch};
use crate::engine::record::Record;
use crate::engine::time::{Anchor, Time};
use crate::session::files;
use crate::session::format::{Encoder, missed, moment};
use crate::session::header::stamp;
use crate::session::queue::{Item, bounded};
use crate::watch::{Notice, Recorded, Told, View, WatchConfig};

/// Records that wait for a slow reader of `--jsonl`, at most: some hours of a watch.
const QUEUE: usize = 4_096;
/// How long a reader may take for the last of them, once the watch has ended.
const PATIENCE: Duration = Duration::from_secs(1);

/// Watches until a signal ends it, or all tries asked for are decided. A signal is the ordinary end: status 0.
pub fn run(mut config: WatchConfig, jsonl: bool) -> Result<Exit, RunError> {
    let (notices, told) = mpsc::channel();
    let records = jsonl.then(|| {
        let (stream, records) = bounded(QUEUE);
        config.stream = Some(stream);
        records
    });
    let reader = notices.clone();
    let watch = launch::spawn(config, move |notice| notices.send(notice).unwrap_or_default(), || {})?;
    let printed = records.map(|records| {
        let (tell, printed) = mpsc::channel();
        thread::spawn(move || {
            let outcome = print(records.iter(), &mut io::stdout());
            if outcome.is_err() {
                let _ = reader.send(Notice::Ended);
            }
            let _ = tell.send(outcome);
        });
        printed
    });
    let mut news = News::default();
    let (_, exit) = to_the_end(Views { watch: &watch, told }, |view| {
        for line in news.of(view) {
            // Nobody may be there to hear it.
            let _ = writeln!(io::stderr(), "hopwatch: {line}");
        }
        Ok(())
    })?;
    watch.finish();
    if let Some(printed) = printed {
        // A reader that takes nothing does not keep the program from ending.
        match printed.recv_timeout(PATIENCE) {
            Ok(printed) => printed?,
            Err(_) => {
                return Err(anyhow::anyhow!(
                    "the reader of --jsonl takes nothing; the last records are lost"
                )
                .into());
            }
        }
    }
    Ok(if exit == Exit::Failed { exit } else { Exit::Done })
}

/// What was told on standard error.
#[derive(Default)]
struct News {
    said: Option<Arc<str>>,
    session: Option<PathBuf>,
}

impl News {
    /// What a view has to tell that was not told before.
    fn of(&mut self, view: &View) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(said) = view.news(self.said.as_ref()) {
            lines.push(said.to_string());
            self.said = Some(Arc::clone(said));
        }
        if let Recorded::Yes(status) = &*view.recorded {
            let session = files::first(&status.path).0;
            if self.session.as_ref() != Some(&session) {
                lines.push(format!("recording to {}", status.path.display()));
                self.session = Some(session);
            }
        }
        lines
    }
}

/// Prints what is told, each line at once, until the watch has ended.
fn print(told: impl IntoIterator<Item = Item<Told>>, out: &mut impl Write) -> io::Result<()> {
    let mut encoder = Encoder::default();
    let mut anchor = None;
    let mut latest = Time::ZERO;
    for item in told {
        let mut lines = String::new();
        match item {
            Item::One(Told::Watch(header)) => {
                anchor = Some(header.anchor());
                encoder = Encoder::default();
                lines = header.line() + "\n";
            }
            Item::One(Told::Record(now, record)) => {
                latest = now;
                if let Record::ClockStep(stepped) = record {
                    anchor = Some(stepped);
                }
                let time = anchor.map(|anchor| when(&record, now, anchor));
                encoder.encode(&record, time.as_deref(), &mut lines);
            }
            Item::Missed(records) => {
                let _ = writeln!(
                    io::stderr(),
                    "hopwatch: the reader of --jsonl is too slow: {records} records left out"
                );
                let time = anchor.map(|anchor| stamp(anchor.wall(latest)));
                lines = missed(records, time.as_deref());
            }
        }
        out.write_all(lines.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

/// When what a record tells happened, or else when it was told.
fn when(record: &Record, now: Time, anchor: Anchor) -> String {
    stamp(anchor.wall(moment(record).unwrap_or(now)))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::engine::probe::Command;
    use crate::watch::recording::Sinks;

    #[test]
    fn a_slow_reader_is_told_what_it_missed_where_it_did_and_at_the_end() {
        let (stream, told) = bounded(2);
        let about = crate::report::fixture::reached().about;
        let pace = crate::report::fixture::reached().snapshot.pace;
        let anchor = Anchor { time: Time::ZERO, wall: SystemTime::UNIX_EPOCH };
        let mut sinks = Sinks::open(None, Some(stream), (&about, pace, anchor)).unwrap();
        let mut push = |second: u64| {
            let now = Time::from_millis(second * 1_000);
            sinks.push(now, Record::Command(now, Command::MaxTtl(9)));
        };
        (1..5).for_each(&mut push);
        let mut out = Vec::new();
        print(told.iter().take(2), &mut out).unwrap();
        (5..8).for_each(&mut push);
        drop(sinks);
        print(told.iter(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let kind = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let second = line["command"]["at"].as_u64().map(|nanos| format!("at {}", nanos / 1_000_000_000));
            second
                .or_else(|| Some(format!("{} missed", line["missed"]["records"].as_u64()?)))
                .unwrap_or_default()
        };
        let lines: Vec<String> = text.lines().map(kind).collect();
        assert_eq!(lines, ["", "at 1", "3 missed", "at 5", "2 missed"]);
    }

    #[test]
    fn lines_have_the_time_that_the_wall_clock_showed() {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let step = Record::ClockStep(Anchor { time: Time::from_millis(2_000), wall });
        let command = Record::Command(Time::from_millis(3_500), Command::MaxTtl(9));
        let name = Record::Name([192, 0, 2, 1].into(), "gw".to_owned());
        let told =
            [step, command, name].map(|record| Item::One(Told::Record(Time::from_millis(9_000), record)));
        let mut out = Vec::new();
        print(told, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let times: Vec<&str> = text.lines().filter_map(|line| line.split('"').nth(3)).collect();
        assert_eq!(times, ["2023-11-14T22:13:20Z", "2023-11-14T22:13:21.5Z", "2023-11-14T22:13:27Z"]);
    }
}
