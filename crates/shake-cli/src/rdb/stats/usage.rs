//! What an evicting server knew about the use of keys.

use rdb::Eviction;

/// Keys by when they were last used, or by how often; a file has one of the two, or none.
#[derive(Debug, Clone, Default)]
pub(super) struct Usage {
    idle: [u64; IDLE.len()],
    freq: [u64; FREQ.len()],
}

impl Usage {
    /// Takes a key into account.
    #[inline]
    pub(super) fn add(&mut self, eviction: Option<Eviction>) {
        let (rows, row) = match eviction {
            None => return,
            Some(Eviction::IdleSeconds(seconds)) => {
                (&mut self.idle[..], IDLE_BOUNDS.iter().position(|bound| seconds < *bound))
            }
            Some(Eviction::Freq(freq)) => (&mut self.freq[..], FREQ_BOUNDS.iter().position(|bound| freq < *bound)),
        };
        let last = rows.len() - 1;
        if let Some(count) = rows.get_mut(row.unwrap_or(last)) {
            *count += 1;
        }
    }

    /// Keys by the time since their last use; nothing if the file does not say.
    pub(super) fn idle(&self) -> Option<Vec<(&'static str, u64)>> {
        rows(&IDLE, &self.idle)
    }

    /// Keys by the logarithmic counter of their uses; nothing if the file does not say.
    pub(super) fn freq(&self) -> Option<Vec<(&'static str, u64)>> {
        rows(&FREQ, &self.freq)
    }
}

fn rows(names: &[&'static str], counts: &[u64]) -> Option<Vec<(&'static str, u64)>> {
    counts.iter().any(|count| *count > 0).then(|| names.iter().copied().zip(counts.iter().copied()).collect())
}

const IDLE: [&str; 6] =
    ["under 1 minute", "under 1 hour", "under 1 day", "under 7 days", "under 30 days", "30 days and more"];
const IDLE_BOUNDS: [u64; 5] = [60, 3_600, 86_400, 604_800, 2_592_000];

/// New keys start with 5.
const FREQ: [&str; 6] = ["0", "1 to 5", "6 to 20", "21 to 50", "51 to 100", "101 to 255"];
const FREQ_BOUNDS: [u8; 5] = [1, 6, 21, 51, 101];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_in_one_row() {
        let mut usage = Usage::default();
        assert!(usage.idle().is_none() && usage.freq().is_none());
        [0, 59, 60, u64::MAX].into_iter().for_each(|seconds| usage.add(Some(Eviction::IdleSeconds(seconds))));
        let counts: Vec<u64> = usage.idle().unwrap().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 1, 0, 0, 0, 1]);
        [0, 5, 255].into_iter().for_each(|freq| usage.add(Some(Eviction::Freq(freq))));
        let counts: Vec<u64> = usage.freq().unwrap().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 1, 0, 0, 0, 1]);
    }
}
