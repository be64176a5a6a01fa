//! Child processes end when this process ends, also by SIGKILL.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use crate::Error;

/// A shell that waits on a pipe which only this process holds open.
///
/// When the pipe closes, because the leash is dropped or because this process died, the shell kills what it was
/// told to hold and removes the folder. It runs in a process group of its own, so a Ctrl-C at the terminal
/// does not reach it.
pub(crate) struct Leash {
    shell: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Leash {
    /// A leash that removes `folder` at the end.
    pub(crate) fn new(folder: &Path) -> Result<Self, Error> {
        let mut shell = Command::new("/bin/sh")
            .arg("-c")
            .arg(SCRIPT)
            .arg("leash")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(Error::io("start /bin/sh"))?;
        let pipe = Mutex::new(shell.stdin.take());
        Ok(Self { shell, pipe })
    }

    /// Kill this process at the end.
    pub(crate) fn hold(&self, pid: u32) -> Result<(), Error> {
        self.tell(&format!("hold {pid}\n"))
    }

    /// This process has been waited for: its number may already mean another.
    pub(crate) fn release(&self, pid: u32) -> Result<(), Error> {
        self.tell(&format!("release {pid}\n"))
    }

    fn tell(&self, line: &str) -> Result<(), Error> {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let written = pipe.as_mut().map_or(Ok(()), |pipe| pipe.write_all(line.as_bytes()));
        written.map_err(Error::io("write to the leash"))
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        *self.pipe.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // Nobody is left to hear of a failure.
        let _ = self.shell.wait();
    }
}

/// A killed server may still be creating a file while its folder is removed: hence the repetition.
const SCRIPT: &str = r#"
trap '' INT HUP TERM
held=' '
while read -r verb pid; do
    case $verb in
        hold) held="$held$pid " ;;
        release) held="${held%% $pid *} ${held#* $pid }" ;;
    esac
done
for pid in $held; do kill -9 "$pid"; done
for attempt in 1 2 3 4 5; do
    rm -rf "$1" && break
    sleep 0.1
done
"#;
