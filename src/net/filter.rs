//! What the kernel keeps from a raw socket: classic BPF programs (packet(7), bpf(4)), so that a flood of
//! other people's ICMP does not wake this process.
//!
//! An error gets through if its quote was on its way to our target, or left from our port or identifier, as
//! it does where a NAT rewrote the destination. What cannot be judged gets through, too: the matching that
//! follows is the strict one.

use std::net::IpAddr;

use socket2::SockFilter;

/// Which probes are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ours {
    /// Where they go.
    pub target: IpAddr,
    /// A field of their transport header that is ours alone.
    pub key: Option<Key>,
}

/// A 16-bit field of the transport header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it stands in the header.
    pub at: u32,
    /// What it holds.
    pub value: u16,
}

impl Key {
    /// A UDP source port.
    pub const fn port(value: u16) -> Self {
        Self { at: 0, value }
    }

    /// An echo identifier.
    pub const fn id(value: u16) -> Self {
        Self { at: ECHO_ID, value }
    }
}

/// Where the identifier stands in an echo message.
const ECHO_ID: u32 = 4;
/// The header of an ICMP message.
const ICMP: u32 = 8;

// Instructions, linux/bpf_common.h.
const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const LOAD_WORD_X: u16 = 0x40;
const LOAD_HALF_X: u16 = 0x48;
const LOAD_BYTE_X: u16 = 0x50;
const LOAD_LEN: u16 = 0x80;
const X_IS_HEADER_LEN: u16 = 0xb1;
const SUBTRACT_X: u16 = 0x1c;
const IF_EQUAL: u16 = 0x15;
const IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;

/// Where a comparison leads.
#[derive(Clone, Copy)]
enum To {
    Next,
    /// So many instructions further than the next one.
    Skip(u8),
    Pass,
    Drop,
}

/// A program under way.
#[derive(Default)]
struct Program(Vec<Step>);

#[derive(Clone, Copy)]
enum Step {
    Do(u16, u32),
    If { code: u16, value: u32, yes: To, no: To },
}

impl Program {
    fn act(&mut self, code: u16, at: u32) {
        self.0.push(Step::Do(code, at));
    }

    fn test(&mut self, code: u16, value: u32, yes: To, no: To) {
        self.0.push(Step::If { code, value, yes, no });
    }

    /// Goes on where what was loaded is one of these.
    fn one_of(&mut self, [first, second, third]: [u32; 3]) {
        self.test(IF_EQUAL, first, To::Skip(2), To::Next);
        self.test(IF_EQUAL, second, To::Skip(1), To::Next);
        self.test(IF_EQUAL, third, To::Next, To::Drop);
    }

    /// The instructions, and behind them the two ends, of which the first is to drop.
    fn finish(&self) -> Vec<SockFilter> {
        let drop_at = self.0.len();
        let offset = |index: usize, to| match to {
            To::Next => 0,
            To::Skip(count) => count,
            To::Drop => (drop_at - index - 1) as u8,
            To::Pass => (drop_at - index) as u8,
        };
        let step = |(index, step): (usize, &Step)| match *step {
            Step::Do(code, at) => SockFilter::new(code, 0, 0, at),
            Step::If { code, value, yes, no } => {
                SockFilter::new(code, offset(index, yes), offset(index, no), value)
            }
        };
        let ends = [SockFilter::new(RETURN, 0, 0, 0), SockFilter::new(RETURN, 0, 0, u32::MAX)];
        self.0.iter().enumerate().map(step).chain(ends).collect()
    }
}

