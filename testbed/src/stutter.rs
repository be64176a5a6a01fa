//! Servers that are slower than they could be.

use std::{
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{Error, node::send_signal};

/// Stops and continues processes in turns, until it is dropped: they go on then.
pub struct Stutter {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stutter {
    /// Lets the processes with these numbers run for a while, stand still for a while, and so on.
    ///
    /// # Errors
    /// When the thread that does it cannot be started.
    pub fn start(pids: Vec<u32>, running: Duration, standing: Duration) -> Result<Self, Error> {
        let (stop, stopped) = mpsc::channel::<()>();
        let signal = move |name: &str| {
            for pid in &pids {
                // A process that has ended meanwhile is as slow as can be.
                let _ = send_signal(*pid, name);
            }
        };
        let wait = move |time| matches!(stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout));
        let thread = thread::Builder::new()
            .name("stutter".to_owned())
            .spawn(move || {
                while wait(running) {
                    signal("STOP");
                    let goes_on = wait(standing);
                    signal("CONT");
                    if !goes_on {
                        return;
                    }
                }
            })
            .map_err(Error::io("start the stuttering thread"))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Stutter {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
