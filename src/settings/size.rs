//! Sizes as users write them: `500000`, `500k`, `256M`, `2G`.

/// Reads a size in bytes; the units are powers of 1024.
///
/// The error says in a few words what is wrong with it, fit to follow the text and a colon.
pub fn parse_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 6] = [("k", 10), ("K", 10), ("m", 20), ("M", 20), ("g", 30), ("G", 30)];
    let text = text.trim();
    let (number, shift) =
        UNITS.iter().find_map(|&(unit, shift)| Some((text.strip_suffix(unit)?, shift))).unwrap_or((text, 0));
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let size = is_plain.then(|| number.parse::<u64>().ok()?.checked_mul(1 << shift)).flatten();
    size.ok_or_else(|| "must be a size such as 500k, 256M or 2G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, size) in [("7", 7), ("2k", 2_048), ("256M", 256 << 20), ("1G", 1 << 30), ("0", 0)] {
            assert_eq!(parse_size(text), Ok(size), "{text}");
        }
        for text in ["", "M", "-1", "1.5G", "1T", "99999999999G", "1 M"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
