//! Values in chunks.

use bytes::BytesMut;

use crate::item::{Key, RawValue};
use crate::rewrite::gather::Gather;
use crate::rewrite::{RewriteError, RewriteErrorKind};
use crate::value_type::ValueKind;

use super::{Call, Rewriter, damaged};

impl Rewriter {
    /// Starts a value that comes in chunks.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn begin(&mut self, key: &Key<'_>, out: &mut BytesMut) -> Result<(), RewriteError> {
        let call = self.call(out);
        let result = self.start(key, out);
        self.value.begin(key);
        self.reader.begin(key.value_type, key.value_offset);
        let is_stream = key.value_type.kind() == ValueKind::Stream;
        self.gather = is_stream.then(|| Gather::new(key, &self.options));
        self.settle(result, &call, out)
    }

    /// Takes the next bytes of the value.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn chunk(&mut self, bytes: &[u8], out: &mut BytesMut) -> Result<(), RewriteError> {
        if self.failed {
            return Ok(());
        }
        let call = self.call(out);
        let result = match self.gather.as_mut().map(|gather| gather.chunk(bytes, &self.options)) {
            None => self.read(call.start, out, |reader, sink| reader.chunk(bytes, sink)),
            Some(Ok(true)) => Ok(()),
            Some(Ok(false)) => self.hand_over(call.start, out),
            Some(Err(error)) => Err(damaged(error)),
        };
        self.settle(result, &call, out)
    }

    /// Ends the value.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn end(&mut self, out: &mut BytesMut) -> Result<(), RewriteError> {
        if self.failed {
            self.failed = false;
            return Ok(());
        }
        let call = self.call(out);
        let result = match self.gather.take() {
            Some(gather) => self.gathered(gather, call.start, out),
            None => self.reader.end().map_err(damaged).and_then(|()| self.finish(call.start, out)),
        };
        if result.is_ok() {
            self.all_losses.add_all(&self.losses);
            self.release();
        }
        self.settle(result, &call, out).inspect_err(|_| self.failed = false)
    }

    /// Goes on in chunks with a stream that is too large to be held; the first of them is all that was.
    fn hand_over(&mut self, start: usize, out: &mut BytesMut) -> Result<(), RewriteErrorKind> {
        let bytes = self.gather.take().map(Gather::into_bytes).unwrap_or_default();
        self.read(start, out, |reader, sink| reader.chunk(&bytes, sink))
    }

    /// Writes a stream that was held.
    fn gathered(&mut self, gather: Gather, start: usize, out: &mut BytesMut) -> Result<(), RewriteErrorKind> {
        let (bytes, dangling) = gather.finish().map_err(damaged)?;
        let value = RawValue::new(self.key.value_type, &bytes, self.key.value_offset);
        self.write_whole(&value, Some(dangling), start, out)
    }

    /// Makes the error of a value in chunks: the rest of the value is passed over.
    fn settle(
        &mut self,
        result: Result<(), RewriteErrorKind>,
        call: &Call,
        out: &mut BytesMut,
    ) -> Result<(), RewriteError> {
        result.map_err(|kind| {
            self.failed = true;
            self.gather = None;
            self.reader.skip();
            self.all_losses.add_all(&self.losses);
            self.release();
            self.undo(kind, call, out)
        })
    }
}
