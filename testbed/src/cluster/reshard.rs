//! Moving slots between primaries.

use super::{Cluster, wait_for};
use crate::{Error, cmd};

impl Cluster {
    /// Moves a slot with its keys from one primary to another, as a resharding tool does.
    ///
    /// # Errors
    /// When `from` does not serve the slot, or a step is refused.
    pub fn move_slot(&self, slot: u16, from: usize, to: usize) -> Result<(), Error> {
        self.begin_move(slot, from, to)?;
        while self.migrate_keys(slot, from, to, KEYS_PER_STEP)? > 0 {}
        self.finish_move(slot, from, to)
    }

    /// The first step of a move: from here on `from` answers ASK for keys that it no longer has.
    ///
    /// # Errors
    /// When a node refuses it.
    pub fn begin_move(&self, slot: u16, from: usize, to: usize) -> Result<(), Error> {
        self.conn(to)?.call(cmd("CLUSTER SETSLOT").arg(slot).arg("IMPORTING").arg(self.id(from)?))?;
        self.conn(from)?.call(cmd("CLUSTER SETSLOT").arg(slot).arg("MIGRATING").arg(self.id(to)?))?;
        Ok(())
    }

    /// Moves up to `most` keys of a slot that is being moved; the number moved.
    ///
    /// # Errors
    /// When a node refuses it.
    pub fn migrate_keys(&self, slot: u16, from: usize, to: usize, most: usize) -> Result<usize, Error> {
        let mut conn = self.conn(from)?;
        let keys = conn.call(cmd("CLUSTER GETKEYSINSLOT").arg(slot).arg(most))?;
        if keys.items().is_empty() {
            return Ok(0);
        }
        let target = self.addr(to)?;
        let mut migrate = cmd("MIGRATE").arg(target.ip().to_string()).arg(target.port()).arg("").arg(0).arg(MIGRATE_MS);
        if let Some(password) = &self.spec.password {
            migrate = migrate.arg("AUTH").arg(password);
        }
        let keys: Vec<_> = keys.items().iter().filter_map(|key| key.bytes()).collect();
        conn.call(migrate.arg("KEYS").args(keys.iter().copied()))?;
        Ok(keys.len())
    }

    /// The last step of a move: gives the slot to `to`, and waits until every running node knows.
    ///
    /// # Errors
    /// When a node refuses it.
    pub fn finish_move(&self, slot: u16, from: usize, to: usize) -> Result<(), Error> {
        let id = self.id(to)?;
        // The new owner first: were the old one first, it would for a moment know of no owner that agrees.
        for node in
            [to, from].into_iter().chain(self.primaries()?.into_iter().filter(|&node| node != from && node != to))
        {
            self.conn(node)?.call(cmd("CLUSTER SETSLOT").arg(slot).arg("NODE").arg(id))?;
        }
        wait_for(&format!("every node to know the owner of slot {slot}"), || {
            Ok(self.running().iter().all(|&node| self.sees_owner(node, slot, to)))
        })
    }

    fn sees_owner(&self, node: usize, slot: u16, owner: usize) -> bool {
        let Ok(lines) = self.view_of(node) else { return true };
        let serves = |&(from, to): &(u16, u16)| from <= slot && slot <= to;
        lines.iter().any(|line| line.node == owner && line.slots.iter().any(serves))
    }
}

const KEYS_PER_STEP: usize = 100;
const MIGRATE_MS: u64 = 20_000;
