#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod dialect;
mod digest;
mod dump;
mod elements;
mod error;
mod item;
mod lzf;
mod opcode;
mod options;
pub mod packed;
mod parts;
mod payload;
mod raw;
#[cfg(feature = "resp")]
mod rewrite;
mod room;
mod scalar;
mod target;
mod value_type;

pub use dialect::{Dialect, RdbVersion};
pub use digest::{Digest, DigestScope, Digester};
pub use dump::{DUMP_FOOTER_LEN, DumpWriter, dump_len, dump_version};
pub use elements::{
    CellValue, Element, ElementReader, EntryFields, ModulePart, StreamElement, StreamId, StreamSummary,
};
pub use error::{Error, ErrorKind, Reading};
pub use item::{Checksum, DbIndex, Entry, Eviction, Item, Key, ModuleAux, ModuleId, RawValue};
pub use options::Options;
pub use parts::{Part, PartReader, PartString, Parts, StringEncoding};
pub use payload::{DumpPayload, dump_payload_version};
pub use raw::decoder::Decoder;
pub use raw::string::StringValue;
#[cfg(feature = "resp")]
pub use rewrite::{LossKind, Losses, RewriteError, RewriteErrorKind, RewriteOptions, Rewriter};
pub use scalar::{Digits, Scalar};
pub use target::{Brand, ParseTargetError, Target};
pub use value_type::{ValueKind, ValueType};
