//! `shake-cli positions`: what a target knows of links, and where each would go on.

mod args;
mod json;
mod text;

pub use args::PositionsArgs;

use crate::exit::{Exit, Failure};
use crate::pipeline::known_links;
use crate::sides::{Sides, print};

/// Does what the arguments ask for.
///
/// # Errors
/// With the one sentence and the exit code that the program ends with.
pub fn run(args: &PositionsArgs) -> Result<(), Failure> {
    let sides = Sides::of(&args.config)?;
    let known = sides.runtime.block_on(known_links(&sides.plan, &sides.network))?;
    if !args.json {
        return print(&text::page(&known));
    }
    let text = serde_json::to_string_pretty(&json::document(&sides.name, &known));
    let text = text.map_err(|error| Failure::new(Exit::Runtime, "the answer cannot be shown").because(error))?;
    print(&format!("{text}\n"))
}
