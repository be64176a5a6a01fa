//! The raw level: where each item starts and ends, and nothing about what is in a value.

mod attributes;
pub(crate) mod carry;
pub(crate) mod decoder;
mod found;
pub(crate) mod header;
mod input;
pub(crate) mod programs;
pub(crate) mod skimmer;
pub(crate) mod step;
pub(crate) mod string;
