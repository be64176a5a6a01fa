//! Numbers of JSON.

use std::io::Write;

use rdb::{Digits, Scalar};

/// Writes a signed integer.
pub(super) fn signed(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(Scalar::Int(number).as_bytes(&mut Digits::default()));
}

/// Writes an unsigned integer.
pub(super) fn unsigned(number: u64, out: &mut Vec<u8>) {
    match i64::try_from(number) {
        Ok(number) => signed(number, out),
        // Writing to a vector cannot fail.
        Err(_) => drop(write!(out, "{number}")),
    }
}

/// Writes a double so that it reads back bit for bit; what JSON has no number for is a string.
pub(super) fn double(number: f64, out: &mut Vec<u8>) {
    #[expect(clippy::cast_possible_truncation, reason = "compared with the number it was made from")]
    let whole = number as i64;
    if whole as f64 == number && whole.unsigned_abs() < EXACT && !(whole == 0 && number.is_sign_negative()) {
        signed(whole, out);
    } else if number.is_finite() {
        // The shortest digits that read back as the same number; a vector and a finite number cannot fail.
        let _ = serde_json::to_writer(out, &number);
    } else if number.is_nan() {
        out.extend_from_slice(b"\"nan\"");
    } else {
        out.extend_from_slice(if number > 0.0 { b"\"inf\"" } else { b"\"-inf\"" });
    }
}

/// Integers below this are exact in a double.
const EXACT: u64 = 1 << 53;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: f64) -> String {
        let mut out = Vec::new();
        double(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_read_back_bit_for_bit() {
        for number in [0.0, -0.0, 1.0, -3.5, 0.1, 1e308, 5e-324, 9_007_199_254_740_993.0, 1.0 / 3.0, 1e21, -2e-7] {
            let text = written(number);
            let read: f64 = text.parse().unwrap();
            assert_eq!(read.to_bits(), number.to_bits(), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap().is_number(), "{text}");
        }
        assert_eq!([written(7.0), written(-0.0), written(0.5)], ["7", "-0.0", "0.5"]);
        assert_eq!([written(f64::INFINITY), written(f64::NEG_INFINITY)], ["\"inf\"", "\"-inf\""]);
    }

    #[test]
    fn integers_of_all_sizes() {
        let mut out = Vec::new();
        unsigned(u64::MAX, &mut out);
        out.push(b' ');
        signed(i64::MIN, &mut out);
        assert_eq!(out, b"18446744073709551615 -9223372036854775808");
    }
}
