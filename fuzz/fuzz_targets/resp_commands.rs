//! Any bytes as commands, whole and by a split that the input chooses: the same commands, offsets and errors.
#![no_main]

use bytes::{Bytes, BytesMut};
use fuzz::split::{Found, LIMITS, feed, reads};
use libfuzzer_sys::fuzz_target;
use resp::{Command, CommandScanner, put_command};

fuzz_target!(|data: &[u8]| {
    let Some((&[first, stride], stream)) = data.split_first_chunk() else { return };
    let whole = commands(stream, std::iter::empty());
    assert_eq!(commands(stream, reads(first, stride)), whole);
    whole.0.iter().for_each(|(_, command)| encodes_back(command));
});

fn commands(stream: &[u8], reads: impl Iterator<Item = usize>) -> Found<Command> {
    let mut scanner = CommandScanner::new(LIMITS);
    feed(stream, reads, |bytes| {
        let len = scanner.scan(bytes)?;
        Ok(len.map(|len| (len, Command::from_ranges(&Bytes::copy_from_slice(&bytes[..len]), scanner.args()))))
    })
}

/// Written as an array of bulk strings, whatever it was before, a command is found again.
fn encodes_back(command: &Command) {
    let mut out = BytesMut::new();
    put_command(&mut out, &command.args);
    let (found, error) = commands(&out, std::iter::empty());
    assert_eq!((found, error), (vec![(0, command.clone())], None));
}
