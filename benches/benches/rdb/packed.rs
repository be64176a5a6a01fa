//! Writers of packed collections.

/// A listpack (`listpack.c`) in the making.
pub(crate) struct Listpack {
    blob: Vec<u8>,
    count: u16,
}

impl Listpack {
    pub(crate) fn new() -> Self {
        Self { blob: vec![0; 6], count: 0 }
    }

    /// Appends an integer.
    pub(crate) fn int(&mut self, value: i64) {
        let mut entry = Vec::with_capacity(9);
        if let Ok(small) = u8::try_from(value)
            && small < 128
        {
            entry.push(small);
        } else if let Ok(short) = i16::try_from(value) {
            entry.push(0xf1);
            entry.extend_from_slice(&short.to_le_bytes());
        } else if let Ok(int) = i32::try_from(value) {
            entry.push(0xf3);
            entry.extend_from_slice(&int.to_le_bytes());
        } else {
            entry.push(0xf4);
            entry.extend_from_slice(&value.to_le_bytes());
        }
        self.entry(&entry);
    }

    /// Appends a string of less than 64 bytes.
    pub(crate) fn string(&mut self, bytes: &[u8]) {
        let len = u8::try_from(bytes.len()).unwrap_or(0x3f).min(0x3f);
        let mut entry = vec![0x80 | len];
        entry.extend(bytes.iter().take(usize::from(len)));
        self.entry(&entry);
    }

    /// Entries here are short enough for a length behind them of one byte.
    fn entry(&mut self, entry: &[u8]) {
        self.blob.extend_from_slice(entry);
        self.blob.push(u8::try_from(entry.len()).unwrap_or_default());
        self.count += 1;
    }

    /// The blob, and how many entries it has.
    pub(crate) fn finish(mut self) -> (Vec<u8>, u64) {
        self.blob.push(0xff);
        let mut header = u32::try_from(self.blob.len()).unwrap_or_default().to_le_bytes().to_vec();
        header.extend_from_slice(&self.count.to_le_bytes());
        self.blob.splice(..header.len(), header);
        (self.blob, u64::from(self.count))
    }
}

/// An intset (`intset.c`) of 32-bit integers.
pub(crate) fn intset(members: &[i32]) -> Vec<u8> {
    let mut blob = 4_u32.to_le_bytes().to_vec();
    blob.extend_from_slice(&u32::try_from(members.len()).unwrap_or_default().to_le_bytes());
    blob.extend(members.iter().flat_map(|member| member.to_le_bytes()));
    blob
}
