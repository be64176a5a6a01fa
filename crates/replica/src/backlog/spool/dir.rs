use std::{
    fs::{self, DirBuilder, DirEntry, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{SpoolError, SpoolErrorKind};

/// A directory that one backlog works in, locked as long as this lives.
#[derive(Debug)]
pub(super) struct SpoolDir {
    path: PathBuf,
    /// Locked; closing it unlocks. The file is not removed: who waits for it would then hold the lock of a file that
    /// nobody else finds.
    _lock: File,
}

impl SpoolDir {
    /// Creates the directory if need be, locks it, and removes what an earlier process left.
    pub(super) fn open(path: PathBuf) -> Result<Self, SpoolError> {
        let created = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        created.map_err(|error| SpoolError::new(SpoolErrorKind::CreateDir, &path, error))?;
        let lock = lock(&path)?;
        remove_stale(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// Where the segment with this number lies.
    pub(super) fn segment(&self, number: u64) -> PathBuf {
        self.path.join(format!("{PREFIX}{number:016x}{SUFFIX}"))
    }
}

/// Creates a segment file, or fails when there is one.
pub(super) fn create_segment(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn lock(dir: &Path) -> Result<File, SpoolError> {
    let path = dir.join(LOCK_FILE);
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = opened.map_err(|error| SpoolError::new(SpoolErrorKind::Lock, &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::new(SpoolErrorKind::InUse, dir, None)),
        Err(TryLockError::Error(error)) => Err(SpoolError::new(SpoolErrorKind::Lock, path, error)),
    }
}

/// Deletes the segment files that a process left which did not end in order. The lock says that it is gone.
fn remove_stale(dir: &Path) -> Result<(), SpoolError> {
    let failed = |path: &Path, error| SpoolError::new(SpoolErrorKind::CleanUp, path, error);
    for entry in fs::read_dir(dir).map_err(|error| failed(dir, error))? {
        let entry = entry.map_err(|error| failed(dir, error))?;
        let path = entry.path();
        if is_ours(&entry).map_err(|error| failed(&path, error))? {
            fs::remove_file(&path).map_err(|error| failed(&path, error))?;
        }
    }
    Ok(())
}

/// Whether a file is a segment, by its name and by what it begins with. Links are not followed.
fn is_ours(entry: &DirEntry) -> io::Result<bool> {
    if !entry.file_name().to_str().is_some_and(is_segment_name) || !entry.file_type()?.is_file() {
        return Ok(false);
    }
    let mut start = [0; HEADER.len()];
    match File::open(entry.path()).and_then(|mut file| file.read_exact(&mut start)) {
        Ok(()) => Ok(start == *HEADER),
        // Too short, gone, or not for us to read.
        Err(error)
            if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::NotFound | ErrorKind::PermissionDenied) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn is_segment_name(name: &str) -> bool {
    let number = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    number.is_some_and(|number| {
        number.len() == 16 && number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

const LOCK_FILE: &str = "shake-backlog.lock";
const PREFIX: &str = "shake-backlog-";
const SUFFIX: &str = ".segment";
/// What every segment file begins with. Together with its name it marks a file as ours.
pub(super) const HEADER: &[u8; 32] = b"shake-cli backlog, segment v1\r\n\x1a";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_recognised() {
        let cases = [
            ("shake-backlog-0000000000000000.segment", true),
            ("shake-backlog-00000000000000ff.segment", true),
            ("shake-backlog-00000000000000FF.segment", false),
            ("shake-backlog-ff.segment", false),
            ("shake-backlog-00000000000000ff.segment.bak", false),
            ("backlog-00000000000000ff.segment", false),
            ("shake-backlog.lock", false),
        ];
        for (name, ours) in cases {
            assert_eq!(is_segment_name(name), ours, "{name}");
        }
    }
}
