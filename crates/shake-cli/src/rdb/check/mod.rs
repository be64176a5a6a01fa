//! `shake-cli rdb check`: is the file whole, and what is in it.

mod counts;
mod report;

use rdb::ErrorKind;

use super::args::CheckArgs;
use super::filter::Filter;
use super::input::Input;
use super::output::Output;
use super::values::Values;
use super::walk::{self, Fault, Step, Stop, walk};
use crate::exit::Failure;
use crate::units;
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
    if let Some(fault) = check.values.take_first_damaged() {
        walked = Err(Stop::Fault(fault.and(&also(check.values.damaged() - 1, walked)?)));
    }
    if let Err(Stop::Fault(fault)) = walked {
        walked = Err(Stop::Fault(check.with_what_is_good(fault)));
    }
    let mut out = Output::stdout();
    report::write(&name, &check.counts, args.raw, &verdict(&walked), &mut out.buffer);
    out.finish()?;
    walk::ended(&name, walked)
}

/// What there is to say of a bad file.
fn verdict(walked: &Result<(), Stop>) -> Result<(), String> {
    match walked {
        Ok(()) | Err(Stop::Closed) => Ok(()),
        Err(Stop::Fault(fault)) => Err(fault.sentence()),
        Err(Stop::Failed(failure)) => Err(failure.line()),
    }
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
        Ok(()) | Err(Stop::Closed) => {}
        Err(Stop::Failed(failure)) => return Err(failure),
        Err(Stop::Fault(fault)) => text.push_str(&format!("; then {}", fault.sentence())),
    }
    Ok(text)
}

/// A check under way.
struct Check {
    counts: Counts,
    values: Values,
    raw: bool,
}

impl Check {
    fn new(raw: bool) -> Self {
        Self { counts: Counts::default(), values: Values::new(!raw), raw }
    }

    /// A wrong checksum leaves open what is wrong: whether all could be read is worth knowing then.
    fn with_what_is_good(&self, fault: Fault) -> Fault {
        match (fault.kind(), self.raw) {
            (ErrorKind::ChecksumMismatch, false) => fault.and("; every value before it could be read"),
            (ErrorKind::ChecksumMismatch, true) => fault.and("; the structure before it is whole"),
            _ => fault,
        }
    }

    fn step(&mut self, step: &Step<'_>) {
        match step.item.key() {
            Some(key) => self.counts.key(key),
            None => self.counts.item(step.item),
        }
        if let Some(value) = self.values.step(step) {
            self.counts.value(value.bytes, value.is_read.then_some(value.weight), value.name);
        }
    }
}
