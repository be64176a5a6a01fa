//! `shake-cli rdb` as a process.

mod check;
mod commands;
mod file;
mod help;
mod input;
mod json;
mod stats;
mod tool;
