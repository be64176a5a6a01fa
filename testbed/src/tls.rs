//! Certificates for servers and their clients.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

use crate::{Error, Scratch, node::Options};

/// A certificate authority of a test's own.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: Scratch,
}

/// The files of a certificate that an [`Authority`] signed.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, in PEM form.
    pub cert: PathBuf,
    /// Its private key, in PEM form.
    pub key: PathBuf,
    /// The authority's certificate, in PEM form.
    pub ca: PathBuf,
}

impl Authority {
    /// A new authority. Its files, and those of what it signs, are there until it is dropped.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let folder = Scratch::new("authority")?;
        // Two authorities of one name would be taken for one.
        params.distinguished_name.push(DnType::CommonName, folder.path().display().to_string());
        let issuer = KeyPair::generate().and_then(|key| CertifiedIssuer::self_signed(params, key)).map_err(refused)?;
        write(&folder.path().join("ca.crt"), &issuer.pem())?;
        Ok(Self { issuer, folder })
    }

    /// Its own certificate, in PEM form.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// A certificate for these host names and addresses.
    ///
    /// # Errors
    /// When one of them is neither.
    pub fn issue(&self, names: &[&str]) -> Result<Certificate, Error> {
        self.sign(names, CertificateParams::new(owned(names)).map_err(refused)?)
    }

    /// The same, of long ago.
    ///
    /// # Errors
    /// When one of them is neither.
    pub fn issue_expired(&self, names: &[&str]) -> Result<Certificate, Error> {
        let mut params = CertificateParams::new(owned(names)).map_err(refused)?;
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        self.sign(names, params)
    }

    fn sign(&self, names: &[&str], params: CertificateParams) -> Result<Certificate, Error> {
        let key = KeyPair::generate().map_err(refused)?;
        let cert = params.signed_by(&key, &self.issuer).map_err(refused)?;
        // Of two with the same names the later one counts; what a server has read it has read.
        let file = |ending: &str| self.folder.path().join(format!("{}.{ending}", names.join("-").replace(':', "_")));
        let files = Certificate { cert: file("crt"), key: file("key"), ca: self.ca() };
        write(&files.cert, &cert.pem())?;
        write(&files.key, &key.serialize_pem())?;
        Ok(files)
    }
}

/// TLS of a server: beside its port it gets a second one.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) certificate: Certificate,
    /// Whether clients must show a certificate, too.
    pub(crate) mutual: bool,
    /// Whether replicas and the nodes of a cluster use it among themselves.
    pub(crate) between_nodes: bool,
}

impl Tls {
    /// The lines of a server's configuration file.
    pub(crate) fn options(&self, port: u16) -> Options {
        let Certificate { cert, key, ca } = &self.certificate;
        [
            ("tls-port", port.to_string()),
            ("tls-cert-file", cert.display().to_string()),
            ("tls-key-file", key.display().to_string()),
            ("tls-ca-cert-file", ca.display().to_string()),
            ("tls-auth-clients", yes_no(self.mutual)),
            ("tls-replication", yes_no(self.between_nodes)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

fn yes_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn write(file: &Path, text: &str) -> Result<(), Error> {
    fs::write(file, text).map_err(Error::io(format!("write {}", file.display())))
}

fn refused(error: rcgen::Error) -> Error {
    Error::Usage(format!("a certificate cannot be made: {error}"))
}
