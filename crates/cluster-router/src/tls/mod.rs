//! Connections over TLS (rustls, with ring).

mod anybody;
mod connect;
mod error;
mod handshake;
mod settings;
mod stream;

pub use connect::TlsConnect;
pub use error::TlsError;
pub use handshake::{HandshakeError, HandshakeErrorKind};
pub use settings::{Identity, TlsSettings, Trust};
