//! `shake-cli rdb commands`: the content as commands in RESP.

mod losses;
mod target;

use bytes::BytesMut;
use rdb::{Item, RewriteErrorKind, RewriteOptions, Rewriter, Target};

use super::args::CommandsArgs;
use super::filter::Filter;
use super::input::Input;
use super::output::Output;
use super::units;
use super::walk::{self, Step, Stop, walk};
use crate::exit::{Exit, Failure};
use losses::Losses;
use target::Writer;

/// Writes the file as commands.
///
/// # Errors
/// When the file is damaged or cannot be read, and when something in it has no commands.
pub(super) fn run(args: &CommandsArgs) -> Result<(), Failure> {
    let chosen = args.target.as_deref().map(parse).transpose()?;
    let mut input = Input::open(&args.input)?;
    let mut job = Job::new(chosen, args.replace);
    let walked = walk(&mut input, &Filter::new(&args.filter), |step| job.step(&step));
    let name = input.name().to_owned();
    // The bar goes before anything is said.
    drop(input);
    let left_out = job.finish()?;
    walk::ended(&name, walked)?;
    if left_out > 0 {
        let sentence = format!("{name}: {} could not be written as commands", units::of(left_out, "item"));
        return Err(Failure::new(Exit::Runtime, sentence));
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
    writer: Writer,
    /// Made when something is to be written: by then the file has said who wrote it.
    rewriter: Option<Rewriter>,
    commands: BytesMut,
    out: Output,
    losses: Losses,
    /// The key of the value that comes in chunks.
    name: Vec<u8>,
    keys: u64,
}

impl Job {
    fn new(chosen: Option<Target>, replace: bool) -> Self {
        Self {
            chosen,
            replace,
            writer: Writer::default(),
            rewriter: None,
            commands: BytesMut::with_capacity(2 * PIECE),
            out: Output::stdout(),
            losses: Losses::default(),
            name: Vec::new(),
            keys: 0,
        }
    }

    fn step(&mut self, Step { item, .. }: &Step<'_>) -> Result<(), Stop> {
        match item {
            Item::Header { .. } | Item::End { .. } => self.writer.note(item),
            Item::Aux { key, .. } if *key != b"lua" => self.writer.note(item),
            _ => self.write(item),
        }
        if self.commands.len() >= PIECE {
            self.pass_on();
        }
        Ok(self.out.check()?)
    }

    fn write(&mut self, item: &Item<'_>) {
        let Self { chosen, replace, writer, rewriter, commands, .. } = self;
        let rewriter = rewriter.get_or_insert_with(|| {
            let target = chosen.unwrap_or_else(|| writer.target());
            Rewriter::new(target, RewriteOptions::default().replace(*replace))
        });
        let written = rewriter.item(item, commands).map_err(|error| error.kind());
        match item {
            Item::Entry(entry) => {
                self.keys += 1;
                self.losses.key(entry.key.name, written, rewriter.losses());
            }
            Item::ValueBegin(key) => {
                self.keys += 1;
                key.name.clone_into(&mut self.name);
                self.losses.part(&self.name, written);
            }
            Item::ValueChunk(_) => self.losses.part(&self.name, written),
            Item::ValueEnd => self.losses.key(&self.name, written, rewriter.losses()),
            _ => self.losses.record(written),
        }
    }

    fn pass_on(&mut self) {
        self.out.pass(&self.commands);
        self.commands.clear();
    }

    /// Writes the rest, and says what was lost in all. How many items could not be written.
    fn finish(mut self) -> Result<u64, Failure> {
        self.pass_on();
        self.out.finish()?;
        if let Some(rewriter) = &self.rewriter {
            self.losses.summary(self.keys, rewriter);
        }
        Ok(self.losses.left_out())
    }
}

/// The outcome of writing an item.
type Written = Result<(), RewriteErrorKind>;

/// What is written at once, at least.
const PIECE: usize = 256 << 10;
