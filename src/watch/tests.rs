//! Watches of a simulated path whose target's name is looked up again, by resolvers of every kind.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::engine::snapshot::Pace;
use crate::names::again::Lookup;
use crate::names::forward::Why;
use crate::net::simulated::scenario::Hop;
use crate::origin::finder::Source;
use crate::session::reader::Session;
use crate::wire::icmp::Family;

const PATIENCE: Duration = Duration::from_mins(1);
const OLD: &str = "192.0.2.1";
const NEW: &str = "192.0.2.77";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A watch, and what it tells.
struct Watched {
    handle: Handle,
    told: Receiver<Notice>,
}

/// A path of two hops, watched at a quick pace.
fn watch(lookup: Option<Lookup>, every: Option<Duration>, directory: Option<&Path>) -> Watched {
    watch_as(lookup, every, directory, |_| {})
}

/// The same, set otherwise.
fn watch_as(
    lookup: Option<Lookup>,
    every: Option<Duration>,
    directory: Option<&Path>,
    set: impl FnOnce(&mut WatchConfig),
) -> Watched {
    let source = ip("192.0.2.200");
    let path = vec![Hop::router(ip("192.0.2.254"), 1.0), Hop::target(ip(OLD), 2.0)];
    let pace = Pace {
        interval: Duration::from_millis(20),
        tries: 1,
        timeout: Duration::from_millis(200),
        first_ttl: 1,
        max_ttl: 8,
    };
    let name = lookup.map(|lookup| Name { host: "example.org".to_owned(), family: None, every, lookup });
    let recording = directory.map(|directory| Recording {
        place: RecordPlace::Directory(Some(directory.to_owned())),
        limit: 1 << 20,
        required: true,
        arguments: vec![],
    });
    let mut config = WatchConfig {
        trace: TraceConfig { target: ip(OLD), pace, count: None, flows: Flows::Stable, seed: 1 },
        about: About {
            target: if name.is_some() { "example.org".to_owned() } else { OLD.to_owned() },
            address: ip(OLD),
            source: Some(source),
            protocol: Protocol::Udp,
            port: Some(33_434),
            tos: 0,
            flows: Flows::Stable,
            channel: "",
            host: String::new(),
        },
        way: Way::Simulated(Box::new(Scenario::still(source, path))),
        name,
        names: false,
        origins: FinderConfig { source: Source::Dns, enabled: false },
        live: true,
        recording,
        resumed: None,
        stream: None,
        events: None,
        screen: false,
    };
    set(&mut config);
    let (notices, told) = channel();
    let notify = move |notice| notices.send(notice).unwrap_or_default();
    Watched { handle: spawn(config, notify, || {}).unwrap(), told }
}

impl Watched {
    /// The first view to come that meets a condition.
    fn until(&self, met: impl Fn(&View) -> bool) -> View {
        loop {
            if self.told.recv_timeout(PATIENCE).expect("a view in time") == Notice::View
                && let Some(view) = self.handle.take_view().filter(|view| met(view))
            {
                return view;
            }
        }
    }

    /// What it says next.
    fn says(&self, before: Option<&Arc<str>>) -> Arc<str> {
        self.until(|view| view.news(before).is_some()).said.unwrap()
    }

    fn answered(&self, least: u64) -> View {
        self.until(|view| {
            let table = view.snapshot.table(crate::engine::span::Span::All);
            table.rows.last().is_some_and(|row| row.counts.answered >= least)
        })
    }
}

fn finds(found: &'static str) -> Lookup {
    Lookup::new(move |_, _| Ok(vec![SocketAddr::new(ip(found), 0)]))
}

/// A resolver that says that it was asked, and answers with [`NEW`] when the other end is dropped.
fn slow() -> (Lookup, Receiver<Option<Family>>, Sender<()>) {
    let (ask, asked) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let lookup = Lookup::new(move |_, family| {
        ask.send(family).unwrap();
        let _ = released.lock().unwrap().recv();
        Ok(vec![SocketAddr::new(ip(NEW), 0)])
    });
    (lookup, asked, release)
}

#[test]
fn a_name_that_leads_elsewhere_is_followed_there_into_a_session_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let watched = watch(Some(finds(NEW)), None, Some(directory.path()));
    let before = watched.answered(5);
    watched.handle.request(Request::Reresolve);
    let moved = watched.until(|view| view.about.address == ip(NEW));
    let said = format!("example.org was {OLD}, is {NEW} now; statistics restarted");
    assert_eq!(moved.said.as_deref(), Some(&*said));
    assert_eq!(moved.about.target, "example.org");
    let anew = watched.answered(1);
    assert!(anew.snapshot.started > before.snapshot.now && anew.snapshot.target == ip(NEW));
    watched.handle.request(Request::Reresolve);
    assert_eq!(&*watched.says(moved.said.as_ref()), format!("example.org is still {NEW}"));
    watched.handle.finish();

    let mut sessions: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| Session::open(&entry.unwrap().path()).unwrap())
        .collect();
    sessions.sort_by_key(|session| session.header.address);
    let addresses: Vec<_> = sessions.iter().map(|session| session.header.address).collect();
    assert_eq!(addresses, [ip(OLD), ip(NEW)]);
    for session in &sessions {
        assert_eq!(session.header.target, "example.org");
        let mut rounds = 0;
        let count = |record| rounds += u32::from(matches!(record, crate::engine::record::Record::Round(_)));
        session.read(crate::engine::span::Span::All, count).unwrap();
        assert!(rounds > 0, "{}", session.header.address);
    }
}

