use std::error::Error;
use std::io;

/// The error of type `T` that `error` is, or that led to it.
///
/// An [`io::Error`] names as its source that of the error that it wraps, and so leaves that one out; here it is found.
///
/// # Examples
/// ```
/// use std::{io, num::ParseIntError};
/// let error = io::Error::other("x".parse::<u8>().unwrap_err());
/// assert!(cluster_router::cause::<ParseIntError>(&error).is_some());
/// ```
#[must_use]
pub fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}
