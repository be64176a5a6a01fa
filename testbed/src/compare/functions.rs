//! Function libraries, which every primary has for itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{diff::Difference, side::Side};
use crate::{Error, Value};

/// Code by name.
pub(super) type Libraries = BTreeMap<Vec<u8>, Vec<u8>>;

/// The libraries that are not the same: what any primary of `a` has belongs on every primary of `b`.
pub(super) fn differences(a: &mut Side, b: &mut Side) -> Result<Vec<Difference>, Error> {
    let wanted: Libraries = a.libraries()?.into_iter().flatten().collect();
    let mut seen = BTreeSet::new();
    let mut differences = Vec::new();
    for found in b.libraries()? {
        let names = wanted.keys().chain(found.keys());
        for name in names {
            let pair = (wanted.get(name), found.get(name));
            if pair.0 != pair.1 && seen.insert(name.clone()) {
                differences.push(difference(name, pair));
            }
        }
    }
    Ok(differences)
}

fn difference(name: &[u8], (wanted, found): (Option<&Vec<u8>>, Option<&Vec<u8>>)) -> Difference {
    let what = match (wanted, found) {
        (Some(_), None) => "missing on a primary (function library)",
        (None, _) => "extra on a primary (function library)",
        (Some(_), Some(_)) => "function library with other code on a primary",
    };
    Difference { key: name.to_vec(), what: what.to_owned(), present: (wanted.is_some(), found.is_some()) }
}

/// From the reply to `FUNCTION LIST WITHCODE`: one array of names and values for each library.
pub(super) fn from_reply(reply: &Value) -> Libraries {
    reply
        .items()
        .iter()
        .filter_map(|library| Some((field(library, b"library_name")?, field(library, b"library_code")?)))
        .collect()
}

fn field(library: &Value, name: &[u8]) -> Option<Vec<u8>> {
    let pair = library.items().chunks(2).find(|pair| pair.first().and_then(Value::bytes) == Some(name))?;
    pair.get(1)?.bytes().map(<[u8]>::to_vec)
}
