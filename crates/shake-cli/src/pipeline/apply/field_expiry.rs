use rdb::ValueType;

/// When the fields of a hash under construction are gone, as far as they were sent.
#[derive(Debug, Default)]
pub(super) struct FieldExpiry {
    set: usize,
    expiring: usize,
    last_at_ms: i64,
}

impl FieldExpiry {
    /// Takes note of a command of so many words; `word` answers each of them.
    pub(super) fn note<'a>(&mut self, words: usize, word: impl Fn(usize) -> &'a [u8]) {
        match word(0) {
            b"HSET" => self.set += words.saturating_sub(2) / 2,
            // HPEXPIREAT key at FIELDS count field ...
            b"HPEXPIREAT" => {
                let at = std::str::from_utf8(word(2)).ok().and_then(|at| at.parse().ok());
                self.last_at_ms = self.last_at_ms.max(at.unwrap_or(i64::MAX));
                self.expiring += words.saturating_sub(5);
            }
            _ => {}
        }
    }

    /// When none is left; nothing when some stay.
    pub(super) fn all_gone_at_ms(&self) -> Option<i64> {
        (self.set > 0 && self.set == self.expiring).then_some(self.last_at_ms)
    }
}

/// Whether fields of values of this type may expire.
pub(super) fn has_field_expiry(value_type: ValueType) -> bool {
    matches!(
        value_type,
        ValueType::HashMetadata
            | ValueType::HashListpackEx
            | ValueType::HashMetadataPreGa
            | ValueType::HashListpackExPreGa
            | ValueType::HashFieldExpiry
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(commands: &[&str]) -> Option<i64> {
        let mut expiry = FieldExpiry::default();
        for command in commands {
            let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
            expiry.note(words.len(), |index| words[index]);
        }
        expiry.all_gone_at_ms()
    }

    #[test]
    fn all_are_gone_with_the_last_unless_some_stay() {
        let first = ["HSET k a 1 b 2", "HPEXPIREAT k 10 FIELDS 1 a", "HPEXPIREAT k 30 FIELDS 1 b"];
        assert_eq!(gone(&first), Some(30));
        assert_eq!(gone(&[&first[..], &["HSET k c 3", "HPEXPIREAT k 20 FIELDS 1 c"]].concat()), Some(30));
        assert_eq!(gone(&[&first[..], &["HSET k c 3"]].concat()), None);
        assert_eq!(gone(&[]), None);
    }
}
