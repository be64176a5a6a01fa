//! Rewriting values to plain commands, for servers that do not take their payloads.

mod batch;
mod error;
mod gather;
mod hash;
mod loss;
mod number;
mod options;
mod place;
mod rewriter;
mod rows;
mod stream;
mod text;
mod value;

pub use error::{RewriteError, RewriteErrorKind};
pub use loss::{LossKind, Losses};
pub use options::RewriteOptions;
pub use rewriter::Rewriter;
