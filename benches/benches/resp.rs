//! Finding commands and replies, and writing commands; and what the same frames cost with nom.
//!
//! The comparison is why the scanners are written by hand. A parser of nom's `complete` kind is as fast as its
//! combinators are, and where a read ends in the middle of a frame it begins that frame anew.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
// Input is made right here, so that a failure is a fault of the bench itself.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use resp::{CommandScanner, ReplyScanner, put_command};

/// What a connection hands over at once when there is plenty.
const LARGE_READS: usize = 64 << 10;
/// And when there is not.
const SMALL_READS: usize = 1 << 10;
const LARGE: &str = "SET of 64 KiB";
const LONGEST: &str = "RPUSH of 100,000";

fn commands(c: &mut Criterion) {
    let mut group = c.benchmark_group("resp/commands");
    group.sample_size(20);
    let streams = [
        ("small SET", small_sets(40_000)),
        (LARGE, big_sets(128)),
        ("RPUSH of 10,000", rpush(10_000)),
        (LONGEST, rpush(100_000)),
    ];
    for (name, stream) in &streams {
        // Arguments are passed over, not read: of large ones, the number of commands says more.
        group.throughput(match *name {
            LARGE => Throughput::Elements(scan_commands(stream, LARGE_READS).frames),
            _ => Throughput::Bytes(stream.len() as u64),
        });
        for (reads, size) in [("64 KiB reads", LARGE_READS), ("1 KiB reads", SMALL_READS)] {
            let wanted = scan_commands(stream, size);
            group.bench_function(BenchmarkId::new(format!("{name}, ours"), reads), |b| {
                b.iter(|| scan_commands(black_box(stream), size));
            });
            // Beginning anew at every read takes quadratic time: minutes for the longest command.
            if *name == LONGEST && size == SMALL_READS {
                continue;
            }
            assert_eq!(nom_commands(stream, size), wanted);
            group.bench_function(BenchmarkId::new(format!("{name}, nom"), reads), |b| {
                b.iter(|| nom_commands(black_box(stream), size));
            });
        }
    }
    group.finish();
}

fn replies(c: &mut Criterion) {
    let mut group = c.benchmark_group("resp/replies");
    group.sample_size(20);
    let integers: String = (0..100_000u32).map(|n| format!(":{}\r\n", n.wrapping_mul(7919) % 1_000_000)).collect();
    let streams = [
        ("OK", "+OK\r\n".repeat(200_000)),
        ("integers", integers),
        ("EXEC", "*3\r\n+OK\r\n:1\r\n*2\r\n$5\r\nfield\r\n$5\r\nvalue\r\n".repeat(20_000)),
    ];
    for (name, stream) in &streams {
        let stream = stream.as_bytes();
        let wanted = scan_replies(stream);
        assert_eq!(nom_replies(stream), wanted);
        group.throughput(Throughput::Elements(wanted.frames));
        group.bench_function(BenchmarkId::new("ours", name), |b| b.iter(|| scan_replies(black_box(stream))));
        group.bench_function(BenchmarkId::new("nom", name), |b| b.iter(|| nom_replies(black_box(stream))));
    }
    group.finish();
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("resp/encode");
    let elements: Vec<Vec<u8>> = (0..1_000).map(|n| format!("element:{n:08}").into_bytes()).collect();
    let set = [b"SET".to_vec(), b"key:000000000001".to_vec(), vec![b'x'; 64]];
    for (name, args) in [("small SET", &set[..]), ("1,000 elements", &elements)] {
        let mut out = BytesMut::new();
        put_command(&mut out, args);
        group.throughput(Throughput::Bytes(out.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                out.clear();
                put_command(&mut out, black_box(args));
            });
        });
    }
    group.finish();
}

/// What was found: compared, so that both parsers are known to do the same work.
#[derive(Debug, Default, PartialEq)]
struct Found {
    frames: u64,
    /// Arguments of commands, or replies with an error in them.
    parts: usize,
    bytes: usize,
}

/// Shows a stream to `next` as it would come in, read by read; `next` answers a frame's length and parts when there
/// is one.
fn feed(stream: &[u8], read: usize, mut next: impl FnMut(&[u8]) -> Option<(usize, usize)>) -> Found {
    let mut found = Found::default();
    let mut end = 0;
    while end < stream.len() {
        end = stream.len().min(end + read);
        while let Some((len, parts)) = next(&stream[found.bytes..end]) {
            found.frames += 1;
            found.parts += parts;
            found.bytes += len;
        }
    }
    found
}

