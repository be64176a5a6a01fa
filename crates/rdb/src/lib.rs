#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod dialect;
mod dump;
mod elements;
mod error;
mod item;
mod lzf;
mod opcode;
mod options;
pub mod packed;
mod parts;
mod raw;
mod scalar;
mod value_type;

pub use dialect::{Dialect, RdbVersion};
pub use dump::{DUMP_FOOTER_LEN, DumpWriter, dump_len, dump_version};
pub use elements::{
    CellValue, Element, ElementReader, EntryFields, ModulePart, StreamElement, StreamId, StreamSummary,
};
pub use error::{Error, ErrorKind, Reading};
pub use item::{Checksum, DbIndex, Entry, Eviction, Item, Key, ModuleAux, ModuleId, RawValue};
pub use options::Options;
pub use parts::{Part, Parts};
pub use raw::decoder::Decoder;
pub use raw::string::StringValue;
pub use scalar::{Digits, Scalar};
pub use value_type::{ValueKind, ValueType};
