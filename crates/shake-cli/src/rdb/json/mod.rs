//! `shake-cli rdb json`: the content as JSON, written while it is read.

mod base64;
mod document;
mod escape;
mod head;
mod number;
mod stream;
mod text;
mod value;

use rdb::{ElementReader, Item};

use super::args::JsonArgs;
use super::filter::Filter;
use super::input::Input;
use super::output::Output;
use super::walk::{self, Fault, Stop, walk};
use crate::exit::{Exit, Failure};
use document::Document;

/// Writes the file as JSON.
///
/// # Errors
/// When the file is damaged or cannot be read; the JSON is complete and says so too.
pub(super) fn run(args: &JsonArgs) -> Result<(), Failure> {
    let mut input = Input::open(&args.input)?;
    let mut job = Job::new(args, Output::stdout());
    let walked = walk(&mut input, &Filter::new(&args.filter), |step| job.item(step.item));
    if let Err(Stop::Fault(fault)) = &walked {
        job.document.end_with_error(&mut job.out.buffer, &fault.sentence());
    }
    let first_damaged = job.finish()?;
    let name = input.name();
    walk::ended(name, walked)?;
    match first_damaged {
        None => Ok(()),
        Some(fault) => Err(Failure::new(Exit::Runtime, format!("{name}: {}", fault.sentence()))),
    }
}

/// A document in the making.
struct Job {
    out: Output,
    document: Document,
    reader: ElementReader,
    /// The key of the value that is being written.
    name: Vec<u8>,
    first_damaged: Option<Fault>,
    /// Whether the rest of the value is passed over.
    spoilt: bool,
}

impl Job {
    fn new(args: &JsonArgs, mut out: Output) -> Self {
        let document = Document::begin(args.lines, args.bytes, &mut out.buffer);
        let reader = ElementReader::new(&walk::options());
        Self { out, document, reader, name: Vec::new(), first_damaged: None, spoilt: false }
    }

    fn item(&mut self, item: &Item<'_>) -> Result<(), Stop> {
        match item {
            Item::Entry(entry) => {
                self.spoilt = false;
                self.document.begin_key(&entry.key, &mut self.out.buffer);
                if let Err(error) = self.value(item) {
                    self.damaged(Fault::in_value(error, entry.key.name));
                }
                self.document.end_key(&mut self.out.buffer);
            }
            Item::ValueBegin(key) => {
                self.spoilt = false;
                key.name.clone_into(&mut self.name);
                self.document.begin_key(key, &mut self.out.buffer);
                self.part(item);
            }
            Item::ValueChunk(_) => self.part(item),
            Item::ValueEnd => {
                self.part(item);
                self.document.end_key(&mut self.out.buffer);
            }
            _ => self.document.item(item, &mut self.out.buffer),
        }
        self.out.relieve();
        self.out.check()
    }

    /// Writes the elements of a value, or of the next part of it.
    #[inline]
    fn value(&mut self, item: &Item<'_>) -> Result<(), rdb::Error> {
        let Self { out, document, reader, .. } = self;
        reader.item(item, |element| {
            document.element(&element, &mut out.buffer);
            out.relieve();
        })
    }

    /// A part of a large value.
    fn part(&mut self, item: &Item<'_>) {
        if self.spoilt {
            return;
        }
        if let Err(error) = self.value(item) {
            let fault = Fault::in_value(error, &self.name);
            self.damaged(fault);
        }
    }

    fn damaged(&mut self, fault: Fault) {
        self.spoilt = true;
        self.document.end_value(&mut self.out.buffer);
        self.document.damaged(&fault.sentence(), &mut self.out.buffer);
        self.first_damaged.get_or_insert(fault);
    }

    fn finish(self) -> Result<Option<Fault>, Failure> {
        self.out.finish()?;
        Ok(self.first_damaged)
    }
}
