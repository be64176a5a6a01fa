//! The file that the page is written to, which must never be a snapshot.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};

/// A place that a page may be written to.
#[derive(Debug)]
pub(super) struct PageFile {
    path: PathBuf,
}

impl PageFile {
    /// The page at `path`, made from `input` (standard input without).
    ///
    /// # Errors
    /// With the usage code, when that would overwrite the input or another snapshot.
    pub(super) fn new(path: &Path, input: Option<&Path>) -> Result<Self, Failure> {
        let refused = |why: &str| {
            let sentence = format!("--html {}: {why}, and would be overwritten", path.display());
            Err(Failure::new(Exit::Usage, sentence))
        };
        if is_input(path, input.filter(|input| *input != Path::new("-"))) {
            return refused("this is the input");
        }
        if is_snapshot(path) {
            return refused("this is a snapshot");
        }
        // Behind a link, it is the file that is replaced.
        Ok(Self { path: path.canonicalize().unwrap_or_else(|_| path.to_owned()) })
    }

    /// Writes the page: all of it, or nothing.
    ///
    /// # Errors
    /// When it cannot be written; what was there stays then.
    pub(super) fn write(&self, text: &str) -> Result<(), Failure> {
        self.replace(text).map_err(|error| {
            Failure::new(Exit::Runtime, format!("{} cannot be written", self.path.display())).because(error)
        })
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let before = fs::metadata(&self.path).ok();
        if before.as_ref().is_some_and(|before| !before.is_file() && !before.is_dir()) {
            // A pipe or a device.
            return fs::write(&self.path, text);
        }
        let beside = self.beside();
        let written = write_new(&beside, text, before.as_ref()).and_then(|()| fs::rename(&beside, &self.path));
        if written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
            // What cannot be removed either stays; the first error is the one to name.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// A name in the same folder that nobody else takes.
    fn beside(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        self.path.with_file_name(name)
    }
}

fn write_new(path: &Path, text: &str, before: Option<&Metadata>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    if let Some(before) = before {
        file.set_permissions(before.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whether both are the same file, by whatever names.
fn is_input(page: &Path, input: Option<&Path>) -> bool {
    let Ok(page_is) = fs::metadata(page) else { return false };
    let input_is = match input {
        Some(input) => fs::metadata(input),
        None => io::stdin().as_fd().try_clone_to_owned().and_then(|stdin| File::from(stdin).metadata()),
    };
    let same_path = || {
        let canonical = |path: &Path| path.canonicalize().ok();
        input.is_some_and(|input| canonical(input).is_some() && canonical(input) == canonical(page))
    };
    let same_inode = |input_is: Metadata| (input_is.dev(), input_is.ino()) == (page_is.dev(), page_is.ino());
    page_is.is_file() && (input_is.is_ok_and(same_inode) || same_path())
}

/// Whether the file starts as snapshots do.
fn is_snapshot(path: &Path) -> bool {
    // Only files are opened: opening a pipe would wait.
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(6).read_to_end(&mut start));
    read.is_ok() && (start.starts_with(b"REDIS") || start.starts_with(b"VALKEY"))
}
