//! Packed blobs whose headers and lengths are right, so that a fuzzer gets behind them.

/// A listpack of the entries that start in `body`, each with the right length behind it.
///
/// The last entry is filled up with zeros. With `counted` the header says how many there are.
pub fn listpack(body: &[u8], counted: bool) -> Vec<u8> {
    let (mut entries, mut count, mut rest) = (Vec::new(), 0_u32, body);
    while let Some(len) = entry_len(rest) {
        let (entry, more) = rest.split_at(len.min(rest.len()));
        push_entry(&mut entries, entry, len);
        count += 1;
        rest = more;
    }
    close_listpack(&entries, if counted { count } else { u32::MAX })
}

/// A listpack of these integers and strings.
#[derive(Debug, Default)]
pub struct ListpackBuilder {
    entries: Vec<u8>,
    count: u32,
}

impl ListpackBuilder {
    /// Appends a number, always in eight bytes.
    pub fn int(&mut self, value: i64) {
        let mut entry = [0xf4; 9];
        entry[1..].copy_from_slice(&value.to_le_bytes());
        self.push(&entry);
    }

    /// Appends a string of less than 64 bytes.
    pub fn string(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(63)];
        self.push(&[&[0x80 | bytes.len() as u8], bytes].concat());
    }

    fn push(&mut self, entry: &[u8]) {
        push_entry(&mut self.entries, entry, entry.len());
        self.count += 1;
    }

    /// The blob.
    pub fn close(self) -> Vec<u8> {
        close_listpack(&self.entries, self.count)
    }
}

fn close_listpack(entries: &[u8], count: u32) -> Vec<u8> {
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    [&(entries.len() as u32 + 7).to_le_bytes()[..], &count.to_le_bytes(), entries, &[0xff]].concat()
}

/// Appends an entry of `len` bytes and its length, by seven bits, highest first.
fn push_entry(out: &mut Vec<u8>, entry: &[u8], len: usize) {
    out.extend_from_slice(entry);
    out.resize(out.len() + len - entry.len(), 0);
    let lengths = (0..back_length_size(len)).rev().map(|place| (len >> (7 * place)) as u8 & 0x7f);
    out.extend(lengths.enumerate().map(|(index, bits)| if index == 0 { bits } else { bits | 0x80 }));
}

const fn back_length_size(len: usize) -> usize {
    match len {
        0..=127 => 1,
        128..=16_382 => 2,
        _ => 3,
    }
}

/// The entries of a good listpack, without what [`listpack`] puts between and around them.
pub fn listpack_body(blob: &[u8]) -> Vec<u8> {
    let (mut body, mut rest) = (Vec::new(), blob.get(6..).unwrap_or_default());
    while let Some(len) = entry_len(rest).filter(|_| rest[0] != 0xff) {
        body.extend_from_slice(&rest[..len]);
        rest = &rest[len + back_length_size(len)..];
    }
    body
}

/// The length of the entry that starts here, if its first byte can start one.
fn entry_len(data: &[u8]) -> Option<usize> {
    let (&first, rest) = data.split_first()?;
    let byte = |index: usize| rest.get(index).copied().map_or(0, usize::from);
    match first {
        0x00..=0x7f => Some(1),
        0x80..=0xbf => Some(1 + usize::from(first & 0x3f)),
        0xc0..=0xdf => Some(2),
        0xe0..=0xef => Some(2 + (usize::from(first & 0x0f) << 8 | byte(0))),
        0xf0 => Some(5 + (byte(1) << 8 | byte(0))),
        0xf1..=0xf3 => Some(usize::from(first - 0xf1) + 3),
        0xf4 => Some(9),
        // No entry, but what the fuzzer wants there.
        _ => Some(1),
    }
}

/// A ziplist of this body, with an end mark.
pub fn ziplist(body: &[u8], count: u16) -> Vec<u8> {
    [&(body.len() as u32 + 11).to_le_bytes()[..], &[0; 4], &count.to_le_bytes(), body, &[0xff]].concat()
}

/// A zipmap of this body, with an end mark.
pub fn zipmap(body: &[u8], count: u8) -> Vec<u8> {
    [&[count], body, &[0xff]].concat()
}

/// An intset of the numbers in this body, of 2, 4 or 8 bytes each.
pub fn intset(body: &[u8], width: u8) -> Vec<u8> {
    let size = 2 << (width % 3);
    let count = body.len() / size;
    [&(size as u32).to_le_bytes()[..], &(count as u32).to_le_bytes(), &body[..count * size]].concat()
}
