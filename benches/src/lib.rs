//! What the benches share; they are in `benches/`.

pub mod tool;
