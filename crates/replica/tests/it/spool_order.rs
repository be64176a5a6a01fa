//! With a disk or without: the same bytes at the same places, whatever is done.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use replica::{
    BacklogReader, BacklogWriter, Budget, Offset, Phase, Piece, Place, ReplId, Spool, UnixMillis, backlog,
    backlog_with_disk,
};
use tokio::time::timeout;

const MEMORY: u64 = 8000;
const SNAPSHOT_AT: u64 = 1000;

#[derive(Debug, Clone)]
enum Op {
    Push(usize),
    Snapshot,
    EndSnapshot,
    NewId(u8),
    Read(usize),
    /// So far back from what was read.
    Release(u64),
    Rewind(u64),
    Settle,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (0usize..3000).prop_map(Op::Push),
        1 => Just(Op::Snapshot),
        1 => Just(Op::EndSnapshot),
        1 => any::<u8>().prop_map(Op::NewId),
        6 => (1usize..6).prop_map(Op::Read),
        3 => (0u64..9000).prop_map(Op::Release),
        2 => (0u64..30_000).prop_map(Op::Rewind),
        4 => Just(Op::Settle),
    ]
}

/// A piece, or one byte of it: backlogs may cut where they like.
#[derive(Debug)]
enum Token {
    Byte(Place, u8, UnixMillis),
    Other(Piece),
}

impl Token {
    /// Whether it is what memory alone would have handed out. Bytes that were on disk may come back a little older.
    fn stands_for(&self, exact: &Self) -> bool {
        match (self, exact) {
            (Self::Byte(place, byte, received), Self::Byte(at, exact, then)) => {
                (place, byte) == (at, exact) && received <= then && then.since(*received) <= 1_000
            }
            (Self::Other(piece), Self::Other(exact)) => piece == exact,
            _ => false,
        }
    }
}

fn tokens(piece: Piece) -> Vec<Token> {
    match piece {
        Piece::Bytes { at, bytes, received } => {
            bytes.iter().enumerate().map(|(n, &byte)| Token::Byte(at.advanced(n), byte, received)).collect()
        }
        other => vec![Token::Other(other)],
    }
}

/// The same backlog twice.
struct Pair {
    disk: (BacklogWriter, BacklogReader),
    memory: (BacklogWriter, BacklogReader),
    /// What the second reader has read ahead of the first.
    ahead: VecDeque<Token>,
    rewound: bool,
    written: usize,
    clock: UnixMillis,
    most_spilled: u64,
}

impl Pair {
    fn new(spool: Spool, kept_window_bytes: u64) -> Self {
        let disk = backlog_with_disk(Budget { memory_bytes: MEMORY, kept_window_bytes }, spool);
        let memory = backlog(Budget { memory_bytes: u64::MAX, kept_window_bytes });
        Self { disk, memory, ahead: VecDeque::new(), rewound: false, written: 0, clock: UnixMillis(0), most_spilled: 0 }
    }

    async fn run(&mut self, op: Op) {
        match op {
            Op::Push(len) => self.push(len),
            Op::Snapshot => {
                self.both(|writer| assert!(writer.begin_snapshot(id(7), Offset(SNAPSHOT_AT), None).is_ok()))
            }
            Op::EndSnapshot => self.both(|writer| _ = writer.end_snapshot()),
            Op::NewId(n) => self.both(|writer| {
                let at = writer.received().filter(|at| at.phase == Phase::Stream);
                at.into_iter().for_each(|at| writer.resume(id(n), Offset(at.offset)).unwrap());
            }),
            Op::Read(pieces) => {
                for _ in 0..pieces {
                    self.read().await;
                }
            }
            Op::Release(back) => self.release(back),
            Op::Rewind(back) => self.rewind(back),
            Op::Settle => self.settle().await,
        }
        let (disk, memory) = (self.disk.1.stats().figures(), self.memory.1.stats().figures());
        assert_eq!((disk.received, disk.unreleased_bytes > 0), (memory.received, memory.unreleased_bytes > 0));
        self.most_spilled = self.most_spilled.max(disk.spilled_bytes);
    }

