use std::sync::Arc;

use replica::LinkEvent;
use tracing::{info, warn};

use crate::pipeline::error::with_causes;
use crate::pipeline::progress::Progress;

/// Says what happens to the connection to the source.
pub(super) struct Observer {
    pub(super) node: String,
    pub(super) progress: Arc<Progress>,
}

impl replica::Observe for Observer {
    fn observe(&mut self, event: LinkEvent) {
        self.progress.link(&event);
        let source = &self.node;
        match event {
            LinkEvent::FullResync { generation, offset, .. } if generation > 1 => {
                warn!(%source, generation, %offset, "FULL RESYNC: the source cannot continue; everything is copied again");
            }
            LinkEvent::FullResync { offset, .. } => info!(%source, %offset, "full resync"),
            LinkEvent::SnapshotBegin { len: Some(len) } => info!(%source, len, "the snapshot begins"),
            LinkEvent::SnapshotBegin { len: None } => info!(%source, "the snapshot begins; its length is not known"),
            LinkEvent::SnapshotEnd { len } => info!(%source, len, "the snapshot is received"),
            LinkEvent::Continue { offset, .. } => info!(%source, %offset, "the source continues where we were"),
            LinkEvent::Lost { error, retry_in } => {
                warn!(%source, ?retry_in, "lost the source: {}", with_causes(&error));
            }
            _ => {}
        }
    }
}
