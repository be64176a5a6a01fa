//! What a check counts.

use std::collections::BTreeMap;

use rdb::{Checksum, Dialect, Item, Key, RdbVersion, ValueKind};

use crate::rdb::name::Name;
use crate::rdb::weight::Weight;

/// What was met in a file.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) header: Option<(Dialect, RdbVersion)>,
    /// Facts of the file that stand before its keys.
    pub(super) aux: Vec<(String, String)>,
    /// By the name of the type.
    pub(super) kinds: BTreeMap<&'static str, OfKind>,
    /// Keys, and keys that expire, by database.
    pub(super) dbs: BTreeMap<u32, (u64, u64)>,
    pub(super) functions: u64,
    pub(super) module_aux: u64,
    /// Empty collections, and the first of them.
    pub(super) empty: u64,
    pub(super) first_empty: Option<String>,
    pub(super) checksum: Option<Checksum>,
    /// The type of the key that is being counted.
    kind: Option<ValueKind>,
}

/// What there is of one type.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct OfKind {
    pub(super) keys: u64,
    pub(super) elements: u64,
    pub(super) bytes: u64,
}

impl Counts {
    /// Takes an item into account that is no part of a key.
    pub(super) fn item(&mut self, item: &Item<'_>) {
        match item {
            Item::Header { dialect, version } => self.header = Some((*dialect, *version)),
            Item::Aux { key, value } if self.dbs.is_empty() && self.aux.len() < MOST_AUX => {
                self.aux.push((plain(key), plain(value)));
            }
            Item::Function(_) | Item::FunctionPreGa(_) => self.functions += 1,
            Item::ModuleAux(_) => self.module_aux += 1,
            Item::End { checksum } => self.checksum = Some(*checksum),
            _ => {}
        }
    }

    /// Takes a key into account.
    pub(super) fn key(&mut self, key: &Key<'_>) {
        self.kind = Some(key.value_type.kind());
        let (keys, expiring) = self.dbs.entry(key.db.0).or_default();
        *keys += 1;
        *expiring += u64::from(key.expire_at_ms.is_some());
    }

    /// Takes the key's value into account: the bytes of it all, and what is in it if that is known.
    pub(super) fn value(&mut self, bytes: u64, weight: Option<Weight>, name: &[u8]) {
        let Some(kind) = self.kind else { return };
        let of_kind = self.kinds.entry(crate::rdb::filter::kind_name(kind)).or_default();
        of_kind.keys += 1;
        of_kind.bytes += bytes;
        let Some(weight) = weight else { return };
        of_kind.elements += weight.elements;
        if weight.elements == 0 && is_never_empty(kind) {
            self.empty += 1;
            self.first_empty.get_or_insert_with(|| Name::new(name).to_string());
        }
    }

    /// All keys.
    pub(super) fn keys(&self) -> u64 {
        self.dbs.values().map(|(keys, _)| keys).sum()
    }

    /// All keys that expire.
    pub(super) fn expiring(&self) -> u64 {
        self.dbs.values().map(|(_, expiring)| expiring).sum()
    }
}

/// Whether servers delete a key of this type with its last element.
const fn is_never_empty(kind: ValueKind) -> bool {
    matches!(kind, ValueKind::List | ValueKind::Set | ValueKind::SortedSet | ValueKind::Hash)
}

/// A fact as text, without quotes.
fn plain(bytes: &[u8]) -> String {
    let quoted = Name::new(bytes).to_string();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// More facts than any server writes.
const MOST_AUX: usize = 64;
