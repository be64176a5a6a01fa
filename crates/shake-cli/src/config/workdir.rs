//! The working directory.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::process;

/// Creates the directory where it is missing and proves that files can be made in it.
pub(super) fn prepare(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    // Permission bits do not tell the truth for root, read-only mounts or ACLs: only a file does.
    let probe = dir.join(format!(".shake-cli-{}.probe", process::id()));
    OpenOptions::new().write(true).create(true).truncate(true).open(&probe)?;
    fs::remove_file(&probe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_directory_is_made_and_left_empty() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/b");
        prepare(&dir).unwrap();
        prepare(&dir).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_its_place_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("data");
        fs::write(&file, "").unwrap();
        assert!(prepare(&file).is_err());
    }

    /// Not a matter of permission bits: in `/proc` not even root can make files.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_directory_that_takes_no_files_is_an_error() {
        assert!(prepare(Path::new("/proc/self")).is_err());
    }
}
