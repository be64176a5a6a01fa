use std::ops::ControlFlow;

use super::args::Args;
use super::error::KeyError;
use super::lookup::lookup;
use super::spec::CommandSpec;
use crate::slot::{Slot, slot_of};

/// Where a command goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandSlot {
    /// All its keys lie in this slot.
    One(Slot),
    /// Its keys lie in several slots: a cluster refuses it with `-CROSSSLOT`.
    CrossSlot,
    /// It has no keys.
    Keyless,
    /// The table does not have it: where its keys are is not known.
    Unknown,
}

/// The slot of a command, by its keys; shard channels (`SPUBLISH`) count as keys here.
///
/// # Errors
/// When the arguments are not such a command, as [`CommandSpec::keys`](super::CommandSpec::keys) says.
///
/// # Examples
/// ```
/// use cluster_router::command::{Args, CommandSlot, slot_of_command};
/// use cluster_router::slot_of;
/// let args = Args::new(b"get foo", &[0..3, 4..7]);
/// assert_eq!(slot_of_command(args)?, CommandSlot::One(slot_of(b"foo")));
/// # Ok::<(), cluster_router::command::KeyError>(())
/// ```
pub fn slot_of_command(args: Args<'_>) -> Result<CommandSlot, KeyError> {
    args.arg(0).and_then(lookup).map_or(Ok(CommandSlot::Unknown), |spec| spec.slot(args))
}

impl CommandSpec {
    /// As [`slot_of_command`], for who has looked the command up already.
    ///
    /// # Errors
    /// As [`slot_of_command`].
    pub fn slot(&self, args: Args<'_>) -> Result<CommandSlot, KeyError> {
        if self.is_container() && self.subcommand(args).is_none() {
            return Ok(CommandSlot::Unknown);
        }
        let mut found = CommandSlot::Keyless;
        self.each_routing(args, &mut |index| {
            let slot = slot_of(args.arg(index).unwrap_or_default());
            match found {
                CommandSlot::One(first) if first != slot => {
                    found = CommandSlot::CrossSlot;
                    ControlFlow::Break(())
                }
                _ => {
                    found = CommandSlot::One(slot);
                    ControlFlow::Continue(())
                }
            }
        })?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::KeyErrorKind;

    fn route(line: &str) -> Result<CommandSlot, KeyError> {
        let start = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
        let ranges: Vec<_> = line.split(' ').map(|word| start(word)..start(word) + word.len()).collect();
        slot_of_command(Args::new(line.as_bytes(), &ranges))
    }

    #[test]
    fn one_slot_several_none_unknown() {
        let one = Ok(CommandSlot::One(slot_of(b"a")));
        assert_eq!(route("mset a 1 {a}b 2"), one);
        assert_eq!(route("MSET a 1 b 2"), Ok(CommandSlot::CrossSlot));
        assert_eq!(route("XGROUP CREATE a g $"), one);
        assert_eq!(route("PFMERGE a"), one);
        assert_eq!(route("spublish a message"), one);
        assert_eq!(route("FLUSHALL"), Ok(CommandSlot::Keyless));
        assert_eq!(route("EVAL script 0 a"), Ok(CommandSlot::Keyless));
        assert_eq!(route("JSON.SET a $ 1"), Ok(CommandSlot::Unknown));
        assert_eq!(route("XGROUP NONSENSE a"), Ok(CommandSlot::Unknown));
        assert_eq!(slot_of_command(Args::new(b"", &[])), Ok(CommandSlot::Unknown));
    }

    #[test]
    fn a_later_key_that_cannot_be_is_an_error_even_so() {
        let error = route("MSET a 1 b").unwrap_err();
        assert_eq!((error.kind, error.argument), (KeyErrorKind::Unpaired, 4));
        assert_eq!(
            error.to_string(),
            "keys and their values do not come out even at argument 4 while reading the keys of MSET"
        );
    }
}
