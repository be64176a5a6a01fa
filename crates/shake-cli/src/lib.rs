//! The library behind the `shake-cli` command.
