//! Elements in, a digest out.

use std::fmt;

use crate::elements::{CellValue, Element, ElementReader, ModulePart};
use crate::error::Error;
use crate::item::Item;
use crate::scalar::{Digits, Scalar};
use crate::value_type::ValueKind;

use super::record::{Record, Tag};
use super::stream::StreamDigest;
use super::text::TextHash;
use super::{Digest, DigestScope};

/// Makes the digests of values from their elements; made once, for any number of values.
///
/// Equal are strings of the same bytes, however many pieces they come in and even if kept as numbers; lists of the same
/// elements in the same order; sets, sorted sets and hashes of the same elements in any order; streams with the same
/// entries, groups, pending entries and consumers. The scores -0 and 0 are one: packed encodings lose the sign.
///
/// A value takes constant memory, but for its largest element.
#[derive(Default)]
pub struct Digester {
    scope: DigestScope,
    kind: Option<ValueKind>,
    /// How many records there were.
    count: u64,
    /// The sum of their hashes.
    sum: u128,
    record: Record,
    text: TextHash,
    stream: StreamDigest,
}

impl Digester {
    /// A digester of what `scope` covers; the `Default` one covers everything.
    #[must_use]
    pub fn new(scope: DigestScope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// Starts a value, and forgets the one before if it was not finished.
    #[inline]
    pub fn begin(&mut self, kind: ValueKind) {
        self.kind = Some(kind);
        self.count = 0;
        self.sum = 0;
        match kind {
            ValueKind::String => self.text.clear(),
            ValueKind::Stream => self.stream = StreamDigest::default(),
            _ => {}
        }
    }

    /// Takes the next element of the value.
    #[inline]
    pub fn element(&mut self, element: &Element<'_>) {
        if let Element::String(piece) = element {
            self.text.piece(piece.as_bytes(&mut Digits::default()));
        } else if self.write(element) {
            self.sum = self.sum.wrapping_add(self.record.hash());
            self.count += 1;
        }
    }

    /// The digest of the elements since [`begin`](Self::begin).
    #[must_use]
    pub fn finish(&mut self) -> Digest {
        let Some(kind) = self.kind.take() else { return Digest::default() };
        let (count, sum) = if kind == ValueKind::String { self.text.finish() } else { (self.count, self.sum) };
        let digest = self.record.start(Tag::Value).number(kind_number(kind)).number(count).wide(sum).hash();
        self.record.shrink();
        Digest(digest)
    }

    /// Takes an item of a file: the digest of the value that ends with it, if one does.
    ///
    /// Every item of a value is to be given, in order, and to the same reader. A damaged value has no digest.
    ///
    /// # Errors
    /// As [`ElementReader::item`].
    pub fn item(&mut self, reader: &mut ElementReader, item: &Item<'_>) -> Result<Option<Digest>, Error> {
        match item {
            Item::Entry(entry) => self.begin(entry.value.value_type().kind()),
            Item::ValueBegin(key) => self.begin(key.value_type.kind()),
            _ => {}
        }
        if let Err(error) = reader.item(item, |element| self.element(&element)) {
            self.kind = None;
            return Err(error);
        }
        let ends = matches!(item, Item::Entry(_) | Item::ValueEnd) && self.kind.is_some();
        Ok(ends.then(|| self.finish()))
    }

    /// Writes the record of `element`; false if it has none.
    #[inline]
    fn write(&mut self, element: &Element<'_>) -> bool {
        match element {
            Element::Item(item) => {
                self.record.start(Tag::Item).number(self.count).text(item);
            }
            Element::Member(member) => {
                self.record.start(Tag::Member).text(member);
            }
            Element::Scored { member, score } => {
                // -0 + 0 is 0.
                self.record.start(Tag::Scored).number((score + 0.0).to_bits()).text(member);
            }
            Element::Field { name, value, expire_at_ms } => {
                let expiry = expire_at_ms.filter(|_| self.scope.field_expiry).map(i64::cast_unsigned);
                self.record.start(Tag::Field).optional(expiry).text(name).text(value);
            }
            Element::Stream(element) => return self.stream.write(element, self.scope, &mut self.record),
            Element::Cell { index, value } => self.cell(*index, value),
            Element::Insertion(index) => {
                self.record.start(Tag::Insertion).number(*index);
            }
            Element::Module(part) => self.module(part),
            Element::String(_) => return false,
        }
        true
    }

    /// A cell is what its user sees: how a string or a number is kept does not matter.
    fn cell(&mut self, index: u64, value: &CellValue<'_>) {
        match value {
            CellValue::String(text) | CellValue::Short(text) => {
                self.record.start(Tag::TextCell).number(index).text(text)
            }
            CellValue::Int(number) => self.record.start(Tag::TextCell).number(index).text(&Scalar::Int(*number)),
            CellValue::Double(number) => self.record.start(Tag::DoubleCell).number(index).number(number.to_bits()),
        };
    }

    /// What a module wrote has an order, and an order only.
    fn module(&mut self, part: &ModulePart<'_>) {
        let (record, place) = (&mut self.record, self.count);
        match part {
            ModulePart::Id(id) => record.start(Tag::ModuleId).number(place).number(id.0),
            ModulePart::Signed(number) => record.start(Tag::ModuleSigned).number(place).number(number.cast_unsigned()),
            ModulePart::Unsigned(number) => record.start(Tag::ModuleUnsigned).number(place).number(*number),
            ModulePart::Float(number) => record.start(Tag::ModuleFloat).number(place).number(number.to_bits().into()),
            ModulePart::Double(number) => record.start(Tag::ModuleDouble).number(place).number(number.to_bits()),
            ModulePart::String(text) => record.start(Tag::ModuleString).number(place).text(text),
        };
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, kind, count, .. } = self;
        f.debug_struct("Digester")
            .field("scope", scope)
            .field("kind", kind)
            .field("count", count)
            .finish_non_exhaustive()
    }
}

