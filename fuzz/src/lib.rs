//! What the fuzz targets share.

pub mod byte_source;
pub mod content;
pub mod lzf;
pub mod packed;
pub mod peak;
pub mod same;
pub mod sealed;
pub mod seen;
pub mod server;
pub mod snapshot;
pub mod split;
pub mod stream;
