use cluster_router::TargetKind;

/// What the applying side has to know of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// A cluster, or one server for all.
    pub(crate) kind: TargetKind,
    /// Family and version of the one among its nodes that takes the least.
    pub(crate) server: rdb::Target,
}

impl Target {
    /// Whether `SET` takes an absolute expiry.
    pub(crate) fn has_set_pxat(&self) -> bool {
        self.server.has_set_pxat()
    }

    /// Whether it has functions.
    pub(crate) fn has_functions(&self) -> bool {
        self.server.has_functions()
    }

    /// Whether keys of several slots may be in one command, and databases selected.
    pub(crate) fn is_standalone(&self) -> bool {
        self.kind == TargetKind::Standalone
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
