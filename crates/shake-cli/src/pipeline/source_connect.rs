use std::io;
use std::sync::Arc;

use cluster_router::{Connect, NodeAddr};
use replica::BoxedStream;

/// Opens a link's connections to its source node, over whatever the source is reached by.
pub(crate) struct SourceConnect {
    pub(crate) connect: Arc<dyn Connect>,
    pub(crate) node: NodeAddr,
}

impl replica::Connect for SourceConnect {
    async fn connect(&mut self) -> io::Result<BoxedStream> {
        Ok(Box::new(self.connect.connect(&self.node).await?))
    }

    fn node(&self) -> String {
        self.node.to_string()
    }
}
