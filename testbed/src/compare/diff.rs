//! What counts as a difference, and how it is told.

use std::{fmt, time::Duration};

use super::{
    logical::{Logical, show},
    side::{Held, MISSING, Side},
};

/// The outcome of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Keys seen on the first side.
    pub keys: usize,
    /// Keys that the second side lacks.
    pub missing: usize,
    /// Keys that only the second side has.
    pub extra: usize,
    /// Keys that both have, with another type, value or expiry.
    pub different: usize,
    /// The first few differences.
    pub examples: Vec<Difference>,
}

/// One key that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: Vec<u8>,
    /// What is different, in words.
    pub what: String,
    /// Whether the key is there on (the first, the second) side.
    pub present: (bool, bool),
}

impl Diff {
    /// Whether there is no difference.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.total() == 0
    }

    /// The number of keys that are not the same.
    #[must_use]
    pub fn total(&self) -> usize {
        self.missing + self.extra + self.different
    }

    pub(super) fn add(&mut self, difference: Difference, examples: usize) {
        match difference.present {
            (_, false) => self.missing += 1,
            (false, true) => self.extra += 1,
            (true, true) => self.different += 1,
        }
        if self.examples.len() < examples {
            self.examples.push(difference);
        }
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, missing, extra, different, examples } = self;
        write!(f, "of {keys} keys {missing} are missing, {different} are different, and {extra} are extra")?;
        for Difference { key, what, .. } in examples {
            write!(f, "\n  {}: {what}", show(key))?;
        }
        let left = self.total() - examples.len();
        if left > 0 { write!(f, "\n  and {left} more") } else { Ok(()) }
    }
}

/// What both servers can tell, and so what is compared.
pub(super) struct Judge {
    pub(super) exact_expiry: bool,
    pub(super) field_expiry: bool,
    ignored_stream_fields: Vec<&'static str>,
    tolerance_ms: u64,
}

impl Judge {
    pub(super) fn new(a: &Side, b: &Side, tolerance: Duration, of_snapshots: bool) -> Self {
        let both_since = |version| a.version >= version && b.version >= version;
        let exact_expiry = both_since((7, 0));
        let mut ignored_stream_fields = UNEQUAL_IN_REPLICAS.to_vec();
        let told_by_stream = a.is_valkey || a.version >= (7, 4);
        if !(told_by_stream || of_snapshots) || !both_since((7, 0)) {
            // Only from there on does the stream of commands tell how many entries a group has read.
            ignored_stream_fields.push("entries-read");
        }
        if !both_since((7, 0)) {
            ignored_stream_fields.extend(["entries-added", "max-deleted-entry-id", "recorded-first-entry-id"]);
        }
        // Without absolute times the two are asked one after the other.
        let least = if exact_expiry { 0 } else { 1_000 };
        let tolerance_ms = u64::try_from(tolerance.as_millis()).unwrap_or(u64::MAX).max(least);
        let field_expiry = a.has_field_expiry && b.has_field_expiry;
        Self { exact_expiry, field_expiry, ignored_stream_fields, tolerance_ms }
    }

    pub(super) fn same_expiry(&self, a: i64, b: i64) -> bool {
        // Negative: no expiry, no key.
        a == b || (a >= 0 && b >= 0 && a.abs_diff(b) <= self.tolerance_ms)
    }

    pub(super) fn ignores_stream_field(&self, name: &[u8]) -> bool {
        self.ignored_stream_fields.iter().any(|ignored| ignored.as_bytes() == name)
    }

    pub(super) fn difference(&self, key: &[u8], a: &Held, b: &Held) -> Option<Difference> {
        let what = match (&a.value, &b.value) {
            (None, None) => return None,
            (Some(a), None) => format!("missing ({})", a.kind()),
            (None, Some(b)) => format!("extra ({})", b.kind()),
            (Some(left), Some(right)) if left.kind() != right.kind() => {
                format!("a {} became a {}", left.kind(), right.kind())
            }
            (Some(left), Some(right)) if left != right => unequal(left, right),
            _ if !self.same_expiry(a.expiry, b.expiry) => {
                format!("expiry {} against {}", tell_expiry(a.expiry), tell_expiry(b.expiry))
            }
            _ => return None,
        };
        Some(Difference { key: key.to_vec(), what, present: (a.value.is_some(), b.value.is_some()) })
    }
}

/// Shows where the first part that is not the same begins to be so.
fn unequal(a: &Logical, b: &Logical) -> String {
    let (left, right) = (a.parts(), b.parts());
    let index = left.iter().zip(&right).take_while(|(left, right)| left == right).count();
    let sizes = if left.len() == right.len() {
        String::new()
    } else {
        format!(" ({} parts against {})", left.len(), right.len())
    };
    let (left, right) = (left.get(index).map(String::as_str), right.get(index).map(String::as_str));
    let same =
        left.unwrap_or_default().chars().zip(right.unwrap_or_default().chars()).take_while(|(a, b)| a == b).count();
    let show = |part: Option<&str>| part.map_or_else(|| "nothing".to_owned(), |part| excerpt(part, same));
    format!("{} differs{sizes}, first in part {index}: {} against {}", a.kind(), show(left), show(right))
}

/// The text around its character number `at`.
fn excerpt(text: &str, at: usize) -> String {
    let start = at.saturating_sub(SHOWN_BEFORE);
    let shown: String = text.chars().skip(start).take(SHOWN).collect();
    let before = if start > 0 { "..." } else { "" };
    let after = if text.chars().nth(start + SHOWN).is_some() { "..." } else { "" };
    format!("{before}{shown}{after}")
}

fn tell_expiry(expiry: i64) -> String {
    match expiry {
        MISSING => "of no key".to_owned(),
        -1 => "never".to_owned(),
        ms => format!("{ms} ms"),
    }
}

/// Differs between a primary and its own replica: layout in memory, and when consumers were last seen.
const UNEQUAL_IN_REPLICAS: &[&str] = &["radix-tree-keys", "radix-tree-nodes", "seen-time", "active-time", "lag"];

const SHOWN_BEFORE: usize = 40;
const SHOWN: usize = 120;
