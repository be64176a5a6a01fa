//! Where the keys of a command are among its arguments, as servers find them (`getKeysFromCommandWithSpecs`).

use std::ops::ControlFlow;

use super::args::Args;
use super::error::{KeyError, KeyErrorKind};
use super::spec::{Begin, CommandSpec, Find, KeyRule, KeySpec};

impl CommandSpec {
    /// Puts the indexes of the keys among `args` into `out`, in the order in which `COMMAND GETKEYS` lists them.
    ///
    /// `out` is emptied first, and reused from command to command it is not grown again. Subcommands of a container
    /// are looked up. Channels and cursors that only pick a slot are not keys.
    ///
    /// # Errors
    /// When the arguments are not such a command: a wrong number of them, or a number of keys that cannot be.
    ///
    /// # Examples
    /// ```
    /// use cluster_router::command::{Args, lookup};
    /// let args = Args::new(b"EVAL s 2 a b c", &[0..4, 5..6, 7..8, 9..10, 11..12, 13..14]);
    /// let mut keys = Vec::new();
    /// lookup(b"EVAL").unwrap().keys(args, &mut keys)?;
    /// assert_eq!(keys, [3, 4]);
    /// # Ok::<(), cluster_router::command::KeyError>(())
    /// ```
    pub fn keys(&self, args: Args<'_>, out: &mut Vec<usize>) -> Result<(), KeyError> {
        out.clear();
        let spec = self.checked(args)?;
        if matches!(spec.keys, KeyRule::Routing(_)) {
            return Ok(());
        }
        spec.each(args, &mut |index| {
            out.push(index);
            ControlFlow::Continue(())
        })
    }

