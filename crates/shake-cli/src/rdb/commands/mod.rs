//! `shake-cli rdb commands`: the content as commands in RESP.

mod losses;
mod open;
mod target;

use std::io::{self, IsTerminal};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use rdb::{DbIndex, Item, RewriteErrorKind, RewriteOptions, Rewriter, Target};

use super::args::CommandsArgs;
use super::filter::Filter;
use super::input::Input;
use super::output::Output;
use super::walk::{self, Step, Stop, walk};
use crate::exit::{Exit, Failure};
use crate::units;
use losses::Losses;
use open::Open;
use target::Writer;

/// Writes the file as commands.
///
/// # Errors
/// When the file is damaged or cannot be read, when something in it has no commands, and when they would go to a
/// terminal.
pub(super) fn run(args: &CommandsArgs) -> Result<(), Failure> {
    let chosen = args.target.as_deref().map(parse).transpose()?;
    refuse_terminal(io::stdout().is_terminal() && !args.force)?;
    let mut input = Input::open(&args.input)?;
    let filter = Filter::new(&args.filter);
    let mut job = Job::new(chosen, args.replace, filter.is_open());
    let walked = walk(&mut input, &filter, |step| job.step(&step));
    let name = input.name().to_owned();
    // The bar goes before anything is said.
    drop(input);
    if walked.is_err() {
        job.take_back();
    }
    let left_out = job.finish()?;
    walk::ended(&name, walked)?;
    if left_out > 0 {
        let sentence = format!("{name}: {} could not be written as commands", units::of(left_out, "item"));
        return Err(Failure::new(Exit::Runtime, sentence));
    }
    Ok(())
}

/// Values are bytes, which a terminal may take for orders.
fn refuse_terminal(refuse: bool) -> Result<(), Failure> {
    if refuse {
        let sentence = "commands are bytes that may upset a terminal: give a file or a pipe, or --force";
        return Err(Failure::new(Exit::Usage, sentence));
    }
    Ok(())
}

fn parse(target: &str) -> Result<Target, Failure> {
    target.parse().map_err(|error| Failure::new(Exit::Usage, format!("--target {target}")).because(error))
}

/// Commands in the making.
struct Job {
    /// What the user chose.
    chosen: Option<Target>,
    replace: bool,
    /// Whether functions belong to what was asked for: not if only some keys do.
    with_functions: bool,
    writer: Writer,
    /// Made when something is to be written: by then the file has said who wrote it.
    rewriter: Option<Rewriter>,
    commands: BytesMut,
    out: Output,
    losses: Losses,
    /// The key of the value that comes in chunks.
    open: Open,
    /// The database that the next key is in, if it is not selected yet.
    db: Option<DbIndex>,
    keys: u64,
    functions: u64,
    functions_left_out: u64,
}

impl Job {
    fn new(chosen: Option<Target>, replace: bool, with_functions: bool) -> Self {
        Self {
            chosen,
            replace,
            with_functions,
            writer: Writer::default(),
            rewriter: None,
            commands: BytesMut::with_capacity(2 * PIECE),
            out: Output::whole_stdout(),
            losses: Losses::default(),
            open: Open::default(),
            db: None,
            keys: 0,
            functions: 0,
            functions_left_out: 0,
        }
    }

    fn step(&mut self, Step { item, .. }: &Step<'_>) -> Result<(), Stop> {
        match item {
            Item::Header { .. } | Item::End { .. } => self.writer.note(item),
            Item::Aux { key, .. } if *key != b"lua" => self.writer.note(item),
            // A database is worth selecting if a key of it is written.
            Item::SelectDb(db) => self.db = Some(*db),
            Item::Function(_) | Item::FunctionPreGa(_) => self.function(item),
            _ => self.write(item),
        }
        if self.commands.len() >= PIECE {
            self.pass_on();
        }
        self.out.check()
    }

