use cluster_router::TargetKind;
use rdb::Brand;

/// What the applying side has to know of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// A cluster, or one server for all.
    pub(crate) kind: TargetKind,
    /// Family and version of the one among its nodes that takes the least.
    pub(crate) server: rdb::Target,
}

impl Target {
    /// Whether keys of several slots may be in one command, and databases selected.
    pub(crate) fn is_standalone(&self) -> bool {
        self.kind == TargetKind::Standalone
    }

    /// Whether `SET` takes an absolute expiry.
    pub(crate) fn has_set_pxat(&self) -> bool {
        self.server.has_set_pxat()
    }

    /// Whether `SET` can leave the expiry as it is.
    pub(crate) fn has_set_keepttl(&self) -> bool {
        self.is_at_least((6, 0), ANY)
    }

    /// Whether it has functions.
    pub(crate) fn has_functions(&self) -> bool {
        self.server.has_functions()
    }

    /// Whether it has channels that belong to a slot.
    pub(crate) fn has_shard_channels(&self) -> bool {
        self.is_at_least((7, 0), ANY)
    }

    /// Whether fields of hashes can expire.
    pub(crate) fn has_field_expiry(&self) -> bool {
        self.server.has_field_expiry()
    }

    /// Whether it has `HSETEX`.
    pub(crate) fn has_hsetex(&self) -> bool {
        self.is_at_least((8, 0), (9, 0))
    }

    /// Whether streams count what was added, deleted and read.
    pub(crate) fn has_stream_counters(&self) -> bool {
        self.server.has_stream_counters()
    }

    /// Whether it has `XGROUP CREATECONSUMER`, and `NOMKSTREAM` for `XADD`.
    pub(crate) fn has_create_consumer(&self) -> bool {
        self.server.has_create_consumer()
    }

    /// Whether a node of a cluster takes `SORT` with patterns that lie in the slot of the key.
    pub(crate) fn sorts_by_patterns(&self) -> bool {
        self.is_standalone() || self.is_at_least((7, 4), (8, 0))
    }

    fn is_at_least(&self, redis: (u16, u16), valkey: (u16, u16)) -> bool {
        let least = if self.server.brand() == Brand::Valkey { valkey } else { redis };
        self.server.version() >= least
    }
}

/// Valkey's first version had all of Redis 7.2.
const ANY: (u16, u16) = (0, 0);

#[cfg(test)]
impl Target {
    /// A target for tests, by its name: `redis-7.0`.
    pub(crate) fn cluster(server: &str) -> Self {
        Self { kind: TargetKind::Cluster, server: server.parse().unwrap() }
    }

    /// As [`cluster`](Self::cluster).
    pub(crate) fn standalone(server: &str) -> Self {
        Self { kind: TargetKind::Standalone, ..Self::cluster(server) }
    }
}

/// The one of several servers that takes the least.
pub(crate) fn oldest(servers: impl Iterator<Item = rdb::Target>) -> Option<rdb::Target> {
    servers.min_by_key(|server| (server.rdb_version(), server.version()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_node_counts() {
        let oldest = |names: &str| oldest(names.split(' ').map(|name| name.parse().unwrap())).unwrap().to_string();
        assert_eq!(oldest("valkey-9.1 valkey-8.0 valkey-8.1"), "valkey-8.0");
        assert_eq!(oldest("valkey-8.0 redis-7.0"), "redis-7.0");
        assert_eq!(oldest("redis-6.2 redis-6.0"), "redis-6.0");
    }
}
