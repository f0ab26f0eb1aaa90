//! Whether this process may do what ordinary users may not.

/// The bit of `CAP_NET_RAW` in a capability set (capability.h).
const CAP_NET_RAW: u32 = 13;

/// Whether this process is root's or has `CAP_NET_RAW`; `false` where that cannot be read.
pub fn privileged() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| is_privileged(&status))
}

/// The same from the text of `/proc/self/status` (proc(5)): the effective user and capabilities.
fn is_privileged(status: &str) -> bool {
    let field = |name| status.lines().find_map(|line| line.strip_prefix(name));
    let root = field("Uid:").and_then(|ids| ids.split_whitespace().nth(1)) == Some("0");
    let capabilities = field("CapEff:").and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    root || capabilities.is_some_and(|set| set >> CAP_NET_RAW & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(effective_uid: u32, capabilities: &str) -> String {
        format!("Name:\tx\nUid:\t1000\t{effective_uid}\t1000\t1000\nCapInh:\tffff\nCapEff:\t{capabilities}\n")
    }

    #[test]
    fn root_and_the_capability_count() {
        assert!(is_privileged(&status(0, "0000000000000000")));
        assert!(is_privileged(&status(1000, "0000000000002000")));
        assert!(!is_privileged(&status(1000, "0000000000001000")));
        assert!(!is_privileged(&status(1000, "000001ffffffdfff")));
    }

    #[test]
    fn nonsense_gives_no_privilege() {
        assert!(!is_privileged(""));
        assert!(!is_privileged("Uid:\nCapEff:\tzz\n"));
    }
}
