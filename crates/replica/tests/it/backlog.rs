//! The backlog: order, budget, release, rewind.

use std::time::Duration;

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use replica::{
    BacklogReader, BacklogWriter, Budget, Gone, Offset, Phase, Piece, Place, ReplId, UnixMillis, WriteError, backlog,
};
use tokio::time::timeout;

const ID: &str = "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345";
const AT: UnixMillis = UnixMillis(1_700_000_000_000);
const NEXT_ID: &str = "00000c2b3d4e5f60718293a4b5c6d7e8f9012345";

fn id(text: &str) -> ReplId {
    text.parse().unwrap()
}

/// A generation with the snapshot `abcdef` in two pieces and the stream `ghi` behind offset 100.
fn filled(budget: Budget) -> (BacklogWriter, BacklogReader) {
    let (mut writer, reader) = backlog(budget);
    assert_eq!(writer.begin_snapshot(id(ID), Offset(100), Some(6)), Ok(1));
    writer.push(Bytes::from("abcd"), AT).unwrap();
    writer.push(Bytes::from("ef"), AT).unwrap();
    assert_eq!(writer.end_snapshot(), Ok(Place::stream(1, 100)));
    assert_eq!(writer.push(Bytes::from("ghi"), AT), Ok(Place::stream(1, 103)));
    (writer, reader)
}

/// All that can be read now: bytes as they are, `H` and `E` for a history and the end of a snapshot.
fn read(reader: &mut BacklogReader) -> String {
    let pieces = std::iter::from_fn(|| reader.try_next());
    let text = |piece| match piece {
        Piece::History(history) => format!("H{}", history.generation),
        Piece::Bytes { bytes, .. } => String::from_utf8(bytes.to_vec()).unwrap(),
        Piece::SnapshotEnd { .. } => "E".to_owned(),
    };
    pieces.map(text).collect()
}

const fn snapshot(offset: u64) -> Place {
    Place { generation: 1, phase: Phase::Snapshot, offset }
}

#[test]
fn pieces_come_in_order_with_their_places() {
    let (writer, mut reader) = filled(Budget::default());
    let Some(Piece::History(history)) = reader.try_next() else { panic!("no history") };
    assert_eq!((history.replid, history.offset, history.len, history.resumed), (id(ID), Offset(100), Some(6), false));
    assert_eq!(reader.try_next(), Some(Piece::Bytes { at: snapshot(0), bytes: Bytes::from("abcd"), received: AT }));
    assert_eq!(reader.try_next(), Some(Piece::Bytes { at: snapshot(4), bytes: Bytes::from("ef"), received: AT }));
    assert_eq!(reader.try_next(), Some(Piece::SnapshotEnd { next: Place::stream(1, 100) }));
    assert_eq!(
        reader.try_next(),
        Some(Piece::Bytes { at: Place::stream(1, 100), bytes: Bytes::from("ghi"), received: AT })
    );
    assert_eq!(reader.try_next(), None);
    assert_eq!(writer.resume_point(), Some((id(ID), Offset(103))));
    assert_eq!(reader.history(), Some(history));
}

#[test]
fn the_oldest_byte_that_is_not_released_has_its_age() {
    let (mut writer, mut reader) = filled(Budget::default());
    let oldest = |reader: &BacklogReader| reader.stats().figures().oldest;
    assert_eq!(oldest(&reader), Some(AT));
    writer.push(Bytes::from("jkl"), UnixMillis(AT.0 + 5)).unwrap();
    read(&mut reader);
    reader.release(Place::stream(1, 102));
    assert_eq!(oldest(&reader), Some(AT));
    reader.release(Place::stream(1, 103));
    assert_eq!(oldest(&reader), Some(UnixMillis(AT.0 + 5)));
    reader.release(Place::stream(1, 106));
    assert_eq!(oldest(&reader), None);
}

