//! A watch without a screen: it records, and prints records as they come if that is asked for.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;

use super::{Exit, RunError, Views, launch, to_the_end};
use crate::engine::record::Record;
use crate::engine::time::{Anchor, Time};
use crate::session::files;
use crate::session::format::{Encoder, moment};
use crate::session::header::stamp;
use crate::watch::{Notice, Recorded, Told, View, WatchConfig};

/// Records that wait for a slow reader of `--jsonl`, at most.
const QUEUE: usize = 4_096;

/// Watches until a signal ends it, or all tries asked for are decided. A signal is the ordinary end: status 0.
pub fn run(mut config: WatchConfig, jsonl: bool) -> Result<Exit, RunError> {
    let (notices, told) = mpsc::channel();
    let records = jsonl.then(|| {
        let (stream, records) = mpsc::sync_channel(QUEUE);
        config.stream = Some(stream);
        records
    });
    let reader = notices.clone();
    let watch = launch::spawn(config, move |notice| notices.send(notice).unwrap_or_default(), || {})?;
    let printer = records.map(|records| {
        thread::spawn(move || {
            let printed = print(records, &mut io::stdout());
            if printed.is_err() {
                let _ = reader.send(Notice::Ended);
            }
            printed
        })
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
    if let Some(printed) = printer.and_then(|printer| printer.join().ok()) {
        printed?;
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
        if let Some(said) =
            view.said.as_ref().filter(|said| !self.said.as_ref().is_some_and(|told| Arc::ptr_eq(told, said)))
        {
            self.said = Some(Arc::clone(said));
            lines.push(said.to_string());
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
fn print(told: impl IntoIterator<Item = Told>, out: &mut impl Write) -> io::Result<()> {
    let mut encoder = Encoder::default();
    let mut anchor = None;
    for told in told {
        let mut lines = String::new();
        match told {
            Told::Watch(header) => {
                anchor = Some(header.anchor());
                encoder = Encoder::default();
                lines = header.line() + "\n";
            }
            Told::Record(now, record) => {
                if let Record::ClockStep(stepped) = record {
                    anchor = Some(stepped);
                }
                let time = anchor.map(|anchor| when(&record, now, anchor));
                encoder.encode(&record, time.as_deref(), &mut lines);
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
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::engine::probe::Command;

    #[test]
    fn lines_have_the_time_that_the_wall_clock_showed() {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let step = Record::ClockStep(Anchor { time: Time::from_millis(2_000), wall });
        let command = Record::Command(Time::from_millis(3_500), Command::MaxTtl(9));
        let name = Record::Name([192, 0, 2, 1].into(), "gw".to_owned());
        let told = [step, command, name].map(|record| Told::Record(Time::from_millis(9_000), record));
        let mut out = Vec::new();
        print(told, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let times: Vec<&str> = text.lines().filter_map(|line| line.split('"').nth(3)).collect();
        assert_eq!(times, ["2023-11-14T22:13:20Z", "2023-11-14T22:13:21.5Z", "2023-11-14T22:13:27Z"]);
    }
}