/// For ICMP errors about probes of ours.
pub fn errors(ours: Ours) -> Vec<SockFilter> {
    let mut program = Program::default();
    match ours.target {
        IpAddr::V4(target) => {
            const HEADER: u32 = 20;
            const DESTINATION: u32 = ICMP + 16;
            const PROTOCOL: u32 = ICMP + 9;
            // The packet begins with its IP header, so X leads to the ICMP message.
            program.act(X_IS_HEADER_LEN, 0);
            // The kernel's own filter lets types from 32 on through.
            program.act(LOAD_BYTE_X, 0);
            program.one_of([3, 11, 12]);
            program.act(LOAD_LEN, 0);
            program.act(SUBTRACT_X, 0);
            program.test(IF_AT_LEAST, ICMP + HEADER + 8, To::Next, To::Pass);
            program.act(LOAD_WORD_X, DESTINATION);
            program.test(IF_EQUAL, target.to_bits(), To::Pass, To::Next);
            program.act(LOAD_BYTE_X, ICMP);
            // With IP options the transport header stands elsewhere.
            program.test(IF_EQUAL, 0x45, To::Next, To::Pass);
            program.act(LOAD_BYTE_X, PROTOCOL);
            program.one_of([1, 6, 17]);
            if let Some(key) = ours.key {
                program.act(LOAD_HALF_X, ICMP + HEADER + key.at);
                program.test(IF_EQUAL, key.value.into(), To::Pass, To::Drop);
            }
        }
        IpAddr::V6(target) => {
            const HEADER: u32 = 40;
            const NEXT_HEADER: u32 = ICMP + 6;
            const DESTINATION: u32 = ICMP + 24;
            program.act(LOAD_LEN, 0);
            program.test(IF_AT_LEAST, ICMP + HEADER + 8, To::Next, To::Pass);
            let words: Vec<u32> = target
                .segments()
                .chunks(2)
                .map(|pair| u32::from(pair[0]) << 16 | u32::from(pair[1]))
                .collect();
            for (index, (place, word)) in (0..).zip(words).enumerate() {
                program.act(LOAD_WORD, DESTINATION + 4 * place);
                let left = 2 * (3 - index as u8);
                let yes = if index == 3 { To::Pass } else { To::Next };
                program.test(IF_EQUAL, word, yes, To::Skip(left));
            }
            program.act(LOAD_BYTE, NEXT_HEADER);
            // Behind an extension header (RFC 8200, 4) the transport header stands elsewhere.
            for extension in [0, 43, 44, 51, 60] {
                program.test(IF_EQUAL, extension, To::Pass, To::Next);
            }
            program.one_of([6, 17, 58]);
            if let Some(key) = ours.key {
                program.act(LOAD_HALF, ICMP + HEADER + key.at);
                program.test(IF_EQUAL, key.value.into(), To::Pass, To::Drop);
            }
        }
    }
    program.finish()
}

/// For nothing at all.
pub fn nothing() -> Vec<SockFilter> {
    vec![SockFilter::new(RETURN, 0, 0, 0)]
}

/// For echo replies with this identifier.
pub fn replies(target: IpAddr, id: u16) -> Vec<SockFilter> {
    let mut program = Program::default();
    match target {
        IpAddr::V4(_) => {
            program.act(X_IS_HEADER_LEN, 0);
            program.act(LOAD_HALF_X, ECHO_ID);
        }
        IpAddr::V6(_) => program.act(LOAD_HALF, ECHO_ID),
    }
    program.test(IF_EQUAL, id.into(), To::Pass, To::Drop);
    program.finish()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use socket2::SockRef;

    use super::*;

    const PORT: u16 = 40_000;

    /// Whether the kernel lets a packet through.
    fn passes(target: IpAddr, packet: &[u8]) -> bool {
        let (near, far) = UnixDatagram::pair().unwrap();
        let key = Some(Key::port(PORT));
        SockRef::from(&near).attach_filter(&errors(Ours { target, key })).unwrap();
        near.set_nonblocking(true).unwrap();
        // A packet that the filter drops is sent all the same, or refused.
        let _ = far.send(packet);
        near.recv(&mut [0; 256]).is_ok()
    }

    fn v4(ty: u8, protocol: u8, destination: [u8; 4], port: u16) -> Vec<u8> {
        let mut packet = vec![0; 20 + 8 + 20 + 8];
        (packet[0], packet[20], packet[28], packet[37]) = (0x45, ty, 0x45, protocol);
        packet[44..48].copy_from_slice(&destination);
        packet[48..50].copy_from_slice(&port.to_be_bytes());
        packet
    }

    fn v6(next: u8, last: u8, port: u16) -> Vec<u8> {
        let mut packet = vec![0; 8 + 40 + 8];
        (packet[0], packet[14], packet[47]) = (3, next, last);
        packet[48..50].copy_from_slice(&port.to_be_bytes());
        packet
    }

    #[test]
    fn over_ipv4_only_errors_about_our_own_get_through() {
        let (ours, other) = ([192, 0, 2, 1], [192, 0, 2, 2]);
        let passes = |packet: &[u8]| passes(ours.into(), packet);
        for ty in [3, 11, 12] {
            assert!(passes(&v4(ty, 17, ours, 1)), "{ty}: to our target");
        }
        assert!(passes(&v4(11, 17, other, PORT)), "from our port");
        assert!(!passes(&v4(11, 17, other, 1)));
        assert!(!passes(&v4(11, 50, other, PORT)), "ESP has no ports");
        for ty in [0, 5, 8, 32, 42, 255] {
            assert!(!passes(&v4(ty, 17, ours, PORT)), "{ty} is no error");
        }
    }

    #[test]
    fn over_ipv6_only_errors_about_our_own_get_through() {
        let passes = |packet: &[u8]| passes("::1".parse().unwrap(), packet);
        assert!(passes(&v6(17, 1, 1)), "to our target");
        assert!(passes(&v6(17, 2, PORT)), "from our port");
        assert!(!passes(&v6(17, 2, 1)));
        for extension in [0, 43, 44, 51, 60] {
            assert!(passes(&v6(extension, 2, 1)), "{extension}: it cannot be judged");
        }
        assert!(!passes(&v6(50, 2, PORT)), "ESP has no ports");
        assert!(!passes(&v6(59, 2, PORT)), "nothing behind the header");
    }
}
