//! Real servers for the tests, the demo and the benches.
