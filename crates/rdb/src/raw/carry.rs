//! What is given in pieces, and read in units that do not end where the pieces do.

/// What was given and does not make a unit yet.
#[derive(Debug, Default)]
pub(crate) struct Carry(Vec<u8>);

impl Carry {
    /// Gives what is carried, and these bytes behind it, to `read`, and carries on what that leaves.
    ///
    /// `read` returns how much it read from the start. After an error nothing is carried.
    pub(crate) fn read<E>(&mut self, bytes: &[u8], read: impl FnOnce(&[u8]) -> Result<usize, E>) -> Result<(), E> {
        if self.0.is_empty() {
            let done = read(bytes)?;
            self.0.extend_from_slice(bytes.get(done..).unwrap_or_default());
            return Ok(());
        }
        let mut carry = std::mem::take(&mut self.0);
        carry.extend_from_slice(bytes);
        let done = read(&carry)?;
        carry.drain(..done);
        self.0 = carry;
        Ok(())
    }

    /// How many bytes are carried.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }
}
