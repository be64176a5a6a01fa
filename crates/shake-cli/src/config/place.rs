//! Where in the file something was typed.

use std::fmt;

/// A key of the file: its section, its name, its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Counted from 1; `None` when neither the key nor its section is in the file.
    pub(super) line: Option<usize>,
    /// The table's name; empty for the top of the file.
    pub(super) section: &'static str,
    /// The key as it was typed.
    pub(super) key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.section.is_empty() {
            write!(f, "[{}] ", self.section)?;
        }
        f.write_str(&self.key)
    }
}

/// A value and where it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

impl<T> Located<T> {
    /// The same place, with the value made into something else.
    pub(super) fn map<U>(self, make: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: make(self.value), place: self.place }
    }
}
