//! What a TLS connection trusts, and what it shows.

use std::fmt;
use std::sync::Arc;

use tokio_rustls::rustls::client::WantsClientCert;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use super::anybody::Anybody;
use super::error::TlsError;

/// How TLS connections are made.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    /// Whose certificates are good.
    pub trust: Trust,
    /// What a node that asks for a certificate is shown (mutual TLS).
    pub identity: Option<Identity>,
    /// The name that certificates must have; without one, the host that is connected to.
    pub server_name: Option<String>,
}

/// Whose certificates are good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those of the authorities that the system trusts.
    #[default]
    System,
    /// Those of these authorities alone: certificates in PEM form.
    Authorities(Vec<u8>),
    /// Anybody's: encrypted, but to whom is not known.
    Anybody,
}

/// A certificate of our own. The key is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate and those that lead from it to its authority, in PEM form.
    pub certificates: Vec<u8>,
    /// Its private key, in PEM form.
    pub key: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl TlsSettings {
    /// The settings as rustls takes them.
    pub(super) fn client_config(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Protocol)?;
        let builder = match &self.trust {
            Trust::System => builder.with_root_certificates(system_roots()),
            Trust::Authorities(pem) => builder.with_root_certificates(roots(pem)?),
            Trust::Anybody => with_anybody(builder, provider),
        };
        match &self.identity {
            None => Ok(builder.with_no_client_auth()),
            Some(identity) => identity.present(builder),
        }
    }
}

impl Identity {
    fn present(&self, builder: ConfigBuilder<ClientConfig, WantsClientCert>) -> Result<ClientConfig, TlsError> {
        let certificates = certificates(&self.certificates).ok_or(TlsError::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::Key)?;
        builder.with_client_auth_cert(certificates, key).map_err(TlsError::Identity)
    }
}

type WantsVerifier = tokio_rustls::rustls::WantsVerifier;

fn with_anybody(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    provider: Arc<CryptoProvider>,
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
}

fn roots(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).ok_or(TlsError::Authorities)? {
        roots.add(certificate).map_err(|_| TlsError::Authorities)?;
    }
    Ok(roots)
}

/// What cannot be read is passed over. A system that has no list trusts nobody, which the first connection will say.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// All certificates of a PEM text; `None` when there is none, or one that cannot be read.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    (!certificates.is_empty()).then_some(certificates)
}
