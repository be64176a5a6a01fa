//! The backlog on disk: nothing while memory is enough, everything in order when it is not, and what waits says why.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use replica::{
    BacklogFigures, BacklogReader, BacklogStats, BacklogWriter, Budget, DiskState, Offset, Piece, Place, Spool,
    SpoolErrorKind, UnixMillis, Waiting, WriteError, backlog_with_disk,
};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};

const ID: &str = "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345";
const AT: UnixMillis = UnixMillis(1_700_000_000_000);
const BLOCK: usize = 16 << 10;
const MEMORY: u64 = 256 << 10;

struct Bench {
    dir: TempDir,
    writer: BacklogWriter,
    reader: BacklogReader,
}

/// A backlog on an empty directory, with the history read.
fn bench(disk_bytes: u64) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path().join("spool"), disk_bytes).unwrap();
    let budget = Budget { memory_bytes: MEMORY, kept_window_bytes: 0 };
    let (mut writer, mut reader) = backlog_with_disk(budget, spool);
    writer.resume(ID.parse().unwrap(), Offset(0)).unwrap();
    assert!(matches!(reader.try_next(), Some(Piece::History(_))));
    Bench { dir, writer, reader }
}

impl Bench {
    fn spool(&self) -> PathBuf {
        self.dir.path().join("spool")
    }
}

/// The bytes from `offset` on.
fn bytes(offset: u64, len: usize) -> Bytes {
    (offset..offset + len as u64).map(|n| (n % 251) as u8).collect()
}

/// Writes `len` bytes, waiting for room.
fn write(mut writer: BacklogWriter, len: u64) -> JoinHandle<BacklogWriter> {
    tokio::spawn(async move {
        let mut at = writer.received().unwrap().offset;
        let end = at + len;
        while at < end {
            at = writer.write(bytes(at, BLOCK), AT).await.unwrap().offset;
        }
        writer
    })
}

/// Reads up to `end` with both calls in turn, checks it, and releases if told.
async fn read(reader: &mut BacklogReader, mut at: u64, end: u64, release: bool) {
    while at < end {
        let piece = match reader.try_next() {
            Some(piece) => piece,
            None => reader.next().await.expect("more to read"),
        };
        let Piece::Bytes { at: place, bytes: got, .. } = piece else { panic!("{piece:?}") };
        assert_eq!(place, Place::stream(0, at));
        assert!(got.len() <= 1 << 20 && got == bytes(at, got.len()), "at {at}");
        at += got.len() as u64;
        if release {
            reader.release(Place::stream(0, at));
        }
    }
}

