//! How long a write takes from one cluster to the other.

use std::{
    thread,
    time::{Duration, Instant},
};

use testbed::{Cluster, Error, Router, cmd};

/// Writes keys to `a` one after the other, and waits for each at `b`; how long each took, sorted.
///
/// The first one arrives when the copy of what was there before is done: it is not counted. `check` is asked
/// again and again whether there is still something to wait for.
pub(crate) fn probe(
    a: &Cluster,
    b: &Cluster,
    mut check: impl FnMut() -> Result<(), Error>,
) -> Result<Vec<Duration>, Error> {
    let (mut a, mut b) = (Router::connect(a)?, Router::connect(b)?);
    let mut lags = Vec::new();
    for number in 0..=PROBES {
        let key = format!("probe:{number}");
        let sent = Instant::now();
        a.call(&key, cmd("SET").arg(&key).arg(number))?;
        while b.call(&key, cmd("EXISTS").arg(&key))?.integer() != Some(1) {
            check()?;
            if sent.elapsed() > ARRIVAL_TIMEOUT {
                return Err(Error::Timeout(format!("`{key}`, written to A, to reach B")));
            }
            thread::sleep(LOOK);
        }
        if number == 0 {
            println!("  The first write that came after the start has reached B: from here on B follows.");
        } else {
            lags.push(sent.elapsed());
        }
        thread::sleep(PAUSE);
    }
    lags.sort_unstable();
    Ok(lags)
}

const PROBES: u32 = 30;
/// Spreads the probes over some seconds of traffic.
const PAUSE: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_micros(500);
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(30);