/// The number of a kind in digests, which never changes.
const fn kind_number(kind: ValueKind) -> u64 {
    match kind {
        ValueKind::String => 1,
        ValueKind::List => 2,
        ValueKind::Set => 3,
        ValueKind::SortedSet => 4,
        ValueKind::Hash => 5,
        ValueKind::Stream => 6,
        ValueKind::Module => 7,
        ValueKind::Array => 8,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::elements::{StreamElement, StreamId, StreamSummary};
    use crate::item::{ModuleId, RawValue};
    use crate::options::Options;
    use crate::value_type::ValueType;

    fn of(kind: ValueKind, elements: &[Element<'_>]) -> Digest {
        scoped(DigestScope::default(), kind, elements)
    }

    fn scoped(scope: DigestScope, kind: ValueKind, elements: &[Element<'_>]) -> Digest {
        let mut digester = Digester::new(scope);
        digester.begin(kind);
        elements.iter().for_each(|element| digester.element(element));
        digester.finish()
    }

    fn text(text: &str) -> Scalar<'_> {
        Scalar::Bytes(text.as_bytes())
    }

    fn id(ms: u64) -> StreamId {
        StreamId { ms, seq: 1 }
    }

    fn field<'a>(name: &'a str, value: &'a str, expire_at_ms: Option<i64>) -> Element<'a> {
        Element::Field { name: text(name), value: text(value), expire_at_ms }
    }

    fn scored(member: &str, score: f64) -> Element<'_> {
        Element::Scored { member: text(member), score }
    }

    fn group(name: &str, last: u64, entries_read: Option<u64>) -> Element<'_> {
        Element::Stream(StreamElement::Group { name: text(name), last_id: id(last), entries_read })
    }

    fn consumer(name: &str, seen_at_ms: i64) -> Element<'_> {
        Element::Stream(StreamElement::Consumer { name: text(name), seen_at_ms, active_at_ms: Some(seen_at_ms) })
    }

    fn owned(ms: u64) -> Element<'static> {
        Element::Stream(StreamElement::Owned(id(ms)))
    }

    fn pending(ms: u64, delivered_at_ms: i64, deliveries: u64) -> Element<'static> {
        Element::Stream(StreamElement::Pending { id: id(ms), delivered_at_ms, deliveries })
    }

    fn summary(
        length: u64,
        last: u64,
        max_deleted_id: Option<StreamId>,
        entries_added: Option<u64>,
    ) -> Element<'static> {
        let first_id = max_deleted_id;
        let last_id = id(last);
        Element::Stream(StreamElement::Summary(StreamSummary {
            length,
            last_id,
            first_id,
            max_deleted_id,
            entries_added,
        }))
    }

    /// Values that are all different.
    fn different() -> Vec<(ValueKind, Vec<Element<'static>>)> {
        use ValueKind::{Array, Hash, List, Module, Set, SortedSet, Stream, String};
        let items = |items: &[&'static str]| items.iter().map(|item| Element::Item(text(item))).collect::<Vec<_>>();
        let members = |items: &[&'static str]| items.iter().map(|item| Element::Member(text(item))).collect::<Vec<_>>();
        let stream = |element| (Stream, vec![Element::Stream(element)]);
        let cell = |index, value| (Array, vec![Element::Cell { index, value }]);
        let module = |part| (Module, vec![Element::Module(part)]);
        vec![
            (String, vec![]),
            (String, vec![Element::String(text("a"))]),
            (String, vec![Element::String(text("a\0"))]),
            (String, vec![Element::String(text("ab"))]),
            (List, vec![]),
            (List, items(&["ab", "c"])),
            (List, items(&["a", "bc"])),
            (List, items(&["c", "ab"])),
            (List, items(&["ab", "c", "c"])),
            (List, items(&["abc"])),
            (Set, vec![]),
            (Set, members(&["ab", "c"])),
            (Set, members(&["a", "bc"])),
            (Set, members(&["ab", "c", "c", "c"])),
            (SortedSet, vec![scored("a", 1.0)]),
            (SortedSet, vec![scored("b", 1.0)]),
            (SortedSet, vec![scored("a", 1.000_000_000_000_000_2)]),
            (SortedSet, vec![scored("a", f64::INFINITY)]),
            (Hash, vec![field("ab", "c", None)]),
            (Hash, vec![field("a", "bc", None)]),
            (Hash, vec![field("c", "ab", None)]),
            (Hash, vec![field("ab", "c", Some(0))]),
            (Hash, vec![field("ab", "c", Some(1))]),
            (Hash, vec![field("a", "1", None), field("b", "2", None)]),
            (Hash, vec![field("a", "2", None), field("b", "1", None)]),
            (Stream, vec![summary(3, 9, Some(id(2)), Some(4))]),
            (Stream, vec![summary(2, 9, Some(id(2)), Some(4))]),
            (Stream, vec![summary(3, 8, Some(id(2)), Some(4))]),
            (Stream, vec![summary(3, 9, Some(id(1)), Some(4))]),
            (Stream, vec![summary(3, 9, Some(id(2)), Some(5))]),
            (Stream, vec![group("g", 5, None)]),
            (Stream, vec![group("h", 5, None)]),
            (Stream, vec![group("g", 6, None)]),
            (Stream, vec![group("g", 5, Some(0))]),
            (Stream, vec![group("g", 5, Some(1))]),
            (Stream, vec![group("g", 5, None), pending(1, 2, 3)]),
            (Stream, vec![group("g", 5, None), pending(2, 2, 3)]),
            (Stream, vec![group("g", 5, None), pending(1, 3, 3)]),
            (Stream, vec![group("g", 5, None), pending(1, 2, 4)]),
            (Stream, vec![group("g", 5, None), consumer("c", 1)]),
            (Stream, vec![group("g", 5, None), consumer("d", 1)]),
            (Stream, vec![group("g", 5, None), consumer("c", 1), owned(1)]),
            (Stream, vec![group("g", 5, None), consumer("c", 1), owned(2)]),
            (Stream, vec![group("g", 5, None), consumer("c", 1), owned(1), consumer("d", 1)]),
            (Stream, vec![group("g", 5, None), consumer("c", 1), consumer("d", 1), owned(1)]),
            (Stream, vec![group("g", 5, None), consumer("c", 1), group("h", 5, None)]),
            (Stream, vec![group("g", 5, None), group("h", 5, None), consumer("c", 1)]),
            stream(StreamElement::Refused(id(1))),
            stream(StreamElement::Refused(id(2))),
            stream(StreamElement::Idempotence { duration: 1, max_entries: 2 }),
            stream(StreamElement::Idempotence { duration: 2, max_entries: 2 }),
            stream(StreamElement::Idempotence { duration: 1, max_entries: 3 }),
            stream(StreamElement::Producer(text("p"))),
            stream(StreamElement::Producer(text("q"))),
            stream(StreamElement::Produced { message: text("m"), id: id(1) }),
            stream(StreamElement::Produced { message: text("n"), id: id(1) }),
            stream(StreamElement::Produced { message: text("m"), id: id(2) }),
            stream(StreamElement::IdempotenceCounters { added: 1, duplicates: 2 }),
            stream(StreamElement::IdempotenceCounters { added: 2, duplicates: 2 }),
            stream(StreamElement::IdempotenceCounters { added: 1, duplicates: 3 }),
            cell(1, CellValue::Int(5)),
            cell(2, CellValue::Int(5)),
            cell(1, CellValue::Int(6)),
            cell(1, CellValue::Double(5.0)),
            (Array, vec![Element::Insertion(1)]),
            (Array, vec![Element::Insertion(2)]),
            module(ModulePart::Id(ModuleId(1))),
            module(ModulePart::Id(ModuleId(2))),
            module(ModulePart::Signed(1)),
            module(ModulePart::Unsigned(1)),
            module(ModulePart::Float(1.0)),
            module(ModulePart::Double(1.0)),
            module(ModulePart::String(text("1"))),
            (Module, vec![Element::Module(ModulePart::Signed(1)), Element::Module(ModulePart::Signed(2))]),
            (Module, vec![Element::Module(ModulePart::Signed(2)), Element::Module(ModulePart::Signed(1))]),
        ]
    }

    #[test]
    fn whatever_differs_has_another_digest() {
        let values = different();
        let digests: Vec<Digest> = values.iter().map(|(kind, elements)| of(*kind, elements)).collect();
        for (index, digest) in digests.iter().enumerate() {
            if let Some(other) = digests[..index].iter().position(|other| other == digest) {
                panic!("{:?} and {:?} have one digest", values[index], values[other]);
            }
        }
    }

    #[test]
    fn what_is_left_in_scope_matters() {
        let all = DigestScope::default();
        let differ = |scope, one: &[Element<'_>], other: &[Element<'_>]| {
            assert_ne!(scoped(scope, ValueKind::Stream, one), scoped(scope, ValueKind::Stream, other));
        };
        let untimed = all.delivery_times(false);
        differ(untimed, &[pending(1, 2, 3)], &[pending(2, 2, 3)]);
        differ(untimed, &[pending(1, 2, 3)], &[pending(1, 2, 4)]);
        differ(untimed, &[pending(1, 2, 3)], &[]);
        let uncounted = all.stream_counters(false);
        differ(uncounted, &[summary(1, 9, None, None)], &[summary(2, 9, None, None)]);
        differ(uncounted, &[summary(1, 9, None, None)], &[summary(1, 8, None, None)]);
        differ(uncounted, &[group("g", 1, None)], &[group("g", 2, None)]);
        let busy = all.idle_consumers(false);
        differ(busy, &[consumer("c", 1), owned(1)], &[consumer("d", 1), owned(1)]);
    }

    /// The digest of a stream with this one entry, as a file from before Redis 7.0 has it.
    fn with_entry(ms: u64, fields: &[(&str, &str)]) -> Digest {
        let bytes = stream_of_one(ms, fields);
        let value = RawValue::new(ValueType::Stream, &bytes, 0);
        let mut digester = Digester::default();
        digester.begin(ValueKind::Stream);
        ElementReader::new(&Options::default()).value(&value, |element| digester.element(&element)).unwrap();
        digester.finish()
    }

    fn byte(number: usize) -> u8 {
        number.try_into().unwrap()
    }

    /// One node with one entry, whose fields are those of the node; the summary; no groups.
    fn stream_of_one(ms: u64, fields: &[(&str, &str)]) -> Vec<u8> {
        let text = |text: &str| [&[0x80 | byte(text.len())], text.as_bytes(), &[byte(text.len()) + 1]].concat();
        let small = |number: usize| vec![byte(number), 1];
        let mut entries = vec![small(1), small(0), small(fields.len())];
        entries.extend(fields.iter().map(|(name, _)| text(name)));
        // Behind the fields 0; then flags (the same fields), and by how much the ID is above that of the node.
        entries.extend([small(0), small(2), small(0), small(0)]);
        entries.extend(fields.iter().map(|(_, value)| text(value)));
        entries.push(small(fields.len() + 3));
        let (count, body) = (byte(entries.len()), entries.concat());
        let listpack = [&[byte(body.len()) + 7, 0, 0, 0, count, 0], body.as_slice(), &[0xff]].concat();
        let id = [ms.to_be_bytes(), 1_u64.to_be_bytes()].concat();
        [&[1, 16], id.as_slice(), &[byte(listpack.len())], &listpack, &[1, 9, 1, 0]].concat()
    }

    #[test]
    fn every_part_of_an_entry_matters() {
        let digests = [
            with_entry(1, &[("a", "b"), ("c", "d")]),
            with_entry(2, &[("a", "b"), ("c", "d")]),
            with_entry(1, &[("x", "b"), ("c", "d")]),
            with_entry(1, &[("a", "x"), ("c", "d")]),
            with_entry(1, &[("c", "d"), ("a", "b")]),
            with_entry(1, &[("a", "b")]),
            with_entry(1, &[("ab", ""), ("c", "d")]),
        ];
        for (index, digest) in digests.iter().enumerate() {
            assert!(!digests[..index].contains(digest), "entry {index}");
        }
        assert_eq!(with_entry(1, &[("a", "b"), ("c", "d")]), digests[0]);
    }

    #[test]
    fn what_users_cannot_tell_apart_has_one_digest() {
        let kind = ValueKind::SortedSet;
        assert_eq!(of(kind, &[scored("a", -0.0)]), of(kind, &[scored("a", 0.0)]));
        let kind = ValueKind::Stream;
        assert_eq!(of(kind, &[consumer("c", 1)]), of(kind, &[consumer("c", 2)]));
        let (one, other) = ([group("g", 1, None), pending(1, 1, 1)], [group("h", 1, None), pending(1, 1, 1)]);
        assert_eq!(of(kind, &[one.clone(), other.clone()].concat()), of(kind, &[other, one].concat()));
        let cell = |value| [Element::Cell { index: 1, value }];
        assert_eq!(
            of(ValueKind::Array, &cell(CellValue::Int(5))),
            of(ValueKind::Array, &cell(CellValue::Short(text("5"))))
        );
        let number = [Element::String(Scalar::Int(-12))];
        assert_eq!(of(ValueKind::String, &number), of(ValueKind::String, &[Element::String(text("-12"))]));
    }

    #[test]
    fn a_stream_without_counters_is_what_servers_make_of_it() {
        // No entry is seen here, so that the first ID is 0-0: only the ends are told apart.
        for (last, read) in [(9, Some(3)), (10, None), (5, None)] {
            assert_eq!(
                of(ValueKind::Stream, &[summary(3, 9, None, None), group("g", last, None)]),
                of(ValueKind::Stream, &[summary(3, 9, Some(StreamId::default()), Some(3)), group("g", last, read)]),
                "{last}"
            );
        }
    }

    #[test]
    fn what_is_out_of_scope_does_not_matter() {
        let all = DigestScope::default();
        let equal = |scope, kind, one: &[Element<'_>], other: &[Element<'_>]| {
            assert_eq!(scoped(scope, kind, one), scoped(scope, kind, other));
            assert_ne!(scoped(all, kind, one), scoped(all, kind, other));
        };
        let none = [];
        equal(all.field_expiry(false), ValueKind::Hash, &[field("a", "b", Some(1))], &[field("a", "b", None)]);
        let uncounted = all.stream_counters(false);
        equal(uncounted, ValueKind::Stream, &[summary(1, 9, None, None)], &[summary(1, 9, Some(id(1)), Some(7))]);
        equal(uncounted, ValueKind::Stream, &[group("g", 1, None)], &[group("g", 1, Some(1))]);
        let untimed = all.delivery_times(false);
        equal(untimed, ValueKind::Stream, &[pending(1, 2, 3)], &[pending(1, 9, 3)]);
        equal(all.idle_consumers(false), ValueKind::Stream, &[consumer("c", 1)], &none);
        let idempotence = Element::Stream(StreamElement::Idempotence { duration: 1, max_entries: 1 });
        equal(all.idempotence(false), ValueKind::Stream, &[idempotence], &none);
    }

    proptest! {
        #[test]
        fn order_matters_in_lists_only(
            (words, shuffled) in prop::collection::vec("[a-c]{0,4}", 0..20)
                .prop_flat_map(|words| (Just(words.clone()), Just(words).prop_shuffle()))
        ) {
            let list = |words: &[String]| of(ValueKind::List, &words.iter().map(|word| Element::Item(text(word))).collect::<Vec<_>>());
            let set = |words: &[String]| of(ValueKind::Set, &words.iter().map(|word| Element::Member(text(word))).collect::<Vec<_>>());
            let hash = |words: &[String]| of(ValueKind::Hash, &words.iter().map(|word| field(word, word, None)).collect::<Vec<_>>());
            prop_assert_eq!(set(&words), set(&shuffled));
            prop_assert_eq!(hash(&words), hash(&shuffled));
            prop_assert_eq!(list(&words) == list(&shuffled), words == shuffled);
        }
    }
}