#[test]
fn reading_goes_on_from_any_place_held() {
    let (_writer, mut reader) = filled(Budget::default());
    assert_eq!(read(&mut reader), "H1abcdefEghi");
    let cases = [
        (Place::snapshot_start(1), "H1abcdefEghi"),
        (snapshot(1), "bcdefEghi"),
        (snapshot(4), "efEghi"),
        (snapshot(6), "Eghi"),
        (Place::stream(1, 100), "ghi"),
        (Place::stream(1, 102), "i"),
        (Place::stream(1, 103), ""),
    ];
    for (place, rest) in cases {
        reader.rewind(place).unwrap();
        assert_eq!(read(&mut reader), rest, "{place}");
    }
}

#[test]
fn places_that_are_not_there_are_gone() {
    let (_writer, mut reader) = filled(Budget { kept_window_bytes: 0, ..Budget::default() });
    for place in
        [snapshot(7), Place::stream(1, 99), Place::stream(1, 104), Place::stream(2, 100), Place::stream(0, 100)]
    {
        assert_eq!(reader.rewind(place), Err(Gone { place }));
    }
    assert_eq!(read(&mut reader), "H1abcdefEghi", "a failed rewind changes nothing");
    reader.release(Place::stream(1, 101));
    assert!(reader.rewind(snapshot(6)).is_err());
    reader.rewind(Place::stream(1, 101)).unwrap();
    assert_eq!(read(&mut reader), "hi");
    reader.release(Place::stream(1, 103));
    assert_eq!(reader.stats().figures().held_bytes, 0);
    reader.rewind(Place::stream(1, 103)).unwrap();
    assert_eq!(reader.history().unwrap().replid, id(ID));
}

#[test]
fn the_kept_window_outlives_the_release() {
    let (mut writer, mut reader) = backlog(Budget { memory_bytes: 1 << 20, kept_window_bytes: 10_000 });
    writer.resume(id(ID), Offset(0)).unwrap();
    for _ in 0..100 {
        writer.push(Bytes::from(vec![b'x'; 1000]), AT).unwrap();
    }
    read(&mut reader);
    reader.release(Place::stream(0, 100_000));
    let figures = reader.stats().figures();
    assert_eq!(figures.unreleased_bytes, 0);
    assert!((10_000..12_000).contains(&figures.held_bytes), "{figures:?}");
    reader.rewind(Place::stream(0, 95_000)).unwrap();
    assert_eq!(read(&mut reader).len(), 5000);
    assert!(reader.rewind(Place::stream(0, 50_000)).is_err());
}

#[test]
fn what_was_not_read_is_not_freed() {
    let (_writer, mut reader) = filled(Budget { kept_window_bytes: 0, ..Budget::default() });
    reader.try_next();
    reader.try_next();
    reader.release(Place::stream(1, 103));
    assert_eq!(reader.stats().figures().released, Some(snapshot(4)));
    assert_eq!(read(&mut reader), "efEghi");
}

#[test]
fn a_new_id_and_a_new_generation_are_announced() {
    let (mut writer, mut reader) = filled(Budget::default());
    read(&mut reader);
    writer.resume(id(ID), Offset(103)).unwrap();
    assert_eq!(reader.try_next(), None, "the same history is no news");
    assert_eq!(writer.resume(id(NEXT_ID), Offset(102)), Err(WriteError::OutOfOrder));
    writer.resume(id(NEXT_ID), Offset(103)).unwrap();
    writer.push(Bytes::from("j"), AT).unwrap();
    let Some(Piece::History(history)) = reader.try_next() else { panic!("no history") };
    assert_eq!((history.generation, history.replid, history.resumed), (1, id(NEXT_ID), true));
    assert_eq!(read(&mut reader), "j");

    assert_eq!(writer.begin_snapshot(id(ID), Offset(5), None), Ok(2));
    writer.push(Bytes::from("partial"), AT).unwrap();
    assert_eq!(writer.resume_point(), None);
    assert_eq!(writer.begin_snapshot(id(ID), Offset(6), None), Ok(3));
    assert_eq!(read(&mut reader), "H2partialH3");
}

