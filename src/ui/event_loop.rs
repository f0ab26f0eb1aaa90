//! The loop of the thread that holds the terminal: take messages in, draw when it is time to.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use crossterm::event::Event;
use ratatui::layout::Size;

use super::action::Action;
use super::app::App;
use super::keys;
use super::messages::{Exit, Gone, Msg, WatchLink};
use super::mouse;
use super::pacing::{Pacing, Urgency};
use crate::watch::{Notice, Request, View};

/// How long after the start every change of the path is drawn at once.
const FIRST_SIGHT: Duration = Duration::from_secs(1);
/// Messages taken in before it is looked whether a frame is due.
const BATCH: usize = 256;

/// What the loop needs of a terminal.
pub trait Screen {
    /// Draws a frame.
    fn draw(&mut self, app: &App) -> io::Result<()>;
    /// Takes over the size that the terminal has now; the next frame writes every cell.
    fn refit(&mut self) -> io::Result<Size>;
    /// Hands the terminal back and stops this process; returns once it goes on, with the terminal taken back.
    fn suspend(&mut self) -> io::Result<()>;
    /// Rings the terminal's bell.
    fn bell(&mut self) -> io::Result<()>;
    /// Takes the terminal, whatever others did to it meanwhile.
    fn resume(&mut self) -> io::Result<()>;
}

