//! A link: one primary followed over however many connections it takes.

mod backoff;
mod config;
mod connect;
mod driver;
mod error;
mod observe;
mod outbox;
mod session;

pub use config::{LinkConfig, OnHistoryLost};
pub use connect::{BoxedStream, Connect, Duplex, TcpConnect};
pub use driver::Link;
pub use error::{LinkError, LinkErrorKind, Loss};
pub use observe::{LinkEvent, Observe};
