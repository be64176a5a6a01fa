//! How the nodes of both sides are reached.

use std::sync::Arc;
use std::time::Duration;

use cluster_router::{Connect, TcpConnect};

use super::error::ConfigError;
use super::plan::Plan;
use super::tls::TlsPlan;
use crate::pipeline::{Network, Reach};

impl Plan {
    /// What opens the connections of a pipeline; `timeout` is for each of them.
    ///
    /// # Errors
    /// When a file with certificates or a key cannot be used any more.
    pub fn network(&self, timeout: Duration) -> Result<Network, ConfigError> {
        let (source, target) = (&self.source, &self.target);
        Ok(Network {
            source: Reach { connect: connect(&source.tls, timeout)?, by_nodes: source.by_addresses },
            target: Reach { connect: connect(&target.tls, timeout)?, by_nodes: target.by_addresses },
        })
    }
}

fn connect(tls: &Option<TlsPlan>, timeout: Duration) -> Result<Arc<dyn Connect>, ConfigError> {
    Ok(match tls {
        Some(tls) => Arc::new(tls.connect(timeout)?),
        None => Arc::new(TcpConnect { timeout }),
    })
}
