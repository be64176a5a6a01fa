//! The elements level: what a user of the server sees in a value.

mod array;
mod cursor;
mod element;
mod entry;
mod module;
mod node;
mod packing;
mod plan;
mod reader;
mod room;
mod rows;
mod stream;
mod stream_reader;
mod text;

pub use element::{CellValue, Element, ModulePart};
pub use entry::EntryFields;
pub use reader::ElementReader;
pub use stream::{StreamElement, StreamId, StreamSummary};
