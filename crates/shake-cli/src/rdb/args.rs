//! The command line of `shake-cli rdb`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::filter::KindArg;

/// Look into snapshots (RDB files): check, json, commands, stats.
///
/// FILE may be left out or `-`: standard input is read then. Memory stays small however large the file or a value in
/// it is. A damaged file ends with exit code 1 and a sentence that names the place; wrong arguments end with 2. The
/// preamble of an append-only file is read as the snapshot that it is, and ends with 1 too: the commands behind it are
/// not read. A reader that closes the pipe early, such as `head`, is no failure.
#[derive(Debug, Clone, Args)]
pub struct RdbArgs {
    #[command(subcommand)]
    pub(super) work: Work,
}

/// What there is to do with a file; each says of itself what that is.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Work {
    Check(CheckArgs),
    Json(JsonArgs),
    Commands(CommandsArgs),
    Stats(StatsArgs),
}

/// Where the snapshot comes from.
#[derive(Debug, Clone, Args)]
pub(super) struct InputArgs {
    /// The snapshot; `-`, or nothing, for standard input
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

/// Which keys are looked at.
#[derive(Debug, Clone, Args, Default)]
pub(super) struct FilterArgs {
    /// Only keys of this database; may be repeated
    #[arg(long = "db", value_name = "N")]
    pub(super) dbs: Vec<u32>,

    /// Only keys whose name matches, as the patterns of KEYS do: `*`, `?`, `[a-z]`, `\` before what is meant literally;
    /// and `\xff` for a byte
    #[arg(long = "key", value_name = "PATTERN")]
    pub(super) key: Option<String>,

    /// Only keys of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub(super) kinds: Vec<KindArg>,
}

/// Check structure, checksum and every value, and count what there is.
///
/// The first fault is named with its offset. Behind a damaged value the check goes on and counts how many more are
/// damaged; behind a damaged structure nothing can be read.
#[derive(Debug, Clone, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,

    /// Do not look into values: only structure and checksum, which is several times faster
    #[arg(long)]
    pub(super) raw: bool,
}

/// Write the content as JSON.
///
/// One document: {"dialect", "version", "aux", "functions", "keys": [...], "checksum"}; with --lines one object for each
/// key, each on its line. An object of a key has "db", "key", "type", "encoding", "value", and where the file has them
/// "expire_at_ms", "idle_seconds", "freq". The value of
///   a string is a string;  a list or set is an array of strings;
///   a sorted set is an object of numbers, with "inf" and "-inf" as strings;
///   a hash is an object of strings; a field that expires is {"value", "expire_at_ms"};
///   a stream is an object: "entries" with "fields" as pairs, because names may repeat, its counters, and "groups"
///   with "pending" and "consumers";  an array (Redis 8.8) has "cells" as pairs of index and value;
///   a module's value has its "parts" as the module wrote them.
/// Nothing is lost: see --bytes. If a value is damaged its object says so in "damaged" and ends there; if the file is,
/// the document does in "error". It is valid JSON in any case.
#[derive(Debug, Clone, Args)]
#[command(about = "Write the content as JSON", verbatim_doc_comment)]
pub(super) struct JsonArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,

    /// One object for each key, each on a line of its own, and nothing else
    #[arg(long)]
    pub(super) lines: bool,

    /// How strings that need not be text are written
    #[arg(long, value_enum, default_value_t = Bytes::Text, value_name = "HOW")]
    pub(super) bytes: Bytes,

    #[command(flatten)]
    pub(super) filter: FilterArgs,
}

/// How strings of bytes become strings of JSON; each way can be undone exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Bytes {
    /// UTF-8 as it is; any other byte XX as \uefXX (U+EF80 to U+EFFF; text with these is written byte by byte)
    Text,
    /// Each byte XX as the character U+00XX
    Latin1,
    /// Every string in Base64, with padding
    Base64,
}

/// Write the content as commands, for `redis-cli --pipe`.
///
/// Plain commands in RESP: values are the same afterwards, to the bit of a score and the pending entries of a stream.
/// What the target cannot be told is named on standard error, key by key; exit code 1 if a key could not be written, or
/// if not all commands were read from the pipe.
///
/// If a value turns out to be damaged, or the file ends in it, when the first commands of it are written already, the
/// last command for its key deletes it: no half value stays, nor what the target had under that name.
/// A damaged value that is small is left out before anything is written, and the target keeps what it had.
///
/// Function libraries are written with FUNCTION LOAD, which fails for one that the target has unless --replace is given;
/// they are left out if --db, --key or --type choose some of the keys.
#[derive(Debug, Clone, Args)]
pub(super) struct CommandsArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,

    /// The server that will take the commands, such as redis-7.0 or valkey-9.1
    ///
    /// Without it, the one that wrote the file; if the file does not say, the first that wrote such files.
    #[arg(long, value_name = "SERVER")]
    pub(super) target: Option<String>,

    /// Delete each key first, instead of adding to what the target may have under its name; replace functions
    #[arg(long)]
    pub(super) replace: bool,

    /// Write to a terminal, too
    #[arg(long)]
    pub(super) force: bool,

    #[command(flatten)]
    pub(super) filter: FilterArgs,
}

/// Say what the file is made of: types, encodings, prefixes, databases, expiry, the largest keys.
///
/// Bytes are those in the file, of the key with everything that belongs to it; "content" is the length of all strings
/// in the value when nothing is packed or compressed. How much memory a server needs is a third thing.
#[derive(Debug, Clone, Args)]
pub(super) struct StatsArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,

    /// Write JSON instead of tables
    #[arg(long, conflicts_with = "html")]
    pub(super) json: bool,

    /// Write a page with charts to this file (`-` for standard output) instead of tables; it needs nothing but itself
    #[arg(long, value_name = "PAGE")]
    pub(super) html: Option<PathBuf>,

    /// How many of the largest keys are listed
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(super) top: u16,

    /// How many prefixes are listed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(super) prefixes: u16,

    /// What ends a prefix of a name
    #[arg(long, value_name = "TEXT", default_value = ":", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) delimiter: String,

    /// How many such parts make a prefix
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(super) depth: u8,

    /// The time, in Unix seconds, that expiry is counted from; without it, when the file was written
    #[arg(long, value_name = "SECONDS")]
    pub(super) now: Option<i64>,

    #[command(flatten)]
    pub(super) filter: FilterArgs,
}
