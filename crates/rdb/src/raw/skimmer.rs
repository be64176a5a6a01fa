//! Finds the end of whatever a program describes, over any split of the input.

use std::ops::Range;

use crate::error::ErrorKind;

use super::header;
use super::step::{Program, Step};

/// How far [`Skimmer::run`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The program's end was reached.
    Done,
    /// The position to stop at was reached or passed.
    Stopped,
    /// More input is needed.
    More,
}

/// What [`Skimmer::part`] came to.
#[derive(Debug)]
pub(crate) enum PartFound {
    /// A step, and where in the data is what it read.
    Part(&'static Step, Range<usize>),
    /// The program's end was reached.
    End,
    /// More input is needed.
    More,
}

/// Runs programs; keeps its place between runs, so that nothing is read twice but the header of one step.
#[derive(Debug)]
pub(crate) struct Skimmer {
    stack: Vec<Frame>,
    /// Bytes still to pass over before the next step.
    skip: u64,
    max_string: u64,
}

/// A program under way.
#[derive(Debug, Clone, Copy)]
struct Frame {
    program: Program,
    /// The next step.
    next: usize,
    /// How often the program is still to be run, this run included.
    runs: u64,
}

/// What the execution of a step leads to.
enum Executed {
    /// This many bytes were read, this many are to be passed over, and the step is finished.
    Passed(usize, u64),
    /// This many bytes were read, and another program comes before the following step.
    Call(usize, Program),
    /// The same, after which the step itself is executed once more.
    CallAndRepeat(usize, Program),
    /// This many bytes were read: how often the second program is run, after the first was once.
    Count(usize, u64, Program, Program),
    /// More input is needed.
    More,
}

impl Executed {
    /// Whether all that the step itself reads and passes over is in `data`.
    fn lies_in(&self, data: &[u8]) -> bool {
        match *self {
            Self::More => false,
            Self::Passed(read, skip) => skip <= (data.len() - read) as u64,
            _ => true,
        }
    }
}

impl Skimmer {
    /// A skimmer that refuses strings larger than `max_string` bytes.
    pub(crate) fn new(max_string: u64) -> Self {
        Self { stack: Vec::with_capacity(8), skip: 0, max_string }
    }

    /// Starts at the beginning of `program`.
    pub(crate) fn start(&mut self, program: Program) {
        self.stack.clear();
        self.skip = 0;
        self.push(program, 1);
    }

    /// Goes on from `*at` in `data`, which only ever grows at its end, up to the program's end or until `*at >= stop`.
    ///
    /// On an error `*at` is the first byte of the step that failed.
    pub(crate) fn run(&mut self, data: &[u8], at: &mut usize, stop: usize) -> Result<Progress, ErrorKind> {
        loop {
            if self.skip > 0 && !self.pass(data, at) {
                return Ok(if *at >= stop { Progress::Stopped } else { Progress::More });
            }
            if !self.settle() {
                return Ok(Progress::Done);
            }
            if *at >= stop {
                return Ok(Progress::Stopped);
            }
            if self.run_whole(data, at, stop) {
                continue;
            }
            if !self.step(data, at)? {
                return Ok(Progress::More);
            }
        }
    }

    /// Executes steps until one has read something: which it was, and what it read.
    ///
    /// A step that does not lie in `data` entirely is not begun: `*at` stays before it. The same on an error.
    #[inline]
    pub(crate) fn part(&mut self, data: &[u8], at: &mut usize) -> Result<PartFound, ErrorKind> {
        while self.settle() {
            let Some(frame) = self.stack.last_mut() else { break };
            let Some(step) = frame.program.get(frame.next) else { break };
            let start = *at;
            // Most steps are strings that lie in the data; whatever else is left to what follows.
            if let Step::String = step
                && let Some(end) = whole_string(data, start, self.max_string)
            {
                frame.next += 1;
                *at = end;
                return Ok(PartFound::Part(step, start..end));
            }
            let here = data.get(start..).unwrap_or_default();
            let executed = execute(step, here, self.max_string)?;
            if !executed.lies_in(here) {
                return Ok(PartFound::More);
            }
            *at += self.apply(executed);
            self.pass(data, at);
            if *at > start {
                return Ok(PartFound::Part(step, start..*at));
            }
        }
        Ok(PartFound::End)
    }