#[test]
fn an_outage_in_force_when_a_name_is_followed_ends_as_one_of_the_address_before() {
    let (queue, news) = std::sync::mpsc::sync_channel(8);
    let watched = watch_as(Some(finds(NEW)), None, None, |config| {
        let Way::Simulated(scenario) = &mut config.way else { panic!("a simulated path") };
        let cut = vec![Hop::router(ip("192.0.2.254"), 1.0), Hop::target(ip(OLD), 2.0).loss(1.0)];
        **scenario = (**scenario).clone().then(Time::from_millis(400), cut);
        config.events = Some(EventLink { queue, status: Arc::default() });
    });
    let start = news.recv_timeout(PATIENCE).unwrap();
    watched.handle.request(Request::Reresolve);
    let end = news.recv_timeout(PATIENCE).unwrap();
    for (news, happened) in [(&start, Happened::Start), (&end, Happened::End)] {
        assert_eq!((news.happened, news.entry.number, news.about.address), (happened, 0, ip(OLD)));
    }
    watched.handle.finish();
}

#[test]
fn the_same_address_and_a_failure_are_told_each_time_and_change_nothing() {
    let fails = Lookup::new(|_, _| Err(Why::NoAnswer));
    let failure = "192.0.2.1 stays watched: cannot resolve \"example.org\": the resolver has no answer for now; \
                   check the network and /etc/resolv.conf, or give an address";
    for (lookup, expected) in [
        (Some(finds(OLD)), "example.org is still 192.0.2.1"),
        (Some(fails), failure),
        (
            Some(finds("224.0.0.1")),
            "example.org was 192.0.2.1, is 224.0.0.1 now, but 192.0.2.1 stays watched: \
                                    that is not the address of one host",
        ),
        (None, "a simulated path: 192.0.2.1 leads nowhere else"),
    ] {
        let watched = watch(lookup, None, None);
        let started = watched.answered(1).snapshot.started;
        watched.handle.request(Request::Reresolve);
        let first = watched.says(None);
        assert_eq!(&*first, expected);
        watched.handle.request(Request::Reresolve);
        assert_eq!(&*watched.says(Some(&first)), expected);
        let view = watched.answered(2);
        assert_eq!((view.about.address, view.snapshot.started), (ip(OLD), started));
        watched.handle.finish();
    }
}

#[test]
fn a_period_follows_a_change_by_itself() {
    let watched = watch(Some(finds(NEW)), Some(Duration::from_millis(50)), None);
    let moved = watched.until(|view| view.about.address == ip(NEW));
    // From now on it is still the same, of which a period says nothing.
    let later = watched.answered(20);
    assert_eq!(later.said.map(|said| said.to_string()), moved.said.map(|said| said.to_string()));
    watched.handle.finish();
}

#[test]
fn while_a_resolver_does_not_answer_all_goes_on_and_the_end_waits_for_nobody() {
    let (lookup, asked, release) = slow();
    let watched = watch(Some(lookup), None, None);
    watched.handle.request(Request::Reresolve);
    assert_eq!(asked.recv_timeout(PATIENCE), Ok(None), "nobody was asked");
    let view = watched.answered(20);
    assert_eq!((view.about.address, view.said), (ip(OLD), None));
    watched.handle.finish();
    let Watched { handle, told } = watched;
    drop(handle);
    // The watch's end of the notices goes with its thread, though the lookup is still stuck.
    while told.recv_timeout(PATIENCE).is_ok() {}
    assert_eq!(told.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected));
    drop(release);
    let end = asked.recv_timeout(PATIENCE);
    assert_eq!(end, Err(std::sync::mpsc::RecvTimeoutError::Disconnected), "the answer came to nobody");
}

#[test]
fn a_slow_answer_is_followed_when_it_comes() {
    let (lookup, asked, release) = slow();
    let watched = watch(Some(lookup), None, None);
    watched.handle.request(Request::Reresolve);
    assert_eq!(asked.recv_timeout(PATIENCE), Ok(None));
    watched.answered(10);
    drop(release);
    watched.until(|view| view.about.address == ip(NEW));
    watched.handle.finish();
}
