//! The parts of values in chunks are those of whole values, at the same offsets.

use rdb::{Decoder, Item, Options, PartReader};

use crate::fixtures;

#[test]
fn chunks_have_the_parts_of_the_whole() {
    for (name, file) in fixtures::all() {
        let mut decoder = Decoder::new(Options::default().whole_value_limit(usize::MAX));
        let mut reader = PartReader::new(&Options::default());
        decoder.feed(&file);
        while let Some(item) = decoder.next_item().expect(name) {
            let Item::Entry(entry) = item else { continue };
            let value = entry.value;
            let whole: Vec<String> = value.parts().map(|part| format!("{:?}", part.expect(name))).collect();
            for size in [1, 7, 1000, usize::MAX] {
                if size == 1 && value.bytes().len() > 5000 {
                    continue;
                }
                let (mut found, mut end) = (Vec::new(), value.offset());
                reader.begin(value.value_type(), value.offset());
                for chunk in value.bytes().chunks(size) {
                    let sink = |offset, size, part: rdb::Part<'_>| {
                        assert_eq!(offset, end);
                        end += size;
                        found.push(format!("{part:?}"));
                    };
                    reader.chunk(chunk, sink).expect(name);
                }
                reader.end().expect(name);
                assert_eq!(end, value.offset() + value.bytes().len() as u64);
                assert!(found == whole, "{name}: {:?} by {size}", entry.key);
            }
        }
    }
}
