use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, checksum};

use super::{
    super::store::{Run, RunPart},
    SpoolError, SpoolErrorKind,
    dir::{HEADER, SpoolDir, create_segment},
};

/// A file that holds bytes of the backlog. It is deleted when nothing refers to it any more.
#[derive(Debug)]
pub(in crate::backlog) struct Segment {
    path: PathBuf,
    len: AtomicU64,
    /// What all segments of the backlog take on disk.
    disk_used: Arc<AtomicU64>,
    /// The directory stays locked until its last file is gone.
    _dir: Arc<SpoolDir>,
}

impl Segment {
    fn grow(&self, bytes: u64) {
        self.len.fetch_add(bytes, Ordering::Relaxed);
        self.disk_used.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // If it cannot be deleted now, the next start does it.
        let _ = fs::remove_file(&self.path);
        self.disk_used.fetch_sub(*self.len.get_mut(), Ordering::Relaxed);
    }
}

/// Bytes in a segment, and their checksum.
#[derive(Debug, Clone)]
pub(in crate::backlog) struct Spilled {
    segment: Arc<Segment>,
    offset: u64,
    len: usize,
    checksum: u64,
}

impl Spilled {
    pub(in crate::backlog) fn len(&self) -> usize {
        self.len
    }

    pub(in crate::backlog) fn into_segment(self) -> Arc<Segment> {
        self.segment
    }

    /// Whether this is the same place in the same file.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.segment, &other.segment) && self.offset == other.offset
    }

    /// Reads it back. Files are opened for each read: a large backlog has more of them than a process may keep open.
    pub(super) fn load(&self) -> Result<Bytes, SpoolError> {
        let mut bytes = vec![0; self.len];
        let read = File::open(&self.segment.path).and_then(|file| file.read_exact_at(&mut bytes, self.offset));
        read.map_err(|error| self.unreadable(error))?;
        if checksum(CHECKSUM, &bytes) != self.checksum {
            let kind = SpoolErrorKind::Damaged { offset: self.offset };
            return Err(SpoolError::new(kind, &self.segment.path, None));
        }
        Ok(bytes.into())
    }

    pub(super) fn unreadable(&self, error: io::Error) -> SpoolError {
        SpoolError::new(SpoolErrorKind::Read { offset: self.offset }, &self.segment.path, error)
    }
}

/// Writes runs into segments, one file after another.
#[derive(Debug)]
pub(super) struct SegmentWriter {
    dir: Arc<SpoolDir>,
    disk_used: Arc<AtomicU64>,
    disk_bytes: u64,
    segment_bytes: u64,
    next_number: u64,
    current: Option<Open>,
    /// Small blocks are put together here: one write for each part of a run.
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    segment: Arc<Segment>,
    file: File,
    /// Up to where it is filled.
    len: u64,
}

impl SegmentWriter {
    pub(super) fn new(dir: Arc<SpoolDir>, disk_bytes: u64, disk_used: Arc<AtomicU64>) -> Self {
        // Files are freed as a whole: the smaller the budget, the smaller they are.
        let segment_bytes = (disk_bytes / 8).clamp(SMALLEST_SEGMENT, LARGEST_SEGMENT);
        Self { dir, disk_used, disk_bytes, segment_bytes, next_number: 0, current: None, buffer: Vec::new() }
    }

    /// How many bytes more may be written at once.
    pub(super) fn room(&self) -> u64 {
        let used = self.disk_used.load(Ordering::Relaxed).saturating_add(HEADER.len() as u64);
        self.disk_bytes.saturating_sub(used)
    }

    /// Whether there is a file that is being filled, and nothing in it is needed.
    pub(super) fn is_unused(&self) -> bool {
        self.current.as_ref().is_some_and(|open| Arc::strong_count(&open.segment) == 1)
    }

    /// Deletes the file that is being filled when nothing in it is needed.
    pub(super) fn drop_if_unused(&mut self) {
        if self.is_unused() {
            self.current = None;
        }
    }

    /// Writes a run and says where its parts are: all of them or, on failure, none.
    pub(super) fn write(&mut self, run: &Run) -> Result<Vec<Spilled>, SpoolError> {
        let mut open = self.open_for(run.len())?;
        let mut offset = open.len;
        let mut spilled = Vec::with_capacity(run.parts.len());
        for part in &run.parts {
            match self.write_part(part, &open, offset) {
                Ok(part) => spilled.push(part),
                Err(error) => {
                    let error = SpoolError::new(SpoolErrorKind::Write, &open.segment.path, error);
                    // Gives the space back; if not, it is written over the next time.
                    let _ = open.file.set_len(open.len);
                    self.current = Some(open);
                    return Err(error);
                }
            }
            offset += part.len as u64;
        }
        open.segment.grow(offset - open.len);
        open.len = offset;
        self.current = Some(open);
        Ok(spilled)
    }

