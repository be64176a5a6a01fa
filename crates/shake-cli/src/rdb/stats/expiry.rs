//! When keys expire.

use super::tally::Tally;

/// Keys by the time that they have left.
#[derive(Debug, Clone, Default)]
pub(super) struct Expiry {
    rows: [Tally; ROWS.len()],
}

impl Expiry {
    /// Takes a key into account, with the milliseconds that it has left, if it expires.
    #[inline]
    pub(super) fn add(&mut self, left_ms: Option<i64>, tally: &Tally) {
        let row = left_ms.map_or(0, |left| 1 + BOUNDS.iter().position(|bound| left < *bound).unwrap_or(BOUNDS.len()));
        if let Some(sum) = self.rows.get_mut(row) {
            sum.add(tally);
        }
    }

    /// The rows with their names.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&'static str, &Tally)> {
        ROWS.into_iter().zip(&self.rows)
    }
}

const ROWS: [&str; 7] =
    ["never", "already expired", "within 1 hour", "within 1 day", "within 7 days", "within 30 days", "later"];

const HOUR: i64 = 3_600_000;

/// Upper bounds of the rows behind the first, in milliseconds.
const BOUNDS: [i64; 5] = [1, HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_its_row() {
        let rows = |left: Option<i64>| {
            let mut expiry = Expiry::default();
            expiry.add(left, &Tally { keys: 1, ..Tally::default() });
            let row = expiry.rows().find(|(_, tally)| tally.keys == 1).map(|(name, _)| name);
            row.unwrap()
        };
        assert_eq!(rows(None), "never");
        assert_eq!([rows(Some(i64::MIN)), rows(Some(0))], ["already expired"; 2]);
        assert_eq!([rows(Some(1)), rows(Some(HOUR - 1))], ["within 1 hour"; 2]);
        assert_eq!([rows(Some(HOUR)), rows(Some(7 * 24 * HOUR - 1))], ["within 1 day", "within 7 days"]);
        assert_eq!([rows(Some(30 * 24 * HOUR)), rows(Some(i64::MAX))], ["later"; 2]);
    }
}
