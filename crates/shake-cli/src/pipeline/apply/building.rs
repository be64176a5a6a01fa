//! A value too large for one command, built piece by piece beside its key.
//!
//! It is built under a [reserved name](super::temporary) in the slot of its key, and takes the key's place when it is
//! whole: who reads the target never sees half of it. Every piece may be sent twice, when a connection was lost before
//! its reply came: pieces say at which length of the value they go.

use bytes::BytesMut;
use cluster_router::Outgoing;
use rdb::{Losses, RewriteErrorKind};

use super::Sink;
use super::bundle::{Bundle, each_command};
use super::plain::{Head, Plain};
use super::temporary::Temporary;

/// A value under way.
pub(super) struct Building {
    outgoing: Outgoing,
    temporary: Temporary,
    /// Bytes of the value that are not commands yet, from `fed` on.
    held: Vec<u8>,
    fed: usize,
    stage: Stage,
    /// How many elements of a list, or bytes of a string, were submitted.
    length: u64,
    /// Whether any command was submitted that makes the key.
    is_made: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// More of the value comes.
    Open,
    /// All of it is in `held`.
    Ended,
    /// All its commands are submitted; when they are confirmed it takes its place.
    Placing,
}

/// What became of a step.
pub(super) enum Step {
    /// Something was done.
    Moved,
    /// There is nothing to do before more of the value comes.
    Hungry,
    /// There is nothing to do before all that was submitted is confirmed.
    Waiting,
    /// The value is in its place; what was lost of it.
    Done(Losses),
}

impl Building {
    /// Starts with what is there of the value.
    pub(super) fn begin(
        head: &Head,
        replace: bool,
        outgoing: Outgoing,
        held: Vec<u8>,
        plain: &mut Plain,
        sink: &mut dyn Sink,
    ) -> Result<Self, RewriteErrorKind> {
        let temporary = Temporary::new(head, replace, plain.server());
        let mut building =
            Self { outgoing, temporary, held, fed: 0, stage: Stage::Open, length: 0, is_made: false };
        // The expiry comes with the place, or the value might be gone before it is whole.
        let commands = plain.begin(&Head { name: building.temporary.name().to_vec(), expire_at_ms: None, ..head.clone() })?;
        building.submit(&commands, sink);
        Ok(building)
    }

    /// Passes over the first bytes of what is held.
    pub(super) fn skip(mut self, len: usize) -> Self {
        self.fed = len;
        self
    }

    /// Takes the next bytes of the value.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Says that the value is all there.
    pub(super) fn end(&mut self) {
        self.stage = Stage::Ended;
    }

    /// Goes on by one piece.
    pub(super) fn step(&mut self, plain: &mut Plain, sink: &mut dyn Sink) -> Result<Step, RewriteErrorKind> {
        if self.fed < self.held.len() {
            let piece = self.held.get(self.fed..).unwrap_or_default();
            let piece = piece.get(..PIECE).unwrap_or(piece);
            self.fed += piece.len();
            let commands = plain.chunk(piece)?;
            self.submit(&commands, sink);
            if self.fed == self.held.len() {
                self.give_back();
            }
            return Ok(Step::Moved);
        }
        match self.stage {
            Stage::Open => Ok(Step::Hungry),
            Stage::Ended => {
                let commands = plain.end()?;
                self.submit(&commands, sink);
                self.stage = Stage::Placing;
                Ok(Step::Moved)
            }
            // Pieces that are sent again behind the last step would be half a value under the reserved name.
            Stage::Placing if !sink.is_idle() => Ok(Step::Waiting),
            Stage::Placing => {
                self.temporary.put_in_place(self.is_made, self.outgoing, sink);
                Ok(Step::Done(*plain.losses()))
            }
        }
    }

    /// What was held until it was too much for one command is not needed for the chunks behind it.
    fn give_back(&mut self) {
        self.fed = 0;
        self.held.clear();
        self.held.shrink_to(4 * PIECE);
    }

    fn submit(&mut self, commands: &BytesMut, sink: &mut dyn Sink) {
        each_command(commands, |command, args| {
            let mut bundle = Bundle::default();
            let words = args.len().saturating_sub(2) as u64;
            let last = args.arg(args.len().saturating_sub(1)).unwrap_or_default();
            let name = self.temporary.name();
            if args.is_word(0, "UNLINK") || args.is_word(0, "DEL") {
                bundle.add_encoded(command);
                return bundle.submit(self.outgoing, sink);
            }
            self.is_made = true;
            if args.is_word(0, "RPUSH") {
                self.temporary.cut_list(self.length, &mut bundle);
                bundle.add_encoded(command);
                self.length += words;
            } else if args.is_word(0, "APPEND") {
                bundle.add(&[b"SETRANGE", name, self.length.to_string().as_bytes(), last]);
                self.length += last.len() as u64;
            } else {
                self.length += if args.is_word(0, "SET") { last.len() as u64 } else { 0 };
                bundle.add_encoded(command);
            }
            bundle.submit(self.outgoing, sink);
        });
    }
}

/// What becomes commands at once. Compressed data may become a hundred times as long.
pub(super) const PIECE: usize = 64 << 10;