async fn figures_until(stats: &BacklogStats, what: impl Fn(&BacklogFigures) -> bool) -> BacklogFigures {
    let wait = async {
        loop {
            let figures = stats.figures();
            if what(&figures) {
                return figures;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let found = timeout(Duration::from_secs(60), wait).await;
    found.unwrap_or_else(|_| panic!("not before the time-out: {:?}", stats.figures()))
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "segment")).collect()
}

#[tokio::test]
async fn nothing_touches_the_disk_while_the_reader_keeps_up() {
    let Bench { dir, mut writer, mut reader } = bench(1 << 30);
    let mut at = 0;
    while at < 40 * MEMORY {
        // As much as memory takes before it is called full.
        let end = at + MEMORY / 2;
        while writer.received().unwrap().offset < end {
            writer.write(bytes(writer.received().unwrap().offset, BLOCK), AT).await.unwrap();
        }
        // A spooler that wanted to work could.
        for _ in 0..3 {
            tokio::task::yield_now().await;
            tokio::task::spawn_blocking(|| ()).await.unwrap();
        }
        read(&mut reader, at, end, true).await;
        at = end;
        let figures = reader.stats().figures();
        assert_eq!((figures.spilled_bytes, figures.disk_bytes), (0, 0));
        assert_eq!(segments(&dir.path().join("spool")), Vec::<PathBuf>::new());
    }
}

#[tokio::test]
async fn what_does_not_fit_goes_to_disk_and_comes_back_in_order() {
    let bench = bench(1 << 30);
    let (spool, stats, len) = (bench.spool(), bench.reader.stats(), 40 * MEMORY);
    let Bench { writer, mut reader, dir: _dir } = bench;
    let _writer = timeout(Duration::from_secs(60), write(writer, len)).await.expect("the writer never waits").unwrap();
    let figures = figures_until(&stats, |figures| figures.memory_bytes < MEMORY / 4 * 3).await;
    assert!(figures.spilled_bytes > len - MEMORY && figures.disk_bytes >= figures.spilled_bytes, "{figures:?}");
    assert_eq!((figures.disk, figures.waiting()), (Some(DiskState::Working), None));
    for path in segments(&spool) {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read(path).unwrap().starts_with(b"shake-cli backlog, segment v1"));
    }
    read(&mut reader, 0, len, false).await;

    for place in [1, 100_000, len / 2 + 5, len - 1, len] {
        reader.rewind(Place::stream(0, place)).unwrap();
        read(&mut reader, place, len, false).await;
    }
    reader.release(Place::stream(0, len));
    figures_until(&stats, |figures| figures.disk_bytes == 0).await;
    assert_eq!(segments(&spool), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn files_go_as_they_are_released() {
    let bench = bench(8 << 20);
    let (stats, len) = (bench.reader.stats(), 6 << 20);
    let Bench { writer, mut reader, dir: _dir } = bench;
    let _writer = write(writer, len).await.unwrap();
    let full = figures_until(&stats, |figures| figures.memory_bytes < MEMORY / 4 * 3).await.disk_bytes;
    read(&mut reader, 0, len / 2, true).await;
    figures_until(&stats, |figures| figures.disk_bytes < full / 4 * 3).await;
    read(&mut reader, stats.figures().read.unwrap().offset, len, true).await;
    figures_until(&stats, |figures| figures.disk_bytes == 0).await;
}

#[tokio::test]
async fn the_writer_waits_when_the_disk_budget_is_used_up() {
    let Bench { writer, mut reader, dir: _dir } = bench(1 << 20);
    let (stats, len) = (reader.stats(), 5 << 20);
    let writing = write(writer, len);
    let figures = figures_until(&stats, |figures| figures.waiting() == Some(Waiting::DiskBudget)).await;
    assert!(figures.disk_bytes <= 1 << 20 && figures.memory_bytes < MEMORY + BLOCK as u64 + 1000, "{figures:?}");
    assert!(figures.disk_bytes > (1 << 20) / 2, "the budget is used: {figures:?}");
    read(&mut reader, 0, len, true).await;
    assert_eq!(writing.await.unwrap().received(), Some(Place::stream(0, len)));
    assert!(stats.figures().disk_bytes <= 1 << 20);
}

#[tokio::test]
async fn a_disk_that_fails_holds_the_writer_until_it_works_again() {
    let bench = bench(1 << 30);
    let (spool, stats, len) = (bench.spool(), bench.reader.stats(), 8 * MEMORY);
    let Bench { writer, mut reader, dir: _dir } = bench;
    fs::remove_dir_all(&spool).unwrap();
    let writing = write(writer, len);
    let failed = Waiting::DiskFailed(ErrorKind::NotFound);
    let figures = figures_until(&stats, |figures| figures.waiting() == Some(failed)).await;
    assert_eq!((figures.spilled_bytes, figures.disk_bytes), (0, 0));
    assert!(failed.to_string().contains("cannot be moved to disk"), "{failed}");

    fs::create_dir(&spool).unwrap();
    let _writer = timeout(Duration::from_secs(60), writing).await.expect("it is tried again").unwrap();
    assert_eq!(stats.figures().disk, Some(DiskState::Working));
    read(&mut reader, 0, len, true).await;
}

#[tokio::test]
async fn a_reader_goes_on_while_the_disk_fails() {
    let bench = bench(1 << 30);
    fs::remove_dir_all(bench.spool()).unwrap();
    let Bench { writer, mut reader, dir: _dir } = bench;
    let writing = write(writer, 20 * MEMORY);
    figures_until(&reader.stats(), |figures| matches!(figures.waiting(), Some(Waiting::DiskFailed(_)))).await;
    read(&mut reader, 0, 20 * MEMORY, true).await;
    writing.await.unwrap();
}

#[tokio::test]
async fn damage_is_an_error_and_no_data() {
    let bench = bench(1 << 30);
    let (spool, stats) = (bench.spool(), bench.reader.stats());
    let Bench { writer, mut reader, dir: _dir } = bench;
    let mut writer = write(writer, 8 * MEMORY).await.unwrap();
    figures_until(&stats, |figures| figures.memory_bytes < MEMORY / 4 * 3).await;
    for path in segments(&spool) {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        (0..file.metadata().unwrap().len()).step_by(5000).skip(1).for_each(|at| file.write_all_at(b"#", at).unwrap());
    }
    let mut at = 0;
    while let Some(Piece::Bytes { bytes: got, .. }) = reader.next().await {
        assert_eq!(got, bytes(at, got.len()), "only what was in memory");
        at += got.len() as u64;
    }
    let failure = reader.failure().expect("a failure");
    assert!(matches!(failure.kind, SpoolErrorKind::Damaged { .. }) && failure.path.starts_with(&spool), "{failure}");
    assert!(failure.to_string().contains("damaged at offset"), "{failure}");
    assert_eq!(reader.try_next(), None);
    assert_eq!(writer.push(Bytes::from("x"), AT), Err(WriteError::Closed));
}

#[tokio::test]
async fn a_file_that_is_gone_is_an_error() {
    let bench = bench(1 << 30);
    let (spool, stats) = (bench.spool(), bench.reader.stats());
    let Bench { writer, mut reader, dir: _dir } = bench;
    let _writer = write(writer, 8 * MEMORY).await.unwrap();
    figures_until(&stats, |figures| figures.memory_bytes < MEMORY / 4 * 3).await;
    segments(&spool).iter().for_each(|path| fs::remove_file(path).unwrap());
    while reader.next().await.is_some() {}
    assert!(matches!(reader.failure().unwrap().kind, SpoolErrorKind::Read { .. }));
}

/// As in a `select!` whose other branches are ready all the time.
#[tokio::test]
async fn giving_up_the_wait_loses_nothing() {
    let Bench { writer, mut reader, dir: _dir } = bench(1 << 30);
    let writer = write(writer, 20 * MEMORY).await.unwrap();
    drop(writer);
    let mut at = 0;
    loop {
        tokio::select! {
            biased;
            piece = reader.next() => match piece {
                Some(Piece::Bytes { at: place, bytes: got, .. }) => {
                    assert_eq!((place.offset, &got), (at, &bytes(at, got.len())));
                    at += got.len() as u64;
                }
                other => break assert_eq!(other, None),
            },
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(at, 20 * MEMORY);
}

#[tokio::test]
async fn files_and_lock_go_with_the_reader() {
    let bench = bench(1 << 30);
    let spool = bench.spool();
    let Bench { writer, reader, dir: _dir } = bench;
    let stats = reader.stats();
    let mut writer = write(writer, 8 * MEMORY).await.unwrap();
    assert!(!segments(&spool).is_empty());
    drop(reader);
    assert_eq!(writer.push(Bytes::from("x"), AT), Err(WriteError::Closed));
    figures_until(&stats, |figures| figures.disk_bytes == 0).await;
    assert_eq!(segments(&spool), Vec::<PathBuf>::new());
    // The task that holds the lock ends at its own pace.
    let open = async {
        while Spool::open(&spool, 0).is_err() {
            tokio::task::yield_now().await
        }
    };
    timeout(Duration::from_secs(60), open).await.expect("unlocked");
}
