//! A writer of snapshots.

/// A snapshot in the making.
pub(crate) struct Writer {
    file: Vec<u8>,
    state: u64,
    keys: u64,
}

impl Writer {
    /// The head of a file of version 11, and its first database.
    pub(crate) fn new() -> Self {
        Self { file: b"REDIS0011\xfe\x00".to_vec(), state: 0x9e37_79b9_7f4a_7c15, keys: 0 }
    }

    /// xorshift64: the same data in each run.
    pub(crate) fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// Random letters and digits.
    pub(crate) fn text(&mut self, len: usize) -> Vec<u8> {
        std::iter::repeat_with(|| b'a' + u8::try_from(self.random() % 26).unwrap_or_default()).take(len).collect()
    }

    /// A length (`rdbSaveLen`).
    pub(crate) fn length(&mut self, len: usize) {
        match len {
            0..=0x3f => self.file.push(u8::try_from(len).unwrap_or_default()),
            0x40..=0x3fff => self.bytes(&(0x4000 | u16::try_from(len).unwrap_or_default()).to_be_bytes()),
            _ => {
                self.file.push(0x80);
                self.bytes(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
            }
        }
    }

    /// A length of 64 bits.
    pub(crate) fn long_length(&mut self, len: u64) {
        self.file.push(0x81);
        self.bytes(&len.to_be_bytes());
    }

    /// A plain string.
    pub(crate) fn string(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes(bytes);
    }

    /// A plain string of random text.
    pub(crate) fn random_string(&mut self, len: usize) {
        let text = self.text(len);
        self.string(&text);
    }

    /// A string, compressed if that makes it smaller.
    pub(crate) fn compressed(&mut self, bytes: &[u8]) {
        match ::lzf::compress(bytes) {
            Ok(compressed) => {
                self.file.push(0xc3);
                self.length(compressed.len());
                self.length(bytes.len());
                self.bytes(&compressed);
            }
            Err(_) => self.string(bytes),
        }
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.file.extend_from_slice(bytes);
    }

    /// The type of a value, and its key.
    pub(crate) fn key(&mut self, value_type: u8, name: &str) {
        self.keys += 1;
        self.file.push(value_type);
        self.string(name.as_bytes());
    }

    /// The file with its checksum, and how many keys it has.
    pub(crate) fn finish(mut self) -> (Vec<u8>, u64) {
        self.file.push(0xff);
        let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Redis, &self.file);
        self.file.extend_from_slice(&crc.to_le_bytes());
        (self.file, self.keys)
    }
}
