//! Being a replica of a Redis or Valkey primary: the PSYNC protocol, its driver over tokio, and the backlog.
