use std::io;

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    sync::oneshot::{self, error::TryRecvError},
};

use super::{Spilled, SpoolError};

/// Brings bytes back from disk, one piece at a time, off the threads of the runtime.
#[derive(Debug)]
pub(in crate::backlog) struct Loader {
    runtime: Handle,
    load: Option<Load>,
}

#[derive(Debug)]
struct Load {
    spilled: Spilled,
    state: State,
}

#[derive(Debug)]
enum State {
    Running(oneshot::Receiver<Loaded>),
    Done(Loaded),
}

type Loaded = Result<Bytes, SpoolError>;

impl Loader {
    pub(in crate::backlog) fn new(runtime: Handle) -> Self {
        Self { runtime, load: None }
    }

    pub(in crate::backlog) fn is_loading(&self) -> bool {
        self.load.is_some()
    }

    /// Drops what may delete files, off the threads of the runtime.
    pub(in crate::backlog) fn discard<T: Send + 'static>(&self, garbage: T) {
        self.runtime.spawn_blocking(move || drop(garbage));
    }

    /// Begins to load, unless that has begun. What was loaded otherwise is forgotten.
    pub(in crate::backlog) fn begin(&mut self, spilled: Spilled) {
        if self.load.as_ref().is_some_and(|load| load.spilled.is_same(&spilled)) {
            return;
        }
        let (sender, receiver) = oneshot::channel();
        let wanted = spilled.clone();
        // Nobody may want it by then.
        self.runtime.spawn_blocking(move || drop(sender.send(wanted.load())));
        self.load = Some(Load { spilled, state: State::Running(receiver) });
    }

    /// Takes what was loaded, if that is done.
    pub(in crate::backlog) fn take(&mut self, spilled: &Spilled) -> Option<Loaded> {
        match self.load.take_if(|load| load.spilled.is_same(spilled))?.finish() {
            Ok(loaded) => Some(loaded),
            Err(running) => {
                self.load = Some(running);
                None
            }
        }
    }

    /// Waits until what was begun is done; not at all when nothing was. Dropping the future loses nothing.
    pub(in crate::backlog) async fn wait(&mut self) {
        let Some(load) = &mut self.load else { return };
        if let State::Running(receiver) = &mut load.state {
            let loaded = receiver.await.unwrap_or_else(|_| Err(load.spilled.unreadable(stopped())));
            load.state = State::Done(loaded);
        }
    }
}

impl Load {
    /// What was loaded, or the load that goes on.
    fn finish(self) -> Result<Loaded, Self> {
        let Self { spilled, state } = self;
        match state {
            State::Done(loaded) => Ok(loaded),
            State::Running(mut receiver) => match receiver.try_recv() {
                Ok(loaded) => Ok(loaded),
                Err(TryRecvError::Empty) => Err(Self { spilled, state: State::Running(receiver) }),
                Err(TryRecvError::Closed) => Ok(Err(spilled.unreadable(stopped()))),
            },
        }
    }
}

/// What becomes of a load when the runtime shuts down.
fn stopped() -> io::Error {
    io::Error::other("the runtime is shutting down")
}
