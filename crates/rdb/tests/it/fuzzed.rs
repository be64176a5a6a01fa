//! What fuzzing found.

use rdb::{Decoder, ElementReader, Error, ErrorKind, Options};

use crate::file::build;

/// What the values of this file fail with, by these options.
fn first_error(file: &[u8], options: &Options) -> Option<Error> {
    let (mut decoder, mut reader) = (Decoder::new(options.clone()), ElementReader::new(options));
    decoder.feed(file);
    while let Some(item) = decoder.next_item().unwrap() {
        if let Err(error) = reader.item(&item, |_| {}) {
            return Some(error);
        }
    }
    None
}

#[test]
fn a_damaged_compressed_string_fails_at_one_offset_however_it_comes() {
    // Ten runs of one byte, said to be eleven bytes; and a reference to before the start behind eight of them.
    let short = [b"\xc3\x14\x0b".as_slice(), &b"\x00a".repeat(10)].concat();
    let wild = [b"\xc3\x14\x0c".as_slice(), &b"\x00a".repeat(8), b"\x3f\xff\x00a"].concat();
    for value in [short, wild] {
        let file = build("REDIS0011", &[b"\x00\x01k", &value]);
        let whole = first_error(&file, &Options::default()).expect("damage");
        assert_eq!((whole.kind(), whole.offset()), (ErrorKind::BadLzf, 12));
        for chunk in 1..25 {
            let chunked = Options::default().whole_value_limit(0).chunk_size(chunk);
            assert_eq!(first_error(&file, &chunked), Some(whole), "chunks of {chunk} bytes");
        }
    }
}