fn scan_commands(stream: &[u8], read: usize) -> Found {
    let mut scanner = CommandScanner::default();
    feed(stream, read, |bytes| scanner.scan(bytes).unwrap().map(|len| (len, black_box(scanner.args()).len())))
}

fn scan_replies(stream: &[u8]) -> Found {
    let mut scanner = ReplyScanner::default();
    feed(stream, LARGE_READS, |bytes| {
        let found = scanner.scan(bytes).unwrap()?;
        Some((black_box(found).len, usize::from(found.has_error)))
    })
}

fn nom_commands(stream: &[u8], read: usize) -> Found {
    let mut args = Vec::new();
    feed(stream, read, |bytes| {
        let (rest, ()) = with_nom::command(bytes, &mut args).ok()?;
        Some((bytes.len() - rest.len(), black_box(&args).len()))
    })
}

fn nom_replies(stream: &[u8]) -> Found {
    feed(stream, LARGE_READS, |bytes| {
        let (rest, has_error) = with_nom::reply(bytes).ok()?;
        Some((bytes.len() - rest.len(), usize::from(black_box(has_error))))
    })
}

/// `SET`s of 16-byte keys and 64-byte values.
fn small_sets(count: usize) -> BytesMut {
    let mut out = BytesMut::new();
    for n in 0..count {
        put_command(&mut out, &[&b"SET"[..], format!("key:{n:012}").as_bytes(), &[b'x'; 64]]);
    }
    out
}

fn big_sets(count: usize) -> BytesMut {
    let mut out = BytesMut::new();
    for n in 0..count {
        put_command(&mut out, &[&b"SET"[..], format!("key:{n:012}").as_bytes(), &[b'x'; 64 << 10]]);
    }
    out
}

/// One command with so many elements of 16 bytes.
fn rpush(elements: usize) -> BytesMut {
    let mut args = vec![b"RPUSH".to_vec(), b"list".to_vec()];
    args.extend((0..elements).map(|n| format!("element:{n:08}").into_bytes()));
    let mut out = BytesMut::new();
    put_command(&mut out, &args);
    out
}

/// The same frames with nom. No limits, no inline commands, no RESP3: less than the scanners do.
mod with_nom {
    use std::ops::Range;

    use nom::bytes::complete::{tag, take, take_until};
    use nom::character::complete::{char, crlf, i64, usize};
    use nom::error::{Error, ErrorKind};
    use nom::number::complete::u8;
    use nom::sequence::{delimited, terminated};
    use nom::{IResult, Parser};

    /// An array of bulk strings; their ranges go to `args`.
    pub(super) fn command<'a>(input: &'a [u8], args: &mut Vec<Range<usize>>) -> IResult<&'a [u8], ()> {
        args.clear();
        let (mut rest, count) = delimited(char('*'), usize, crlf).parse(input)?;
        for _ in 0..count {
            let (behind, arg) = bulk(rest)?;
            let end = input.len() - behind.len() - 2;
            args.push(end - arg.len()..end);
            rest = behind;
        }
        Ok((rest, ()))
    }

    /// Any reply of RESP2; whether an error is in it.
    pub(super) fn reply(input: &[u8]) -> IResult<&[u8], bool> {
        let (rest, kind) = u8(input)?;
        match kind {
            b'+' => line(rest).map(|(rest, _)| (rest, false)),
            b'-' => line(rest).map(|(rest, _)| (rest, true)),
            b':' => terminated(i64, crlf).parse(rest).map(|(rest, _)| (rest, false)),
            b'$' => bulk(input).map(|(rest, _)| (rest, false)),
            b'*' => array(rest),
            _ => Err(nom::Err::Failure(Error::new(input, ErrorKind::Tag))),
        }
    }

    fn array(input: &[u8]) -> IResult<&[u8], bool> {
        let (mut rest, count) = terminated(usize, crlf).parse(input)?;
        let mut has_error = false;
        for _ in 0..count {
            let (behind, error) = reply(rest)?;
            has_error |= error;
            rest = behind;
        }
        Ok((rest, has_error))
    }

    fn bulk(input: &[u8]) -> IResult<&[u8], &[u8]> {
        let (rest, len) = delimited(char('$'), usize, crlf).parse(input)?;
        terminated(take(len), crlf).parse(rest)
    }

    fn line(input: &[u8]) -> IResult<&[u8], &[u8]> {
        terminated(take_until("\r\n"), tag("\r\n")).parse(input)
    }
}

criterion_group!(benches, commands, replies, encode);
criterion_main!(benches);
