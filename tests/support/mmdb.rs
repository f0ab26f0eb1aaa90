//! A writer of the smallest database in MaxMind's format (version 2.0) that says who originates what: a
//! binary tree over the bits of addresses, the records that its leaves point to, and a description at the end.

/// Where IPv4 lies in the tree: below `::/96`.
const V4_BITS: u8 = 96;
/// Bytes of zero between the tree and the records.
const SEPARATOR: u32 = 16;

/// What a branch of the tree leads to.
#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(u32),
    /// A record, by its place among the records.
    Record(u32),
}

/// The bytes of a database of a type, with records of prefix, AS number and organization. A longer prefix
/// comes after the shorter one that it is part of.
pub fn write(database_type: &str, records: &[(&str, u32, &str)]) -> Vec<u8> {
    let mut nodes = vec![[Branch::Nothing; 2]];
    let mut data = Vec::new();
    for (prefix, number, organization) in records {
        let place = data.len() as u32;
        map(&mut data, 2);
        string(&mut data, "autonomous_system_number");
        unsigned(&mut data, 6, u64::from(*number));
        string(&mut data, "autonomous_system_organization");
        string(&mut data, organization);
        insert(&mut nodes, prefix, place);
    }
    let count = nodes.len() as u32;
    let value = |branch: &Branch| match branch {
        Branch::Nothing => count,
        Branch::Node(index) => *index,
        Branch::Record(place) => count + SEPARATOR + place,
    };
    let mut bytes: Vec<u8> = nodes.iter().flatten().flat_map(|branch| value(branch).to_be_bytes()).collect();
    bytes.resize(bytes.len() + SEPARATOR as usize, 0);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    describe(&mut bytes, database_type, count);
    bytes
}

fn insert(nodes: &mut Vec<[Branch; 2]>, prefix: &str, record: u32) {
    let (address, length) = prefix.split_once('/').expect("a prefix");
    let length: u8 = length.parse().expect("a length");
    let (bits, length) = match address.parse().expect("an address") {
        std::net::IpAddr::V4(address) => (u128::from(u32::from(address)), length + V4_BITS),
        std::net::IpAddr::V6(address) => (u128::from(address), length),
    };
    let bit = |depth: u8| usize::from(bits >> (127 - depth) & 1 == 1);
    let mut node = 0;
    for depth in 0..length - 1 {
        let below = nodes.len() as u32;
        let branch = &mut nodes[node][bit(depth)];
        node = match *branch {
            Branch::Node(index) => index as usize,
            // What held for all of it holds for both its halves, until one is told otherwise.
            whole => {
                *branch = Branch::Node(below);
                nodes.push([whole; 2]);
                below as usize
            }
        };
    }
    nodes[node][bit(length - 1)] = Branch::Record(record);
}

/// The description: every field that the format asks for.
fn describe(bytes: &mut Vec<u8>, database_type: &str, node_count: u32) {
    map(bytes, 9);
    for (name, ty, value) in [
        ("binary_format_major_version", 5, 2),
        ("binary_format_minor_version", 5, 0),
        ("build_epoch", 9, 1_700_000_000),
        ("ip_version", 5, 6),
        ("node_count", 6, u64::from(node_count)),
        ("record_size", 5, 32),
    ] {
        string(bytes, name);
        unsigned(bytes, ty, value);
    }
    string(bytes, "database_type");
    string(bytes, database_type);
    string(bytes, "description");
    map(bytes, 0);
    string(bytes, "languages");
    control(bytes, 11, 0);
}

/// What begins a value: its type, and its size in bytes or entries.
fn control(bytes: &mut Vec<u8>, ty: u8, size: usize) {
    let (size, more) = match u8::try_from(size).expect("a small value") {
        size @ ..29 => (size, None),
        size => (29, Some(size - 29)),
    };
    match ty {
        ..8 => bytes.push(ty << 5 | size),
        _ => bytes.extend([size, ty - 7]),
    }
    bytes.extend(more);
}

fn map(bytes: &mut Vec<u8>, entries: usize) {
    control(bytes, 7, entries);
}

fn string(bytes: &mut Vec<u8>, text: &str) {
    control(bytes, 2, text.len());
    bytes.extend(text.as_bytes());
}

/// A number of type 5, 6 or 9 (16, 32 or 64 bits), without zeros in front.
fn unsigned(bytes: &mut Vec<u8>, ty: u8, value: u64) {
    let skipped = value.leading_zeros() as usize / 8;
    control(bytes, ty, 8 - skipped);
    bytes.extend(&value.to_be_bytes()[skipped..]);
}
