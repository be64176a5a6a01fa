//! `shake-cli forget`: removes from a target what links keep there.

mod args;

use std::io::{self, IsTerminal, Write};

pub use args::ForgetArgs;

use crate::exit::{Exit, Failure};
use crate::pipeline::{Holder, Removal};
use crate::sides::{Sides, print};

/// Does what the arguments ask for.
///
/// # Errors
/// With the one sentence and the exit code that the program ends with.
pub fn run(args: &ForgetArgs) -> Result<(), Failure> {
    let sides = Sides::of(&args.config)?;
    let run = &sides.runtime;
    let removal = run.block_on(Removal::find(&sides.plan, &sides.network, args.all))?;
    if removal.is_empty() {
        return print("the target keeps nothing to remove\n");
    }
    print(&list("to be removed from the target:", &removal.lines()))?;
    refuse_held(&run.block_on(removal.holders())?)?;
    if !args.yes {
        if !agreed()? {
            return print("nothing was removed\n");
        }
        // An answer may take long.
        refuse_held(&run.block_on(removal.holders())?)?;
    }
    let removed = run.block_on(removal.carry_out(&sides.plan))?;
    print(&list("removed:", &removed))
}

/// A link that runs would write them again, and rely on those that are gone.
fn refuse_held(holders: &[Holder]) -> Result<(), Failure> {
    let Some(Holder { node, name, addr, .. }) = holders.first() else { return Ok(()) };
    let sentence = format!("target {node}: a process at {addr} follows {name}; stop it first");
    Err(Failure::new(Exit::Refused, sentence))
}

/// Asks on the terminal.
fn agreed() -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, "nothing was removed: there is no terminal to ask on; say --yes"));
    }
    let failed = |error| Failure::new(Exit::Runtime, "the terminal cannot be asked").because(error);
    let mut answer = String::new();
    write!(io::stderr(), "Remove? [y/N] ").map_err(failed)?;
    io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

fn list(heading: &str, lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("{heading}\n{lines}")
}