    fn write(&mut self, item: &Item<'_>) {
        if matches!(item, Item::Entry(_) | Item::ValueBegin(_))
            && let Some(db) = self.db.take()
        {
            // This cannot fail.
            let _ = self.rewrite(&Item::SelectDb(db));
        }
        let before = self.commands.len();
        let written = self.rewrite(item);
        let wrote = self.commands.len() > before;
        match item {
            Item::Entry(entry) => {
                self.keys += 1;
                self.key_ended(entry.key.name, written);
            }
            Item::ValueBegin(key) => {
                self.keys += 1;
                self.open.begin(key.name);
                self.part(written, wrote);
            }
            Item::ValueChunk(_) => self.part(written, wrote),
            Item::ValueEnd => self.end_open(written),
            _ => self.losses.record(written),
        }
    }

    fn rewrite(&mut self, item: &Item<'_>) -> Written {
        let Self { chosen, replace, writer, rewriter, commands, .. } = self;
        let rewriter = rewriter.get_or_insert_with(|| {
            let target = chosen.unwrap_or_else(|| writer.target());
            let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            let options = RewriteOptions::default().now_ms(i64::try_from(now_ms).unwrap_or(i64::MAX));
            Rewriter::new(target, options.replace(*replace))
        });
        rewriter.item(item, commands).map_err(|error| error.kind())
    }

    fn key_ended(&mut self, name: &[u8], written: Written) {
        if let Some(rewriter) = &self.rewriter {
            self.losses.key(name, written, rewriter.losses());
        }
    }

    /// A part of a value was written, or was not: then what was written of it before goes again.
    fn part(&mut self, written: Written, wrote: bool) {
        self.open.wrote |= wrote;
        let failed = written.is_err();
        self.losses.part(&self.open.name, written);
        if failed {
            self.take_back();
        }
    }

    fn end_open(&mut self, written: Written) {
        let failed = written.is_err();
        let name = std::mem::take(&mut self.open.name);
        self.key_ended(&name, written);
        self.open.name = name;
        if failed {
            self.take_back();
        }
        self.open.end();
    }

    /// Deletes the key whose value did not come to its end, if a part of it was written: half a value looks like a
    /// whole one.
    fn take_back(&mut self) {
        if let Some(rewriter) = &self.rewriter
            && self.open.take_back(rewriter.target(), &mut self.commands)
        {
            self.losses.taken_back(&self.open.name);
        }
    }

    fn function(&mut self, item: &Item<'_>) {
        if !self.with_functions {
            self.functions_left_out += 1;
            return;
        }
        self.functions += 1;
        let before = self.commands.len();
        let written = self.rewrite(item);
        if let (Item::Function(source), Ok(()), false) = (item, &written, self.replace) {
            // The rewriter knows whether the target has functions, but always replaces.
            self.commands.truncate(before);
            resp::put_command(&mut self.commands, &[b"FUNCTION".as_slice(), b"LOAD", source]);
        }
        self.losses.record(written);
    }

    fn pass_on(&mut self) {
        self.out.pass(&self.commands);
        self.commands.clear();
    }

    /// Writes the rest, and says what was lost in all. How many items could not be written.
    fn finish(mut self) -> Result<u64, Failure> {
        self.pass_on();
        self.out.finish()?;
        if self.functions_left_out > 0 {
            let libraries = units::libraries(self.functions_left_out);
            eprintln!("shake-cli: {libraries} left out, because only some keys were asked for");
        }
        if self.chosen.is_none() && self.rewriter.is_some() && !self.writer.is_named() {
            eprintln!("shake-cli: the file does not say which server wrote it: the target is assumed, see --target");
        }
        if let Some(rewriter) = &self.rewriter {
            self.losses.summary(self.keys, self.functions, rewriter);
        }
        Ok(self.losses.left_out())
    }
}

/// The outcome of writing an item.
type Written = Result<(), RewriteErrorKind>;

/// What is written at once, at least.
const PIECE: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_refused() {
        assert!(refuse_terminal(true).is_err_and(|failure| failure.exit() == Exit::Usage));
        assert!(refuse_terminal(false).is_ok());
    }
}
