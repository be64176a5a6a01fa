//! What a file says about itself.

use std::time::{SystemTime, UNIX_EPOCH};

use rdb::{Checksum, Dialect, Item, RdbVersion};

use crate::rdb::name::Name;

/// The header and the facts that are worth showing.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) file: String,
    pub(super) header: Option<(Dialect, RdbVersion)>,
    /// The server that wrote it, such as `redis 7.0.15`.
    pub(super) server: Option<String>,
    /// When it was written, in Unix seconds.
    pub(super) written: Option<i64>,
    pub(super) functions: u64,
    pub(super) checksum: Option<Checksum>,
    /// Whether the file was read to its end without a fault.
    pub(super) complete: bool,
}

impl Facts {
    /// Takes an item into account that is no part of a key.
    pub(super) fn item(&mut self, item: &Item<'_>) {
        match item {
            Item::Header { dialect, version } => self.header = Some((*dialect, *version)),
            Item::Aux { key: b"redis-ver", value } => self.server = Some(format!("redis {}", plain(value))),
            Item::Aux { key: b"valkey-ver", value } => self.server = Some(format!("valkey {}", plain(value))),
            Item::Aux { key: b"ctime", value } => {
                self.written = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            }
            Item::Function(_) | Item::FunctionPreGa(_) => self.functions += 1,
            Item::End { checksum } => self.checksum = Some(*checksum),
            _ => {}
        }
    }

    /// `REDIS version 11`, if there is a header.
    pub(super) fn format(&self) -> String {
        self.header
            .map_or_else(|| "no snapshot".to_owned(), |(dialect, version)| format!("{dialect} version {version}"))
    }
}

/// What the times of keys are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Now {
    /// Given by the user.
    Given(i64),
    /// When the file was written.
    Written(i64),
    /// The clock: the file does not say when it was written.
    Clock(i64),
}

impl Now {
    /// The time to count from.
    pub(super) fn choose(given: Option<i64>, written: Option<i64>) -> Self {
        match (given, written) {
            (Some(given), _) => Self::Given(given),
            (None, Some(written)) => Self::Written(written),
            (None, None) => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Self::Clock(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
            }
        }
    }

    /// Unix seconds.
    pub(super) const fn seconds(self) -> i64 {
        match self {
            Self::Given(seconds) | Self::Written(seconds) | Self::Clock(seconds) => seconds,
        }
    }

    /// Where the time comes from.
    pub(super) const fn origin(self) -> &'static str {
        match self {
            Self::Given(_) => "as given",
            Self::Written(_) => "when the file was written",
            Self::Clock(_) => "now: the file does not say when it was written",
        }
    }
}

/// A fact as text, without quotes.
fn plain(bytes: &[u8]) -> String {
    Name::new(bytes).to_string().trim_matches('"').to_owned()
}
