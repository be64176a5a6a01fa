//! The elements level: what a user of the server sees in a value.

mod element;
mod entry;
mod reader;
mod stream;

pub use element::{CellValue, Element, ModulePart};
pub use entry::EntryFields;
pub use reader::ElementReader;
pub use stream::{StreamElement, StreamId, StreamSummary};
