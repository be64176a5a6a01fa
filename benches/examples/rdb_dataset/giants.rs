//! Values of millions of elements.

use std::io;

use crate::output::Output;

/// One hash with so many fields.
pub(crate) fn hash(output: &mut Output, fields: u64) -> io::Result<()> {
    for batch in batches(fields) {
        let mut args = vec!["HSET".to_owned(), "giant:hash".to_owned()];
        for field in batch {
            args.extend([format!("field:{field:08}"), output.text(20)]);
        }
        output.command(&args)?;
    }
    Ok(())
}

/// One list with so many elements.
pub(crate) fn list(output: &mut Output, elements: u64) -> io::Result<()> {
    for batch in batches(elements) {
        let mut args = vec!["RPUSH".to_owned(), "giant:list".to_owned()];
        for element in batch {
            args.push(format!("{element}:{}", output.text(20)));
        }
        output.command(&args)?;
    }
    Ok(())
}

fn batches(count: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    (0..count.div_ceil(BATCH)).map(move |batch| batch * BATCH..((batch + 1) * BATCH).min(count))
}

/// Elements in one command.
const BATCH: u64 = 200;