    /// Passes over what is left to skip; false if the data ends before.
    fn pass(&mut self, data: &[u8], at: &mut usize) -> bool {
        let here = data.len().saturating_sub(*at);
        // What does not fit a `usize` is more than what is here.
        let passed = usize::try_from(self.skip).map_or(here, |skip| skip.min(here));
        *at += passed;
        self.skip -= passed as u64;
        self.skip == 0
    }

    /// Leaves programs that have ended; false when none is left.
    #[inline]
    fn settle(&mut self) -> bool {
        while let Some(frame) = self.stack.last_mut() {
            if frame.next < frame.program.len() {
                return true;
            }
            frame.next = 0;
            frame.runs -= 1;
            if frame.runs > 0 {
                return true;
            }
            self.stack.pop();
        }
        false
    }

    /// Does as many whole runs of the innermost program as lie in `data`; true if it did any.
    ///
    /// This is the fast path. It decides nothing: whatever is short, nested or wrong is left to [`step`](Self::step).
    fn run_whole(&mut self, data: &[u8], at: &mut usize, stop: usize) -> bool {
        let max = self.max_string;
        let Some(frame) = self.stack.last_mut() else { return false };
        if frame.next != 0 {
            return false;
        }
        let before = frame.runs;
        while frame.runs > 0 && *at < stop {
            let Some(end) = whole_run(frame.program, data, *at, max) else { break };
            *at = end;
            frame.runs -= 1;
        }
        let any = frame.runs < before;
        if frame.runs == 0 {
            self.stack.pop();
        }
        any
    }

    /// The step that comes next in the innermost program.
    fn next_step(&self) -> Option<&'static Step> {
        self.stack.last().and_then(|frame| frame.program.get(frame.next))
    }

    /// Executes the next step; false if more input is needed.
    fn step(&mut self, data: &[u8], at: &mut usize) -> Result<bool, ErrorKind> {
        let Some(step) = self.next_step() else { return Ok(true) };
        let executed = execute(step, data.get(*at..).unwrap_or_default(), self.max_string)?;
        let ready = !matches!(executed, Executed::More);
        *at += self.apply(executed);
        Ok(ready)
    }

    /// Moves on by what the execution of a step led to; returns how many bytes it read.
    fn apply(&mut self, executed: Executed) -> usize {
        let Some(frame) = self.stack.last_mut() else { return 0 };
        match executed {
            Executed::More => 0,
            Executed::Passed(read, skip) => {
                self.skip = skip;
                frame.next += 1;
                read
            }
            Executed::Call(read, program) => {
                frame.next += 1;
                self.push(program, 1);
                read
            }
            Executed::CallAndRepeat(read, program) => {
                self.push(program, 1);
                read
            }
            Executed::Count(read, runs, head, body) => {
                frame.next += 1;
                self.push(body, runs);
                self.push(head, 1);
                read
            }
        }
    }

    fn push(&mut self, program: Program, runs: u64) {
        if runs > 0 && !program.is_empty() {
            self.stack.push(Frame { program, next: 0, runs });
        }
    }
}

/// Executes a step at the start of `data`.
fn execute(step: &'static Step, data: &[u8], max: u64) -> Result<Executed, ErrorKind> {
    if let Step::String = step {
        return Ok(match header::string(data, max)? {
            Some((header, size)) => Executed::Passed(size, header.body_len()),
            None => Executed::More,
        });
    }
    match step {
        Step::Bytes(count) => return Ok(Executed::Passed(0, u64::from(*count))),
        Step::Group(program) => return Ok(Executed::Call(0, program)),
        Step::TextDouble => {
            return Ok(data.first().map_or(Executed::More, |&first| Executed::Passed(1, text_double_len(first))));
        }
        _ => {}
    }
    let Some((length, size)) = header::plain_length(data)? else { return Ok(Executed::More) };
    interpret(step, length, size)
}

