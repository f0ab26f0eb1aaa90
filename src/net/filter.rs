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
            // The packet begins with its IP header, so X leads to the ICMP message.
            program.act(X_IS_HEADER_LEN, 0);
            program.act(LOAD_LEN, 0);
            program.act(SUBTRACT_X, 0);
            program.test(IF_AT_LEAST, ICMP + HEADER + 8, To::Next, To::Pass);
            program.act(LOAD_WORD_X, DESTINATION);
            program.test(IF_EQUAL, target.to_bits(), To::Pass, To::Next);
            program.act(LOAD_BYTE_X, ICMP);
            // With IP options the transport header stands elsewhere.
            program.test(IF_EQUAL, 0x45, To::Next, To::Pass);
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
            // Behind an extension header the transport header stands elsewhere.
            program.test(IF_EQUAL, 6, To::Skip(2), To::Next);
            program.test(IF_EQUAL, 17, To::Skip(1), To::Next);
            program.test(IF_EQUAL, 58, To::Next, To::Pass);
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
