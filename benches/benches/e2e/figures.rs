//! What one run has shown.

use std::{fmt, time::Duration};

/// Both phases of a run.
pub(crate) struct Run {
    /// From the start of the tool until the target had all keys.
    pub(crate) full_sync: FullSync,
    /// From the first command written until the target had them all.
    pub(crate) stream: Stream,
}

/// The copy of a snapshot.
pub(crate) struct FullSync {
    /// How many.
    pub(crate) keys: u64,
    /// With the start of the process and the source's fork in it.
    pub(crate) wall: Duration,
    /// Of the tool.
    pub(crate) cpu: Duration,
    /// Of the tool, in bytes.
    pub(crate) peak_rss: u64,
}

/// Commands written to the source while the tool follows.
pub(crate) struct Stream {
    /// How many.
    pub(crate) commands: u64,
    /// How long the writers took.
    pub(crate) written: Duration,
    /// From the source's last reply until the target had everything.
    pub(crate) drain: Duration,
    /// Of the tool.
    pub(crate) cpu: Duration,
    /// Of the tool, in bytes; since its start.
    pub(crate) peak_rss: u64,
}

/// One figure: its name, its unit for people, and how it follows from a run.
pub(crate) struct Figure {
    /// As it stands in the JSON file.
    pub(crate) name: &'static str,
    /// What the table says.
    pub(crate) title: &'static str,
    /// Digits behind the point.
    pub(crate) digits: usize,
    /// The figure of a run.
    pub(crate) of: fn(&Run) -> f64,
}

/// Every figure, in the table's order.
pub(crate) const FIGURES: &[Figure] = &[
    Figure {
        name: "full_sync_cpu_seconds_per_million_keys",
        title: "full sync: CPU s per million keys",
        digits: 2,
        of: |run| per_million(run.full_sync.cpu, run.full_sync.keys),
    },
    Figure {
        name: "full_sync_wall_seconds",
        title: "full sync: wall s",
        digits: 2,
        of: |run| run.full_sync.wall.as_secs_f64(),
    },
    Figure {
        name: "full_sync_keys_per_second",
        title: "full sync: keys/s",
        digits: 0,
        of: |run| rate(run.full_sync.keys, run.full_sync.wall),
    },
    Figure {
        name: "full_sync_peak_rss_mb",
        title: "full sync: peak RSS, MB",
        digits: 0,
        of: |run| megabytes(run.full_sync.peak_rss),
    },
    Figure {
        name: "stream_cpu_seconds_per_million_commands",
        title: "stream: CPU s per million commands",
        digits: 2,
        of: |run| per_million(run.stream.cpu, run.stream.commands),
    },
    Figure {
        name: "stream_written_per_second",
        title: "stream: written/s",
        digits: 0,
        of: |run| rate(run.stream.commands, run.stream.written),
    },
    Figure {
        name: "stream_applied_per_second",
        title: "stream: applied/s",
        digits: 0,
        of: |run| rate(run.stream.commands, run.stream.written + run.stream.drain),
    },
    Figure {
        name: "stream_drain_seconds",
        title: "stream: drain s",
        digits: 3,
        of: |run| run.stream.drain.as_secs_f64(),
    },
    Figure {
        name: "stream_peak_rss_mb",
        title: "stream: peak RSS, MB",
        digits: 0,
        of: |run| megabytes(run.stream.peak_rss),
    },
];

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (full_sync, stream) = (&self.full_sync, &self.stream);
        write!(
            f,
            "full sync {:.2?}, CPU {:.2?}; stream {:.2?}, drained {:.2?} later, CPU {:.2?}",
            full_sync.wall, full_sync.cpu, stream.written, stream.drain, stream.cpu
        )
    }
}

fn per_million(cpu: Duration, count: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / count as f64
}

fn rate(count: u64, wall: Duration) -> f64 {
    count as f64 / wall.as_secs_f64()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
