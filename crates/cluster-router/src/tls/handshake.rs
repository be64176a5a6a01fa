//! Why a TLS connection is not had, in words and in kinds.

use std::error::Error;
use std::fmt;
use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as TlsFailure};

/// Why a node and we do not come together over TLS. Travels inside of an [`io::Error`].
#[derive(Debug)]
pub struct HandshakeError {
    /// What it comes down to.
    pub kind: HandshakeErrorKind,
    detail: String,
}

/// What a failed handshake comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeErrorKind {
    /// The node's certificate was not signed by an authority that is trusted.
    Untrusted,
    /// The node's certificate is not valid now.
    NotInDate,
    /// The node's certificate is for other names.
    WrongName,
    /// The node's certificate is bad in another way.
    BadCertificate,
    /// The node wants a certificate from us, or another one.
    OursRefused,
    /// What came back is not TLS.
    NotTls,
    /// What came back is TLS, and was not asked for.
    OnlyTls,
    /// Nothing came back in time.
    Silent,
    /// The node closed the connection.
    Closed,
    /// No version or cipher that both know, or a fault in the protocol.
    Protocol,
}

impl HandshakeError {
    pub(super) fn new(kind: HandshakeErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// A node that was addressed without TLS answers in it.
    pub(crate) fn only_tls() -> Self {
        Self::new(HandshakeErrorKind::OnlyTls, "it was addressed without")
    }

    /// Tells what stands behind an I/O error of a TLS connection; other errors are left as they are.
    ///
    /// Not only for the handshake: since TLS 1.3 a node looks at our certificate after we are done with it.
    pub(super) fn explain(error: io::Error) -> io::Error {
        let Some(failure) = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsFailure>()) else {
            return error;
        };
        io::Error::new(error.kind(), Self::of(failure))
    }

    fn of(failure: &TlsFailure) -> Self {
        let kind = match failure {
            TlsFailure::InvalidCertificate(error) => of_certificate(error),
            TlsFailure::AlertReceived(alert) => of_alert(*alert),
            TlsFailure::InvalidMessage(_) => HandshakeErrorKind::NotTls,
            _ => HandshakeErrorKind::Protocol,
        };
        Self::new(kind, failure.to_string())
    }
}

fn of_certificate(error: &CertificateError) -> HandshakeErrorKind {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => HandshakeErrorKind::Untrusted,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => HandshakeErrorKind::NotInDate,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            HandshakeErrorKind::WrongName
        }
        _ => HandshakeErrorKind::BadCertificate,
    }
}

/// Alerts about certificates are about ours: the node's are judged by us.
fn of_alert(alert: AlertDescription) -> HandshakeErrorKind {
    match alert {
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => HandshakeErrorKind::OursRefused,
        _ => HandshakeErrorKind::Protocol,
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self.kind {
            HandshakeErrorKind::Untrusted => "its certificate is not trusted",
            HandshakeErrorKind::NotInDate => "its certificate is not valid at this time",
            HandshakeErrorKind::WrongName => "its certificate is for another name",
            HandshakeErrorKind::BadCertificate => "its certificate is not good",
            HandshakeErrorKind::OursRefused => "it wants a certificate of ours that it trusts",
            HandshakeErrorKind::NotTls => "it does not speak TLS on this port",
            HandshakeErrorKind::OnlyTls => "it speaks TLS on this port",
            HandshakeErrorKind::Silent => "it does not answer in TLS on this port",
            HandshakeErrorKind::Closed => "it closed the connection in the TLS handshake",
            HandshakeErrorKind::Protocol => "TLS failed",
        };
        write!(f, "{said} ({})", self.detail)
    }
}

impl Error for HandshakeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause;

    #[test]
    fn it_is_found_under_whatever_wraps_it() {
        let inner = HandshakeError::new(HandshakeErrorKind::Closed, "x");
        let outer = io::Error::other(io::Error::other(inner));
        assert_eq!(cause::<HandshakeError>(&outer).map(|found| found.kind), Some(HandshakeErrorKind::Closed));
        assert!(cause::<HandshakeError>(&io::Error::from(io::ErrorKind::UnexpectedEof)).is_none());
    }

    #[test]
    fn what_rustls_says_has_its_kind() {
        let kinds = [
            (TlsFailure::InvalidCertificate(CertificateError::UnknownIssuer), HandshakeErrorKind::Untrusted),
            (TlsFailure::InvalidCertificate(CertificateError::Expired), HandshakeErrorKind::NotInDate),
            (TlsFailure::InvalidCertificate(CertificateError::Revoked), HandshakeErrorKind::BadCertificate),
            (TlsFailure::AlertReceived(AlertDescription::UnknownCA), HandshakeErrorKind::OursRefused),
            (TlsFailure::AlertReceived(AlertDescription::HandshakeFailure), HandshakeErrorKind::Protocol),
        ];
        for (failure, kind) in kinds {
            let error = HandshakeError::explain(io::Error::other(failure));
            assert_eq!(cause::<HandshakeError>(&error).map(|found| found.kind), Some(kind));
        }
    }

    #[test]
    fn other_errors_stay_what_they_are() {
        let error = HandshakeError::explain(io::ErrorKind::ConnectionReset.into());
        assert_eq!((error.kind(), error.get_ref().is_none()), (io::ErrorKind::ConnectionReset, true));
    }
}