    fn write_part(&mut self, part: &RunPart, open: &Open, offset: u64) -> io::Result<Spilled> {
        let bytes = match part.blocks.as_slice() {
            [block] => block,
            blocks => {
                self.buffer.clear();
                blocks.iter().for_each(|block| self.buffer.extend_from_slice(block));
                self.buffer.as_slice()
            }
        };
        open.file.write_all_at(bytes, offset)?;
        let checksum = checksum(CHECKSUM, bytes);
        Ok(Spilled { segment: Arc::clone(&open.segment), offset, len: bytes.len(), checksum })
    }

    /// The current segment, or the next one if `len` bytes would be too many for it.
    fn open_for(&mut self, len: u64) -> Result<Open, SpoolError> {
        let full = |open: &mut Open| open.len.saturating_add(len) > self.segment_bytes;
        drop(self.current.take_if(full));
        match self.current.take() {
            Some(open) => Ok(open),
            None => self.create(),
        }
    }

    fn create(&mut self) -> Result<Open, SpoolError> {
        loop {
            let path = self.dir.segment(self.next_number);
            match create_segment(&path) {
                // A file of somebody else, or one without a header: it stays.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => self.next_number += 1,
                Err(error) => return Err(SpoolError::new(SpoolErrorKind::Write, path, error)),
                Ok(file) => {
                    self.next_number += 1;
                    return self.begin(path, file);
                }
            }
        }
    }

    /// Writes the header. From here on the file is deleted with its last reference.
    fn begin(&self, path: PathBuf, file: File) -> Result<Open, SpoolError> {
        let (dir, disk_used) = (Arc::clone(&self.dir), Arc::clone(&self.disk_used));
        let segment = Arc::new(Segment { path, len: AtomicU64::new(0), disk_used, _dir: dir });
        let written = file.write_all_at(HEADER, 0);
        written.map_err(|error| SpoolError::new(SpoolErrorKind::Write, &segment.path, error))?;
        let len = HEADER.len() as u64;
        segment.grow(len);
        Ok(Open { segment, file, len })
    }
}

const CHECKSUM: CrcAlgorithm = CrcAlgorithm::Crc64Nvme;
const SMALLEST_SEGMENT: u64 = 64 << 10;
const LARGEST_SEGMENT: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;
    use crate::{
        Budget, History, Offset, UnixMillis,
        backlog::store::{Pick, Store},
    };

    fn run() -> Run {
        let mut store = Store::new(Budget::default());
        let replid = "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345".parse().unwrap();
        store.push_history(History { generation: 1, replid, offset: Offset(0), len: None, resumed: true });
        for block in ["ab", "cd", "ef"] {
            store.push_bytes(Bytes::from(block), UnixMillis(0));
        }
        let Pick::Run(run) = store.pick(u64::MAX) else { panic!("nothing to spill") };
        run
    }

    /// The device answers every write with ENOSPC.
    #[test]
    fn a_full_disk_takes_nothing_and_forgets_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let used = Arc::new(AtomicU64::new(0));
        let spool = Arc::new(SpoolDir::open(dir.path().to_owned()).unwrap());
        let mut writer = SegmentWriter::new(spool, 1 << 20, Arc::clone(&used));
        let first = writer.write(&run()).unwrap();
        let before = used.load(Ordering::Relaxed);

        let good = writer.current.as_mut().map(|open| {
            let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
            std::mem::replace(&mut open.file, full)
        });
        let error = writer.write(&run()).unwrap_err();
        assert_eq!((error.kind, error.io_kind()), (SpoolErrorKind::Write, ErrorKind::StorageFull));
        assert_eq!(used.load(Ordering::Relaxed), before);
        writer.current.as_mut().unwrap().file = good.unwrap();

        let second = writer.write(&run()).unwrap();
        for spilled in first.iter().chain(&second) {
            assert_eq!(spilled.load().unwrap(), Bytes::from("abcdef"));
        }
        assert_eq!(used.load(Ordering::Relaxed), before + 6);
        drop((first, second));
        writer.drop_if_unused();
        assert_eq!(used.load(Ordering::Relaxed), 0);
    }
}
