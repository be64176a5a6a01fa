//! What to do about a node that cannot be talked to.

use std::io;

use cluster_router::{ClientError, HandshakeError, HandshakeErrorKind, Way, WayError, cause};

/// What to change in the section of that name, where that can be told from the error.
pub(crate) fn advice(section: &str, error: &ClientError, is_tls: bool) -> Option<String> {
    if let Some(failed) = cause::<HandshakeError>(error) {
        return handshake(section, failed.kind);
    }
    if let Some(WayError { way: Way::Announced(_), .. }) = cause(error) {
        return Some(format!("add an address that leads to it to addresses in [{section}]"));
    }
    (!is_tls && is_hang_up(error)).then(|| format!("if that is a TLS port, set tls = true in [{section}]"))
}

fn handshake(section: &str, kind: HandshakeErrorKind) -> Option<String> {
    let insecure = "or tls_insecure = true to connect without verifying who answers";
    let advice = match kind {
        HandshakeErrorKind::Untrusted => {
            format!(
                "set tls_ca in [{section}] to a PEM file with the certificate of the authority that signed it, {insecure}"
            )
        }
        HandshakeErrorKind::NotInDate => format!(
            "renew it, or the one it was signed with; in [{section}] set tls_ca to another authority, {insecure}"
        ),
        HandshakeErrorKind::WrongName => {
            format!("set tls_server_name in [{section}] to a name that it is for, {insecure}")
        }
        HandshakeErrorKind::BadCertificate => {
            format!("replace it; in [{section}] set tls_ca to its authority, {insecure}")
        }
        HandshakeErrorKind::OursRefused => {
            format!("set tls_cert and tls_key in [{section}] to PEM files of a certificate that it trusts")
        }
        HandshakeErrorKind::NotTls | HandshakeErrorKind::Silent | HandshakeErrorKind::Closed => format!(
            "use the node's TLS port (if the cluster does not announce its TLS ports, list them as addresses), \
             or set tls = false in [{section}]"
        ),
        HandshakeErrorKind::OnlyTls => format!("set tls = true in [{section}]"),
        _ => return None,
    };
    Some(advice)
}

/// What a server does to a client that begins to speak in clear on its TLS port.
fn is_hang_up(error: &ClientError) -> bool {
    let closed = [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
    cause::<io::Error>(error).is_some_and(|error| closed.contains(&error.kind()))
}
