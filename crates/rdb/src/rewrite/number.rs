//! Numbers as words of commands.

use std::fmt::Write;

use crate::elements::StreamId;

/// Appends a score with the fewest digits that give the same bits again.
pub(super) fn write_score(score: f64, text: &mut String) {
    // `inf` and `-0` come out as servers read them; only the `.0` of whole numbers is idle.
    let start = text.len();
    let written = write!(text, "{score:?}");
    debug_assert!(written.is_ok(), "a string takes everything");
    if text.get(start..).is_some_and(|digits| digits.ends_with(".0")) {
        text.truncate(text.len() - ".0".len());
    }
}

/// Appends an ID as `1526919030474-55`.
pub(super) fn write_id(id: StreamId, text: &mut String) {
    let mut digits = itoa::Buffer::new();
    text.push_str(digits.format(id.ms));
    text.push('-');
    text.push_str(digits.format(id.seq));
}

/// An ID as text.
pub(super) fn id_text(id: StreamId) -> String {
    let mut text = String::new();
    write_id(id, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_keep_every_bit() {
        let text = |score| {
            let mut text = String::from("before ");
            write_score(score, &mut text);
            text.split_off("before ".len())
        };
        for (score, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-1.5, "-1.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e308"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(text(score), expected);
            assert_eq!(expected.parse::<f64>().unwrap().to_bits(), score.to_bits());
        }
    }
}
