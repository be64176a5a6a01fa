//! However a transcript is cut into reads, the same events come out.

use std::time::Instant;

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use replica::{Event, Psync, PsyncConfig};

const ID: &str = "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345";
const MARK: &str = "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab13";
const GETACK: &str = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";

/// What came out, with neighbouring bytes of one kind joined.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    events: Vec<Event>,
    received: u64,
    ack: String,
}

/// A recorded full resync: keepalive newlines in both places, `snapshot` in either framing, `stream` right behind.
fn transcript(snapshot: &[u8], stream: &[u8], marked: bool) -> Vec<u8> {
    let header = if marked { format!("$EOF:{MARK}") } else { format!("${}", snapshot.len()) };
    let mut bytes =
        format!("+PONG\r\n+OK\r\n+OK\r\n-ERR no\r\n\n\n+FULLRESYNC {ID} 1000\r\n\n{header}\r\n").into_bytes();
    bytes.extend_from_slice(snapshot);
    if marked {
        bytes.extend_from_slice(MARK.as_bytes());
    }
    bytes.extend_from_slice(stream);
    bytes
}

fn run<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let now = Instant::now();
    let mut psync = Psync::new(PsyncConfig::default(), now);
    let mut outcome = Outcome::default();
    for chunk in chunks {
        psync.handle_input(Bytes::copy_from_slice(chunk), now).unwrap();
        if let Some(out) = psync.poll_transmit() {
            outcome.ack = String::from_utf8(out.to_vec()).unwrap();
        }
        while let Some(event) = psync.poll_event() {
            join(&mut outcome.events, event);
        }
    }
    outcome.received = psync.received().0;
    outcome
}

fn join(events: &mut Vec<Event>, event: Event) {
    match (events.last_mut(), event) {
        (Some(Event::Snapshot(all)), Event::Snapshot(more)) | (Some(Event::Stream(all)), Event::Stream(more)) => {
            *all = [&all[..], &more].concat().into();
        }
        (_, event) => events.push(event),
    }
}

fn expected(snapshot: &[u8], stream: &[u8], marked: bool) -> Vec<Event> {
    let replid = ID.parse().unwrap();
    let mut events = vec![
        Event::Handshake(replica::HandshakeInfo::default()),
        Event::FullResync { replid, offset: replica::Offset(1000) },
        Event::SnapshotBegin { len: (!marked).then_some(snapshot.len() as u64) },
        Event::Snapshot(Bytes::copy_from_slice(snapshot)),
        Event::SnapshotEnd,
        Event::Stream(Bytes::copy_from_slice(stream)),
    ];
    events.retain(|event| !matches!(event, Event::Snapshot(bytes) | Event::Stream(bytes) if bytes.is_empty()));
    events
}

/// Snapshots full of beginnings of the mark, to make its search work for it.
fn snapshots() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop_oneof![
        (0usize..40).prop_map(|n| MARK.as_bytes()[..n].to_vec()),
        vec(any::<u8>(), 0..30),
        Just(b"ab12".to_vec()),
    ];
    vec(parts, 0..20).prop_map(|parts| parts.concat()).prop_filter("holds the mark", |snapshot| {
        let marked = [snapshot, MARK.as_bytes()].concat();
        marked.windows(40).position(|w| w == MARK.as_bytes()) == Some(snapshot.len())
    })
}

fn cuts(bytes: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    let (mut rest, mut chunks) = (bytes, Vec::new());
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, tail) = rest.split_at(size.min(rest.len()));
        chunks.push(chunk.to_vec());
        rest = tail;
    }
    chunks
}

proptest! {
    #[test]
    fn any_split_gives_the_same(
        snapshot in snapshots(),
        stream in vec(any::<u8>(), 0..200),
        marked: bool,
        sizes in vec(1usize..60, 1..12),
    ) {
        let bytes = transcript(&snapshot, &[&stream[..], GETACK.as_bytes()].concat(), marked);
        let whole = run(std::iter::once(&bytes[..]));
        let cut = run(cuts(&bytes, &sizes).iter().map(|chunk| &chunk[..]));
        prop_assert_eq!(&whole.events, &expected(&snapshot, &[&stream[..], GETACK.as_bytes()].concat(), marked));
        // The request at the very end is answered last, with all that came.
        let end = 1000 + stream.len() + GETACK.len();
        prop_assert_eq!(whole.received, end as u64);
        prop_assert!(whole.ack.ends_with(&format!("ACK\r\n$4\r\n{end}\r\n")), "{}", whole.ack);
        prop_assert_eq!(&cut.events, &whole.events);
        prop_assert_eq!(cut.received, whole.received);
        prop_assert!(cut.ack.ends_with(&format!("ACK\r\n$4\r\n{end}\r\n")), "{}", cut.ack);
    }

    #[test]
    fn no_input_makes_it_panic(chunks in vec(vec(any::<u8>(), 0..80), 0..20), step in 0usize..8) {
        let bytes = transcript(b"REDIS", b"", true);
        let mut psync = Psync::new(PsyncConfig::default(), Instant::now());
        for line in bytes.split_inclusive(|&b| b == b'\n').take(step) {
            psync.handle_input(Bytes::copy_from_slice(line), Instant::now()).unwrap();
        }
        for chunk in chunks {
            let _ = psync.handle_input(chunk.into(), Instant::now());
            psync.poll_transmit();
        }
    }
}

#[test]
fn every_single_cut() {
    for marked in [false, true] {
        let snapshot = format!("REDIS0011{}", &MARK[..39]);
        let bytes = transcript(snapshot.as_bytes(), b"*1\r\n$4\r\nPING\r\n", marked);
        let whole = run(std::iter::once(&bytes[..]));
        assert_eq!(whole.events, expected(snapshot.as_bytes(), b"*1\r\n$4\r\nPING\r\n", marked));
        for at in 1..bytes.len() {
            let cut = run([&bytes[..at], &bytes[at..]].into_iter());
            assert_eq!((cut.events, cut.received), (whole.events.clone(), whole.received), "cut at {at}");
        }
    }
}
