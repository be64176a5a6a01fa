//! The router against a scripted cluster over in-memory pipes, with paused time.

mod asking;
mod asks;
mod bench;
mod confirming;
mod connections;
mod defects;
mod fake;
mod order;
mod refusals;
mod rephrasing;
