//! The key whose value comes in chunks.

use bytes::BytesMut;
use rdb::Target;

/// A key under way, and whether the target has a part of it.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) name: Vec<u8>,
    /// Whether commands for it were written.
    pub(super) wrote: bool,
}

impl Open {
    /// Its value begins.
    pub(super) fn begin(&mut self, name: &[u8]) {
        name.clone_into(&mut self.name);
        self.wrote = false;
    }

    /// Its value came to its end.
    pub(super) fn end(&mut self) {
        self.wrote = false;
    }

    /// Writes the command that deletes what was written of it; false if that is nothing.
    pub(super) fn take_back(&mut self, target: Target, commands: &mut BytesMut) -> bool {
        let wrote = std::mem::take(&mut self.wrote);
        if wrote {
            let delete = if target.has_unlink() { b"UNLINK".as_slice() } else { b"DEL" };
            resp::put_command(commands, &[delete, &self.name]);
        }
        wrote
    }
}