/// Runs until the screen is to be left, or the terminal is gone.
pub fn run(
    app: &mut App,
    screen: &mut impl Screen,
    messages: &Receiver<Msg>,
    link: &dyn WatchLink,
) -> Result<Exit, Gone> {
    let mut pacing = Pacing::default();
    pacing.want(Urgency::AtOnce);
    loop {
        let due = pacing.due_in(Instant::now());
        let wait = until_next_second(SystemTime::now());
        match messages.recv_timeout(due.map_or(wait, |due| due.min(wait))) {
            Ok(first) => {
                for message in std::iter::once(first).chain(messages.try_iter()).take(BATCH) {
                    if let Some(exit) = handle(&message, app, screen, link, &mut pacing)? {
                        return Ok(exit);
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(Exit::Ended),
        }
        if app.tick(SystemTime::now()) {
            pacing.want(Urgency::Data);
        }
        if pacing.due_in(Instant::now()) == Some(Duration::ZERO) {
            screen.draw(app)?;
            pacing.drawn(Instant::now());
        }
    }
}

fn until_next_second(now: SystemTime) -> Duration {
    let passed = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    Duration::from_nanos(1_000_000_000 - u64::from(passed))
}

fn handle(
    message: &Msg,
    app: &mut App,
    screen: &mut impl Screen,
    link: &dyn WatchLink,
    pacing: &mut Pacing,
) -> Result<Option<Exit>, Gone> {
    match message {
        Msg::Input(Event::Key(key)) => {
            let Some(action) = keys::action(key, app.scope()) else { return Ok(None) };
            match action {
                Action::Redraw => app.resize(screen.refit()?),
                Action::Suspend => suspend(app, screen)?,
                _ => {
                    let request = app.update(action);
                    if let Some(request) = request {
                        link.request(request);
                    }
                    if request == Some(Request::Quit) {
                        return Ok(Some(Exit::Quit));
                    }
                }
            }
            pacing.want(Urgency::AtOnce);
        }
        Msg::Input(Event::Resize(..)) | Msg::Watch(Notice::Resized) => {
            app.resize(screen.refit()?);
            pacing.want(Urgency::AtOnce);
        }
        Msg::Input(Event::Mouse(event)) => {
            if let Some(action) = mouse::action(event, app.scope()) {
                app.update(action);
                pacing.want(Urgency::AtOnce);
            }
        }
        Msg::Input(_) => {}
        Msg::Watch(Notice::View) => {
            if let Some(view) = link.take_view() {
                let urgency = urgency(&view);
                if app.show(view) {
                    pacing.want(urgency);
                }
                if app.take_bell() {
                    screen.bell()?;
                }
            }
        }
        Msg::Watch(Notice::Suspend) => {
            suspend(app, screen)?;
            pacing.want(Urgency::AtOnce);
        }
        Msg::Watch(Notice::Continued) => {
            screen.resume()?;
            app.resize(screen.refit()?);
            pacing.want(Urgency::AtOnce);
        }
        Msg::Watch(Notice::Signal(number)) => return Ok(Some(Exit::Signal(*number))),
        Msg::Watch(Notice::Ended) => return Ok(Some(Exit::Ended)),
        Msg::TerminalGone => return Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
    }
    Ok(None)
}

fn suspend(app: &mut App, screen: &mut impl Screen) -> io::Result<()> {
    screen.suspend()?;
    app.resize(screen.refit()?);
    Ok(())
}

/// The first sight of the path is drawn as it comes in.
fn urgency(view: &View) -> Urgency {
    let snapshot = &view.snapshot;
    if snapshot.now.since(snapshot.started) < FIRST_SIGHT { Urgency::AtOnce } else { Urgency::Data }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;

    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::engine::probe::Command;
    use crate::ui::app::Layer;
    use crate::ui::testing::{clean, config, picture};

    /// A terminal that writes down what was asked of it.
    #[derive(Default)]
    struct Recorder {
        calls: Vec<&'static str>,
        last: String,
        broken: bool,
    }

    impl Screen for Recorder {
        fn draw(&mut self, app: &App) -> io::Result<()> {
            self.calls.push("draw");
            self.last = picture(app, 80, 24).to_string();
            if self.broken { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) }
        }

        fn refit(&mut self) -> io::Result<Size> {
            self.calls.push("refit");
            Ok(Size::new(80, 24))
        }

        fn suspend(&mut self) -> io::Result<()> {
            self.calls.push("suspend");
            Ok(())
        }

        fn bell(&mut self) -> io::Result<()> {
            self.calls.push("bell");
            Ok(())
        }

        fn resume(&mut self) -> io::Result<()> {
            self.calls.push("resume");
            Ok(())
        }
    }

    /// A watch that has one view to give and writes requests down.
    struct Link {
        view: Mutex<Option<View>>,
        requests: Mutex<Vec<Request>>,
    }

    impl WatchLink for Link {
        fn take_view(&self) -> Option<View> {
            self.view.lock().unwrap().take()
        }

        fn request(&self, request: Request) {
            self.requests.lock().unwrap().push(request);
        }
    }

    /// Plays messages until they or the loop end.
    struct Played {
        result: Result<Exit, Gone>,
        screen: Recorder,
        app: App,
        requests: Vec<Request>,
    }

    fn play(messages: impl IntoIterator<Item = Msg>) -> Played {
        play_on(Recorder::default(), messages)
    }

    fn play_on(mut screen: Recorder, messages: impl IntoIterator<Item = Msg>) -> Played {
        let (sender, receiver) = mpsc::channel();
        messages.into_iter().for_each(|message| sender.send(message).unwrap());
        drop(sender);
        let link = Link { view: Mutex::new(Some(clean().view())), requests: Mutex::default() };
        let mut app = App::new(config(), Size::new(80, 24), SystemTime::now());
        let result = run(&mut app, &mut screen, &receiver, &link);
        Played { result, screen, app, requests: link.requests.into_inner().unwrap() }
    }

    fn key(c: char) -> Msg {
        Msg::Input(Event::Key(KeyEvent::from(KeyCode::Char(c))))
    }

    fn ctrl(c: char) -> Msg {
        Msg::Input(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
    }

    fn code(code: KeyCode) -> Msg {
        Msg::Input(Event::Key(KeyEvent::from(code)))
    }

    #[test]
    fn a_view_is_drawn_once_it_is_announced() {
        let played = play([Msg::Watch(Notice::View)]);
        assert_eq!(played.result.unwrap(), Exit::Ended);
        assert_eq!(played.screen.calls, ["draw"]);
        assert!(played.screen.last.contains("target at 11"), "{}", played.screen.last);
    }

    #[test]
    fn keys_reach_the_watch_as_requests() {
        let enter = || code(KeyCode::Enter);
        for (keys, expected) in [
            (vec![key('q')], vec![Request::Quit]),
            (vec![key('?'), ctrl('c')], vec![Request::Quit]),
            (vec![key('i'), key('q'), ctrl('c')], vec![Request::Quit]),
            (vec![key('+')], vec![Request::Trace(Command::MaxTtl(31))]),
            (
                vec![key('-'), key('-')],
                vec![Request::Trace(Command::MaxTtl(29)), Request::Trace(Command::MaxTtl(28))],
            ),
            (
                vec![key('i'), key('2'), enter()],
                vec![Request::Trace(Command::Interval(Duration::from_secs(2)))],
            ),
            (vec![key('u')], vec![Request::NextProtocol]),
            (vec![key('i'), key('0'), enter()], vec![]),
            (vec![key('p'), key('r'), key('n'), key('j'), key('?')], vec![]),
        ] {
            let played = play([Msg::Watch(Notice::View)].into_iter().chain(keys.clone()));
            assert_eq!(played.requests, expected, "{keys:?}");
            let quit = expected == [Request::Quit];
            assert_eq!(played.result.unwrap(), if quit { Exit::Quit } else { Exit::Ended });
        }
    }

    #[test]
    fn an_open_prompt_or_help_stops_no_view() {
        for opener in ['?', 'i'] {
            let played = play([key(opener), Msg::Watch(Notice::View)]);
            assert!(played.app.view().is_some());
            assert!(played.screen.last.contains("target at 11"), "{}", played.screen.last);
        }
    }

    #[test]
    fn a_prompt_gets_the_keys_until_it_is_closed() {
        let played = play([key('i'), key('q'), code(KeyCode::Esc), key('?')]);
        assert_eq!(played.app.layer(), &Layer::Help(0));
    }

    #[test]
    fn every_way_out_is_told_apart() {
        assert_eq!(play([Msg::Watch(Notice::Signal(15))]).result.unwrap(), Exit::Signal(15));
        assert_eq!(play([Msg::Watch(Notice::Ended)]).result.unwrap(), Exit::Ended);
        assert!(play([Msg::TerminalGone]).result.is_err());
        let broken = Recorder { broken: true, ..Recorder::default() };
        assert!(play_on(broken, [key('j')]).result.is_err());
    }

    #[test]
    fn the_terminal_is_handed_back_for_a_stop_and_drawn_wholly_after() {
        for stop in [ctrl('z'), Msg::Watch(Notice::Suspend)] {
            assert_eq!(play([stop]).screen.calls, ["suspend", "refit", "draw"]);
        }
        let continued = play([Msg::Watch(Notice::Continued)]);
        assert_eq!(continued.screen.calls, ["resume", "refit", "draw"]);
        assert_eq!(play([ctrl('l')]).screen.calls, ["refit", "draw"]);
        assert_eq!(play([Msg::Watch(Notice::Resized)]).screen.calls, ["refit", "draw"]);
    }

    #[test]
    fn a_flood_of_messages_makes_few_frames() {
        let played = play((0..1_000).map(|_| key('j')));
        assert!(played.screen.calls.len() <= 4, "{}", played.screen.calls.len());
    }
}
