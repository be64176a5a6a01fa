use std::io;
use std::sync::Arc;

use cluster_router::Connect;
use replica::BoxedStream;

use super::source_shard::SourceShard;

/// Opens a link's connections to the primary of its source's shard, over whatever the source is reached by.
pub(crate) struct SourceConnect {
    pub(crate) connect: Arc<dyn Connect>,
    pub(crate) shard: SourceShard,
}

impl replica::Connect for SourceConnect {
    async fn connect(&mut self) -> io::Result<BoxedStream> {
        let primary = self.shard.find_primary().await;
        if self.shard.follows {
            self.shard.require_primary(&primary).await?;
        }
        Ok(Box::new(self.connect.connect(&primary).await?))
    }

    fn node(&self) -> String {
        self.shard.primary().to_string()
    }
}
