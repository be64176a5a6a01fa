//! What the keys of one hash tag hold.

use std::collections::BTreeMap;

use super::key::Key;

/// What the keys of one hash tag hold, or may hold; keys that do not exist are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State(pub(super) BTreeMap<Key, Held>);

/// The value of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// A counter, or items that were appended.
    Text(Vec<u8>),
    /// Items from left to right, or in the order of their ids.
    Items(Vec<u64>),
    /// Numbers by field or member.
    Numbers(BTreeMap<Vec<u8>, i64>),
    /// Of a type that this key never has.
    Foreign(String),
}

impl Held {
    pub(super) fn number(number: i64) -> Self {
        Self::Text(number.to_string().into_bytes())
    }

    /// The number that this text is.
    pub(super) fn as_number(&self) -> Option<i64> {
        match self {
            Self::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// The numbered items that this is made of; a text is made of those that were appended to it.
    pub(super) fn items(&self) -> Option<Vec<u64>> {
        match self {
            Self::Items(items) => Some(items.clone()),
            Self::Text(text) => {
                let text = String::from_utf8_lossy(text);
                text.split_terminator(SEPARATOR).map(|item| item.parse().ok()).collect()
            }
            _ => None,
        }
    }
}

/// Behind every item that is appended to a text.
pub(super) const SEPARATOR: char = ';';
