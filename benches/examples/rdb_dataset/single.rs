//! Keys that hold one string each.

use std::io;

use crate::output::Output;

/// Short strings: three of ten are integers, one of ten expires, the rest is text of 16 to 40 bytes.
pub(crate) fn strings(output: &mut Output, count: u64) -> io::Result<()> {
    for i in 0..count {
        let key = format!("user:{i:08}:name");
        let value = match i % 10 {
            0..=2 => (i * 7919).to_string(),
            _ => output.text(usize::try_from(16 + i * 13 % 25).unwrap_or_default()),
        };
        if i % 10 == 9 {
            output.command(&["SET", &key, &value, "PX", &(TWENTY_YEARS_MS + i).to_string()])?;
        } else {
            output.command(&["SET", &key, &value])?;
        }
    }
    Ok(())
}

/// JSON of 4 KiB, cut off where that is full; servers compress it to less than half.
pub(crate) fn documents(output: &mut Output, count: u64) -> io::Result<()> {
    for i in 0..count {
        let mut text = format!("{{\"id\":{i},\"user\":\"{}\",", output.text(12));
        while text.len() < DOCUMENT {
            let (sku, quantity, price) = (output.below(999_999), output.below(9), output.below(500));
            let tag = output.text(6);
            text += &format!("{{\"sku\":\"SKU-{sku:06}\",\"qty\":{quantity},\"price\":{price}.99,\"tag\":\"{tag}\"}},");
        }
        text.truncate(DOCUMENT);
        output.command(&["SET", &format!("doc:{i}"), &text])?;
    }
    Ok(())
}

const TWENTY_YEARS_MS: u64 = 20 * 365 * 86_400_000;
const DOCUMENT: usize = 4096;
