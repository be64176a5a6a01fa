//! The logical digest: 128 bits that are equal when two values are equal to their users, however they are written.

mod digester;
mod record;
mod scope;
mod stream;
mod text;

use std::fmt;

use crate::item::DbIndex;

use record::{Record, Tag};

pub use digester::Digester;
pub use scope::DigestScope;

/// The digest of a value, of a key with its value, or the sum of many.
///
/// It shows differences that happen, not those that somebody plants: it is no cryptographic hash.
///
/// # Examples
/// ```
/// use rdb::{Decoder, Digest, Digester, ElementReader, Item, Options};
///
/// /// The sum over all keys; their order does not matter.
/// fn digest(file: &[u8]) -> Result<Digest, rdb::Error> {
///     let options = Options::default();
///     let (mut decoder, mut reader) = (Decoder::new(options.clone()), ElementReader::new(&options));
///     let (mut digester, mut sum) = (Digester::default(), Digest::default());
///     decoder.feed(file);
///     while let Some(item) = decoder.next_item()? {
///         if let Some(value) = digester.item(&mut reader, &item)? {
///             sum = sum.wrapping_add(value);
///         }
///     }
///     Ok(sum)
/// }
///
/// // A hash field by field, and the same in a zipmap, the other way around.
/// let fields = b"REDIS0003\x04\x01h\x02\x01a\x01x\x01b\xc0\x07\xff";
/// let zipmap = b"REDIS0003\x09\x01h\x0c\x02\x01b\x01\x007\x01a\x01\x00x\xff\xff";
/// assert_eq!(digest(fields)?, digest(zipmap)?);
/// # Ok::<(), rdb::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Digest(u128);

impl Digest {
    /// The digest of a key: of its name, when it expires, and its value.
    ///
    /// Without `db` keys of different databases are not told apart.
    #[must_use]
    pub fn of_key(name: &[u8], db: Option<DbIndex>, expire_at_ms: Option<i64>, value: Self) -> Self {
        let mut record = Record::default();
        record.start(Tag::Key).bytes(name).optional(db.map(|db| u64::from(db.0)));
        record.optional(expire_at_ms.map(i64::cast_unsigned)).wide(value.0);
        Self(record.hash())
    }

    /// The sum of two digests, which does not depend on the order of many. A key that occurs twice counts twice.
    #[must_use]
    pub const fn wrapping_add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// The sum without one of its digests.
    #[must_use]
    pub const fn wrapping_sub(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }

    /// The digest as bytes, the most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Digest {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_name_database_expiry_and_value() {
        let base = || (b"name".as_slice(), Some(DbIndex(0)), Some(5), Digest(7));
        let of = |(name, db, expiry, value): (&[u8], _, _, _)| Digest::of_key(name, db, expiry, value);
        let (name, db, expiry, value) = base();
        let others = [
            of((b"nam", db, expiry, value)),
            of((name, Some(DbIndex(1)), expiry, value)),
            of((name, None, expiry, value)),
            of((name, db, Some(6), value)),
            of((name, db, None, value)),
            of((name, db, expiry, Digest(8))),
        ];
        assert_eq!(of(base()), of(base()));
        for (index, other) in others.iter().enumerate() {
            assert_ne!(of(base()), *other, "variant {index}");
            assert!(!others[..index].contains(other), "variant {index}");
        }
    }

    #[test]
    fn sums_wrap_and_print() {
        let (one, all) = (Digest(1), Digest(u128::MAX));
        assert_eq!(one.wrapping_add(all), Digest::default());
        assert_eq!(Digest::default().wrapping_sub(one), all);
        assert_eq!(one.to_string(), format!("{}1", "0".repeat(31)));
        assert_eq!(one.to_bytes()[15], 1);
    }
}
