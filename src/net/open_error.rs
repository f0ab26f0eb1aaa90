//! Why a channel cannot be opened, in one line each that says what to do about it.

use std::io;
use std::net::IpAddr;

use thiserror::Error;

use super::channel::ChannelConfig;
use crate::engine::probe::Protocol;

/// Why a channel cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The kernel knows no way to the target.
    #[error("no route to {0}; see `ip route get {0}`")]
    NoRoute(IpAddr),
    /// Not even what every user may have is to be had.
    #[error("not permitted to open a {0} socket ({1}); is a sandbox or a seccomp filter in the way?")]
    Forbidden(&'static str, io::Error),
    /// `net.ipv4.ping_group_range` leaves this process out.
    #[error(
        "ICMP echo is not permitted here; as root: sysctl -w net.ipv4.ping_group_range=\"0 2147483647\", \
         or: setcap cap_net_raw+ep {}",
        program()
    )]
    NoEcho,
    /// No raw socket could be opened.
    #[error("raw sockets are not permitted here; as root: setcap cap_net_raw+ep {}", program())]
    NoRaw,
    /// The source address asked for is not this machine's.
    #[error("-a {0}: no interface of this machine has that address; see `ip address`")]
    NotOurs(IpAddr),
    /// The interface asked for does not exist.
    #[error("-I {}: there is no such interface; see `ip link`", .0.escape_debug())]
    NoInterface(String),
    /// Another socket has the source port asked for.
    #[error("-L {0}: that port is in use; see `ss -nlu`")]
    PortTaken(u16),
    /// The source port asked for is for the privileged.
    #[error("-L {0}: a port that low needs CAP_NET_BIND_SERVICE; any from 1024 on is free to use")]
    PortForbidden(u16),
    /// The target's family is switched off.
    #[error("this system does not speak the family of {0}; try -4 or -6")]
    NoFamily(IpAddr),
    /// Anything else.
    #[error("cannot probe {0}: {1}")]
    Other(IpAddr, io::Error),
    /// The watch was to be recorded, and cannot be.
    #[error("cannot record to \"{}\": {why}", crate::scrub::text(path.to_string_lossy().as_bytes()))]
    Record {
        /// The file or directory.
        path: std::path::PathBuf,
        /// What is in the way.
        why: String,
    },
    /// The watch itself did not get under way.
    #[error("cannot start")]
    Start(#[from] io::Error),
}

impl OpenError {
    /// What an error met while opening a channel means.
    pub fn of(error: io::Error, config: &ChannelConfig) -> Self {
        let target = config.target.ip();
        let egress = &config.egress;
        match (error.raw_os_error(), egress.source, &egress.interface, egress.local_port) {
            (Some(libc::EADDRNOTAVAIL), Some(source), ..) => return Self::NotOurs(source),
            (Some(libc::ENODEV), _, Some(interface), _) => return Self::NoInterface(interface.clone()),
            (Some(libc::EADDRINUSE), _, _, Some(port)) => return Self::PortTaken(port),
            (Some(libc::EACCES), _, _, Some(port @ ..1_024)) => return Self::PortForbidden(port),
            _ => {}
        }
        match error.raw_os_error() {
            Some(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::EADDRNOTAVAIL) => Self::NoRoute(target),
            Some(libc::EACCES | libc::EPERM) if config.protocol == Protocol::Icmp => Self::NoEcho,
            Some(libc::EACCES | libc::EPERM) => Self::Forbidden(config.protocol.name(), error),
            Some(libc::EAFNOSUPPORT) => Self::NoFamily(target),
            _ => Self::Other(target, error),
        }
    }
}

/// This program's file, to be named in a command.
fn program() -> String {
    let path = std::env::current_exe().ok();
    path.map_or_else(|| "hopwatch".to_owned(), |path| crate::scrub::text(path.display().to_string()))
}
