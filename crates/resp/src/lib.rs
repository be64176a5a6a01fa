//! The Redis serialization protocol: zero-copy, resumable decoding of commands and replies, and encoding.
