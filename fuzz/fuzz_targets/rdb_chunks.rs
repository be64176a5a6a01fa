//! Any bytes as a snapshot, whole and by a split that the input chooses: the same items, offsets and errors.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rdb::{Decoder, Options};

fuzz_target!(|data: &[u8]| {
    let Some((&[limit, chunk, piece, stride], file)) = data.split_first_chunk() else { return };
    let options =
        Options::default().whole_value_limit(usize::from(limit)).chunk_size(usize::from(chunk)).max_string(1 << 20);
    let mut size = usize::from(piece);
    let pieces = std::iter::repeat_with(|| {
        size = (size + usize::from(stride)) % 257;
        size.max(1)
    });
    assert_eq!(events(file, &options, pieces), events(file, &options, std::iter::empty()));
});

/// Everything that can be seen of a decoding.
fn events(file: &[u8], options: &Options, mut pieces: impl Iterator<Item = usize>) -> Vec<String> {
    let mut decoder = Decoder::new(options.clone());
    let mut events = Vec::new();
    let mut rest = file;
    loop {
        loop {
            match decoder.next_item().map(|item| item.map(|item| format!("{item:?}"))) {
                Ok(Some(item)) => events.push(format!("{} {item}", decoder.offset())),
                Ok(None) => break,
                Err(error) => {
                    events.push(error.to_string());
                    return events;
                }
            }
        }
        if rest.is_empty() {
            events.push(format!("{:?} {:?}", decoder.finish(), decoder.trailing()));
            return events;
        }
        let (piece, more) = rest.split_at(pieces.next().unwrap_or(rest.len()).min(rest.len()));
        decoder.feed(piece);
        rest = more;
    }
}
