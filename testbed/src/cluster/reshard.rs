//! Moving slots between primaries.

use std::ops::RangeInclusive;

use super::{Cluster, wait_for};
use crate::{Command, Conn, Error, Value, cmd};

impl Cluster {
    /// Moves a slot with its keys from one primary to another, as a resharding tool does.
    ///
    /// # Errors
    /// When `from` does not serve the slot, or a step is refused.
    pub fn move_slot(&self, slot: u16, from: usize, to: usize) -> Result<(), Error> {
        self.move_slots([slot], from, to)
    }

    /// Moves slots with their keys from one primary to another, a hundred at a time, while clients go on writing.
    ///
    /// # Errors
    /// When `from` does not serve one of them, or a step is refused.
    pub fn move_slots(&self, slots: impl IntoIterator<Item = u16>, from: usize, to: usize) -> Result<(), Error> {
        let slots: Vec<u16> = slots.into_iter().collect();
        for slots in slots.chunks(SLOTS_PER_STEP) {
            self.begin_moves(slots, from, to)?;
            let mut conn = self.conn(from)?;
            for &slot in slots {
                while self.migrate_over(&mut conn, slot, to, KEYS_PER_STEP)? > 0 {}
            }
            self.finish_moves(slots, from, to)?;
        }
        Ok(())
    }

    /// Moves a range of slots at once, as valkey 9 does it by itself (`CLUSTER MIGRATESLOTS`).
    ///
    /// # Errors
    /// When the server does not know the command, or the move fails.
    pub fn migrate_slots(&self, slots: RangeInclusive<u16>, from: usize, to: usize) -> Result<(), Error> {
        let mut conn = self.conn(from)?;
        let range = cmd("CLUSTER MIGRATESLOTS SLOTSRANGE").arg(*slots.start()).arg(*slots.end());
        conn.call(range.arg("NODE").arg(self.id(to)?))?;
        wait_for("the slots to be migrated", || {
            // The latest one stands first.
            let state = conn.call("CLUSTER GETSLOTMIGRATIONS")?.items().first().map(|job| field(job, "state"));
            Ok(state.is_some_and(|state| ENDED.contains(&state.as_str())))
        })?;
        let jobs = conn.call("CLUSTER GETSLOTMIGRATIONS")?;
        match jobs.items().first().map(|job| (field(job, "state"), field(job, "message"))) {
            Some((state, _)) if state == "success" => self.wait_owner(&slots.collect::<Vec<_>>(), to),
            Some((state, message)) => {
                Err(Error::Usage(format!("the migration of slots ended with {state}: {message}")))
            }
            None => Err(Error::Protocol("no migration of slots is known".to_owned())),
        }
    }

    /// The first step of a move: from here on `from` answers ASK for keys that it no longer has.
    ///
    /// # Errors
    /// When a node refuses it.
    pub fn begin_move(&self, slot: u16, from: usize, to: usize) -> Result<(), Error> {
        self.begin_moves(&[slot], from, to)
    }

    fn begin_moves(&self, slots: &[u16], from: usize, to: usize) -> Result<(), Error> {
        set_slots(&mut self.conn(to)?, slots, "IMPORTING", self.id(from)?)?;
        set_slots(&mut self.conn(from)?, slots, "MIGRATING", self.id(to)?)
    }

    /// Moves up to `most` keys of a slot that is being moved; the number moved.
    ///
    /// # Errors
    /// When a node refuses it.
    pub fn migrate_keys(&self, slot: u16, from: usize, to: usize, most: usize) -> Result<usize, Error> {
        self.migrate_over(&mut self.conn(from)?, slot, to, most)
    }

    fn migrate_over(&self, from: &mut Conn, slot: u16, to: usize, most: usize) -> Result<usize, Error> {
        let keys = from.call(cmd("CLUSTER GETKEYSINSLOT").arg(slot).arg(most))?;
        if keys.items().is_empty() {
            return Ok(0);
        }
        let target = self.addr(to)?;
        let mut migrate = cmd("MIGRATE").arg(target.ip().to_string()).arg(target.port()).arg("").arg(0).arg(MIGRATE_MS);
        if let Some(password) = &self.spec.password {
            migrate = migrate.arg("AUTH").arg(password);
        }
        let keys: Vec<_> = keys.items().iter().filter_map(|key| key.bytes()).collect();
        from.call(migrate.arg("KEYS").args(keys.iter().copied()))?;
        Ok(keys.len())
    }

    /// The last step of a move: gives the slot to `to`, and waits until every running node knows.
    ///
    /// # Errors
    /// When a node refuses it.
    pub fn finish_move(&self, slot: u16, from: usize, to: usize) -> Result<(), Error> {
        self.finish_moves(&[slot], from, to)
    }

    fn finish_moves(&self, slots: &[u16], from: usize, to: usize) -> Result<(), Error> {
        let id = self.id(to)?;
        // The new owner first: were the old one first, it would for a moment know of no owner that agrees.
        for node in
            [to, from].into_iter().chain(self.primaries()?.into_iter().filter(|&node| node != from && node != to))
        {
            match set_slots(&mut self.conn(node)?, slots, "NODE", id) {
                // A primary that has just lost its last slot follows the new owner, and may have heard of it before.
                Err(error) if node == from && error.to_string().contains("SETSLOT only with") => {}
                outcome => outcome?,
            }
        }
        self.wait_owner(slots, to)
    }

    /// Waits until every running node knows who serves these slots.
    fn wait_owner(&self, slots: &[u16], owner: usize) -> Result<(), Error> {
        wait_for(&format!("every node to know the owner of slot {:?}", slots.first()), || {
            Ok(self.running().iter().all(|&node| self.sees_owner(node, slots, owner)))
        })
    }

    fn sees_owner(&self, node: usize, slots: &[u16], owner: usize) -> bool {
        let Ok(lines) = self.view_of(node) else { return true };
        let Some(line) = lines.iter().find(|line| line.node == owner) else { return false };
        slots.iter().all(|slot| line.slots.iter().any(|(from, to)| (from..=to).contains(&slot)))
    }
}

/// `CLUSTER SETSLOT` for many slots at once.
fn set_slots(conn: &mut Conn, slots: &[u16], verb: &str, id: &str) -> Result<(), Error> {
    let commands: Vec<Command> = slots.iter().map(|&slot| cmd("CLUSTER SETSLOT").arg(slot).arg(verb).arg(id)).collect();
    for (command, reply) in commands.iter().zip(conn.pipeline(&commands)?) {
        reply.into_result(&command.summary())?;
    }
    Ok(())
}

/// A field of an array of names and values; empty when there is none.
fn field(pairs: &Value, name: &str) -> String {
    let pair = pairs.items().chunks(2).find(|pair| pair.first().is_some_and(|first| first.text() == name));
    pair.and_then(|pair| pair.get(1)).map(Value::text).unwrap_or_default()
}

/// States of a migration that is over.
const ENDED: &[&str] = &["success", "failed", "canceled", "cancelled"];

const SLOTS_PER_STEP: usize = 100;
const KEYS_PER_STEP: usize = 100;
const MIGRATE_MS: u64 = 20_000;
