//! What to tell a user about settings that are accepted and have no effect, or a doubtful one.

use super::place::{Located, Place};
use super::raw::RawConfig;
use super::status::serves_status;

/// One sentence for each such setting, in the order of the file's sections.
pub(super) fn notes(raw: &RawConfig) -> Vec<String> {
    let advanced = &raw.advanced;
    [
        note(&raw.source.side.version, |_| true, "not used: servers are asked for their version"),
        note(&raw.source.rdb_file_path, |path| !path.is_empty(), "not used by a sync"),
        ignored_username(&raw.source.side.username, raw.source.side.has_password()),
        note(&raw.source.side.tls.insecure, |insecure| *insecure, NOT_VERIFIED),
        note(&raw.target.side.version, |_| true, "not used: servers are asked for their version"),
        ignored_username(&raw.target.side.username, raw.target.side.has_password()),
        note(&raw.target.side.tls.insecure, |insecure| *insecure, NOT_VERIFIED),
        note(
            &advanced.pipeline_count_limit,
            |_| true,
            "not used: what is sent ahead of replies is limited in bytes, by target_redis_client_max_querybuf_len",
        ),
        note(
            &advanced.status_address,
            |address| !address.is_empty() && !serves_status(advanced),
            "not used: there is neither a status_port nor a metrics_port",
        ),
        note(&advanced.pprof_port, |port| *port != 0, "not used: there is no Go profiler here"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// v3 logs in only where there is a password.
fn ignored_username(username: &Option<Located<String>>, has_password: bool) -> Option<String> {
    note(username, |name| !name.is_empty() && !has_password, "not used: there is no password")
}

fn note<T>(setting: &Option<Located<T>>, applies: impl FnOnce(&T) -> bool, text: &str) -> Option<String> {
    let setting = setting.as_ref().filter(|setting| applies(&setting.value))?;
    Some(sentence(&setting.place, text))
}

fn sentence(place: &Place, text: &str) -> String {
    match place.line {
        Some(line) => format!("{place} (line {line}): {text}"),
        None => format!("{place}: {text}"),
    }
}

const NOT_VERIFIED: &str = "certificates are not verified: whoever answers is trusted";
