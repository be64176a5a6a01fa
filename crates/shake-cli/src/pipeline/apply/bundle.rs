//! Commands that take effect together.

use bytes::BytesMut;
use cluster_router::Outgoing;
use cluster_router::command::Args;
use resp::CommandScanner;

use super::Sink;

/// Commands for one slot; more than one are sent as a transaction.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    bytes: BytesMut,
    count: u32,
}

impl Bundle {
    /// Adds a command.
    pub(super) fn add(&mut self, words: &[&[u8]]) {
        resp::put_command(&mut self.bytes, words);
        self.count += 1;
    }

    /// Adds a command that is encoded already.
    pub(super) fn add_encoded(&mut self, command: &[u8]) {
        self.bytes.extend_from_slice(command);
        self.count += 1;
    }

    /// Adds encoded commands, any number of them.
    pub(super) fn add_all(&mut self, commands: &[u8]) {
        self.bytes.extend_from_slice(commands);
        each_command(commands, |_, _| self.count += 1);
    }

    /// Submits what there is, if anything.
    pub(super) fn submit(&self, outgoing: Outgoing, sink: &mut dyn Sink) {
        if self.count == 0 {
            return;
        }
        let is_transaction = self.count > 1;
        let replies = if is_transaction { self.count + 2 } else { 1 };
        sink.submit(Outgoing { replies, ..outgoing }, &mut |out| {
            if is_transaction {
                resp::put_command(out, &["MULTI"]);
            }
            out.extend_from_slice(&self.bytes);
            if is_transaction {
                resp::put_command(out, &["EXEC"]);
            }
        });
    }
}

/// Gives every command of `bytes`, which are whole commands, to `take`: its bytes and its words.
pub(super) fn each_command(bytes: &[u8], mut take: impl FnMut(&[u8], Args<'_>)) {
    let (mut scanner, mut rest) = (CommandScanner::default(), bytes);
    while let Ok(Some(len)) = scanner.scan(rest) {
        let Some((command, behind)) = rest.split_at_checked(len) else { break };
        take(command, Args::new(command, scanner.args()));
        rest = behind;
    }
}
