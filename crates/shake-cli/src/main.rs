//! The `shake-cli` command.
fn main() {}
