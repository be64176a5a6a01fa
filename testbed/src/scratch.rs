//! Folders for the time of a test.

use std::path::Path;

use crate::{Error, node::Home};

/// A folder that is removed when this is dropped, and when the process is killed.
pub struct Scratch(Home);

impl Scratch {
    /// A new, empty folder in the temporary folder. `purpose` becomes part of its name.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(purpose: &str) -> Result<Self, Error> {
        Ok(Self(Home::create(purpose)?))
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.folder
    }
}
