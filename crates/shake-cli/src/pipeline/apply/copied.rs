use std::hash::{BuildHasher, RandomState};

/// The keys of a snapshot, eight bytes each: to know afterwards which keys of the target are not among them.
#[derive(Debug, Clone, Default)]
pub(super) struct Copied {
    hasher: RandomState,
    hashes: Vec<u64>,
    /// Whether they are in order: they can be looked up.
    sealed: bool,
}

impl Copied {
    /// Adds a key.
    pub(super) fn add(&mut self, db: u32, key: &[u8]) {
        self.hashes.push(self.hasher.hash_one((db, key)));
        self.sealed = false;
    }

    /// No more are added for now.
    pub(super) fn seal(&mut self) {
        self.hashes.sort_unstable();
        self.sealed = true;
    }

    /// Whether a key was added. With 64 bits, of a thousand keys that were not and a billion that were, one is mistaken with
    /// a chance of one in ten million.
    pub(super) fn contains(&self, db: u32, key: &[u8]) -> bool {
        debug_assert!(self.sealed, "looked up before they were in order");
        self.hashes.binary_search(&self.hasher.hash_one((db, key))).is_ok()
    }
}

/// Two are the same when they are one: they are not looked into.
impl PartialEq for Copied {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Copied {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_by_database() {
        let mut copied = Copied::default();
        (0..1000u32).for_each(|n| copied.add(n % 2, format!("k{n}").as_bytes()));
        copied.seal();
        assert!((0..1000u32).all(|n| copied.contains(n % 2, format!("k{n}").as_bytes())));
        assert!(!(0..1000u32).any(|n| copied.contains(1 - n % 2, format!("k{n}").as_bytes())));
        assert!(!copied.contains(0, b"other"));
    }
}
