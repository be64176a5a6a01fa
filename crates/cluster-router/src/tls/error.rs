use tokio_rustls::rustls;

/// What is wrong with [`TlsSettings`](super::TlsSettings).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The authorities' text.
    #[error("no certificates of authorities in PEM form")]
    Authorities,
    /// Our own certificate's text.
    #[error("no certificate in PEM form")]
    Certificate,
    /// Our own key's text.
    #[error("no private key in PEM form")]
    Key,
    /// Our own certificate and key do not go together, or are of a kind that is not known.
    #[error("certificate and key cannot be used together")]
    Identity(#[source] rustls::Error),
    /// What certificates are to be named is no name.
    #[error("not a host name or IP address")]
    ServerName,
    /// No version of the protocol can be spoken.
    #[error("TLS cannot be spoken")]
    Protocol(#[source] rustls::Error),
}
