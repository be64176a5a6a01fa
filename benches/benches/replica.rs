//! Throughput of a link's own work: the protocol, with and without the backlog behind it.

use std::{hint::black_box, time::Instant};

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use replica::{Budget, Event, Piece, Psync, PsyncConfig, PsyncError, UnixMillis, backlog};

/// What a link reads at once.
const READ: usize = 128 << 10;
const TOTAL: usize = 16 << 20;
const REPLID: &str = "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345";
const MARK: &str = "0123456789abcdef0123456789abcdef01234567";

fn psync(c: &mut Criterion) {
    let mut group = c.benchmark_group("replica");
    group.throughput(Throughput::Bytes(TOTAL as u64));
    let (snapshot, stream) = (reads(&snapshot()), reads(&stream()));
    group.bench_function("snapshot with a mark", |b| b.iter(|| run(&format!("$EOF:{MARK}"), &snapshot, |_| ())));
    group.bench_function("stream", |b| b.iter(|| run("$0", &stream, |_| ())));
    group.bench_function("stream through the backlog", |b| b.iter(|| through_backlog(&stream)));
    group.finish();
}

/// Feeds a full resync and then `reads`; returns the offset received.
fn run(header: &str, reads: &[Bytes], mut take: impl FnMut(Event)) -> Result<u64, PsyncError> {
    let now = Instant::now();
    let mut psync = Psync::new(PsyncConfig::default(), now);
    let start = format!("+PONG\r\n+OK\r\n+OK\r\n+OK\r\n+FULLRESYNC {REPLID} 0\r\n{header}\r\n");
    psync.handle_input(Bytes::from(start), now)?;
    for read in reads {
        psync.handle_input(read.clone(), now)?;
        while let Some(event) = psync.poll_event() {
            take(black_box(event));
        }
        black_box(psync.poll_transmit());
    }
    Ok(psync.received().0)
}

fn through_backlog(reads: &[Bytes]) -> Option<u64> {
    let (mut writer, mut reader) = backlog(Budget { memory_bytes: 8 << 20, kept_window_bytes: 1 << 20 });
    let received = run("$0", reads, |event| {
        let written = match event {
            Event::FullResync { replid, offset } => writer.begin_snapshot(replid, offset, None).map(drop),
            Event::SnapshotEnd => writer.end_snapshot().map(drop),
            Event::Stream(bytes) => writer.push(bytes, UnixMillis(0)).map(drop),
            _ => Ok(()),
        };
        black_box(written).ok();
        while let Some(piece) = reader.try_next() {
            if let Piece::Bytes { at, bytes, .. } = piece {
                reader.release(at.advanced(bytes.len()));
            }
        }
    });
    received.ok()
}

/// Small SETs, as `redis-benchmark` writes them.
fn stream() -> BytesMut {
    let mut out = BytesMut::new();
    let value = [b'x'; 64];
    for n in 0.. {
        if out.len() >= TOTAL {
            break;
        }
        resp::put_command(&mut out, &[&b"SET"[..], format!("key:{n:012}").as_bytes(), &value]);
    }
    out.truncate(TOTAL);
    out
}

/// Bytes without structure, and the mark behind them.
fn snapshot() -> BytesMut {
    let mut state = 1u64;
    let noise = (0..TOTAL).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    });
    let mut out = BytesMut::from_iter(noise);
    out.extend_from_slice(MARK.as_bytes());
    out
}

fn reads(bytes: &[u8]) -> Vec<Bytes> {
    bytes.chunks(READ).map(Bytes::copy_from_slice).collect()
}

criterion_group!(benches, psync);
criterion_main!(benches);