#[tokio::test(start_paused = true)]
async fn the_writer_waits_for_room() {
    let (mut writer, mut reader) = backlog(Budget { memory_bytes: 1000, kept_window_bytes: 0 });
    let stats = reader.stats();
    writer.resume(id(ID), Offset(0)).unwrap();
    writer.write(Bytes::from(vec![0; 2000]), AT).await.unwrap();
    let writing = tokio::spawn(async move { writer.write(Bytes::from("more"), AT).await.map(|at| (at, writer)) });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(stats.figures().waiting_for_room);
    assert!(!writing.is_finished());

    read(&mut reader);
    reader.releaser().release(Place::stream(0, 1500));
    let (at, writer) = timeout(Duration::from_secs(1), writing).await.expect("woken").unwrap().unwrap();
    assert_eq!(at, Place::stream(0, 2004));
    assert!(!stats.figures().waiting_for_room);
    drop(writer);
    assert_eq!(reader.next().await.map(|piece| matches!(piece, Piece::Bytes { .. })), Some(true));
    assert_eq!(reader.next().await, None);
}

#[tokio::test]
async fn a_backlog_without_reader_is_closed() {
    let (mut writer, reader) = backlog(Budget { memory_bytes: 1, kept_window_bytes: 0 });
    assert_eq!(writer.push(Bytes::from("x"), AT), Err(WriteError::OutOfOrder));
    writer.resume(id(ID), Offset(0)).unwrap();
    let writing = tokio::spawn(async move { writer.write(Bytes::from("x"), AT).await });
    tokio::task::yield_now().await;
    drop(reader);
    assert_eq!(writing.await.unwrap(), Err(WriteError::Closed));
}

#[derive(Debug, Clone)]
enum Op {
    Push(usize),
    Read,
    Release(u64),
    Rewind(u64),
}

proptest! {
    /// Whatever is done, what is read is what was written, from the very byte that was asked for.
    #[test]
    fn bytes_read_are_the_bytes_written(ops in vec(prop_oneof![
        4 => (0usize..300).prop_map(Op::Push),
        4 => Just(Op::Read),
        1 => (0u64..3000).prop_map(Op::Release),
        1 => (0u64..3000).prop_map(Op::Rewind),
    ], 0..120), kept in 0u64..2000) {
        let (mut writer, mut reader) = backlog(Budget { memory_bytes: u64::MAX, kept_window_bytes: kept });
        writer.resume(id(ID), Offset(0)).unwrap();
        let (mut written, mut at, mut released) = (Vec::new(), 0, 0);
        for op in ops {
            match op {
                Op::Push(len) => {
                    let bytes: Vec<u8> = (0..len).map(|n| ((written.len() + n) % 251) as u8).collect();
                    written.extend_from_slice(&bytes);
                    writer.push(bytes.into(), AT).unwrap();
                }
                Op::Read => {
                    if let Some(Piece::Bytes { at: place, bytes, .. }) = reader.try_next() {
                        prop_assert_eq!(place, Place::stream(0, at as u64));
                        prop_assert_eq!(&bytes[..], &written[at..at + bytes.len()]);
                        at += bytes.len();
                    }
                }
                Op::Release(offset) => {
                    reader.release(Place::stream(0, offset));
                    released = released.max(offset.min(at as u64));
                }
                Op::Rewind(offset) => {
                    let held = reader.rewind(Place::stream(0, offset)).is_ok();
                    prop_assert!(!held || offset <= written.len() as u64);
                    prop_assert!(held || offset < released || offset > written.len() as u64, "{} is gone", offset);
                    at = if held { offset as usize } else { at };
                }
            }
        }
        prop_assert_eq!(reader.stats().figures().received, Some(Place::stream(0, written.len() as u64)));
    }
}
