//! The reserved name that a value is built under.

use cluster_router::{Outgoing, slot_of};
use rdb::{DumpWriter, Key, ValueType};

use super::Sink;
use super::bundle::Bundle;
use super::plain::Head;

/// A key that is built under another name, and where it belongs.
pub(super) struct Temporary {
    name: Vec<u8>,
    key: Vec<u8>,
    expire_at_ms: Option<i64>,
    replace: bool,
    /// `UNLINK`, or what there was before it.
    delete: &'static [u8],
}

impl Temporary {
    pub(super) fn new(head: &Head, replace: bool, server: rdb::Target) -> Self {
        Self {
            name: name_for(&head.name),
            key: head.name.clone(),
            expire_at_ms: head.expire_at_ms,
            replace,
            delete: if server.has_unlink() { b"UNLINK" } else { b"DEL" },
        }
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    /// Cuts a list to its first elements, as it was before the next ones were added.
    pub(super) fn cut_list(&self, length: u64, bundle: &mut Bundle) {
        match length.checked_sub(1) {
            Some(last) => bundle.add(&[b"LTRIM", &self.name, b"0", last.to_string().as_bytes()]),
            None => bundle.add(&[self.delete, &self.name]),
        }
    }

    /// Gives the value its key, if there is a value, in one step.
    pub(super) fn put_in_place(&self, is_made: bool, outgoing: Outgoing, sink: &mut dyn Sink) {
        let mut bundle = Bundle::default();
        match (self.replace, is_made) {
            (true, true) => self.take_the_place(&mut bundle),
            (true, false) => bundle.add(&[self.delete, &self.key]),
            (false, true) => {
                self.name_the_key(&mut bundle);
                if let Some(at) = self.expire_at_ms {
                    bundle.add(&[b"PEXPIREAT", &self.name, at.to_string().as_bytes()]);
                }
                self.take_a_free_place(&mut bundle);
            }
            (false, false) => {}
        }
        // What has expired by now is not there to be renamed.
        let forgiving = !self.replace && self.expire_at_ms.is_some();
        bundle.submit(Outgoing { forgiving, ..outgoing }, sink);
    }

    /// `RENAME` keeps no expiry of the old key; the new one's is told behind it, because the past is a time too.
    fn take_the_place(&self, bundle: &mut Bundle) {
        bundle.add(&[b"RENAME", &self.name, &self.key]);
        if let Some(at) = self.expire_at_ms {
            bundle.add(&[b"PEXPIREAT", &self.key, at.to_string().as_bytes()]);
        }
    }

    /// Does nothing, and has a refusal name the key that matters: messages name the first one of a transaction.
    pub(super) fn name_the_key(&self, bundle: &mut Bundle) {
        bundle.add(&[b"EXISTS", &self.key]);
    }

    /// Takes the key's place if nothing is there. If something is, the reserved name is taken still, and a `RESTORE`
    /// to it is answered with the error that says so: `BUSYKEY`, as it is of other keys.
    pub(super) fn take_a_free_place(&self, bundle: &mut Bundle) {
        bundle.add(&[b"RENAMENX", &self.name, &self.key]);
        bundle.add(&[b"RESTORE", &self.name, b"0", &empty_string()]);
        bundle.add(&[self.delete, &self.name]);
    }
}

/// `shake:{tag}:key`, in the slot of the key.
fn name_for(key: &[u8]) -> Vec<u8> {
    let mut name = format!("shake:{{{}}}:", slot_of(key).tag()).into_bytes();
    name.extend_from_slice(key);
    name
}

/// The payload of an empty string.
fn empty_string() -> Vec<u8> {
    let mut payload = Vec::new();
    let mut writer = DumpWriter::begin(&Key::new(b"", ValueType::String), &mut payload);
    payload.push(0);
    writer.chunk(&[0]);
    payload.extend_from_slice(&writer.finish());
    payload
}
