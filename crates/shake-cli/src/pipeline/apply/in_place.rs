//! Values that are built under a reserved key, and take their own name when they are whole.
//!
//! Nobody sees a part of such a value, and what was under its name stays until the whole of it is there. The reserved key
//! lies in the slot of the value's own, or a cluster would not rename it.

use cluster_router::slot_of;
use rdb::{DumpWriter, Key, ValueType};

use super::field_expiry::has_field_expiry;
use super::unit::Unit;
use crate::pipeline::plan::ExistingKeys;

/// The key under which a link builds a value that is to become `key`. It is the same after a restart, so that what a
/// dead process left is met again, and different from that of every other link to the same target.
pub(super) fn building_key(link: &str, key: &[u8]) -> Vec<u8> {
    format!("shake:{{{}}}:building:{link}", slot_of(key).tag()).into_bytes()
}

/// The same for a value that is made in one unit. It may follow a giant of the slot whose renaming is under way, and must
/// not meet what that has built.
pub(super) fn making_key(link: &str, key: &[u8]) -> Vec<u8> {
    format!("shake:{{{}}}:making:{link}", slot_of(key).tag()).into_bytes()
}

/// Appends a command that only names the key: a refused transaction is called by its first one in messages.
pub(super) fn put_name(unit: &mut Unit, key: &Key<'_>) {
    unit.push(&[b"EXISTS", key.name]);
}

/// Appends the commands that make what is under `building` the value of `key`, and say when it expires.
///
/// Where a key that is there must stay, RENAMENX says no without an error. What errs in its place is RESTORE, because
/// the reserved key is still there then: BUSYKEY, as for every other key that is restored.
pub(super) fn put_in_place(unit: &mut Unit, building: &[u8], key: &Key<'_>, existing: ExistingKeys) {
    let expiry = key.expire_at_ms.map(|at| at.to_string());
    let expire = |unit: &mut Unit, name: &[u8]| {
        if let Some(at) = &expiry {
            unit.push(&[b"PEXPIREAT", name, at.as_bytes()]);
        }
    };
    if existing == ExistingKeys::Replace {
        // Nothing is removed before: repeated after it took effect, RENAME fails and does no harm.
        unit.push(&[b"RENAME", building, key.name]);
        return expire(unit, key.name);
    }
    expire(unit, building);
    unit.push(&[b"RENAMENX", building, key.name]);
    if existing == ExistingKeys::Fail {
        unit.push(&[b"RESTORE", building, b"0", &empty_string()]);
    }
    unit.push(&[b"UNLINK", building]);
}

/// Whether the key under construction may be gone when it is to be renamed, because all of it has expired: then there
/// is nothing to rename, and that is right.
pub(super) fn may_have_expired(key: &Key<'_>, existing: ExistingKeys) -> bool {
    has_field_expiry(key.value_type) || (key.expire_at_ms.is_some() && existing != ExistingKeys::Replace)
}

/// The shortest payload that every server takes.
fn empty_string() -> Vec<u8> {
    let mut payload = Vec::new();
    let mut writer = DumpWriter::begin(&Key::new(b"", ValueType::String), &mut payload);
    writer.chunk(b"\0");
    payload.push(0);
    payload.extend_from_slice(&writer.finish());
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserved_key_lies_in_the_slot_of_any_key() {
        for key in [&b"foo"[..], b"{a}b", b"}{", b"{}x", b"a{b", b"", b"x{y{z}w}", b"\xff\x00{\xfe}"] {
            let building = building_key("paris>>tokyo:10.0.0.1:6379", key);
            assert_eq!(slot_of(&building), slot_of(key), "{}", key.escape_ascii());
        }
        assert_eq!(building_key("l", b"foo"), b"shake:{9Le}:building:l");
    }

    #[test]
    fn the_payload_of_nothing_is_one() {
        let payload = empty_string();
        let parsed = rdb::DumpPayload::parse(&payload).unwrap();
        assert_eq!(parsed.value().as_string().unwrap().unwrap().as_bytes(), b"");
    }
}
