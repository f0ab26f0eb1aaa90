//! The header: what is watched, how, and how far the path is known.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::engine::path::End;
use crate::engine::snapshot::Snapshot;
use crate::report::words::{mark, probes, target};
use crate::scrub::text;
use crate::ui::app::App;
use crate::ui::clock::{date, moments, running, setting, time_of_day};
use crate::ui::period::Period;
use crate::ui::text::{Segment, fit, write_segments};
use crate::watch::{About, Recorded, View};
use crate::wire::icmp::{Icmp, Kind, Unreachable};

/// Cells from which on the end of a recording has its time of day beside the date.
const WIDE: u16 = 80;

/// Draws the header's one or two lines.
pub fn render(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    identity(app, Rect { height: 1, ..area }, buffer);
    if let (Some(view), 2..) = (app.view(), area.height) {
        write_segments(buffer, (area.x, area.y + 1), area.width, 3, &particulars(app, view));
    }
}

/// Source and target at the left, the clock or the end of a recording, and the mark of a frozen picture at the right.
fn identity(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look().theme;
    let mut end = area.right();
    let mut from_right = |text: &str, style| {
        let width = text.width() as u16;
        if width + 20 <= end - area.x {
            end -= width + 1;
            buffer.set_stringn(end + 1, area.y, text, usize::from(width), style);
        }
    };
    if let Some(since) = app.frozen_since() {
        let [since] = moments([since], app.now(), app.zone());
        from_right(&format!(" FROZEN since {since} "), theme.frozen);
    }
    let clock = match app.view().filter(|_| app.is_replay()).map(|view| &view.snapshot) {
        // A recording is of then, not of now.
        Some(then) => format!("to {}", date(then.anchor.wall(then.now), app.zone(), area.width >= WIDE)),
        None => time_of_day(app.now(), app.zone()),
    };
    from_right(&clock, theme.plain);
    let room = usize::from(end - area.x);
    let Some(view) = app.view() else {
        buffer.set_stringn(area.x, area.y, "hopwatch", room, theme.strong);
        return;
    };
    let [whole, short] = ends(&view.about, app.look().glyphs.arrow);
    let title = "hopwatch  ";
    let (start, _) = if title.len() + short.width() <= room {
        buffer.set_stringn(area.x, area.y, title, room, theme.dim)
    } else {
        (area.x, area.y)
    };
    let room = room - usize::from(start - area.x);
    let text = if whole.width() <= room { whole } else { short };
    let text = fit(&text, room, app.look().glyphs.ellipsis);
    buffer.set_stringn(start, area.y, text, room, theme.strong);
}

/// Source and target, with this machine's name and without.
fn ends(about: &About, arrow: &str) -> [String; 2] {
    let target = target(about);
    let Some(source) = about.source else {
        return [format!("{} {arrow} {target}", about.host), format!("{arrow} {target}")];
    };
    [format!("{} ({source}) {arrow} {target}", about.host), format!("{source} {arrow} {target}")]
}

/// The second line.
fn particulars(app: &App, view: &View) -> Vec<Segment> {
    let theme = &app.look().theme;
    let (about, snapshot) = (&view.about, &view.snapshot);
    let pace = &snapshot.pace;
    let mut segments = vec![Segment::new(path(app, snapshot), theme.strong, 0)];
    if let Some(outage) = snapshot.journal.outage() {
        let [since] = app.clock([outage.start]);
        segments.push(Segment::new(format!("outage since {since}"), theme.fault, 1));
    }
    segments.push(period(app, snapshot));
    let tries = match pace.tries {
        1 => format!("1 try every {}", setting(pace.interval)),
        tries => format!("{tries} tries, {} apart", setting(pace.interval)),
    };
    let time = app.session_now().unwrap_or(snapshot.now).since(snapshot.started);
    let word = match (snapshot.finished, app.is_replay()) {
        (true, _) => "finished after",
        (false, true) => "so far",
        (false, false) => "running",
    };
    let time = format!("{word} {}", running(time));
    segments.extend(recording(app, view));
    segments.extend([
        Segment::new(probes(about), theme.plain, 2),
        Segment::new(tries, theme.plain, 3),
        Segment::new(about.channel, theme.dim, 6),
        Segment::new(time, theme.plain, 5),
    ]);
    segments
}

/// Whether the watch is recorded, and where; trouble with that before most else.
fn recording(app: &App, view: &View) -> Vec<Segment> {
    let theme = &app.look().theme;
    match &*view.recorded {
        Recorded::No => vec![Segment::new("not recorded", theme.dim, 4)],
        Recorded::Refused(why) => vec![Segment::new(format!("not recorded: {why}"), theme.fault, 1)],
        Recorded::Yes(status) => {
            let mut segments = Vec::new();
            match &status.trouble {
                Some((what, since)) => {
                    let [since] = moments([*since], app.now(), app.zone());
                    segments.push(Segment::new(format!("recording: {what} since {since}"), theme.fault, 1));
                }
                None => segments.push(Segment::new("recording", theme.plain, 4)),
            }
            if status.lost > 0 {
                segments.push(Segment::new(format!("{} records lost", status.lost), theme.fault, 2));
            }
            let name = status.path.file_name().unwrap_or_default().to_string_lossy();
            segments.push(Segment::new(text(name.as_bytes()), theme.dim, 8));
            segments
        }
        Recorded::Replay { name, unknown, missed } => {
            let mut segments = vec![Segment::new("recorded", theme.strong, 1)];
            segments.push(Segment::new(name.to_string(), theme.dim, 8));
            if *missed > 0 {
                segments.push(Segment::new(format!("{missed} records missing"), theme.fault, 4));
            }
            if *unknown > 0 {
                let what = format!("{unknown} lines not understood");
                segments.push(Segment::new(what, theme.fault, 4));
            }
            segments
        }
    }
}

/// Which stretch of time the figures are of, and since when.
fn period(app: &App, snapshot: &Snapshot) -> Segment {
    let theme = &app.look().theme;
    let [since] = app.clock([snapshot.start(app.span())]);
    match app.period() {
        // How long a watch runs says the same; a recording is not read off the clock.
        Period::All => {
            let priority = if app.is_replay() { 2 } else { 7 };
            Segment::new(format!("all since {since}"), theme.plain, priority)
        }
        Period::From(_) => Segment::new(format!("statistics since {since}"), theme.strong, 1),
        last @ Period::Last(_) => Segment::new(format!("{}, since {since}", last.name()), theme.strong, 1),
    }
}

/// How far the path is known.
fn path(app: &App, snapshot: &Snapshot) -> String {
    match snapshot.path.end {
        End::Target { ttl, upto } if ttl < upto => format!("target at {ttl}-{upto}"),
        End::Target { ttl, .. } => format!("target at {ttl}"),
        End::Silent if !app.has_settled() => "searching".to_owned(),
        End::Silent => "target silent".to_owned(),
        End::Refused { ttl, icmp, .. } | End::Other { ttl, icmp, .. } => in_its_place(ttl, icmp),
        End::MaxTtl => format!("goes on past TTL {}", snapshot.pace.max_ttl),
        End::Loop { ttl } => format!("loop at hop {ttl}"),
    }
}

/// What stands between the probes and the target.
pub fn in_its_place(ttl: u8, icmp: Icmp) -> String {
    match icmp.kind() {
        Kind::Unreachable(Unreachable::Port) => format!("hop {ttl} answers in its place"),
        _ => format!("{} from hop {ttl}", mark(icmp)),
    }
}