    /// The index of the first key, or `None` when these arguments hold none.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn first_key_index(&self, args: Args<'_>) -> Result<Option<usize>, KeyError> {
        let spec = self.checked(args)?;
        let mut first = None;
        if !matches!(spec.keys, KeyRule::Routing(_)) {
            spec.each(args, &mut |index| {
                first = Some(index);
                ControlFlow::Break(())
            })?;
        }
        Ok(first)
    }

    /// Hands the index of each argument that picks a slot to `visit`: the keys, and what routes in their place.
    pub(super) fn each_routing(&self, args: Args<'_>, visit: &mut Visit<'_>) -> Result<(), KeyError> {
        self.checked(args)?.each(args, visit)
    }

    /// The command itself, or the subcommand, with its number of arguments checked.
    fn checked(&self, args: Args<'_>) -> Result<&Self, KeyError> {
        let spec = if self.is_container() {
            self.subcommand(args).ok_or(self.error(KeyErrorKind::UnknownSubcommand, 1))?
        } else {
            self
        };
        let wanted = usize::from(spec.arity.unsigned_abs());
        let right = if spec.arity < 0 { args.len() >= wanted } else { args.len() == wanted };
        if right { Ok(spec) } else { Err(spec.error(KeyErrorKind::WrongArity, args.len().min(wanted))) }
    }

    fn each(&self, args: Args<'_>, visit: &mut Visit<'_>) -> Result<(), KeyError> {
        match self.keys {
            KeyRule::None => Ok(()),
            KeyRule::One(index) => self.walk(args, [usize::from(index)], visit).map(drop),
            KeyRule::Specs(specs) | KeyRule::Routing(specs) => self.specs(specs, args, visit),
            KeyRule::Sort => {
                let destination = last_option(args, SORT_OPTIONS, &["STORE"], &[("LIMIT", 2), ("GET", 1), ("BY", 1)]);
                self.walk(args, [1].into_iter().chain(destination), visit).map(drop)
            }
            KeyRule::GeoRadius => {
                let destination = last_option(args, RADIUS_OPTIONS, &["STORE", "STOREDIST"], &[]);
                self.walk(args, [1].into_iter().chain(destination), visit).map(drop)
            }
            KeyRule::Migrate => self.migrate(args, visit),
        }
    }

    fn specs(&self, specs: &[KeySpec], args: Args<'_>, visit: &mut Visit<'_>) -> Result<(), KeyError> {
        for spec in specs {
            let run = spec.locate(args).map_err(|(kind, argument)| self.error(kind, argument))?;
            if self.walk(args, run.indexes(), visit)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn migrate(&self, args: Args<'_>, visit: &mut Visit<'_>) -> Result<(), KeyError> {
        let single = args.arg(MIGRATE_KEY).ok_or(self.error(KeyErrorKind::MissingArgument, MIGRATE_KEY))?;
        match migrate_keyword(args) {
            None => self.walk(args, [MIGRATE_KEY], visit).map(drop),
            Some(keyword) if single.is_empty() => self.walk(args, keyword + 1..args.len(), visit).map(drop),
            Some(keyword) => Err(self.error(KeyErrorKind::Conflicting, keyword)),
        }
    }

    /// Hands indexes to `visit` until it breaks, each checked to be an argument.
    fn walk(
        &self,
        args: Args<'_>,
        indexes: impl IntoIterator<Item = usize>,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, KeyError> {
        for index in indexes {
            if args.arg(index).is_none() {
                return Err(self.error(KeyErrorKind::MissingArgument, index));
            }
            if visit(index).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    const fn error(&self, kind: KeyErrorKind, argument: usize) -> KeyError {
        KeyError { kind, command: self.name, argument }
    }
}

/// What is done with each key's index; a break ends the walk.
pub(super) type Visit<'a> = dyn FnMut(usize) -> ControlFlow<()> + 'a;

/// Every `step`th argument from `first` up to but without `end`.
struct Run {
    first: usize,
    end: usize,
    step: usize,
}

impl Run {
    fn indexes(&self) -> impl Iterator<Item = usize> + use<> {
        (self.first..self.end).step_by(self.step.max(1))
    }
}

/// What is wrong, and at which argument.
type Fault = (KeyErrorKind, usize);

impl KeySpec {
    fn locate(&self, args: Args<'_>) -> Result<Run, Fault> {
        let begin = self.begin.position(args)?;
        match self.find {
            Find::Range { last, step, limit } => range(args.len(), begin, last, step.into(), limit.into()),
            Find::Count { at, first, step } => {
                count(args, begin + usize::from(at), begin + usize::from(first), step.into())
            }
        }
    }
}

impl Begin {
    fn position(self, args: Args<'_>) -> Result<usize, Fault> {
        match self {
            Self::Index(index) => Ok(index.into()),
            Self::Keyword { word, from } => (from.into()..args.len())
                .find(|&index| args.is_word(index, word))
                .map(|index| index + 1)
                .ok_or((KeyErrorKind::MissingKeyword, args.len())),
        }
    }
}

fn range(len: usize, begin: usize, last: i16, step: usize, limit: usize) -> Result<Run, Fault> {
    // `PFMERGE destination` is whole without sources.
    if begin == len && last == -1 && limit <= 1 {
        return Ok(Run { first: begin, end: begin, step });
    }
    let present = len.checked_sub(begin).filter(|&n| n > 0).ok_or((KeyErrorKind::MissingArgument, begin))?;
    let from_end = usize::from(last.unsigned_abs());
    let end = match last {
        0.. => begin + from_end + 1,
        // Keys and then as many arguments that belong to them: `STREAMS key key id id`.
        -1 if limit > 1 => {
            even(present, limit, len)?;
            begin + present / limit
        }
        // Keys with their values between them: `MSET key value key value`.
        -1 => {
            even(present, step, len)?;
            len
        }
        _ => len + 1 - from_end.min(len),
    };
    if end <= begin || end > len {
        return Err((KeyErrorKind::MissingArgument, len));
    }
    Ok(Run { first: begin, end, step })
}

fn even(present: usize, parts: usize, len: usize) -> Result<(), Fault> {
    if parts < 2 || present.is_multiple_of(parts) { Ok(()) } else { Err((KeyErrorKind::Unpaired, len)) }
}

fn count(args: Args<'_>, at: usize, first: usize, step: usize) -> Result<Run, Fault> {
    let digits = args.arg(at).ok_or((KeyErrorKind::MissingArgument, at))?;
    let keys = number(digits).ok_or((KeyErrorKind::BadCount, at))?;
    let end = keys.checked_mul(step).and_then(|span| span.checked_add(first));
    match end {
        Some(end) if end <= args.len() => Ok(Run { first, end, step }),
        _ => Err((KeyErrorKind::CountTooLarge, at)),
    }
}

/// A decimal number without sign or leading zeroes, as servers want them (`string2ll`).
fn number(digits: &[u8]) -> Option<usize> {
    if digits.len() > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The argument behind the last of the `options`, looked for from `from` on; `skipped` are words whose arguments (so
/// many) are not looked at, because they may read like an option.
fn last_option(args: Args<'_>, from: usize, options: &[&str], skipped: &[(&str, usize)]) -> Option<usize> {
    let mut found = None;
    let mut index = from;
    while index < args.len() {
        if let Some((_, arguments)) = skipped.iter().find(|(word, _)| args.is_word(index, word)) {
            index += arguments;
        } else if index + 1 < args.len() && options.iter().any(|word| args.is_word(index, word)) {
            found = Some(index + 1);
            index += 1;
        }
        index += 1;
    }
    found
}

/// Where the word `KEYS` of a `MIGRATE` is. Passwords and user names may read like it.
fn migrate_keyword(args: Args<'_>) -> Option<usize> {
    let mut index = MIGRATE_OPTIONS;
    while index < args.len() {
        if args.is_word(index, "KEYS") {
            return Some(index);
        }
        index += match () {
            () if args.is_word(index, "AUTH") => 2,
            () if args.is_word(index, "AUTH2") => 3,
            () => 1,
        };
    }
    None
}

/// `SORT key [option ...]`
const SORT_OPTIONS: usize = 2;

/// `GEORADIUSBYMEMBER key member radius unit [option ...]`; no unit reads like an option.
const RADIUS_OPTIONS: usize = 5;

/// `MIGRATE host port key db timeout [option ...]`
const MIGRATE_KEY: usize = 3;
const MIGRATE_OPTIONS: usize = 6;
