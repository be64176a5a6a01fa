//! What commands do not carry over, said on standard error.

use std::error::Error;

use rdb::{RewriteErrorKind, Rewriter};

use super::Written;
use crate::rdb::name::Name;
use crate::units::{count, libraries, of};

/// Says what is lost, key by key up to a number, and what it comes to.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// Keys and records without commands.
    left_out: u64,
    /// Sentences that there were, whether they were said or not.
    sentences: u64,
    /// Whether the value that comes in chunks has failed.
    failed: bool,
}

impl Losses {
    /// A key was written to its end, with these losses, or was not.
    pub(super) fn key(&mut self, name: &[u8], written: Written, losses: &rdb::Losses) {
        self.part(name, written);
        if !std::mem::take(&mut self.failed) && !losses.is_empty() {
            let lost: Vec<String> =
                losses.iter().map(|(kind, lost)| format!("{} ({})", kind.name(), count(lost))).collect();
            self.say(&format!("key {}: not carried over: {}", Name::new(name), lost.join(", ")));
        }
    }

    /// A part of a key's value was written, or was not.
    pub(super) fn part(&mut self, name: &[u8], written: Written) {
        if let Err(why) = written {
            self.failed = true;
            self.left_out += 1;
            self.say(&format!("key {} is not written, or not to its end: {}", Name::new(name), because(why)));
        }
    }

    /// A key was deleted again, because its value did not come to its end.
    pub(super) fn taken_back(&mut self, name: &[u8]) {
        self.say(&format!("key {} is deleted again, so that no half value stays on the target", Name::new(name)));
    }

    /// Something that is no key was written, or was not.
    pub(super) fn record(&mut self, written: Written) {
        if let Err(why) = written {
            // The module's data is not the user's: files of servers with modules always have some.
            self.left_out += u64::from(why != RewriteErrorKind::ModuleAux);
            self.say(&format!("a record beside the keys is not written: {}", because(why)));
        }
    }

    /// Keys and records without commands.
    pub(super) const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What was written in all, and what was not.
    pub(super) fn summary(&self, keys: u64, functions: u64, rewriter: &Rewriter) {
        if self.sentences > MOST {
            eprintln!("shake-cli: and {} like these", of(self.sentences - MOST, "sentence"));
        }
        for (kind, lost) in rewriter.all_losses().iter() {
            eprintln!("shake-cli: not carried over in all: {} ({})", kind.name(), count(lost));
        }
        let mut read = of(keys, "key");
        if functions > 0 {
            read = format!("{read} and {}", libraries(functions));
        }
        eprintln!("shake-cli: {read} read, commands written for {}", rewriter.target());
    }

    fn say(&mut self, sentence: &str) {
        self.sentences += 1;
        if self.sentences <= MOST {
            eprintln!("shake-cli: {sentence}");
        }
    }
}

/// Why something is not written, and what led to that.
fn because(why: RewriteErrorKind) -> String {
    why.source().map_or_else(|| why.to_string(), |cause| format!("{why}: {cause}"))
}

/// More sentences than these nobody reads; what they come to is said at the end.
const MOST: u64 = 100;