/// What a length means for the step it was read for.
fn interpret(step: &'static Step, length: u64, size: usize) -> Result<Executed, ErrorKind> {
    match (step, length) {
        (Step::Counted { head, body }, count) => Ok(Executed::Count(size, count, head, body)),
        (Step::Exactly(expected), length) if length != *expected => Err(ErrorKind::IllegalTag(length)),
        (Step::Flagged(_), 0) => Ok(Executed::Passed(size, 0)),
        (Step::Flagged(program), 1) => Ok(Executed::Call(size, program)),
        (Step::Tagged, 0 | 3) => Ok(Executed::Call(size, ONE_STRING)),
        (Step::Tagged, 1 | 2) => Ok(Executed::Call(size, ONE_DOUBLE)),
        (Step::ModuleStream, 0) => Ok(Executed::Passed(size, 0)),
        (Step::ModuleStream, 1 | 2) => Ok(Executed::CallAndRepeat(size, ONE_LENGTH)),
        (Step::ModuleStream, 3) => Ok(Executed::CallAndRepeat(size, ONE_FLOAT)),
        (Step::ModuleStream, 4) => Ok(Executed::CallAndRepeat(size, ONE_DOUBLE)),
        (Step::ModuleStream, 5) => Ok(Executed::CallAndRepeat(size, ONE_STRING)),
        (Step::Container, 1 | 2) => Ok(Executed::Passed(size, 0)),
        (Step::Flagged(_) | Step::Tagged | Step::ModuleStream | Step::Container, other) => {
            Err(ErrorKind::IllegalTag(other))
        }
        _ => Ok(Executed::Passed(size, 0)),
    }
}

/// How many bytes of text follow the first byte of a score (`rdbLoadDoubleValue`).
const fn text_double_len(first: u8) -> u64 {
    match first {
        253..=255 => 0,
        len => len as u64,
    }
}

const ONE_LENGTH: Program = &[Step::Length];
const ONE_STRING: Program = &[Step::String];
const ONE_FLOAT: Program = &[Step::Bytes(4)];
const ONE_DOUBLE: Program = &[Step::Bytes(8)];

/// The end of one run of `program` from `at`, if it is simple and lies in `data` entirely.
fn whole_run(program: Program, data: &[u8], mut at: usize, max: u64) -> Option<usize> {
    for step in program {
        at = match step {
            Step::String => whole_string(data, at, max)?,
            Step::Bytes(count) => at + usize::from(*count),
            Step::Length => whole_length(data, at)?,
            Step::Container if matches!(data.get(at), Some(1 | 2)) => at + 1,
            Step::Group(program) => whole_run(program, data, at, max)?,
            Step::TextDouble => at + 1 + usize::try_from(text_double_len(*data.get(at)?)).ok()?,
            _ => return None,
        };
    }
    (at <= data.len()).then_some(at)
}

#[inline]
fn whole_length(data: &[u8], at: usize) -> Option<usize> {
    match data.get(at)? {
        0x00..=0x3f => Some(at + 1),
        0x40..=0x7f => Some(at + 2),
        0x80 => Some(at + 5),
        0x81 => Some(at + 9),
        _ => None,
    }
}

/// The end of the string at `at`, if it is legal and lies in `data` entirely.
#[inline]
pub(crate) fn whole_string(data: &[u8], at: usize, max: u64) -> Option<usize> {
    let first = *data.get(at)?;
    let end = match first {
        0x00..=0x3f if u64::from(first) <= max => at + 1 + usize::from(first),
        0xc0 => at + 2,
        0xc1 => at + 3,
        0xc2 => at + 5,
        _ => return whole_long_string(data, at, max),
    };
    (end <= data.len()).then_some(end)
}

