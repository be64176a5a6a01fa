//! Streams for tests, and what becomes of them.

use super::*;
use crate::pipeline::apply::Restore;
use crate::pipeline::apply::sink::recorder::Recorder;

/// When what is applied here was received.
pub(super) const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// From a server to a target.
pub(super) fn to(target: Target) -> StreamSettings {
    StreamSettings { target, cross_slot: CrossSlot::Fail }
}

pub(super) fn to_cluster() -> StreamSettings {
    to(Target::cluster("redis-7.0"))
}

pub(super) fn to_server() -> StreamSettings {
    to(Target::standalone("redis-7.0"))
}

/// Commands as a source says them; `|` stands for a blank.
pub(super) fn stream(lines: &[&str]) -> BytesMut {
    let mut out = BytesMut::new();
    for line in lines {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('|', " ")).collect();
        resp::put_command(&mut out, &words);
    }
    out
}

/// A stream that is being applied.
pub(super) struct Bench {
    pub(super) applier: StreamApplier,
    pub(super) sink: Recorder,
}

impl Bench {
    pub(super) fn new(settings: StreamSettings) -> Self {
        Self::in_database(settings, 0)
    }

    pub(super) fn in_database(settings: StreamSettings, db: u32) -> Self {
        let begin = Position { generation: 1, phase: Phase::Stream, offset: 100, index: 0, db };
        let payloads = Payloads::new(settings.target.server, &Restore::for_tests());
        Self { applier: StreamApplier::new(settings, payloads, begin), sink: Recorder::default() }
    }

    pub(super) fn feed(&mut self, lines: &[&str]) -> Option<Errand> {
        self.applier.feed(&stream(lines), NOW, &mut self.sink).unwrap()
    }

    pub(super) fn settle(&mut self, settled: Settled) -> Option<Errand> {
        self.applier.settle(settled, &mut self.sink).unwrap()
    }

    /// What was submitted since the last call.
    pub(super) fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sink.lines)
    }
}

/// What the lines become, when no errand is needed.
pub(super) fn apply(settings: StreamSettings, lines: &[&str]) -> Result<Vec<String>, String> {
    let mut bench = Bench::new(settings);
    let errand = bench.applier.feed(&stream(lines), NOW, &mut bench.sink).map_err(|error| error.to_string())?;
    assert_eq!(errand, None);
    Ok(bench.lines())
}
