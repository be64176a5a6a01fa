//! The built `shake-cli rdb`, run to its end.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

/// How a run ended, and what it wrote.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: Vec<u8>,
    pub(super) err: String,
}

impl Ran {
    /// Standard output as text.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// Standard output as one JSON document.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.out)))
    }

    /// The same run, which must have gone well.
    #[track_caller]
    pub(super) fn well(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.err);
        self
    }

    /// Standard error, of a run that must have failed with this code.
    #[track_caller]
    pub(super) fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{}", self.err);
        self.err.trim_end()
    }
}

/// Runs `shake-cli rdb` with these arguments and this standard input.
pub(super) fn rdb(args: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shake-cli"))
        .arg("rdb")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may end before it has read everything.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran {
        code: output.status.code().expect("no signal"),
        out: output.stdout,
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