fn whole_long_string(data: &[u8], at: usize, max: u64) -> Option<usize> {
    let (header, size) = header::string(data.get(at..)?, max).ok()??;
    let body = at + size;
    let len = usize::try_from(header.body_len()).ok()?;
    (len <= data.len() - body.min(data.len())).then(|| body + len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::programs;

    fn skim(program: Program, data: &[u8]) -> (Result<Progress, ErrorKind>, usize) {
        let mut skimmer = Skimmer::new(1000);
        let mut at = 0;
        skimmer.start(program);
        (skimmer.run(data, &mut at, usize::MAX), at)
    }

    fn skim_by_bytes(program: Program, data: &[u8]) -> (Result<Progress, ErrorKind>, usize) {
        let mut skimmer = Skimmer::new(1000);
        let mut at = 0;
        skimmer.start(program);
        for end in 0..data.len() {
            match skimmer.run(&data[..end], &mut at, usize::MAX) {
                Ok(Progress::More) => {}
                other => return (other, at),
            }
        }
        (skimmer.run(data, &mut at, usize::MAX), at)
    }

    #[track_caller]
    fn check(program: Program, data: &[u8], expected: Result<Progress, ErrorKind>, end: usize) {
        assert_eq!(skim(program, data), (expected, end));
        assert_eq!(skim_by_bytes(program, data), (expected, end));
    }

    #[test]
    fn ends_are_found_and_nothing_behind_them_is_read() {
        check(programs::STRING, b"\x03abcXX", Ok(Progress::Done), 4);
        check(programs::PAIRS, b"\x02\x01a\x01b\xc0\x07\x01cXX", Ok(Progress::Done), 9);
        check(programs::PAIRS, b"\x00XX", Ok(Progress::Done), 1);
        check(programs::ZSET, b"\x02\x01a\x03inf\x01b\xffXX", Ok(Progress::Done), 10);
        check(programs::QUICKLIST_2, b"\x02\x01\x01a\x02\x01bXX", Ok(Progress::Done), 7);
        check(programs::ARRAY, b"\x01\x00\x05\x03\x01xXX", Ok(Progress::Done), 6);
        check(programs::ARRAY, b"\x00\x01\x09XX", Ok(Progress::Done), 3);
        check(programs::MODULE_2, b"\x07\x05\x01a\x02\x09\x03abcd\x00XX", Ok(Progress::Done), 12);
    }

    #[test]
    fn errors_stand_at_the_step_that_failed() {
        check(programs::STRING, b"\xbfX", Err(ErrorKind::IllegalLength(0xbf)), 0);
        check(programs::QUICKLIST_2, b"\x01\x03X", Err(ErrorKind::IllegalTag(3)), 1);
        check(programs::MODULE_2, b"\x07\x06X", Err(ErrorKind::IllegalTag(6)), 1);
        check(programs::PAIRS, b"\x01\x01a\x47\xffX", Err(ErrorKind::TooLong(0x7ff)), 3);
        check(programs::ARRAY, b"\x01\x02X", Err(ErrorKind::IllegalTag(2)), 1);
        check(programs::PAIRS, b"\xc0X", Err(ErrorKind::IllegalEncoding(0)), 0);
    }

    #[test]
    fn a_count_bomb_only_waits() {
        check(programs::PAIRS, b"\x81\x10\0\0\0\0\0\0\0\x01a\x01b", Ok(Progress::More), 13);
    }

    #[test]
    fn it_stops_between_steps() {
        let data = b"\x03\x01a\x01b\x01c";
        let mut skimmer = Skimmer::new(1000);
        let mut at = 0;
        skimmer.start(programs::STRINGS);
        assert_eq!(skimmer.run(data, &mut at, 4), Ok(Progress::Stopped));
        assert_eq!(at, 5);
        assert_eq!(skimmer.run(data, &mut at, usize::MAX), Ok(Progress::Done));
        assert_eq!(at, 7);
    }
}
