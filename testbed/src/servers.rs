//! Where the server binaries are.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::Error;

/// The executable of the server with this name, such as `redis-7.0` or `valkey-9.1`.
///
/// Looks into `$SHAKE_SERVERS/bin`, then into `target/servers/bin` of the workspace. The name `any` takes
/// the first of [`PREFERRED`] that is there, then `redis-server` or `valkey-server` on the `PATH`.
///
/// # Errors
/// [`Error::MissingServer`], whose sentence says how to get it.
pub fn find_server(name: &str) -> Result<PathBuf, Error> {
    let folders = folders();
    let unpacked = |name: &str| {
        let (flavour, version) = name.split_once('-')?;
        folders.iter().map(|folder| folder.join(format!("{flavour}-server-{version}"))).find(|path| path.is_file())
    };
    let found = match name {
        "any" => PREFERRED.iter().find_map(|name| unpacked(name)).or_else(on_path),
        _ => unpacked(name),
    };
    found.ok_or(Error::MissingServer { name: name.to_owned(), searched: folders })
}

fn folders() -> Vec<PathBuf> {
    let chosen = env::var_os("SHAKE_SERVERS").map(PathBuf::from);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(|root| root.join("target/servers"));
    chosen.into_iter().chain(workspace).map(|folder| folder.join("bin")).collect()
}

fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let names = ["redis-server", "valkey-server"];
    env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|candidate| candidate.is_file())
}

/// What `any` means where several servers are unpacked.
const PREFERRED: &[&str] = &["redis-7.0", "valkey-8.0", "redis-8.0", "valkey-8.1", "valkey-9.1", "redis-6.0"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_server_says_what_to_do() {
        let error = find_server("redis-0.1").expect_err("there is no such server");
        assert!(error.to_string().contains("run tools/get-servers"), "{error}");
    }
}
