//! The command line.

use std::error::Error;

use crate::level::Depth;

/// What is measured.
pub(crate) struct Arguments {
    /// The file.
    pub(crate) file: String,
    /// How deep it is read.
    pub(crate) level: Depth,
    /// Whether the checksum is verified.
    pub(crate) check_crc: bool,
    /// Values larger than this come in chunks of this size; the library's defaults if none.
    pub(crate) chunk: Option<usize>,
    /// How often; the best run counts.
    pub(crate) runs: usize,
}

/// Reads the arguments.
///
/// # Errors
/// When one is missing, unknown, or no number where one is wanted.
pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Arguments, Box<dyn Error>> {
    let (Some(file), Some(level)) = (args.next(), args.next()) else { return Err(USAGE.into()) };
    let level = Depth::named(&level).ok_or(USAGE)?;
    let mut parsed = Arguments { file, level, check_crc: true, chunk: None, runs: 1 };
    while let Some(name) = args.next() {
        match name.as_str() {
            "--no-crc" => parsed.check_crc = false,
            "--chunk" => parsed.chunk = Some(args.next().ok_or(USAGE)?.parse()?),
            "--runs" => parsed.runs = args.next().ok_or(USAGE)?.parse()?,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(parsed)
}

const USAGE: &str = "rdb_levels FILE raw|struct|elements|digest|commands [--no-crc] [--chunk BYTES] [--runs N]";
