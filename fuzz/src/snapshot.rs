//! Snapshots of one value.

use rdb::{Dialect, ValueType};

/// The type that a byte of input chooses: every code of either dialect is near some byte.
pub fn chosen_type(choice: u8) -> (Dialect, ValueType) {
    let dialect = if choice & 0x80 == 0 { Dialect::Redis } else { Dialect::Valkey };
    let value_type = ValueType::from_code(dialect, choice & 0x1f).unwrap_or(ValueType::String);
    (dialect, value_type)
}

/// A snapshot that ends behind this value, without a checksum.
pub fn of_value(dialect: Dialect, value_type: ValueType, value: &[u8]) -> Vec<u8> {
    let header: &[u8] = match dialect {
        Dialect::Redis => b"REDIS0014",
        Dialect::Valkey => b"VALKEY081",
    };
    [header, &[value_type.code()], b"\x01k", value, b"\xff\0\0\0\0\0\0\0\0"].concat()
}

/// A snapshot that ends behind this value, whose key expires; without a checksum.
pub fn of_value_that_expires(dialect: Dialect, value_type: ValueType, value: &[u8], at_ms: i64) -> Vec<u8> {
    let mut file = of_value(dialect, value_type, value);
    let expiry = [&[0xfc][..], &at_ms.to_le_bytes()].concat();
    file.splice(HEADER_LEN..HEADER_LEN, expiry);
    file
}

/// Magic and version.
const HEADER_LEN: usize = 9;

/// A length as snapshots hold it, in five bytes.
pub fn length(length: usize) -> Vec<u8> {
    [&[0x80][..], &(length as u32).to_be_bytes()].concat()
}

/// A string as snapshots hold it.
pub fn string(bytes: &[u8]) -> Vec<u8> {
    [&length(bytes.len())[..], bytes].concat()
}
