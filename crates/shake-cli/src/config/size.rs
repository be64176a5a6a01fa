//! Sizes as people write them.

/// Reads a size: a number of bytes, or one with a unit as in `redis.conf` (`kb`, `mb`, `gb` are powers of 1024; `k`,
/// `m`, `g` powers of 1000), in any case. `None` if it is not one.
pub(super) fn parse(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: usize = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" | "kib" => 1 << 10,
        "m" => 1_000_000,
        "mb" | "mib" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(factor)
}

/// The size in the largest unit that shows it whole.
pub(super) fn show(size: usize) -> String {
    for (unit, factor) in [("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10)] {
        if size >= factor && size.is_multiple_of(factor) {
            return format!("{}{unit}", size / factor);
        }
    }
    size.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_and_without_units() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1024", Some(1024)),
            ("256mb", Some(256 << 20)),
            ("256 MiB", Some(256 << 20)),
            ("1g", Some(1_000_000_000)),
            ("1GB", Some(1 << 30)),
            ("", None),
            ("mb", None),
            ("-1", None),
            ("1.5gb", None),
            ("1tb", None),
            ("99999999999gb", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn shown_sizes_read_back() {
        for (size, expected) in [(0, "0"), (1 << 20, "1mb"), (1 << 40, "1024gb"), (1500, "1500"), (3 << 10, "3kb")] {
            assert_eq!(show(size), expected);
            assert_eq!(parse(expected), Some(size));
        }
    }
}
