//! The server that wrote a file, as the target of commands.

use rdb::{Dialect, Item, Target};

/// What a file says about its writer.
#[derive(Debug, Default)]
pub(super) struct Writer {
    named: Option<Target>,
    dialect: Option<Dialect>,
    version: u16,
}

impl Writer {
    /// Takes a fact of the file into account.
    pub(super) fn note(&mut self, item: &Item<'_>) {
        match item {
            Item::Header { dialect, version } => {
                self.dialect = Some(*dialect);
                self.version = version.number();
            }
            // Valkey says both: what it is, and which Redis it is like.
            Item::Aux { key: b"valkey-ver", value } => self.named = parse("valkey", value).or(self.named),
            Item::Aux { key: b"redis-ver", value } if self.named.is_none() => self.named = parse("redis", value),
            _ => {}
        }
    }

    /// Whether the file says which server wrote it.
    pub(super) const fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// That server, or the first that wrote files of this version.
    pub(super) fn target(&self) -> Target {
        self.named.unwrap_or_else(|| match (self.dialect, self.version) {
            (Some(Dialect::Valkey), _) => Target::valkey(9, 0),
            (_, 0..=6) => Target::redis(2, 8),
            (_, 7) => Target::redis(3, 2),
            (_, 8) => Target::redis(4, 0),
            (_, 9) => Target::redis(5, 0),
            (_, 10) => Target::redis(7, 0),
            (_, 11) => Target::redis(7, 2),
            (_, 12) => Target::redis(7, 4),
            (_, 13) => Target::redis(8, 6),
            _ => Target::redis(8, 8),
        })
    }
}

/// The version as far as it is numbers: `8.0.0-rc1` is 8.0.0.
fn parse(brand: &str, version: &[u8]) -> Option<Target> {
    let version = std::str::from_utf8(version).ok()?;
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    format!("{brand}-{}", version.get(..end)?).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdb::RdbVersion;

    fn target(dialect: Dialect, version: u16, aux: &[(&'static str, &'static str)]) -> Target {
        let mut writer = Writer::default();
        writer.note(&Item::Header { dialect, version: RdbVersion::new(version) });
        for (key, value) in aux {
            writer.note(&Item::Aux { key: key.as_bytes(), value: value.as_bytes() });
        }
        writer.target()
    }

    #[test]
    fn the_writer_is_named_or_inferred() {
        assert_eq!(
            target(Dialect::Redis, 11, &[("redis-ver", "7.2.4"), ("valkey-ver", "8.1.1")]),
            Target::valkey(8, 1)
        );
        assert_eq!(
            target(Dialect::Redis, 11, &[("valkey-ver", "8.1.1"), ("redis-ver", "7.2.4")]),
            Target::valkey(8, 1)
        );
        assert_eq!(target(Dialect::Redis, 12, &[("redis-ver", "8.0.0-rc1")]), Target::redis(8, 0));
        assert_eq!(target(Dialect::Redis, 9, &[("redis-ver", "?")]), Target::redis(5, 0));
        assert_eq!(target(Dialect::Redis, 3, &[]), Target::redis(2, 8));
        assert_eq!(target(Dialect::Valkey, 80, &[]), Target::valkey(9, 0));
    }
}
