//! The way through a snapshot, item by item.

use rdb::{Decoder, ErrorKind, Item, Key, Options};

use super::filter::Filter;
use super::foreign::{self, Start};
use super::input::Input;
use super::name::Name;
use crate::exit::{Exit, Failure};

/// Why a walk ended early.
pub(super) enum Stop {
    /// The snapshot is damaged.
    Fault(Fault),
    /// Something else went wrong.
    Failed(Failure),
    /// Nobody reads what is written any more.
    Closed,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What is wrong with a snapshot, and what there is to say about the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    error: rdb::Error,
    /// Such as `, in the value of key "a"`.
    place: String,
}

impl Fault {
    /// A fault inside the value of a key.
    pub(super) fn in_value(error: rdb::Error, name: &[u8]) -> Self {
        Self { error, place: format!(", in the value of key {}", Name::new(name)) }
    }

    /// The same fault, with something more to say.
    pub(super) fn and(mut self, more: &str) -> Self {
        self.place.push_str(more);
        self
    }

    /// What kind of fault it is.
    pub(super) const fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// The sentence that the program ends with.
    pub(super) fn sentence(&self) -> String {
        format!("{}{}", self.error, self.place)
    }
}

/// An item, and where in the file all that belongs to it starts and ends.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) item: &'a Item<'a>,
    /// The offset behind the item before this one; expiry and the like of a key come after it.
    pub(super) start: u64,
}

/// The settings of the decoder: values are small pieces here, for small memory.
pub(super) fn options() -> Options {
    Options::default().whole_value_limit(256 << 10).chunk_size(128 << 10)
}

/// Hands every item to `take`, keys only if they pass the filter.
///
/// # Errors
/// At the first fault of the file's structure, and when `take` or the input fails.
pub(super) fn walk(
    input: &mut Input,
    filter: &Filter,
    mut take: impl FnMut(Step<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut decoder = Decoder::new(options());
    let mut gate = Gate { filter, open: true };
    let mut last = LastKey::default();
    let mut first = Start::default();
    while !decoder.is_done() || decoder.trailing().is_empty() {
        let piece = input.read()?;
        if piece.is_empty() {
            break;
        }
        first.note(piece);
        decoder.feed(piece);
        loop {
            let start = decoder.offset();
            match decoder.next_item() {
                Ok(Some(item)) => {
                    last.note(&item);
                    if gate.passes(&item) {
                        take(Step { item: &item, start })?;
                    }
                }
                Ok(None) => break,
                Err(error) if error.kind() == ErrorKind::BadMagic => {
                    return Err(Stop::Fault(Fault { error, place: foreign::hint(first.bytes()) }));
                }
                Err(error) => return Err(Stop::Fault(Fault { error, place: last.place() })),
            }
        }
    }
    let tail = foreign::tail(decoder.trailing());
    decoder
        .finish()
        .map_err(|error| Stop::Fault(Fault { error, place: tail.map_or_else(|| last.place(), str::to_owned) }))
}

/// Lets keys through that pass the filter, with their values, and everything that is no key.
struct Gate<'a> {
    filter: &'a Filter,
    /// Whether the chunks of the last large value pass.
    open: bool,
}

impl Gate<'_> {
    #[inline]
    fn passes(&mut self, item: &Item<'_>) -> bool {
        match item {
            Item::Entry(entry) => self.filter.passes(&entry.key),
            Item::ValueBegin(key) => {
                self.open = self.filter.passes(key);
                self.open
            }
            Item::ValueChunk(_) | Item::ValueEnd => self.open,
            _ => true,
        }
    }
}

/// The last key that was read, to say where a fault is.
#[derive(Default)]
struct LastKey {
    name: Vec<u8>,
    place: Place,
}

#[derive(Default)]
enum Place {
    #[default]
    BeforeKeys,
    Inside,
    Behind,
    End,
}

impl LastKey {
    #[inline]
    fn note(&mut self, item: &Item<'_>) {
        match item {
            Item::Entry(entry) => self.key(&entry.key, Place::Behind),
            Item::ValueBegin(key) => self.key(key, Place::Inside),
            Item::ValueEnd => self.place = Place::Behind,
            Item::End { .. } => self.place = Place::End,
            _ => {}
        }
    }

    fn key(&mut self, key: &Key<'_>, place: Place) {
        self.name.clear();
        self.name.extend_from_slice(key.name);
        self.place = place;
    }

    fn place(&self) -> String {
        let name = Name::new(&self.name);
        match self.place {
            Place::BeforeKeys => ", before the first key".to_owned(),
            Place::Inside => format!(", in the value of key {name}"),
            Place::Behind => format!(", behind key {name}"),
            Place::End => String::new(),
        }
    }
}

/// What is left to say when the work on the snapshot called `name` is over.
///
/// # Errors
/// When it was broken off.
pub(super) fn ended(name: &str, result: Result<(), Stop>) -> Result<(), Failure> {
    match result {
        Ok(()) | Err(Stop::Closed) => Ok(()),
        Err(Stop::Failed(failure)) => Err(failure),
        Err(Stop::Fault(fault)) if fault.error.kind() == ErrorKind::UnexpectedEnd && fault.error.offset() == 0 => {
            Err(Failure::new(Exit::Runtime, format!("{name} is empty")))
        }
        Err(Stop::Fault(fault)) => Err(Failure::new(Exit::Runtime, format!("{name}: {}", fault.sentence()))),
    }
}
