#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod command;
mod encode;
mod error;
mod error_reply;
mod limits;
mod line;
mod reply;
mod scan;

#[cfg(feature = "codec")]
mod codec;

#[cfg(feature = "codec")]
pub use codec::{CodecError, CommandCodec, ReplyCodec};
pub use command::{Command, CommandScanner};
pub use encode::{put_array, put_bulk, put_command, put_integer_bulk};
pub use error::{Error, ErrorKind, Reading};
pub use error_reply::ErrorReply;
pub use limits::Limits;
pub use reply::Reply;
pub use scan::{ReplyKind, ReplyScanner, Scanned};
