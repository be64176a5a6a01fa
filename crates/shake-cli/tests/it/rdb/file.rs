//! Small snapshots made by hand.

/// A file of version 11 with these records, and its checksum switched off.
pub(super) fn snapshot(records: &[&[u8]]) -> Vec<u8> {
    let mut file = b"REDIS0011".to_vec();
    records.iter().for_each(|record| file.extend_from_slice(record));
    file.extend_from_slice(b"\xff\0\0\0\0\0\0\0\0");
    file
}

/// A string as it stands in a file.
pub(super) fn string(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&length(text.len()), text].concat()
}

/// A length as it stands in a file.
pub(super) fn length(len: usize) -> Vec<u8> {
    match len {
        0..64 => vec![u8::try_from(len).unwrap()],
        _ => [&[0x80], &u32::try_from(len).unwrap().to_be_bytes()[..]].concat(),
    }
}

/// A key of the type with this code, and its value.
pub(super) fn key(code: u8, name: impl AsRef<[u8]>, value: &[u8]) -> Vec<u8> {
    [&[code], &string(name)[..], value].concat()
}

/// A key with a string.
pub(super) fn text_key(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    key(0, name, &string(value))
}

/// A fact of the file.
pub(super) fn aux(name: &str, value: &str) -> Vec<u8> {
    [&[0xfa], &string(name)[..], &string(value)].concat()
}

/// The record that lets the next key expire.
pub(super) fn expire_at(ms: i64) -> Vec<u8> {
    [&[0xfc], &ms.to_le_bytes()[..]].concat()
}

/// A hash, as a value.
pub(super) fn hash(fields: &[(&str, &str)]) -> Vec<u8> {
    let strings = fields.iter().flat_map(|(name, value)| [string(name), string(value)]);
    [length(fields.len())].into_iter().chain(strings).flatten().collect()
}

/// A list or a set, as a value.
pub(super) fn strings(items: &[&str]) -> Vec<u8> {
    [length(items.len())].into_iter().chain(items.iter().map(string)).flatten().collect()
}

/// A sorted set, as a value of type 5.
pub(super) fn scores(members: &[(&str, f64)]) -> Vec<u8> {
    let pairs = members.iter().map(|(member, score)| [string(member), score.to_le_bytes().to_vec()].concat());
    [length(members.len())].into_iter().chain(pairs).flatten().collect()
}

/// A key with a hash in a ziplist that is none.
pub(super) fn damaged_key(name: &str) -> Vec<u8> {
    key(13, name, &string("no ziplist"))
}

/// The fixtures of the `rdb` crate: files of real servers.
pub(super) fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../rdb/tests/fixtures");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "rdb")).collect();
    assert!(files.len() >= 5, "{files:?}");
    files.into_iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
}
