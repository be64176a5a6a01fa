use std::{sync::Arc, time::Duration};

use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep_until},
};

use super::{
    super::{
        DiskState,
        shared::{Inner, Shared},
        store::{Pick, Run},
    },
    Spilled, Spool, SpoolError,
    segment::SegmentWriter,
};

/// The task that moves bytes from memory to disk, and deletes files.
pub(in crate::backlog) struct Spooler {
    shared: Arc<Shared>,
    /// Gone only while it is at work on another thread, or if that panicked.
    writer: Option<SegmentWriter>,
    /// After a write that failed: when the next one is due.
    retry_at: Option<Instant>,
}

/// The writer is lost, or the runtime shuts down: there is no way on.
struct Stopped;

impl Spooler {
    pub(in crate::backlog) fn new(shared: Arc<Shared>, spool: Spool) -> Self {
        let writer = SegmentWriter::new(spool.dir, spool.disk_bytes, Arc::clone(&shared.disk_used));
        shared.lock().disk = Some(DiskState::Working);
        Self { shared, writer: Some(writer), retry_at: None }
    }

    /// Works until the reader is gone.
    pub(in crate::backlog) async fn run(mut self) {
        if self.work().await.is_err() {
            self.shared.lock().disk = Some(DiskState::Failed(std::io::ErrorKind::Other));
        }
    }

    async fn work(&mut self) -> Result<(), Stopped> {
        while !self.shared.lock().reader_gone {
            self.wait().await;
            self.collect().await?;
            if self.retry_at.is_none() {
                self.spill().await?;
            }
        }
        Ok(())
    }

    async fn wait(&mut self) {
        let shared = Arc::clone(&self.shared);
        let retry_at = self.retry_at;
        tokio::select! {
            () = shared.spool.notified() => {}
            () = sleep_until(retry_at.unwrap_or_else(Instant::now)), if retry_at.is_some() => self.retry_at = None,
        }
    }

    /// Deletes the files that are not needed any more. Space that this makes is used at once.
    async fn collect(&mut self) -> Result<(), Stopped> {
        let garbage = self.shared.lock().store.take_garbage();
        if garbage.is_empty() && !self.writer.as_ref().is_some_and(SegmentWriter::is_unused) {
            return Ok(());
        }
        let before = self.disk_used();
        self.elsewhere(move |writer| {
            drop(garbage);
            writer.drop_if_unused();
        })
        .await?;
        if self.disk_used() < before {
            self.retry_at = None;
        }
        Ok(())
    }

    /// Moves bytes to disk until little enough is in memory.
    async fn spill(&mut self) -> Result<(), Stopped> {
        let mut is_enough: fn(&Inner) -> bool = |inner| !inner.store.is_above_high_water();
        while let Some(run) = self.pick(is_enough) {
            is_enough = |inner| inner.store.is_below_low_water();
            let (run, written) = self
                .elsewhere(move |writer| {
                    let written = writer.write(&run);
                    (run, written)
                })
                .await?;
            match written {
                Ok(spilled) => self.replace(&run, spilled),
                Err(error) => {
                    self.failed(&error);
                    break;
                }
            }
        }
        Ok(())
    }

    /// What is to be written next, if anything can be.
    fn pick(&self, is_enough: fn(&Inner) -> bool) -> Option<Run> {
        let limit = self.writer.as_ref()?.room();
        let mut inner = self.shared.lock();
        let pick = if inner.reader_gone || is_enough(&inner) { Pick::Nothing } else { inner.store.pick(limit) };
        let (run, state) = match pick {
            Pick::Run(run) => (Some(run), inner.disk),
            Pick::Nothing => (None, Some(DiskState::Working)),
            Pick::TooLarge => (None, Some(DiskState::BudgetReached)),
        };
        inner.disk = state;
        run
    }

    /// Gives back the memory of what has been written.
    fn replace(&self, run: &Run, spilled: Vec<Spilled>) {
        let mut inner = self.shared.lock();
        for (part, spilled) in run.parts.iter().zip(spilled) {
            inner.store.spill(part, spilled);
        }
        inner.disk = Some(DiskState::Working);
        self.shared.wake_writer(inner);
    }

    fn failed(&mut self, error: &SpoolError) {
        self.shared.lock().disk = Some(DiskState::Failed(error.io_kind()));
        self.retry_at = Some(Instant::now() + RETRY_AFTER);
    }

    fn disk_used(&self) -> u64 {
        self.shared.disk_used.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Does something with the files on a thread that may block.
    async fn elsewhere<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut SegmentWriter) -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let mut writer = self.writer.take().ok_or(Stopped)?;
        let done = spawn_blocking(move || {
            let out = job(&mut writer);
            (writer, out)
        });
        let (writer, out) = done.await.map_err(|_| Stopped)?;
        self.writer = Some(writer);
        Ok(out)
    }
}

/// How long the disk is left alone after a write that failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
