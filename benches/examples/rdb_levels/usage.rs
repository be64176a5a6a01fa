//! What this process has used, from `/proc`.

use std::{error::Error, fs};

/// CPU time of the only thread, user and system.
///
/// # Errors
/// When `/proc` does not tell it.
pub(crate) fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().ok_or("/proc/self/schedstat is empty")?.parse()?;
    Ok(nanoseconds / 1e9)
}

/// The largest resident memory so far, in bytes.
///
/// # Errors
/// When `/proc` does not tell it.
pub(crate) fn peak_rss_bytes() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/status")?;
    let kibibytes = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(kibibytes.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
