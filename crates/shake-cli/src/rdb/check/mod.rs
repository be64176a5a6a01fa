//! `shake-cli rdb check`: is the file whole, and what is in it.

mod counts;
mod report;

use rdb::{ElementReader, Item, Key};

use super::args::CheckArgs;
use super::filter::Filter;
use super::input::Input;
use super::output::Output;
use super::units;
use super::walk::{self, Fault, Step, Stop, walk};
use super::weight::Weight;
use crate::exit::Failure;
use counts::Counts;

/// Checks the file, and says on standard output what is in it.
///
/// # Errors
/// When the file is damaged or cannot be read.
pub(super) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let mut input = Input::open(&args.input)?;
    let mut check = Check::new(args.raw);
    let mut walked = walk(&mut input, &Filter::default(), |step| {
        check.step(&step);
        Ok(())
    });
    let name = input.name().to_owned();
    drop(input);
    // The first fault is the one to name; a damaged value comes before whatever ended the walk.
    if let Some(fault) = check.damaged.take() {
        walked = Err(Stop::Fault(fault.and(&also(check.damaged_count - 1, walked)?)));
    }
    let mut out = Output::stdout();
    report::write(&name, &check.counts, args.raw, walked.is_ok(), &mut out.buffer);
    out.finish()?;
    walk::ended(&name, walked)
}

/// What is wrong beside the first fault.
fn also(more_damaged: u64, walked: Result<(), Stop>) -> Result<String, Failure> {
    let mut text = String::new();
    if more_damaged > 0 {
        text.push_str("; ");
        text.push_str(&units::of(more_damaged, "more value"));
        text.push_str(if more_damaged == 1 { " is damaged" } else { " are damaged" });
    }
    match walked {
        Ok(()) => {}
        Err(Stop::Failed(failure)) => return Err(failure),
        Err(Stop::Fault(fault)) => text.push_str(&format!("; then {}", fault.sentence())),
    }
    Ok(text)
}

/// A check under way.
struct Check {
    counts: Counts,
    /// Absent when values are not looked into.
    reader: Option<ElementReader>,
    /// The key whose value comes in chunks, and where its record starts.
    name: Vec<u8>,
    start: u64,
    weight: Weight,
    spoilt: bool,
    damaged: Option<Fault>,
    damaged_count: u64,
}

impl Check {
    fn new(raw: bool) -> Self {
        Self {
            counts: Counts::default(),
            reader: (!raw).then(|| ElementReader::new(&walk::options())),
            name: Vec::new(),
            start: 0,
            weight: Weight::default(),
            spoilt: false,
            damaged: None,
            damaged_count: 0,
        }
    }

    fn step(&mut self, Step { item, start }: &Step<'_>) {
        match item {
            Item::Entry(entry) => {
                self.begin(&entry.key);
                self.read(item, entry.key.name);
                let end = entry.value.offset() + entry.value.bytes().len() as u64;
                self.end(entry.key.name, end - start);
            }
            Item::ValueBegin(key) => {
                self.begin(key);
                self.start = *start;
                key.name.clone_into(&mut self.name);
                self.part(item);
            }
            Item::ValueChunk(_) => self.part(item),
            Item::ValueEnd => {
                self.part(item);
                let name = std::mem::take(&mut self.name);
                self.end(&name, start - self.start);
                self.name = name;
            }
            _ => self.counts.item(item),
        }
    }

    fn begin(&mut self, key: &Key<'_>) {
        self.counts.key(key);
        self.weight = Weight::default();
        self.spoilt = false;
    }

    fn part(&mut self, item: &Item<'_>) {
        let name = std::mem::take(&mut self.name);
        self.read(item, &name);
        self.name = name;
    }

    fn read(&mut self, item: &Item<'_>, name: &[u8]) {
        let Some(reader) = self.reader.as_mut().filter(|_| !self.spoilt) else { return };
        let weight = &mut self.weight;
        if let Err(error) = reader.item(item, |element| weight.add(&element)) {
            self.spoilt = true;
            self.damaged_count += 1;
            self.damaged.get_or_insert_with(|| Fault::in_value(error, name));
        }
    }

    fn end(&mut self, name: &[u8], bytes: u64) {
        let looked_into = self.reader.is_some() && !self.spoilt;
        self.counts.value(bytes, looked_into.then_some(self.weight), name);
    }
}