    fn both(&mut self, write: impl Fn(&mut BacklogWriter)) {
        write(&mut self.disk.0);
        write(&mut self.memory.0);
    }

    fn push(&mut self, len: usize) {
        let bytes: Bytes = (0..len).map(|n| ((self.written + n) % 251) as u8).collect();
        self.written += len;
        self.clock.0 += len as u64 % 40;
        let received = self.clock;
        self.both(|writer| assert!(writer.push(bytes.clone(), received).is_ok()));
    }

    /// Whether there was something to read.
    async fn read(&mut self) -> bool {
        let figures = self.disk.1.stats().figures();
        // A history may lie behind all bytes. Nothing there has to be waited for.
        if figures.read == figures.received {
            return self.disk.1.try_next().map(|piece| self.compare(piece)).is_some();
        }
        let piece = timeout(Duration::from_secs(5), self.disk.1.next()).await;
        let piece = piece.unwrap_or_else(|_| panic!("nothing comes: {:?}", self.disk.1.stats().figures()));
        self.compare(piece.expect("there is more"));
        true
    }

    fn compare(&mut self, piece: Piece) {
        for token in tokens(piece) {
            while self.ahead.is_empty() {
                self.ahead.extend(tokens(self.memory.1.try_next().expect("it is in memory")));
            }
            // Right at the edge of the kept window the one that frees larger pieces may still hold a history.
            let same = self.ahead.front().is_some_and(|exact| token.stands_for(exact));
            if self.rewound && matches!(token, Token::Other(_)) && !same {
                continue;
            }
            self.rewound = false;
            assert!(same, "{token:?} in place of {:?}", self.ahead.front());
            self.ahead.pop_front();
        }
    }

    fn place_before(&self, back: u64) -> Option<Place> {
        let read = self.disk.1.stats().figures().read?;
        // Not before the beginning of its phase: such a place there never was.
        let first = if read.phase == Phase::Stream && read.generation > 0 { SNAPSHOT_AT } else { 0 };
        Some(Place { offset: read.offset.saturating_sub(back).max(first), ..read })
    }

    fn release(&mut self, back: u64) {
        let Some(place) = self.place_before(back) else { return };
        self.disk.1.release(place);
        self.memory.1.release(place);
    }

    fn rewind(&mut self, back: u64) {
        let Some(place) = self.place_before(back) else { return };
        if self.memory.1.rewind(place).is_ok() {
            self.disk.1.rewind(place).unwrap();
            self.ahead.clear();
            self.rewound = true;
        }
    }

    /// Lets the spooler work.
    async fn settle(&self) {
        for _ in 0..20 {
            if self.disk.1.stats().figures().memory_bytes < MEMORY / 4 * 3 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn finish(mut self) -> u64 {
        while self.read().await {}
        assert!(self.disk.1.failure().is_none());
        assert_eq!((self.ahead.len(), self.memory.1.try_next()), (0, None));
        self.most_spilled
    }
}

fn id(n: u8) -> ReplId {
    format!("{n:040x}").parse().unwrap()
}

/// Does it all on one directory; the answer is how much was on disk at most.
fn play(ops: Vec<Op>, kept: u64) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        // Files of 128 KiB.
        let mut pair = Pair::new(Spool::open(dir.path(), 1 << 20).unwrap(), kept);
        pair.both(|writer| writer.resume(id(1), Offset(0)).unwrap());
        for op in ops {
            pair.run(op).await;
        }
        pair.finish().await
    })
}

#[test]
fn the_disk_takes_part() {
    let mut ops = vec![Op::Push(3000); 20];
    ops.extend([Op::Settle, Op::Read(9), Op::Snapshot, Op::Push(2999), Op::EndSnapshot, Op::Push(1), Op::Rewind(900)]);
    ops.extend([vec![Op::Push(2500); 60], vec![Op::Settle, Op::Read(40), Op::Release(2000)]].concat());
    assert!(play(ops, 500) > 30_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_disk_changes_nothing_but_where_bytes_are(ops in vec(op(), 0..200), kept in 0u64..20_000) {
        play(ops, kept);
    }
}
