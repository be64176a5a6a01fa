//! What `[source]` and `[target]` both say: which nodes, how to log in, by what name.

use std::fs;
use std::path::Path;

use super::endpoint::Endpoint;
use super::error::{ConfigError, ConfigErrorKind, bad};
use super::place::Located;
use super::plan::Auth;
use super::raw::RawSide;
use super::secret::Secret;

impl RawSide {
    /// Whether there is anything to log in with.
    pub(super) fn has_password(&self) -> bool {
        let typed = self.password.as_ref().is_some_and(|password| !password.value.expose().is_empty());
        typed || self.password_file.is_some()
    }

    /// The nodes' addresses: one, or for a cluster one or more.
    pub(super) fn endpoints(&self, is_cluster: bool) -> Result<Vec<Endpoint>, ConfigError> {
        let address = self.address.as_ref().filter(|address| !address.value.is_empty());
        match (address, &self.addresses) {
            (None, None) => Err(ConfigError::new(
                ConfigErrorKind::Missing,
                Some(&self.address_place),
                "missing; expected \"host:port\"",
            )),
            (Some(_), Some(list)) => Err(bad(&list.place, "give either address or addresses, not both")),
            (Some(address), None) => {
                endpoint(&address.value).map_err(|problem| bad(&address.place, problem)).map(|one| vec![one])
            }
            (None, Some(list)) if !is_cluster && list.value.len() > 1 => {
                Err(bad(&list.place, "more than one address needs type = \"cluster\""))
            }
            (None, Some(list)) => endpoint_list(list),
        }
    }

    /// Whether each address is the way to one node of the cluster.
    pub(super) fn by_addresses(&self, is_cluster: bool) -> bool {
        is_cluster && self.addresses.is_some()
    }

    /// How to log in, if there is a password.
    pub(super) fn auth(&self, dir: &Path) -> Result<Option<Auth>, ConfigError> {
        let typed = self.password.as_ref().filter(|password| !password.value.expose().is_empty());
        let password = match (typed, &self.password_file) {
            (Some(_), Some(file)) => return Err(bad(&file.place, "give either password or password_file, not both")),
            (Some(password), None) => password.value.clone(),
            (None, Some(file)) => password_from(file, dir)?,
            (None, None) => return Ok(None),
        };
        let user = self.username.as_ref().map(|user| user.value.clone()).filter(|user| !user.is_empty());
        Ok(Some(Auth { user, password }))
    }

    /// The side's name for people.
    pub(super) fn name(&self, endpoints: &[Endpoint]) -> Result<String, ConfigError> {
        match &self.name {
            Some(name) if is_name(&name.value) => Ok(name.value.clone()),
            Some(name) => Err(bad(&name.place, "expected 1 to 64 letters, digits, dots, dashes or underscores")),
            None => Ok(endpoints.first().map(Endpoint::to_string).unwrap_or_default()),
        }
    }
}

/// Names appear in client names and log fields, which take no spaces.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn endpoint_list(list: &Located<Vec<String>>) -> Result<Vec<Endpoint>, ConfigError> {
    if list.value.is_empty() {
        return Err(bad(&list.place, "the list is empty"));
    }
    let mut endpoints: Vec<Endpoint> = Vec::with_capacity(list.value.len());
    for (index, text) in list.value.iter().enumerate() {
        let number = index + 1;
        let endpoint = endpoint(text).map_err(|problem| bad(&list.place, format!("address {number}: {problem}")))?;
        if endpoints.iter().any(|other| other.is_same_as(&endpoint)) {
            return Err(bad(&list.place, format!("address {number}: {endpoint} is in the list twice")));
        }
        endpoints.push(endpoint);
    }
    Ok(endpoints)
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    text.parse::<Endpoint>().map_err(|error| error.to_string())
}

/// The file's text, less one line break at its end: editors and `echo` leave one.
fn password_from(file: &Located<String>, dir: &Path) -> Result<Secret, ConfigError> {
    let path = dir.join(&file.value);
    let text = fs::read_to_string(&path).map_err(|source| {
        let problem = format!("the file {} cannot be read", path.display());
        ConfigError::new(ConfigErrorKind::File, Some(&file.place), problem).because(source)
    })?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        let problem = format!("the file {} is empty", path.display());
        return Err(ConfigError::new(ConfigErrorKind::File, Some(&file.place), problem));
    }
    Ok(Secret::new(password))
}
