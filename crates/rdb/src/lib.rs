//! A streaming decoder for the snapshot format of Redis and Valkey: bytes in, items out, bounded memory.
