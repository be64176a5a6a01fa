//! Commands to the right node of a Redis or Valkey cluster, in order: slot map, keys, lanes, redirects, confirmed positions.
