//! The command line.

use testbed::Error;

/// What is measured.
pub(crate) struct Arguments {
    /// Keys of the snapshot, and commands of the stream.
    pub(crate) keys: u64,
    /// How often everything is done; the medians count.
    pub(crate) runs: usize,
    /// The server on both sides.
    pub(crate) server: String,
}

/// Reads the arguments.
///
/// # Errors
/// When one is unknown, or its value is none.
pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Arguments, Error> {
    let mut parsed = Arguments { keys: 1_000_000, runs: 3, server: "redis-7.0".to_owned() };
    while let Some(name) = args.next() {
        // Cargo passes this to every bench.
        if name == "--bench" {
            continue;
        }
        let value = args.next().ok_or_else(|| usage(&format!("{name} needs a value")))?;
        match name.as_str() {
            "--keys" => parsed.keys = at_least_one(&name, &value)?,
            "--runs" => parsed.runs = at_least_one(&name, &value)?,
            "--server" => parsed.server = value,
            _ => return Err(usage(&format!("there is no argument {name}"))),
        }
    }
    Ok(parsed)
}

fn at_least_one<T: std::str::FromStr + PartialOrd + From<u8>>(name: &str, value: &str) -> Result<T, Error> {
    let number = value.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or_else(|| usage(&format!("{name} {value}: a number from 1 is wanted")))
}

fn usage(what: &str) -> Error {
    Error::Usage(format!("{what} (--keys N, --runs N, --server NAME)"))
}
