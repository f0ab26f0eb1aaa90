use std::sync::mpsc;

use super::*;

const PATIENT: Duration = Duration::from_mins(1);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// The outcome for `host` with a resolver that answers `found`.
fn answered(
    host: &str,
    family: Option<Family>,
    found: Result<&[&str], Why>,
) -> Result<Resolved, ResolveError> {
    let found = found.map(|found| found.iter().map(|one| SocketAddr::new(ip(one), 0)).collect());
    block_on(resolve_by(move |_, _| found, host, family, PATIENT))
}

/// The outcome for a literal, for which no resolver may be asked.
fn read(host: &str, family: Option<Family>) -> Result<Resolved, ResolveError> {
    block_on(resolve_by(|host, _| panic!("{host} was looked up"), host, family, PATIENT))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn alone(text: &str, scope: u32) -> Resolved {
    Resolved { address: ip(text), scope, others: vec![] }
}

#[test]
fn a_literal_is_not_looked_up() {
    assert_eq!(read("192.0.2.1", None), Ok(alone("192.0.2.1", 0)));
    assert_eq!(read("2001:db8::1", Some(Family::V6)), Ok(alone("2001:db8::1", 0)));
    assert_eq!(read("[2001:db8::1]", None), Ok(alone("2001:db8::1", 0)));
    assert_eq!(read("::ffff:192.0.2.1", None), Ok(alone("192.0.2.1", 0)), "IPv4 in disguise");
}

#[test]
fn an_interface_goes_by_name_or_index() {
    let index = if_nametoindex("lo").unwrap();
    assert_eq!(read("fe80::1%lo", None), Ok(alone("fe80::1", index)));
    assert_eq!(read(&format!("fe80::1%{index}"), None), Ok(alone("fe80::1", index)));
    assert_eq!(read(&format!("[fe80::1%{index}]"), None), Ok(alone("fe80::1", index)));
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    for zone in ["nosuchif0", "4000000000", "", "lo\u{1b}[2J", "lo\0"] {
        let error = read(&format!("fe80::1%{zone}"), None).unwrap_err();
        assert_eq!(error.why, Why::NoInterface(zone.into()));
        assert!(!error.to_string().contains(char::is_control));
    }
    assert_eq!(
        read("fe80::1%nosuchif0", None).unwrap_err().to_string(),
        "cannot resolve \"fe80::1%nosuchif0\": there is no interface \"nosuchif0\" here; \
         see `ip link` for those there are"
    );
}

#[test]
fn a_link_local_address_without_interface_is_refused() {
    assert_eq!(
        read("fe80::1", None).unwrap_err().to_string(),
        "cannot resolve \"fe80::1\": a link-local address needs its interface; \
         give it as fe80::1%INTERFACE, such as fe80::1%eth0"
    );
}

#[test]
fn the_resolvers_first_address_is_taken() {
    let found: &[&str] = &["2001:db8::1", "192.0.2.1", "192.0.2.1", "192.0.2.2"];
    let others = vec![ip("192.0.2.1"), ip("192.0.2.2")];
    assert_eq!(
        answered("host.example", None, Ok(found)),
        Ok(Resolved { address: ip("2001:db8::1"), scope: 0, others })
    );
    let others = vec![ip("2001:db8::1"), ip("192.0.2.2")];
    assert_eq!(
        answered("host.example", Some(Family::V4), Ok(found)),
        Ok(Resolved { address: ip("192.0.2.1"), scope: 0, others })
    );
}

#[test]
fn an_interface_that_the_resolver_names_is_kept() {
    let found = vec![SocketAddrV6::new("fe80::1".parse().unwrap(), 0, 0, 7).into()];
    assert_eq!(choose(&found, None), Ok(alone("fe80::1", 7)));
}

#[test]
fn a_family_that_is_not_there_is_named() {
    assert_eq!(
        answered("six.example", Some(Family::V4), Ok(&["2001:db8::1"])).unwrap_err().to_string(),
        "cannot resolve \"six.example\": it has no IPv4 address; leave -4 out, or give another target"
    );
    assert_eq!(read("192.0.2.1", Some(Family::V6)).unwrap_err().why, Why::NoneOfFamily(Family::V6));
}

#[test]
fn every_failure_is_one_line_with_a_remedy() {
    assert_eq!(
        answered("foo", None, Err(Why::NoName)).unwrap_err().to_string(),
        "cannot resolve \"foo\": no such name; check the spelling, or give an address"
    );
    assert_eq!(answered("foo", None, Ok(&[])).unwrap_err().why, Why::NoName);
    let error = answered("foo\n\u{202e}\u{1b}[2Jbar", None, Err(Why::Other("odd\nfailure".into())));
    assert_eq!(
        error.unwrap_err().to_string(),
        "cannot resolve \"foo [2Jbar\": odd failure; \
         check /etc/nsswitch.conf and /etc/resolv.conf, or give an address"
    );
}

#[test]
fn the_deadline_does_not_wait_for_the_resolver() {
    let (release, released) = mpsc::channel::<()>();
    let stuck = move |_: &str, _| {
        let _ = released.recv();
        Ok(vec![])
    };
    let error = block_on(resolve_by(stuck, "foo", None, Duration::ZERO)).unwrap_err();
    assert_eq!(error.why, Why::Timeout(Duration::ZERO));
    drop(release);
    assert_eq!(
        Why::Timeout(Duration::from_secs(10)).to_string(),
        "no answer from the resolver within 10 s; check the network and /etc/resolv.conf, or give an address"
    );
}

#[test]
fn a_lookup_that_dies_is_an_error() {
    let error = block_on(resolve_by(|_, _| panic!("as told"), "foo", None, PATIENT)).unwrap_err();
    assert!(matches!(error.why, Why::Other(_)));
}

#[test]
fn the_system_reads_numbers_without_dns() {
    assert_eq!(block_on(resolve("127.1", None, PATIENT)), Ok(alone("127.0.0.1", 0)));
    let error = block_on(resolve("127.1", Some(Family::V6), PATIENT)).unwrap_err();
    assert_eq!(error.why, Why::NoneOfFamily(Family::V6));
    assert!(block_on(resolve("nul\0byte", None, PATIENT)).is_err());
}
