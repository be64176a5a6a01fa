//! What a server says of itself.

use std::fmt;

use cluster_router::{Client, ClientError, Info, NodeAddr};

/// A server as `INFO` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The Redis version that it is compatible with; Valkey calls itself 7.2 here.
    pub(crate) version: Version,
    /// What it is, as those who look at values and commands have to know it.
    pub(crate) server: rdb::Target,
    /// What it is called: `redis 7.0.15`, `valkey 9.1.2`.
    pub(crate) product: String,
    /// Whether it is a node of a cluster.
    pub(crate) cluster: bool,
    /// Tells this very process from every other: two addresses may lead to one server.
    pub(crate) run_id: String,
    /// The databases that hold keys.
    pub(crate) databases: Vec<u32>,
}

/// Major and minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u16,
    pub(crate) minor: u16,
}

impl Facts {
    /// Asks a server.
    pub(crate) async fn ask(client: &mut Client) -> Result<Self, FactsError> {
        let node = client.node().clone();
        let text = client.text(&["INFO"]).await?;
        let malformed = || FactsError::Malformed { node: node.clone() };
        let info = Info::parse(&text).map_err(|_| malformed())?;
        Self::parse(&info).ok_or_else(malformed)
    }

    fn parse(info: &Info<'_>) -> Option<Self> {
        let redis = info.text("redis_version")?;
        let version = Version::parse(redis)?;
        let (server, product) = match info.text("valkey_version") {
            Some(valkey) => {
                let Version { major, minor } = Version::parse(valkey)?;
                (rdb::Target::valkey(major, minor), format!("valkey {valkey}"))
            }
            None => (rdb::Target::redis(version.major, version.minor), format!("redis {redis}")),
        };
        let databases = info.fields().filter_map(|(key, _)| key.strip_prefix("db")?.parse().ok()).collect();
        Some(Self {
            version,
            server,
            product,
            cluster: info.text("cluster_enabled") == Some("1"),
            run_id: info.text("run_id")?.to_owned(),
            databases,
        })
    }
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        Some(Self { major: parts.next()?.parse().ok()?, minor: parts.next()?.parse().ok()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Why a server's description is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactsError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{node}: its INFO is not that of a Redis or Valkey server")]
    Malformed { node: NodeAddr },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_and_valkey_describe_themselves() {
        let text = b"# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\nrun_id:abc\r\n\
                     # Cluster\r\ncluster_enabled:1\r\n# Keyspace\r\ndb0:keys=1,expires=0\r\ndb12:keys=3,expires=0\r\n";
        let facts = Facts::parse(&Info::parse(text).unwrap()).unwrap();
        assert_eq!(facts.product, "valkey 9.1.2");
        assert_eq!(
            (facts.version, facts.cluster, facts.databases),
            (Version { major: 7, minor: 2 }, true, vec![0, 12])
        );
        assert_eq!(facts.server, rdb::Target::valkey(9, 1));
        let text = b"redis_version:6.0.16\r\nrun_id:abc\r\n";
        let facts = Facts::parse(&Info::parse(text).unwrap()).unwrap();
        assert_eq!((facts.product.as_str(), facts.cluster), ("redis 6.0.16", false));
        assert!(Facts::parse(&Info::parse(b"proxy:yes\r\n").unwrap()).is_none());
    }
}
