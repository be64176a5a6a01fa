//! The keys of `[source]` and `[target]` that are about TLS.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cluster_router::{Identity, TlsConnect, TlsError, TlsSettings, Trust};
use serde::Serialize;

use super::error::{ConfigError, ConfigErrorKind, bad};
use super::place::{Located, Place};
use super::raw::{RawSide, RawTls};

/// How connections to one side are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TlsPlan {
    /// The file with the authorities that are trusted; the system's where there is none.
    pub ca: Option<PathBuf>,
    /// Whether anybody's certificate is taken.
    pub insecure: bool,
    /// The file with our own certificate, for servers that ask for one.
    pub cert: Option<PathBuf>,
    /// The file with its private key.
    pub key: Option<PathBuf>,
    /// The name that certificates must have, where that is not the host that is connected to.
    pub server_name: Option<String>,
}

impl TlsPlan {
    /// Reads the files and makes connections by them.
    ///
    /// # Errors
    /// Naming the file that cannot be read, or does not hold what it should.
    pub fn connect(&self, timeout: Duration) -> Result<TlsConnect, ConfigError> {
        self.connector(timeout).map_err(|fault| fault.at(None))
    }

    fn connector(&self, timeout: Duration) -> Result<TlsConnect, Fault> {
        let settings =
            TlsSettings { trust: self.trust()?, identity: self.identity()?, server_name: self.server_name.clone() };
        TlsConnect::new(&settings, timeout).map_err(|error| self.fault(error))
    }

    fn trust(&self) -> Result<Trust, Fault> {
        match &self.ca {
            _ if self.insecure => Ok(Trust::Anybody),
            Some(file) => Ok(Trust::Authorities(read(Setting::Ca, file)?)),
            None => Ok(Trust::System),
        }
    }

    fn identity(&self) -> Result<Option<Identity>, Fault> {
        let Some((cert, key)) = self.cert.as_ref().zip(self.key.as_ref()) else { return Ok(None) };
        Ok(Some(Identity { certificates: read(Setting::Cert, cert)?, key: read(Setting::Key, key)? }))
    }

    /// Says which key's file it is that cannot be used.
    fn fault(&self, error: TlsError) -> Fault {
        let (key, file) = match error {
            TlsError::Authorities => (Setting::Ca, &self.ca),
            TlsError::Certificate => (Setting::Cert, &self.cert),
            TlsError::Key | TlsError::Identity(_) => (Setting::Key, &self.key),
            TlsError::ServerName => {
                return Fault::new(Setting::ServerName, ConfigErrorKind::BadValue, error.to_string());
            }
            _ => return Fault::new(Setting::Tls, ConfigErrorKind::File, error.to_string()),
        };
        let file = file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let mut problem = format!("the file {file} cannot be used: {error}");
        if let TlsError::Identity(source) = &error {
            problem.push_str(&format!(": {source}"));
        }
        Fault::new(key, ConfigErrorKind::File, problem)
    }
}

impl RawSide {
    /// How this side's connections are encrypted; `None` where they are not.
    pub(super) fn tls_plan(&self, dir: &Path) -> Result<Option<TlsPlan>, ConfigError> {
        let raw = &self.tls;
        if !raw.on.as_ref().is_some_and(|on| on.value) {
            return match raw.first_place() {
                Some(place) => Err(bad(place, "has no effect without tls = true")),
                None => Ok(None),
            };
        }
        refuse_halves(raw)?;
        let path = |file: &Option<Located<String>>| given(file).map(|file| dir.join(&file.value));
        let plan = TlsPlan {
            ca: path(&raw.ca),
            insecure: raw.insecure.as_ref().is_some_and(|insecure| insecure.value),
            cert: path(&raw.cert),
            key: path(&raw.key),
            server_name: given(&raw.server_name).map(|name| name.value.clone()),
        };
        // Made once to find out now whether it can be.
        plan.connector(Duration::ZERO).map_err(|fault| fault.at(Some(raw)))?;
        Ok(Some(plan))
    }
}

impl RawTls {
    /// Where the first key stands that needs TLS.
    fn first_place(&self) -> Option<&Place> {
        let strings = [&self.ca, &self.cert, &self.key, &self.server_name];
        let insecure = self.insecure.as_ref().filter(|insecure| insecure.value).map(|insecure| &insecure.place);
        strings.into_iter().filter_map(given).map(|typed| &typed.place).chain(insecure).min_by_key(|place| place.line)
    }

    fn place(&self, key: Setting) -> Option<&Place> {
        let string = match key {
            Setting::Tls => return self.on.as_ref().map(|on| &on.place),
            Setting::Ca => &self.ca,
            Setting::Cert => &self.cert,
            Setting::Key => &self.key,
            Setting::ServerName => &self.server_name,
        };
        string.as_ref().map(|typed| &typed.place)
    }
}

fn refuse_halves(raw: &RawTls) -> Result<(), ConfigError> {
    if let (Some(ca), Some(true)) = (given(&raw.ca), raw.insecure.as_ref().map(|insecure| insecure.value)) {
        return Err(bad(&ca.place, "give either tls_ca or tls_insecure = true, not both"));
    }
    match (given(&raw.cert), given(&raw.key)) {
        (Some(cert), None) => Err(bad(&cert.place, "needs tls_key, the file with its private key")),
        (None, Some(key)) => Err(bad(&key.place, "needs tls_cert, the file with its certificate")),
        _ => Ok(()),
    }
}

/// An empty string is as good as none: variables may be empty.
fn given(typed: &Option<Located<String>>) -> Option<&Located<String>> {
    typed.as_ref().filter(|typed| !typed.value.is_empty())
}

fn read(key: Setting, file: &Path) -> Result<Vec<u8>, Fault> {
    fs::read(file).map_err(|source| {
        let problem = format!("the file {} cannot be read", file.display());
        Fault { source: Some(source), ..Fault::new(key, ConfigErrorKind::File, problem) }
    })
}

/// What something is wrong with: a key of the file.
#[derive(Debug, Clone, Copy)]
enum Setting {
    Tls,
    Ca,
    Cert,
    Key,
    ServerName,
}

/// Something wrong, not yet with its place in the file.
struct Fault {
    key: Setting,
    kind: ConfigErrorKind,
    problem: String,
    source: Option<std::io::Error>,
}

impl Fault {
    fn new(key: Setting, kind: ConfigErrorKind, problem: String) -> Self {
        Self { key, kind, problem, source: None }
    }

    fn at(self, raw: Option<&RawTls>) -> ConfigError {
        let error = ConfigError::new(self.kind, raw.and_then(|raw| raw.place(self.key)), self.problem);
        match self.source {
            Some(source) => error.because(source),
            None => error,
        }
    }
}
