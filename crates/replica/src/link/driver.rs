use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    Connect, LinkConfig, LinkError, LinkEvent, Loss, Observe,
    backoff::Backoff,
    session::{End, Session},
};
use crate::{BacklogWriter, Offset, PsyncConfig};

/// Follows one primary into a backlog, reconnecting and resuming as often as it takes.
#[derive(Debug)]
pub struct Link<C, O> {
    config: LinkConfig,
    connector: C,
    backlog: BacklogWriter,
    observer: O,
}

impl<C: Connect, O: Observe> Link<C, O> {
    /// A link that writes what `connector`'s primary sends into `backlog`.
    #[must_use]
    pub fn new(config: LinkConfig, connector: C, mut backlog: BacklogWriter, observer: O) -> Self {
        backlog.set_generation(config.generation);
        let applied = config.psync.resume.map_or(Offset(0), |(_, offset)| offset);
        config.psync.ack.begin(config.generation, applied);
        Self { config, connector, backlog, observer }
    }

    /// Follows the primary until `cancel` fires, or until there is no point in trying again.
    ///
    /// # Errors
    /// [`LinkError`] names the node and what ended the link; temporary failures are retried without end and reported as
    /// [`LinkEvent::Lost`].
    pub async fn run(&mut self, cancel: CancellationToken) -> Result<(), LinkError> {
        let mut backoff = Backoff::default();
        // Cancelling between two reads loses nothing: the backlog holds whatever was read.
        while let Some(end) = cancel.run_until_cancelled(self.connection(&mut backoff)).await {
            let error = match end {
                End::Lost(Loss::Psync(error)) if !error.is_retryable() => {
                    return Err(LinkError::refused(error, self.connector.node()));
                }
                End::Lost(error) => error,
                End::Fatal(kind) => return Err(LinkError::new(kind, self.connector.node())),
            };
            let retry_in = backoff.next();
            self.observer.observe(LinkEvent::Lost { error, retry_in });
            if cancel.run_until_cancelled(sleep(retry_in)).await.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Gives the backlog back, for another link that writes on where this one ended.
    #[must_use]
    pub fn into_backlog(self) -> BacklogWriter {
        self.backlog
    }

    /// One connection from its opening to its end.
    async fn connection(&mut self, backoff: &mut Backoff) -> End {
        let stream = match self.connector.connect().await {
            Ok(stream) => stream,
            Err(error) => return End::Lost(Loss::Connect(error)),
        };
        let config = self.psync_config();
        let policy = self.config.on_history_lost;
        Session::new(config, policy, &mut self.backlog, &mut self.observer, backoff).run(stream).await
    }

    /// Asks for what the backlog lacks.
    fn psync_config(&self) -> PsyncConfig {
        let resume = match self.backlog.received() {
            Some(_) => self.backlog.resume_point(),
            None => self.config.psync.resume,
        };
        PsyncConfig { resume, ..self.config.psync.clone() }
    }
}
